//! Server-sent events: bytes in, frames out.
//!
//! The parser follows the event stream format of the HTML standard. Its work is linear in the bytes received, wherever
//! the chunks were cut: a byte is searched for a line end once, checked as UTF-8 once and copied at most once. An event
//! that lies within one chunk is not copied at all. Comments and unknown fields are counted and forgotten.

use std::collections::VecDeque;
use std::str;
use std::time::Duration;

use bytes::Bytes;
use memchr::memchr2;

use super::utf8::{Utf8Buffer, repair};

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The longest field name that means something (`event`, `retry`).
const LONGEST_NAME: usize = 5;

/// More digits than this are no delay that fits 64 bits.
const LONGEST_RETRY: usize = 20;

/// One event of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// The event's name, valid UTF-8; empty where the server gave none.
    pub event: Bytes,
    /// The event's data, valid UTF-8: its `data` lines joined by line feeds. Bytes that were not UTF-8 stand as U+FFFD.
    pub data: Bytes,
    /// The last `id` the stream has named so far, valid UTF-8; empty where there was none.
    pub id: Bytes,
    /// The reconnection delay the stream has asked for so far.
    pub retry: Option<Duration>,
}

/// An event whose data may not be UTF-8.
#[derive(Clone, Debug)]
pub(crate) struct Unchecked {
    /// The event's name, valid UTF-8.
    pub(super) event: Bytes,
    pub(super) data: Bytes,
    /// Whether the data is known to be valid UTF-8.
    is_text: bool,
}

impl Unchecked {
    /// Makes the data valid UTF-8, where it is not.
    pub(super) fn repair(&mut self) {
        self.data = repair(std::mem::take(&mut self.data)).0;
    }

    /// The event's name; empty where the server gave none.
    pub(crate) fn name(&self) -> &str {
        str::from_utf8(&self.event).unwrap_or("")
    }
}

impl Frame {
    /// The event's name; empty where the server gave none.
    pub fn name(&self) -> &str {
        str::from_utf8(&self.event).unwrap_or("")
    }
}

/// How a stream ended, as far as the format can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Between two events.
    Clean,
    /// Inside an event, which was not delivered.
    InsideEvent,
}

/// What a parser has done so far, in bytes except where it says otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Received and parsed.
    pub received: u64,
    /// Searched, checked or copied: each pass over a byte counts. At most three a received byte, and three more a chunk
    /// that cuts a character.
    pub touched: u64,
    /// In blocks that became frames, line ends included. The rest of `received` was comments and other heartbeats, or
    /// belongs to an event that is not complete.
    pub frame_bytes: u64,
    /// Number of frames delivered.
    pub frames: u64,
}

/// An incremental parser of server-sent events.
///
/// ```
/// use threadline::stream::sse::Parser;
///
/// let mut parser = Parser::new();
/// parser.push("data: {\"a\"".into());
/// assert_eq!(parser.next_frame(), None);
/// parser.push(": 1}\n\n".into());
/// assert_eq!(parser.next_frame().map(|frame| frame.data), Some("{\"a\": 1}".into()));
/// ```
#[derive(Debug, Default)]
pub struct Parser {
    chunk: Bytes,
    at: usize,
    waiting: VecDeque<Bytes>,
    mark: MarkState,
    /// The last line ended in CR: an LF in front belongs to it.
    after_cr: bool,
    line: Line,
    block: Block,
    id: Bytes,
    retry: Option<Duration>,
    stats: Stats,
}

/// The search for a byte order mark at the start of the stream.
#[derive(Debug, Default)]
enum MarkState {
    #[default]
    Unseen,
    /// So many of its bytes came.
    Part(usize),
    Settled,
}

/// The event being read.
#[derive(Debug, Default)]
struct Block {
    event: Bytes,
    data: Data,
    /// Bytes received for it.
    bytes: u64,
}

impl Block {
    fn is_empty(&self) -> bool {
        matches!(self.data, Data::None) && self.event.is_empty() && self.bytes == 0
    }
}

