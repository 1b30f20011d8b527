//! The lexical rules of JSON: where strings, numbers and lists of numbers end.
//!
//! Offsets in, offsets out; nothing is decoded here. An error is the offset at which the text stops being JSON and
//! what was expected there.

use memchr::memchr2;

/// Where and what: the text is not JSON at this offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) expected: &'static str,
}

fn fault<T>(at: usize, expected: &'static str) -> Result<T, Fault> {
    Err(Fault { at, expected })
}

/// The first offset at or after `at` that is not white space.
#[inline]
pub(super) fn space(text: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = text.get(at) {
        at += 1;
    }
    at
}

/// The string whose opening quote is just before `at`: the offset after its closing quote, and whether it holds an
/// escape. Raw control characters pass: servers send them, and nothing is ambiguous about them.
#[inline]
pub(super) fn string(text: &[u8], at: usize) -> Result<(usize, bool), Fault> {
    let mut i = at;
    // Most keys and many values are short; below this length a call of memchr costs more than it saves.
    let near = text.len().min(at + 16);
    while i < near {
        match text[i] {
            b'"' => return Ok((i + 1, false)),
            b'\\' => break,
            _ => i += 1,
        }
    }
    long_string(text, i)
}

fn long_string(text: &[u8], mut at: usize) -> Result<(usize, bool), Fault> {
    let mut escaped = false;
    loop {
        match memchr2(b'"', b'\\', &text[at..]) {
            None => return fault(text.len(), "the end of a string"),
            Some(skip) if text[at + skip] == b'"' => return Ok((at + skip + 1, escaped)),
            Some(skip) => {
                at = escape(text, at + skip + 1)?;
                escaped = true;
            }
        }
    }
}

/// The escape whose backslash is just before `at`: the offset after it.
fn escape(text: &[u8], at: usize) -> Result<usize, Fault> {
    match text.get(at) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 1),
        Some(b'u') => {
            for i in at + 1..at + 5 {
                if !text.get(i).is_some_and(u8::is_ascii_hexdigit) {
                    return fault(i, "a hexadecimal digit");
                }
            }
            Ok(at + 5)
        }
        _ => fault(at, "an escape"),
    }
}

/// The number that starts at `at`: the offset after it.
#[inline]
pub(super) fn number(text: &[u8], at: usize) -> Result<usize, Fault> {
    let mut i = at;
    if text.get(i) == Some(&b'-') {
        i += 1;
    }
    i = match text.get(i) {
        Some(b'0') => i + 1,
        Some(b'1'..=b'9') => digits(text, i + 1),
        _ => return fault(i, "a digit"),
    };
    if text.get(i) == Some(&b'.') {
        let end = digits(text, i + 1);
        if end == i + 1 {
            return fault(end, "a digit");
        }
        i = end;
    }
    if let Some(b'e' | b'E') = text.get(i) {
        i += 1;
        if let Some(b'+' | b'-') = text.get(i) {
            i += 1;
        }
        let end = digits(text, i);
        if end == i {
            return fault(end, "a digit");
        }
        i = end;
    }
    Ok(i)
}

