//! Frames of RFC 6455 as a server reads and writes them.

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// A frame longer than this is refused.
const LONGEST: u64 = 256 << 20;

pub(super) const CONTINUE: u8 = 0;
pub(super) const TEXT: u8 = 1;
pub(super) const BINARY: u8 = 2;
pub(super) const CLOSE: u8 = 8;
pub(super) const PING: u8 = 9;
pub(super) const PONG: u8 = 10;

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    pub fin: bool,
    /// The three reserved bits.
    pub rsv: u8,
    pub opcode: u8,
    pub masked: bool,
    pub payload: Bytes,
}

impl Frame {
    /// A whole, unmasked frame, as servers send them.
    pub(super) fn new(opcode: u8, payload: impl Into<Bytes>) -> Self {
        Self { fin: true, rsv: 0, opcode, masked: false, payload: payload.into() }
    }

    /// A close frame. Without a code it is empty.
    pub(super) fn close(code: Option<u16>, reason: &str) -> Self {
        let mut payload = BytesMut::new();
        if let Some(code) = code {
            payload.put_u16(code);
            payload.put_slice(reason.as_bytes());
        }
        Self::new(CLOSE, payload.freeze())
    }

    /// Takes a frame off the front of `bytes`, if they hold a whole one.
    ///
    /// # Errors
    /// Says what no client may send.
    pub(super) fn take(bytes: &mut BytesMut) -> Result<Option<Self>, String> {
        let Some((header, length)) = header(bytes) else { return Ok(None) };
        let (first, second) = (bytes[0], bytes[1]);
        if length > LONGEST {
            return Err(format!("a frame of {length} bytes"));
        }
        let masked = second & 0x80 != 0;
        let mask_at = header - if masked { 4 } else { 0 };
        if bytes.len() < header || ((bytes.len() - header) as u64) < length {
            return Ok(None);
        }
        let mask: [u8; 4] = bytes[mask_at..].first_chunk().copied().filter(|_| masked).unwrap_or_default();
        bytes.advance(header);
        let mut payload = bytes.split_to(length as usize);
        for (place, byte) in payload.iter_mut().enumerate() {
            *byte ^= mask[place % 4];
        }
        let payload = payload.freeze();
        Ok(Some(Self { fin: first & 0x80 != 0, rsv: (first >> 4) & 7, opcode: first & 15, masked, payload }))
    }

    /// The frame's bytes. `claimed` is the length that its head states, where that is not the payload's; a masked frame has
    /// a mask of zeros.
    pub(super) fn bytes(&self, claimed: Option<u64>) -> Bytes {
        let length = claimed.unwrap_or(self.payload.len() as u64);
        let mut out = BytesMut::with_capacity(self.payload.len() + 14);
        out.put_u8(u8::from(self.fin) << 7 | self.rsv << 4 | self.opcode);
        let mask = u8::from(self.masked) << 7;
        match length {
            0..126 => out.put_u8(mask | length as u8),
            126..65536 => {
                out.put_u8(mask | 126);
                out.put_u16(length as u16);
            }
            _ => {
                out.put_u8(mask | 127);
                out.put_u64(length);
            }
        }
        if self.masked {
            out.put_u32(0);
        }
        out.put_slice(&self.payload);
        out.freeze()
    }
}

/// Length of the head with its mask, and of the payload.
fn header(bytes: &[u8]) -> Option<(usize, u64)> {
    let second = *bytes.get(1)?;
    let mask = if second & 0x80 != 0 { 4 } else { 0 };
    Some(match second & 0x7f {
        126 => (4 + mask, u64::from(u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?))),
        127 => (10 + mask, u64::from_be_bytes(*bytes.get(2..)?.first_chunk()?)),
        short => (2 + mask, u64::from(short)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_masked_example_of_the_standard_is_read_when_it_is_whole() {
        let whole = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58, 0x81];
        for end in 0..11 {
            assert_eq!(Frame::take(&mut BytesMut::from(&whole[..end])), Ok(None), "{end}");
        }
        let mut bytes = BytesMut::from(&whole[..]);
        let frame = Frame::take(&mut bytes).expect("well formed").expect("whole");
        assert_eq!((&frame.payload[..], frame.masked, frame.fin), (&b"Hello"[..], true, true));
        assert_eq!(&bytes[..], [0x81]);
    }

    #[test]
    fn frames_of_every_length_come_back() {
        for length in [0, 125, 126, 65535, 65536] {
            let frame = Frame { fin: false, rsv: 5, masked: true, ..Frame::new(BINARY, vec![7; length]) };
            let mut bytes = BytesMut::from(&frame.bytes(None)[..]);
            assert_eq!(Frame::take(&mut bytes), Ok(Some(frame)));
            assert!(bytes.is_empty());
        }
    }

    #[test]
    fn a_head_may_lie_and_a_length_beyond_reason_is_refused() {
        assert_eq!(&Frame::new(TEXT, "a").bytes(Some(300))[..], [0x81, 126, 1, 44, b'a']);
        let mut huge = BytesMut::from(&Frame::new(TEXT, "").bytes(Some(u64::MAX))[..]);
        assert!(Frame::take(&mut huge).is_err());
    }
}