/// The data lines of an event.
#[derive(Debug, Default)]
enum Data {
    #[default]
    None,
    /// One line, a slice of a chunk, not yet checked.
    Slice(Bytes),
    /// Lines put together.
    Text(Utf8Buffer),
}

/// A line of which a chunk held only a part.
#[derive(Debug, Default)]
enum Line {
    /// The next byte starts a line.
    #[default]
    Start,
    /// Within the name.
    Name { bytes: [u8; LONGEST_NAME], len: usize },
    /// Right after the colon, where one space may stand.
    Colon(Field),
    /// Within the value.
    Value(Field),
}

/// The field a line belongs to, and its value so far where it does not go straight into the block's data.
#[derive(Debug)]
enum Field {
    Data,
    Event(Utf8Buffer),
    Id(Utf8Buffer),
    Retry(Vec<u8>),
    Ignored,
}

impl Parser {
    /// A parser at the start of a stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds bytes as they came from the connection. Empty chunks do nothing.
    pub fn push(&mut self, chunk: Bytes) {
        if chunk.is_empty() {
            return;
        }
        self.stats.received += chunk.len() as u64;
        if self.at == self.chunk.len() && self.waiting.is_empty() {
            (self.chunk, self.at) = (chunk, 0);
        } else {
            self.waiting.push_back(chunk);
        }
    }

    /// The next event, if one is complete in what was pushed.
    pub fn next_frame(&mut self) -> Option<Frame> {
        let Unchecked { event, mut data, is_text } = self.next_unchecked()?;
        if !is_text {
            let touched;
            (data, touched) = repair(data);
            self.stats.touched += touched;
        }
        Some(Frame { event, data, id: self.id.clone(), retry: self.retry })
    }

    /// As [`Parser::next_frame`]; whether the data is UTF-8 is for the caller to see.
    pub(super) fn next_unchecked(&mut self) -> Option<Unchecked> {
        loop {
            if self.at == self.chunk.len() {
                (self.chunk, self.at) = (self.waiting.pop_front()?, 0);
            }
            if !matches!(self.mark, MarkState::Settled) {
                self.skip_mark();
                continue;
            }
            if std::mem::take(&mut self.after_cr) && self.chunk[self.at] == b'\n' {
                self.at += 1;
                self.stats.touched += 1;
                continue;
            }
            let rest = &self.chunk[self.at..];
            let is_data = rest.starts_with(b"data:") && matches!(self.line, Line::Start) && self.block.is_empty();
            let Some(len) = memchr2(b'\n', b'\r', rest) else {
                let chunk = std::mem::take(&mut self.chunk);
                let piece = &chunk[std::mem::take(&mut self.at)..];
                self.stats.touched += piece.len() as u64;
                self.block.bytes += piece.len() as u64;
                self.feed(piece);
                continue;
            };
            // An event of one line, as most are, needs no block.
            if is_data && rest[len..].starts_with(b"\n\n") {
                let from = if rest.get(5) == Some(&b' ') { 6 } else { 5 };
                let data = self.chunk.slice(self.at + from..self.at + len);
                let bytes = len as u64 + 2;
                self.at += len + 2;
                self.stats.touched += bytes + 5;
                self.stats.frame_bytes += bytes;
                self.stats.frames += 1;
                return Some(Unchecked { event: Bytes::new(), data, is_text: false });
            }
            self.after_cr = rest[len] == b'\r';
            let start = self.at;
            self.at += len + 1;
            self.stats.touched += len as u64 + 1;
            self.block.bytes += len as u64 + 1;
            if matches!(self.line, Line::Start) {
                if len == 0 {
                    if let Some(event) = self.dispatch() {
                        return Some(event);
                    }
                } else {
                    self.whole_line(start, start + len);
                }
            } else {
                let piece = self.chunk.slice(start..start + len);
                self.feed(&piece);
                self.end_line();
            }
        }
    }

