//! What the native side has to tell the event loop, and how JavaScript gets to see it.

use bytes::Bytes;
use http::HeaderMap;
use napi::bindgen_prelude::{Array, BufferSlice, Null};
use napi::{Env, Result};

use crate::vectors::Vectors;

/// Places that one item takes in the array that JavaScript gets: id, kind, and four of data.
pub(crate) const STRIDE: u32 = 6;

/// Status and headers of a reply.
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) attempts: u32,
}

/// One thing to tell. The numbers are those of `lib/internal/native.ts`.
pub(crate) enum Item {
    /// A call ended with text: whether it is JSON.
    Text { id: u32, head: Head, body: Bytes, json: bool },
    /// A call ended with bytes to come, or events to come: the number of the source.
    Open { id: u32, head: Head, source: u32, events: bool },
    /// A call ended with a large JSON text, which is read in parts: the number of the source.
    Parts { id: u32, head: Head, source: u32 },
    /// A call ended with JSON text and numbers that belong into it.
    Vectors { id: u32, head: Head, vectors: Vectors },
    /// A call failed: the record of its error.
    Failed { id: u32, record: String },
    /// Events, as the text of a JSON array, and whether they are the last; none: the end.
    Batch { id: u32, events: Option<Vec<u8>>, last: bool },
    /// A part of events that are large: the place where it belongs, its JSON, and whether it is the last.
    Part { id: u32, path: String, words: Words, last: bool },
    /// A piece of a body; none: the end.
    Piece { id: u32, piece: Option<Bytes> },
    /// A function of the user's is to be called, on behalf of this call (or 0), and its result answered.
    Ask { id: u32, function: u32, argument: String, body: Option<Bytes>, call: u32 },
    /// Nobody waits for the answer of this question any more.
    Forget { id: u32 },
    /// News of a call that goes on, as JSON.
    News { id: u32, text: String },
    /// A question to something that is held was answered: what it is, and its text.
    Told { id: u32, what: u32, text: Option<Vec<u8>> },
}

impl Item {
    /// An answer with a text.
    pub(crate) fn told(id: u32, what: u32, text: impl Into<Vec<u8>>) -> Self {
        Self::Told { id, what, text: Some(text.into()) }
    }

    /// The end of a stream.
    pub(crate) fn end_of_events(id: u32) -> Self {
        Self::Batch { id, events: None, last: true }
    }

    /// An answer without a text: the end.
    pub(crate) fn end(id: u32) -> Self {
        Self::Told { id, what: 0, text: None }
    }

    /// What was asked for failed.
    pub(crate) fn failed(id: u32, error: &threadline::Error) -> Self {
        Self::Failed { id, record: crate::error::record(error) }
    }

