//! Text that arrives in pieces: valid UTF-8 out, U+FFFD wherever the bytes were not.
//!
//! Pieces may cut a character anywhere. The result never depends on where they were cut.

use std::str;

use bytes::Bytes;

const REPLACEMENT: &[u8] = "\u{FFFD}".as_bytes();

/// Pieces shorter than this go byte by byte, so that a cut character is not looked at twice.
const SHORT: usize = 64;

/// Collects pieces of UTF-8 text, each byte checked once and copied once.
#[derive(Debug, Default)]
pub(crate) struct Utf8Buffer {
    text: Vec<u8>,
    cut: CutCharacter,
    /// Bytes checked or copied so far.
    touched: u64,
}

/// The start of a character whose end has not arrived.
#[derive(Debug, Default)]
struct CutCharacter {
    bytes: [u8; 4],
    len: usize,
    /// Continuation bytes still missing; 0 means that no character is open.
    missing: usize,
    /// What the next continuation byte may be; narrower than 80..=BF after E0, ED, F0 and F4.
    low: u8,
    high: u8,
}

impl Utf8Buffer {
    /// Appends a piece.
    pub(crate) fn push(&mut self, piece: &[u8]) {
        if piece.len() < SHORT {
            self.push_bytewise(piece);
            return;
        }
        let mut rest = piece;
        while self.cut.missing > 0 && !rest.is_empty() {
            self.push_bytewise(&rest[..1]);
            rest = &rest[1..];
        }
        while !rest.is_empty() {
            let Err(error) = str::from_utf8(rest) else {
                self.touched += 2 * rest.len() as u64;
                self.text.extend_from_slice(rest);
                return;
            };
            let (valid, bad) = rest.split_at(error.valid_up_to());
            self.touched += 2 * valid.len() as u64;
            self.text.extend_from_slice(valid);
            match error.error_len() {
                Some(len) => {
                    self.touched += 2 * len as u64;
                    self.text.extend_from_slice(REPLACEMENT);
                    rest = &bad[len..];
                }
                None => {
                    self.touched += bad.len() as u64;
                    self.push_bytewise(bad);
                    return;
                }
            }
        }
    }

    /// Appends an ASCII byte after closing a character left open.
    pub(crate) fn push_ascii(&mut self, byte: u8) {
        debug_assert!(byte.is_ascii());
        self.close();
        self.text.push(byte);
    }

    /// Replaces a character left open: no more of it will come.
    pub(crate) fn close(&mut self) {
        if self.cut.missing > 0 {
            self.cut.missing = 0;
            self.text.extend_from_slice(REPLACEMENT);
        }
    }

    /// Takes the text, leaving the buffer empty.
    pub(crate) fn take(&mut self) -> Bytes {
        self.close();
        Bytes::from(std::mem::take(&mut self.text))
    }

    /// Bytes held, a character left open included.
    pub(crate) fn len(&self) -> usize {
        self.text.len() + if self.cut.missing > 0 { self.cut.len } else { 0 }
    }

    /// Bytes checked and bytes copied so far.
    pub(crate) fn touched(&self) -> u64 {
        self.touched
    }

    fn push_bytewise(&mut self, piece: &[u8]) {
        self.touched += 2 * piece.len() as u64;
        let mut run = 0;
        for (at, &byte) in piece.iter().enumerate() {
            if self.cut.missing > 0 {
                run = at + 1;
                if (self.cut.low..=self.cut.high).contains(&byte) {
                    self.continue_character(byte);
                    continue;
                }
                self.close();
                run = at;
            }
            if byte.is_ascii() {
                continue;
            }
            self.text.extend_from_slice(&piece[run..at]);
            run = at + 1;
            if !self.cut.open(byte) {
                self.text.extend_from_slice(REPLACEMENT);
            }
        }
        self.text.extend_from_slice(&piece[run..]);
    }

    fn continue_character(&mut self, byte: u8) {
        let cut = &mut self.cut;
        cut.bytes[cut.len] = byte;
        cut.len += 1;
        cut.missing -= 1;
        (cut.low, cut.high) = (0x80, 0xBF);
        if cut.missing == 0 {
            self.text.extend_from_slice(&cut.bytes[..cut.len]);
        }
    }
}

impl CutCharacter {
    /// Starts a character of several bytes; false if no character starts with this byte.
    fn open(&mut self, lead: u8) -> bool {
        let (missing, low, high) = match lead {
            0xC2..=0xDF => (1, 0x80, 0xBF),
            0xE0 => (2, 0xA0, 0xBF),
            0xED => (2, 0x80, 0x9F),
            0xE1..=0xEF => (2, 0x80, 0xBF),
            0xF0 => (3, 0x90, 0xBF),
            0xF4 => (3, 0x80, 0x8F),
            0xF1..=0xF3 => (3, 0x80, 0xBF),
            _ => return false,
        };
        *self = CutCharacter { bytes: [lead, 0, 0, 0], len: 1, missing, low, high };
        true
    }
}