    /// Says whether the stream, which has no more bytes, ended inside an event. Call it after the last frame was taken.
    pub fn ending(&self) -> Ending {
        let line_matters = match &self.line {
            Line::Start | Line::Colon(Field::Ignored) | Line::Value(Field::Ignored) => false,
            Line::Colon(Field::Data | Field::Event(_)) | Line::Value(Field::Data | Field::Event(_)) => true,
            Line::Name { bytes, len } => [&b"data"[..], b"event"].iter().any(|name| name.starts_with(&bytes[..*len])),
            Line::Colon(_) | Line::Value(_) => false,
        };
        match self.block.data {
            Data::None if self.block.event.is_empty() && !line_matters => Ending::Clean,
            _ => Ending::InsideEvent,
        }
    }

    /// What has been done so far.
    pub fn stats(&self) -> Stats {
        let mut stats = self.stats;
        if let Data::Text(text) = &self.block.data {
            stats.touched += text.touched();
        }
        stats
    }

    /// Bytes held for the event that is not complete yet. A caller that wants a limit compares this after each chunk.
    pub fn held(&self) -> usize {
        let line = match &self.line {
            Line::Value(Field::Event(text) | Field::Id(text)) => text.len(),
            Line::Value(Field::Retry(digits)) => digits.len(),
            _ => 0,
        };
        let data = match &self.block.data {
            Data::None => 0,
            Data::Slice(bytes) => bytes.len(),
            Data::Text(text) => text.len(),
        };
        line + data + self.block.event.len()
    }

    /// Leaves out a byte order mark at the start of the stream, however it is cut.
    fn skip_mark(&mut self) {
        let mut seen = if let MarkState::Part(seen) = self.mark { seen } else { 0 };
        while seen < BYTE_ORDER_MARK.len() {
            let Some(&byte) = self.chunk.get(self.at) else {
                self.mark = MarkState::Part(seen);
                return;
            };
            if byte != BYTE_ORDER_MARK[seen] {
                self.mark = MarkState::Settled;
                self.block.bytes += seen as u64;
                self.feed(&BYTE_ORDER_MARK[..seen]);
                return;
            }
            seen += 1;
            self.at += 1;
            self.stats.touched += 1;
        }
        self.mark = MarkState::Settled;
    }

    /// Reads a line that lies within the current chunk.
    fn whole_line(&mut self, start: usize, end: usize) {
        let line = &self.chunk[start..end];
        let (name, value) = match line {
            [b'd', b'a', b't', b'a', b':', ..] => (4, 5),
            _ => match line.iter().take(LONGEST_NAME + 1).position(|&byte| byte == b':') {
                Some(colon) => (colon, colon + 1),
                None => (line.len(), line.len()),
            },
        };
        self.stats.touched += value.min(LONGEST_NAME + 1) as u64;
        let value = start + value + usize::from(line.get(value) == Some(&b' '));
        match &line[..name] {
            b"data" => {
                let line = self.chunk.slice(value..end);
                self.block.data = match std::mem::take(&mut self.block.data) {
                    Data::None => Data::Slice(line),
                    earlier => {
                        let mut text = self.join(earlier);
                        text.push(&line);
                        Data::Text(text)
                    }
                };
            }
            b"event" => self.block.event = self.repaired(value, end),
            b"id" => {
                let id = self.repaired(value, end);
                self.set_id(id);
            }
            b"retry" => self.retry = parse_retry(&line[value - start..]).or(self.retry),
            _ => {}
        }
    }

    fn repaired(&mut self, start: usize, end: usize) -> Bytes {
        let (text, touched) = repair(self.chunk.slice(start..end));
        self.stats.touched += touched;
        text
    }

    /// Data lines put together, with a line feed after them.
    fn join(&mut self, earlier: Data) -> Utf8Buffer {
        let mut text = match earlier {
            Data::None => return Utf8Buffer::default(),
            Data::Slice(line) => {
                let mut text = Utf8Buffer::default();
                text.push(&line);
                text
            }
            Data::Text(text) => text,
        };
        text.push_ascii(b'\n');
        text
    }