    /// Writes the item into its places of the array.
    pub(crate) fn write<'env>(self, env: &'env Env, array: &mut Array<'env>, at: u32) -> Result<()> {
        match self {
            Self::Text { id, head, body, json } => {
                array.set(at, id)?;
                array.set(at + 1, if json { 0 } else { 1 })?;
                write_head(env, array, at, &head)?;
                set_text(env, array, at + 4, &body)?;
                array.set(at + 5, head.attempts)
            }
            Self::Open { id, head, source, events } => {
                array.set(at, id)?;
                array.set(at + 1, if events { 2 } else { 3 })?;
                write_head(env, array, at, &head)?;
                array.set(at + 4, source)?;
                array.set(at + 5, head.attempts)
            }
            Self::Parts { id, head, source } => {
                array.set(at, id)?;
                array.set(at + 1, 12)?;
                write_head(env, array, at, &head)?;
                array.set(at + 4, source)?;
                array.set(at + 5, head.attempts)
            }
            Self::Vectors { id, head, vectors } => {
                array.set(at, id)?;
                array.set(at + 1, 13)?;
                write_head(env, array, at, &head)?;
                let mut both = env.create_array(2)?;
                set_text(env, &mut both, 0, vectors.text.as_bytes())?;
                set_bytes(env, &mut both, 1, Some(vectors.numbers.into()))?;
                array.set(at + 4, both)?;
                array.set(at + 5, head.attempts)
            }
            Self::Failed { id, record } => {
                array.set(at, id)?;
                array.set(at + 1, 4)?;
                set_text(env, array, at + 2, record.as_bytes())
            }
            Self::Batch { id, events, last } => {
                array.set(at, id)?;
                array.set(at + 1, 5)?;
                match events {
                    Some(events) => set_text(env, array, at + 2, &events)?,
                    None => array.set(at + 2, Null)?,
                }
                array.set(at + 3, last)
            }
            Self::Part { id, path, words, last } => {
                array.set(at, id)?;
                array.set(at + 1, 11)?;
                array.set(at + 2, path.as_str())?;
                match words {
                    Words::Ascii(text) => array.set(at + 3, env.create_string_latin1(text)?)?,
                    Words::Wide(text) => array.set(at + 3, env.create_string_utf16(text)?)?,
                }
                array.set(at + 4, last)
            }
            Self::Piece { id, piece } => {
                array.set(at, id)?;
                array.set(at + 1, 6)?;
                set_bytes(env, array, at + 2, piece)
            }
            Self::Ask { id, function, argument, body, call } => {
                array.set(at, id)?;
                array.set(at + 1, 7)?;
                array.set(at + 2, function)?;
                set_text(env, array, at + 3, argument.as_bytes())?;
                set_bytes(env, array, at + 4, body)?;
                array.set(at + 5, call)
            }
            Self::Forget { id } => {
                array.set(at, id)?;
                array.set(at + 1, 8)
            }
            Self::News { id, text } => {
                array.set(at, id)?;
                array.set(at + 1, 9)?;
                set_text(env, array, at + 2, text.as_bytes())
            }
            Self::Told { id, what, text } => {
                array.set(at, id)?;
                array.set(at + 1, 10)?;
                array.set(at + 2, what)?;
                match text {
                    Some(text) => set_text(env, array, at + 3, &text),
                    None => array.set(at + 3, Null),
                }
            }
        }
    }
}

fn write_head<'env>(env: &'env Env, array: &mut Array<'env>, at: u32, head: &Head) -> Result<()> {
    array.set(at + 2, u32::from(head.status))?;
    // Bytes of headers are characters of one byte, as `fetch` has them: `Headers` takes no others.
    array.set(at + 3, env.create_string_latin1(header_lines(&head.headers))?)
}

/// Headers as lines, name and value in turns: one string costs less than a pair of strings for each.
pub(crate) fn header_lines(headers: &HeaderMap) -> Vec<u8> {
    let mut lines = Vec::with_capacity(headers.len() * 40);
    for (name, value) in headers {
        if !lines.is_empty() {
            lines.push(b'\n');
        }
        lines.extend_from_slice(name.as_str().as_bytes());
        lines.push(b'\n');
        lines.extend_from_slice(value.as_bytes());
    }
    lines
}

/// Text in the form in which V8 takes it by copying. It is made on a thread of the runtime, as it costs time.
pub(crate) enum Words {
    Ascii(Vec<u8>),
    Wide(Vec<u16>),
}

impl Words {
    pub(crate) fn new(text: Vec<u8>) -> Self {
        if text.is_ascii() {
            return Self::Ascii(text);
        }
        Self::Wide(String::from_utf8_lossy(&text).encode_utf16().collect())
    }
}

/// Text of one byte a character is handed over as such, which V8 need not look at.
fn set_text<'env>(env: &'env Env, array: &mut Array<'env>, at: u32, text: &[u8]) -> Result<()> {
    if text.is_ascii() {
        return array.set(at, env.create_string_latin1(text)?);
    }
    array.set(at, env.create_string(String::from_utf8_lossy(text))?)
}

fn set_bytes<'env>(env: &'env Env, array: &mut Array<'env>, at: u32, bytes: Option<Bytes>) -> Result<()> {
    match bytes {
        Some(bytes) => array.set(at, BufferSlice::copy_from(env, bytes)?),
        None => array.set(at, Null),
    }
}
