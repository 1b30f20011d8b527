//! Why a document could not be decoded.

use std::fmt;

/// Why bytes could not be turned into a value.
///
/// Says where (a JSON path and a byte offset), what was expected and what kind of thing stood there; never the
/// payload itself, so that it can be logged.
#[derive(Clone, PartialEq, Eq)]
pub struct DecodeError(Box<Inner>);

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    kind: DecodeErrorKind,
    path: String,
    offset: usize,
    message: String,
}

/// What kind of [`DecodeError`] it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The bytes are not UTF-8.
    Utf8,
    /// The text is not JSON.
    Syntax,
    /// Lists and objects are nested deeper than the limit.
    TooDeep,
    /// The text is longer than 4 GiB.
    TooLarge,
    /// A value is of another type than the one asked for.
    Type,
    /// A required member is absent.
    Absent,
    /// An enum value or a union tag is not in the API description (only when strict decoding asks for it).
    Unknown,
}

impl DecodeError {
    pub(crate) fn new(kind: DecodeErrorKind, path: String, offset: usize, message: String) -> Self {
        Self(Box::new(Inner { kind, path, offset, message }))
    }

    /// The text is not JSON at `offset`.
    pub(crate) fn syntax(text: &[u8], offset: usize, expected: &str) -> Self {
        let found = match text.get(offset) {
            None => "the end of the text".to_owned(),
            Some(byte @ (b'{' | b'}' | b'[' | b']' | b',' | b':' | b'"')) => format!("`{}`", *byte as char),
            Some(_) => "another character".to_owned(),
        };
        let message = format!("invalid JSON: expected {expected}, found {found}");
        Self::new(DecodeErrorKind::Syntax, "$".to_owned(), offset, message)
    }

    /// What kind of error it is.
    pub fn kind(&self) -> DecodeErrorKind {
        self.0.kind
    }

    /// Where in the document, such as `$.choices[0].message.role`. `$` is the document itself.
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// Where in the text, in bytes from its start.
    pub fn offset(&self) -> usize {
        self.0.offset
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { path, offset, message, .. } = &*self.0;
        if path == "$" {
            write!(f, "{message} (byte {offset})")
        } else {
            write!(f, "{path}: {message} (byte {offset})")
        }
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, path, offset, message } = &*self.0;
        let mut out = f.debug_struct("DecodeError");
        out.field("kind", kind).field("path", path).field("offset", offset).field("message", message).finish()
    }
}

impl std::error::Error for DecodeError {}

/// Why a value could not be written as JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: not a finite number; JSON has no NaN and no infinity")]
pub struct EncodeError {
    /// Where the number stands, such as `$.temperature`.
    pub path: String,
}
