//! Frames of a WebSocket (RFC 6455, section 5) as their bytes pass: what a recorder reads along and a player speaks.

use bytes::{Buf, Bytes, BytesMut};

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// What one end says to the other. Messages are whole, whatever their frames were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Frame {
    Text(Bytes),
    Binary(Bytes),
    /// Code and reason, if there are any.
    Close(Option<(u16, String)>),
    Ping(Bytes),
    Pong,
}

/// The bytes of one direction. Whether they keep to the standard is for the two ends to judge.
#[derive(Debug, Default)]
pub(super) struct Frames {
    bytes: BytesMut,
    /// The message whose last frame has not come: its kind and what there is of it.
    begun: Option<(u8, BytesMut)>,
}

impl Frames {
    /// Takes bytes as they come.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next message or control frame that is there whole.
    pub(super) fn next(&mut self) -> Option<Frame> {
        loop {
            let (head, length) = head(&self.bytes)?;
            let end = usize::try_from(length).ok()?.checked_add(head)?;
            if self.bytes.len() < end {
                return None;
            }
            let (first, masked) = (self.bytes[0], self.bytes[1] & 0x80 != 0);
            let mask = masked.then(|| self.bytes[head - 4..head].to_vec());
            let mut payload = self.bytes.split_to(end).split_off(head);
            if let Some(mask) = mask {
                payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
            }
            let (is_last, kind) = (first & 0x80 != 0, first & 0x0F);
            match kind {
                CLOSE => return Some(Frame::Close(close(&payload))),
                PING => return Some(Frame::Ping(payload.freeze())),
                PONG => return Some(Frame::Pong),
                CONTINUATION => {
                    if let Some((_, message)) = &mut self.begun {
                        message.unsplit(payload);
                    }
                }
                _ => self.begun = Some((kind, payload)),
            }
            if is_last && let Some((kind, message)) = self.begun.take() {
                let message = message.freeze();
                return Some(if kind == TEXT { Frame::Text(message) } else { Frame::Binary(message) });
            }
        }
    }
}

/// Length of a frame's head, and of its payload, once they are known.
fn head(bytes: &[u8]) -> Option<(usize, u64)> {
    let second = *bytes.get(1)?;
    let (mut head, length) = match second & 0x7F {
        126 => (4, u64::from(bytes.get(2..4)?.get_u16())),
        127 => (10, bytes.get(2..10)?.get_u64()),
        short => (2, u64::from(short)),
    };
    if second & 0x80 != 0 {
        head += 4;
    }
    (bytes.len() >= head).then_some((head, length))
}

fn close(mut payload: &[u8]) -> Option<(u16, String)> {
    if payload.len() < 2 {
        return None;
    }
    let code = payload.get_u16();
    Some((code, String::from_utf8_lossy(payload).into_owned()))
}

/// The bytes of a frame as a server sends it.
pub(super) fn from_server(frame: &Frame) -> Vec<u8> {
    let closing;
    let (kind, payload) = match frame {
        Frame::Text(text) => (TEXT, &text[..]),
        Frame::Binary(bytes) => (BINARY, &bytes[..]),
        // A pong carries what its ping did.
        Frame::Ping(bytes) => (PONG, &bytes[..]),
        Frame::Pong => (PONG, &[][..]),
        Frame::Close(None) => (CLOSE, &[][..]),
        Frame::Close(Some((code, reason))) => {
            closing = [&code.to_be_bytes()[..], reason.as_bytes()].concat();
            (CLOSE, &closing[..])
        }
    };
    let mut out = vec![0x80 | kind];
    match payload.len() {
        length @ 0..=125 => out.push(length as u8),
        length @ 126..=0xFFFF => {
            out.push(126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            out.push(127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(frames: &mut Frames, bytes: &[u8], step: usize) -> Vec<Frame> {
        let mut found = Vec::new();
        for piece in bytes.chunks(step) {
            frames.push(piece);
            found.extend(std::iter::from_fn(|| frames.next()));
        }
        found
    }

    #[test]
    fn what_is_written_is_read_however_it_is_cut() {
        let long = Bytes::from(vec![b'x'; 70_000]);
        let said = [
            Frame::Text("é".into()),
            Frame::Binary(long.slice(..300)),
            Frame::Text(long),
            Frame::Close(Some((1000, "bye".to_owned()))),
            Frame::Close(None),
        ];
        let bytes: Vec<u8> = said.iter().flat_map(from_server).collect();
        for step in [1, 7, bytes.len()] {
            assert_eq!(all(&mut Frames::default(), &bytes, step), said, "pieces of {step}");
        }
    }

    #[test]
    fn masked_and_divided_messages_are_whole_with_a_ping_between() {
        // The example of the standard: "Hello", masked; then in two frames around a ping.
        let mut bytes = vec![0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        bytes.extend([0x01, 0x03, 0x48, 0x65, 0x6c, 0x89, 0x02, b'h', b'i', 0x80, 0x02, 0x6c, 0x6f]);
        let found = all(&mut Frames::default(), &bytes, 3);
        assert_eq!(found, [Frame::Text("Hello".into()), Frame::Ping("hi".into()), Frame::Text("Hello".into())]);
    }

    #[test]
    fn a_pong_answers_with_the_words_of_the_ping() {
        assert_eq!(from_server(&Frame::Ping("hi".into())), [0x8A, 2, b'h', b'i']);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_pass(bytes: Vec<u8>) {
            all(&mut Frames::default(), &bytes, 5);
        }
    }
}