/// Skips digits, eight at a time: embeddings are long runs of them.
#[inline]
fn digits(text: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = text.get(at..at + 8) {
        let word = u64::from_le_bytes([chunk[0], chunk[1], chunk[2], chunk[3], chunk[4], chunk[5], chunk[6], chunk[7]]);
        // A digit has 3 in its high nibble, and still less than 16 in its low one after adding 6.
        let high = (word & 0xF0F0_F0F0_F0F0_F0F0) ^ 0x3030_3030_3030_3030;
        let low = ((word & 0x0F0F_0F0F_0F0F_0F0F) + 0x0606_0606_0606_0606) & 0xF0F0_F0F0_F0F0_F0F0;
        let other = high | low;
        if other != 0 {
            return at + (other.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while text.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    at
}

/// A list that holds nothing but numbers, whose `[` is just before `at`: the offset of its `]` and how many there
/// are. None where something else stands in it, or where it is not JSON; the caller then reads it item by item.
pub(super) fn number_list(text: &[u8], at: usize) -> Option<(usize, u32)> {
    let mut i = space(text, at);
    let mut count = 0u32;
    loop {
        i = number(text, i).ok()?;
        count = count.checked_add(1)?;
        if text.get(i) != Some(&b',') {
            i = space(text, i);
            match text.get(i) {
                Some(b',') => {}
                Some(b']') => return Some((i, count)),
                _ => return None,
            }
        }
        i = space(text, i + 1);
    }
}

/// The value of a plain decimal fraction of few digits (as `f32` prints), and the offset after it. None for any other
/// number. Exact: both the digits and the power of ten are doubles, and a division rounds once.
#[inline]
pub(super) fn short_decimal(text: &[u8], at: usize) -> Option<(f64, usize)> {
    const POWERS: [f64; 16] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
    let negative = text.get(at) == Some(&b'-');
    let start = at + usize::from(negative);
    if text.get(start + 17).is_some_and(u8::is_ascii_digit) && text[start..start + 17].iter().all(|byte| *byte != b',')
    {
        return None;
    }
    let (mut i, mut value, mut point) = (start, 0u64, None);
    // 15 digits and a point: below 2^53.
    let limit = text.len().min(start + 17);
    while i < limit {
        match text[i] {
            digit @ b'0'..=b'9' => value = value * 10 + u64::from(digit - b'0'),
            b'.' if point.is_none() => point = Some(i + 1),
            _ => break,
        }
        i += 1;
    }
    if i - start > 16 || matches!(text.get(i), Some(b'0'..=b'9' | b'.' | b'e' | b'E')) {
        return None;
    }
    let number = value as f64 / POWERS[point.map_or(0, |point| i - point)];
    Some((if negative { -number } else { number }, i))
}

/// `true`, `false` or `null` at `at`: the offset after it.
pub(super) fn word(text: &[u8], at: usize, word: &'static str) -> Result<usize, Fault> {
    if text[at..].starts_with(word.as_bytes()) { Ok(at + word.len()) } else { fault(at, "a value") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stop_at_the_first_other_byte() {
        for other in 0..=255u8 {
            for place in 0..20 {
                let mut text = vec![b'7'; 20];
                text[place] = other;
                let want = if other.is_ascii_digit() { 20 } else { place };
                assert_eq!(digits(&text, 0), want, "byte {other} at {place}");
            }
        }
    }

    #[test]
    fn numbers_follow_the_grammar() {
        for good in ["0", "-0", "1", "120", "0.5", "-1.25e10", "1E+2", "1e-07", "123456789012345678901234567890"] {
            assert_eq!(number(good.as_bytes(), 0), Ok(good.len()), "{good}");
        }
        for bad in ["", "-", "+1", ".5", "1.", "1.e5", "1e", "1e+", "-a", "NaN", "Infinity", "-Infinity"] {
            assert!(number(bad.as_bytes(), 0).is_err(), "{bad}");
        }
        assert_eq!(number(b"01", 0), Ok(1), "the second digit is left over");
    }

    #[test]
    fn a_short_decimal_reads_as_the_exact_parser_does() {
        for text in ["0", "-0", "0.5", "-0.0069292834", "123456.789", "99999999999999.9", "0.00000000000001", "15"] {
            let (number, end) = short_decimal(text.as_bytes(), 0).unwrap();
            assert_eq!((number.to_bits(), end), (text.parse::<f64>().unwrap().to_bits(), text.len()), "{text}");
        }
        for text in ["1e5", "0.1E1", "0.006929283495992422", "12345678901234567"] {
            assert_eq!(short_decimal(text.as_bytes(), 0), None, "{text}");
        }
    }

    #[test]
    fn a_list_of_numbers_is_found_whole() {
        assert_eq!(number_list(b"1,2.5 , -3e4 ]", 0), Some((13, 3)));
        for other in ["1,2", "1,,2]", "1,\"a\"]", "01]", "1,]", "1 2]", "1,[2]]", "--1]", "1.2.3]", "1,null]"] {
            assert_eq!(number_list(other.as_bytes(), 0), None, "{other}");
        }
    }
}
