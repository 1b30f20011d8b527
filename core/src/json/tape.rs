//! One pass over the text, into a flat list of where things are.
//!
//! A scalar is one [`Entry`]: the offsets of its text. A list or an object is an opening entry (offset of its
//! bracket, index just after its closing entry), its children, and a closing entry (offset of its bracket, number of
//! children). What an entry is, is read from the text. A list of nothing but numbers has no entries for its items:
//! finding out that it is one reads the numbers already, so their values are kept beside the tape.

use super::error::{DecodeError, DecodeErrorKind};
use super::node::Node;
use super::scan::{self, Fault};

/// Lists and objects may be nested this deep.
pub const MAX_DEPTH: usize = 128;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) start: u32,
    /// Scalar: offset after its text. Opening bracket: index after its closing entry. Closing bracket: how many children.
    pub(super) end: u32,
}

/// A parsed document: the text it borrows and where everything in it is.
///
/// Parsing validates all of it, so that reading cannot fail: a [`Node`] only says that something is of another type.
#[derive(Debug)]
pub struct Doc<'a> {
    pub(super) text: &'a str,
    pub(super) tape: Vec<Entry>,
    /// The values of all lists of numbers, one after the other.
    pub(super) numbers: Vec<f64>,
    /// Where the values of each of those lists are, in the order of the tape.
    pub(super) number_lists: Vec<NumberList>,
    /// Whether some key is written with an escape; if not, keys compare as they stand.
    pub(super) escaped_keys: bool,
}

/// A list of numbers: the index of its opening entry, and where its values start.
#[derive(Debug, Clone, Copy)]
pub(super) struct NumberList {
    pub(super) index: u32,
    pub(super) start: usize,
}

impl<'a> Doc<'a> {
    /// Parses one JSON document. A byte order mark in front is skipped.
    ///
    /// # Errors
    /// When the bytes are not UTF-8, not JSON, nested deeper than [`MAX_DEPTH`] or longer than 4 GiB.
    pub fn parse(text: &'a [u8]) -> Result<Self, DecodeError> {
        match std::str::from_utf8(text) {
            Ok(text) => Self::parse_text(text),
            Err(error) => {
                let at = error.valid_up_to();
                Err(DecodeError::new(DecodeErrorKind::Utf8, "$".to_owned(), at, "the text is not UTF-8".to_owned()))
            }
        }
    }

    /// As [`Doc::parse`], for text that is known to be UTF-8.
    ///
    /// # Errors
    /// As [`Doc::parse`].
    pub fn parse_text(text: &'a str) -> Result<Self, DecodeError> {
        Self::parse_limited(text, MAX_DEPTH)
    }

    /// As [`Doc::parse_text`], with another limit of nesting. The parser itself needs no stack.
    pub(super) fn parse_limited(text: &'a str, depth: usize) -> Result<Self, DecodeError> {
        if u32::try_from(text.len()).is_err() {
            let message = "the text is longer than 4 GiB".to_owned();
            return Err(DecodeError::new(DecodeErrorKind::TooLarge, "$".to_owned(), 0, message));
        }
        let bytes = text.as_bytes();
        let capacity = (bytes.len() / 12).clamp(8, 1 << 16);
        let mut parser = Parser {
            text: bytes,
            tape: Vec::with_capacity(capacity),
            numbers: Vec::new(),
            number_lists: Vec::new(),
            open: Vec::with_capacity(8),
            escaped_keys: false,
            depth,
        };
        match parser.run() {
            Ok(()) => Ok(Doc {
                text,
                tape: parser.tape,
                numbers: parser.numbers,
                number_lists: parser.number_lists,
                escaped_keys: parser.escaped_keys,
            }),
            Err(Stop::Fault(Fault { at, expected })) => Err(DecodeError::syntax(bytes, at, expected)),
            Err(Stop::Deep(at)) => {
                let message = format!("lists and objects are nested deeper than {depth} levels");
                Err(DecodeError::new(DecodeErrorKind::TooDeep, "$".to_owned(), at, message))
            }
        }
    }

    /// The document's value.
    pub fn root(&self) -> Node<'_> {
        Node::at(self, 0)
    }
}

enum Stop {
    Fault(Fault),
    Deep(usize),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

fn stop<T>(at: usize, expected: &'static str) -> Result<T, Stop> {
    Err(Stop::Fault(Fault { at, expected }))
}

struct Parser<'a> {
    text: &'a [u8],
    tape: Vec<Entry>,
    numbers: Vec<f64>,
    number_lists: Vec<NumberList>,
    /// What is open: index of its entry, children so far.
    open: Vec<(u32, u32)>,
    escaped_keys: bool,
    depth: usize,
}