    /// Reads a piece of a line that some other chunk starts or ends.
    fn feed(&mut self, mut piece: &[u8]) {
        while let Some(&first) = piece.first() {
            match &mut self.line {
                Line::Start => self.line = Line::Name { bytes: [0; LONGEST_NAME], len: 0 },
                Line::Name { bytes, len } => {
                    self.stats.touched += 1;
                    if first == b':' {
                        let (bytes, len) = (*bytes, *len);
                        self.line = Line::Colon(self.open_field(&bytes[..len]));
                    } else if let Some(place) = bytes.get_mut(*len) {
                        *place = first;
                        *len += 1;
                    } else {
                        self.line = Line::Value(Field::Ignored);
                    }
                    piece = &piece[1..];
                }
                Line::Colon(field) => {
                    let field = std::mem::replace(field, Field::Ignored);
                    self.line = Line::Value(field);
                    piece = &piece[usize::from(first == b' ')..];
                }
                Line::Value(field) => {
                    match field {
                        Field::Data => {
                            if let Data::Text(text) = &mut self.block.data {
                                text.push(piece);
                            }
                        }
                        Field::Event(text) | Field::Id(text) => text.push(piece),
                        Field::Retry(digits) => {
                            let room = (LONGEST_RETRY + 1).saturating_sub(digits.len());
                            digits.extend_from_slice(&piece[..room.min(piece.len())]);
                        }
                        Field::Ignored => {}
                    }
                    return;
                }
            }
        }
    }

    /// Starts the value of a field whose line came in pieces.
    fn open_field(&mut self, name: &[u8]) -> Field {
        match name {
            b"data" => {
                let earlier = std::mem::take(&mut self.block.data);
                self.block.data = Data::Text(self.join(earlier));
                Field::Data
            }
            b"event" => Field::Event(Utf8Buffer::default()),
            b"id" => Field::Id(Utf8Buffer::default()),
            b"retry" => Field::Retry(Vec::new()),
            _ => Field::Ignored,
        }
    }

    /// Ends a line that came in pieces.
    fn end_line(&mut self) {
        let field = match std::mem::take(&mut self.line) {
            Line::Start => return,
            Line::Name { bytes, len } => self.open_field(&bytes[..len]),
            Line::Colon(field) | Line::Value(field) => field,
        };
        match field {
            Field::Data => {
                if let Data::Text(text) = &mut self.block.data {
                    text.close();
                }
            }
            Field::Event(mut text) => {
                self.block.event = text.take();
                self.stats.touched += text.touched();
            }
            Field::Id(mut text) => {
                let id = text.take();
                self.stats.touched += text.touched();
                self.set_id(id);
            }
            Field::Retry(digits) => self.retry = parse_retry(&digits).or(self.retry),
            Field::Ignored => {}
        }
    }

    fn set_id(&mut self, id: Bytes) {
        if memchr::memchr(0, &id).is_none() {
            self.id = id;
        }
    }

    /// Ends the block at an empty line.
    fn dispatch(&mut self) -> Option<Unchecked> {
        let Block { event, data, bytes } = std::mem::take(&mut self.block);
        let (data, is_text) = match data {
            Data::None => return None,
            Data::Slice(line) => (line, false),
            Data::Text(mut text) => {
                self.stats.touched += text.touched();
                (text.take(), true)
            }
        };
        self.stats.frames += 1;
        self.stats.frame_bytes += bytes;
        Some(Unchecked { event, data, is_text })
    }
}

/// Milliseconds written in digits; anything else is no delay.
fn parse_retry(digits: &[u8]) -> Option<Duration> {
    if digits.is_empty() || digits.len() > LONGEST_RETRY || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    str::from_utf8(digits).ok()?.parse().ok().map(Duration::from_millis)
}

#[cfg(test)]
mod tests;