/// Makes whole bytes valid UTF-8: the same bytes where they are valid already, a repaired copy where not.
/// Also gives the number of bytes checked and copied.
pub(crate) fn repair(bytes: Bytes) -> (Bytes, u64) {
    let Err(error) = str::from_utf8(&bytes) else {
        let len = bytes.len() as u64;
        return (bytes, len);
    };
    let valid = error.valid_up_to();
    let mut buffer = Utf8Buffer::default();
    buffer.text.extend_from_slice(&bytes[..valid]);
    buffer.push(&bytes[valid..]);
    let touched = 2 * valid as u64 + buffer.touched();
    (buffer.take(), touched)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn collect(pieces: &[&[u8]]) -> String {
        let mut buffer = Utf8Buffer::default();
        for piece in pieces {
            buffer.push(piece);
        }
        String::from_utf8(buffer.take().to_vec()).expect("the buffer holds valid UTF-8")
    }

    #[test]
    fn every_cut_of_a_character_gives_the_character() {
        for text in ["é", "€", "😀", "a😀b", "\u{FEFF}x", "\u{10FFFF}", "\u{800}", "\u{D7FF}", "\u{E000}"] {
            let bytes = text.as_bytes();
            for first in 0..=bytes.len() {
                for second in first..=bytes.len() {
                    let pieces = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                    assert_eq!(collect(&pieces), text);
                }
            }
        }
    }

    #[test]
    fn invalid_bytes_become_one_replacement_for_each_broken_sequence() {
        let table: &[(&[u8], &str)] = &[
            (b"a\xFFb", "a\u{FFFD}b"),
            (b"\xC0\xAF", "\u{FFFD}\u{FFFD}"),
            (b"\xE0\x80\xAF", "\u{FFFD}\u{FFFD}\u{FFFD}"),
            (b"\xED\xA0\x80", "\u{FFFD}\u{FFFD}\u{FFFD}"),
            (b"\xF0\x9F\x98", "\u{FFFD}"),
            (b"\xF0\x9Fx", "\u{FFFD}x"),
            (b"\xE2\x82\xE2\x82\xAC", "\u{FFFD}€"),
            (b"\x80", "\u{FFFD}"),
            (b"\xF5\x80", "\u{FFFD}\u{FFFD}"),
        ];
        for (bytes, expected) in table {
            assert_eq!(collect(&[bytes]), *expected, "{bytes:?}");
            assert_eq!(repair(Bytes::copy_from_slice(bytes)).0, expected.as_bytes(), "{bytes:?}");
        }
    }

    #[test]
    fn an_ascii_byte_closes_a_cut_character_before_it() {
        let mut buffer = Utf8Buffer::default();
        buffer.push(b"a\xE2\x82");
        buffer.push_ascii(b'\n');
        buffer.push(b"b");
        assert_eq!(buffer.len(), 6);
        assert_eq!(buffer.take(), "a\u{FFFD}\nb".as_bytes());
        assert_eq!(buffer.len(), 0);
    }

    #[test]
    fn valid_bytes_are_repaired_without_a_copy() {
        let bytes = Bytes::from("größer".to_owned());
        let (same, touched) = repair(bytes.clone());
        assert_eq!(same.as_ptr(), bytes.as_ptr());
        assert_eq!(touched, bytes.len() as u64);
    }

    /// Bytes in which sequences of several bytes, whole and broken, are frequent.
    fn near_utf8() -> impl Strategy<Value = Vec<u8>> {
        let unit = prop_oneof![
            Just(b"a".to_vec()),
            Just("é".as_bytes().to_vec()),
            Just("€".as_bytes().to_vec()),
            Just("😀".as_bytes().to_vec()),
            Just(b"plain text long enough to matter for the word-wise check of the library".to_vec()),
            any::<u8>().prop_map(|byte| vec![byte]),
            (0x80..=0xFFu8).prop_map(|byte| vec![byte]),
        ];
        prop::collection::vec(unit, 0..40).prop_map(|units| units.concat())
    }

    proptest! {
        #[test]
        fn any_cut_equals_the_library_on_the_whole(bytes in near_utf8(), cuts in prop::collection::vec(0usize..300, 0..8)) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.sort_unstable();
            let mut buffer = Utf8Buffer::default();
            let mut from = 0;
            for cut in cuts {
                buffer.push(&bytes[from..cut]);
                from = cut;
            }
            buffer.push(&bytes[from..]);
            let expected = String::from_utf8_lossy(&bytes);
            prop_assert_eq!(buffer.take(), expected.as_bytes());
            prop_assert_eq!(repair(Bytes::from(bytes.clone())).0, expected.as_bytes());
        }
    }
}
