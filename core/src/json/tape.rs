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
    /// Whether some string is written with an escape; if not, all of them are what they look like.
    pub(super) escaped: bool,
    /// Whether some key is.
    pub(super) escaped_keys: bool,
    /// What the parser needed besides; empty now.
    open: Vec<Open>,
}

/// A list of numbers: the index of its opening entry, and where its values start.
#[derive(Debug, Clone, Copy)]
pub(super) struct NumberList {
    pub(super) index: u32,
    pub(super) start: usize,
}

/// A list or object whose closing bracket has not come.
#[derive(Debug, Clone, Copy)]
struct Open {
    /// Index of its opening entry.
    index: u32,
    /// Children so far.
    count: u32,
    within: Within,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    /// Around the document's value.
    Nothing,
    Object,
    List,
}

/// The memory of a [`Doc`], kept from one document to the next.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    tape: Vec<Entry>,
    numbers: Vec<f64>,
    number_lists: Vec<NumberList>,
    open: Vec<Open>,
    escaped: bool,
    escaped_keys: bool,
}

impl Buffers {
    /// Whether they are small enough to be kept by a thread that may never need them again.
    pub(super) fn is_small(&self) -> bool {
        self.tape.capacity() <= 1 << 13 && self.numbers.capacity() <= 1 << 12 && self.open.capacity() <= MAX_DEPTH
    }

    /// Whether every value of the last document has an entry.
    pub(super) fn has_all_entries(&self) -> bool {
        self.number_lists.is_empty()
    }

    /// Makes the last document's tape that of another text: whether `retrace` could.
    pub(super) fn retrace(&mut self, retrace: impl FnOnce(&mut [Entry]) -> Option<bool>) -> bool {
        let Some(escaped) = retrace(&mut self.tape) else { return false };
        self.escaped |= escaped;
        true
    }
}

impl<'a> Doc<'a> {
    /// Parses one JSON document. A byte order mark in front is skipped.
    ///
    /// # Errors
    /// When the bytes are not UTF-8, not JSON, nested deeper than [`MAX_DEPTH`] or longer than 4 GiB.
    pub fn parse(text: &'a [u8]) -> Result<Self, DecodeError> {
        Self::parse_text(utf8(text)?)
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
        let mut buffers = Buffers::default();
        buffers.tape.reserve((text.len() / 12).clamp(8, 1 << 16));
        Self::parse_into(text, depth, buffers)
    }

    /// As [`Doc::parse_limited`], in memory that another document has left.
    pub(super) fn parse_into(text: &'a str, depth: usize, buffers: Buffers) -> Result<Self, DecodeError> {
        if u32::try_from(text.len()).is_err() {
            let message = "the text is longer than 4 GiB".to_owned();
            return Err(DecodeError::new(DecodeErrorKind::TooLarge, "$".to_owned(), 0, message));
        }
        let Buffers { mut tape, mut numbers, mut number_lists, mut open, .. } = buffers;
        tape.clear();
        numbers.clear();
        number_lists.clear();
        open.clear();
        let mut doc = Doc { text, tape, numbers, number_lists, escaped: false, escaped_keys: false, open };
        match doc.run(depth) {
            Ok(()) => Ok(doc),
            Err(Stop::Fault(Fault { at, expected })) => Err(DecodeError::syntax(text.as_bytes(), at, expected)),
            Err(Stop::Deep(at)) => {
                let message = format!("lists and objects are nested deeper than {depth} levels");
                Err(DecodeError::new(DecodeErrorKind::TooDeep, "$".to_owned(), at, message))
            }
        }
    }

    /// The document that these describe already.
    pub(super) fn known(text: &'a str, buffers: Buffers) -> Self {
        let Buffers { tape, numbers, number_lists, open, escaped, escaped_keys } = buffers;
        Self { text, tape, numbers, number_lists, escaped, escaped_keys, open }
    }