impl Parser<'_> {
    fn run(&mut self) -> Result<(), Stop> {
        let bom = if self.text.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
        let mut at = scan::space(self.text, bom);
        loop {
            at = match self.value(at)? {
                (at, true) => match self.after(at)? {
                    Some(at) => at,
                    None => return Ok(()),
                },
                (at, false) => at,
            };
        }
    }

    /// Reads a value, or the opening of one: where to go on, and whether the value is complete.
    #[inline]
    fn value(&mut self, at: usize) -> Result<(usize, bool), Stop> {
        let end = match self.text.get(at) {
            Some(b'"') => scan::string(self.text, at + 1)?.0,
            Some(b'-' | b'0'..=b'9') => scan::number(self.text, at)?,
            Some(b'{') => {
                self.push_open(at)?;
                let at = scan::space(self.text, at + 1);
                return match self.text.get(at) {
                    Some(b'}') => Ok((self.close(at), true)),
                    _ => Ok((self.key(at)?, false)),
                };
            }
            Some(b'[') => {
                self.push_open(at)?;
                let at = scan::space(self.text, at + 1);
                return match self.text.get(at) {
                    Some(b']') => Ok((self.close(at), true)),
                    Some(b'-' | b'0'..=b'9') => Ok(match self.number_list(at) {
                        Some(end) => (self.close(end), true),
                        None => (at, false),
                    }),
                    _ => Ok((at, false)),
                };
            }
            Some(b't') => scan::word(self.text, at, "true")?,
            Some(b'f') => scan::word(self.text, at, "false")?,
            Some(b'n') => scan::word(self.text, at, "null")?,
            _ => return stop(at, "a value"),
        };
        self.push(at, end);
        Ok((end, true))
    }

    /// Reads the list just opened, if it holds nothing but numbers: the offset of its bracket.
    fn number_list(&mut self, at: usize) -> Option<usize> {
        let start = self.numbers.len();
        let Some(end) = scan::number_list(self.text, at, &mut self.numbers) else {
            self.numbers.truncate(start);
            return None;
        };
        let open = self.open.last_mut()?;
        // Fewer than bytes of text, which fit 32 bits.
        open.1 = (self.numbers.len() - start) as u32;
        self.number_lists.push(NumberList { index: open.0, start });
        Some(end)
    }

    /// After a complete value: the offset of the next one, or none at the end of the document.
    #[inline]
    fn after(&mut self, mut at: usize) -> Result<Option<usize>, Stop> {
        loop {
            at = scan::space(self.text, at);
            let Some((open, count)) = self.open.last_mut() else {
                return if at == self.text.len() { Ok(None) } else { stop(at, "the end of the text") };
            };
            *count += 1;
            let object = self.text[self.tape[*open as usize].start as usize] == b'{';
            match self.text.get(at) {
                Some(b',') => {
                    at = scan::space(self.text, at + 1);
                    return Ok(Some(if object { self.key(at)? } else { at }));
                }
                Some(b'}') if object => at = self.close(at),
                Some(b']') if !object => at = self.close(at),
                _ => return stop(at, if object { "`,` or `}`" } else { "`,` or `]`" }),
            }
        }
    }

    /// Reads a key and its colon: the offset of the value.
    #[inline]
    fn key(&mut self, at: usize) -> Result<usize, Stop> {
        if self.text.get(at) != Some(&b'"') {
            return stop(at, "a key");
        }
        let (end, escaped) = scan::string(self.text, at + 1)?;
        self.escaped_keys |= escaped;
        self.push(at, end);
        let at = scan::space(self.text, end);
        if self.text.get(at) != Some(&b':') {
            return stop(at, "`:`");
        }
        Ok(scan::space(self.text, at + 1))
    }

    fn push(&mut self, start: usize, end: usize) {
        self.tape.push(Entry { start: start as u32, end: end as u32 });
    }

    fn push_open(&mut self, at: usize) -> Result<(), Stop> {
        if self.open.len() == self.depth {
            return Err(Stop::Deep(at));
        }
        self.open.push((self.tape.len() as u32, 0));
        self.push(at, 0);
        Ok(())
    }

    /// Closes what is open with the bracket at `at`: the offset after it.
    fn close(&mut self, at: usize) -> usize {
        if let Some((open, count)) = self.open.pop() {
            self.push(at, count as usize);
            self.tape[open as usize].end = self.tape.len() as u32;
        }
        at + 1
    }
}