    /// The document's value.
    pub fn root(&self) -> Node<'_> {
        Node::at(self, 0)
    }

    /// Its memory, for the next document.
    pub(super) fn into_buffers(self) -> Buffers {
        let Self { text: _, tape, numbers, number_lists, escaped, escaped_keys, open } = self;
        Buffers { tape, numbers, number_lists, open, escaped, escaped_keys }
    }

    fn run(&mut self, depth: usize) -> Result<(), Stop> {
        let text = self.text.as_bytes();
        let mut at = if text.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
        let mut top = Open { index: 0, count: 0, within: Within::Nothing };
        loop {
            // A value starts here, or white space before it.
            at = match text.get(at) {
                Some(b'"') => {
                    let (end, escaped) = scan::string(text, at + 1)?;
                    self.escaped |= escaped;
                    self.push(at, end);
                    end
                }
                Some(b'{') => {
                    self.open(&mut top, at, Within::Object, depth)?;
                    at = scan::space(text, at + 1);
                    if text.get(at) != Some(&b'}') {
                        at = self.key(text, at)?;
                        continue;
                    }
                    self.close(&mut top, at)
                }
                Some(b'[') => {
                    self.open(&mut top, at, Within::List, depth)?;
                    at = scan::space(text, at + 1);
                    match text.get(at) {
                        Some(b']') => self.close(&mut top, at),
                        Some(b'-' | b'0'..=b'9') => match self.number_list(&mut top, at) {
                            Some(end) => self.close(&mut top, end),
                            None => continue,
                        },
                        _ => continue,
                    }
                }
                Some(b'-' | b'0'..=b'9') => self.scalar(at, scan::number(text, at)?),
                Some(b't') => self.scalar(at, scan::word(text, at, "true")?),
                Some(b'f') => self.scalar(at, scan::word(text, at, "false")?),
                Some(b'n') => self.scalar(at, scan::word(text, at, "null")?),
                Some(b' ' | b'\n' | b'\r' | b'\t') => {
                    at += 1;
                    continue;
                }
                _ => return stop(at, "a value"),
            };
            top.count += 1;
            // A value ended here: on to the next one, out of all that ends with it.
            loop {
                match (text.get(at), top.within) {
                    (Some(b','), Within::Object) => {
                        at = self.key(text, scan::space(text, at + 1))?;
                        break;
                    }
                    (Some(b','), Within::List) => {
                        at += 1;
                        break;
                    }
                    (Some(b'}'), Within::Object) | (Some(b']'), Within::List) => {
                        at = self.close(&mut top, at);
                        top.count += 1;
                    }
                    (Some(b' ' | b'\n' | b'\r' | b'\t'), _) => at += 1,
                    (None, Within::Nothing) => return Ok(()),
                    (_, Within::Object) => return stop(at, "`,` or `}`"),
                    (_, Within::List) => return stop(at, "`,` or `]`"),
                    (_, Within::Nothing) => return stop(at, "the end of the text"),
                }
            }
        }
    }

    #[inline]
    fn scalar(&mut self, start: usize, end: usize) -> usize {
        self.push(start, end);
        end
    }

    /// Reads the list just opened, if it holds nothing but numbers: the offset of its bracket.
    #[inline(never)]
    fn number_list(&mut self, top: &mut Open, at: usize) -> Option<usize> {
        let start = self.numbers.len();
        let Some(end) = scan::number_list(self.text.as_bytes(), at, &mut self.numbers) else {
            self.numbers.truncate(start);
            return None;
        };
        // Fewer than bytes of text, which fit 32 bits.
        top.count = (self.numbers.len() - start) as u32;
        self.number_lists.push(NumberList { index: top.index, start });
        Some(end)
    }

    /// Reads a key and its colon: the offset after it.
    #[inline(always)]
    fn key(&mut self, text: &[u8], at: usize) -> Result<usize, Stop> {
        if text.get(at) != Some(&b'"') {
            return stop(at, "a key");
        }
        let (end, escaped) = scan::string(text, at + 1)?;
        self.escaped_keys |= escaped;
        self.push(at, end);
        let at = scan::space(text, end);
        if text.get(at) != Some(&b':') {
            return stop(at, "`:`");
        }
        Ok(at + 1)
    }

    #[inline(always)]
    fn push(&mut self, start: usize, end: usize) {
        self.tape.push(Entry { start: start as u32, end: end as u32 });
    }

    #[inline]
    fn open(&mut self, top: &mut Open, at: usize, within: Within, depth: usize) -> Result<(), Stop> {
        if self.open.len() == depth {
            return Err(Stop::Deep(at));
        }
        self.open.push(std::mem::replace(top, Open { index: self.tape.len() as u32, count: 0, within }));
        self.push(at, 0);
        Ok(())
    }

    /// Closes what is open with the bracket at `at`: the offset after it.
    #[inline]
    fn close(&mut self, top: &mut Open, at: usize) -> usize {
        self.push(at, top.count as usize);
        self.tape[top.index as usize].end = self.tape.len() as u32;
        if let Some(outer) = self.open.pop() {
            *top = outer;
        }
        at + 1
    }
}

/// The text of these bytes.
pub(super) fn utf8(bytes: &[u8]) -> Result<&str, DecodeError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let message = "the text is not UTF-8".to_owned();
        DecodeError::new(DecodeErrorKind::Utf8, "$".to_owned(), error.valid_up_to(), message)
    })
}

enum Stop {
    Fault(Fault),
    Deep(usize),
}

impl From<Fault> for Stop {
    #[cold]
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

#[cold]
fn stop<T>(at: usize, expected: &'static str) -> Result<T, Stop> {
    Err(Stop::Fault(Fault { at, expected }))
}
