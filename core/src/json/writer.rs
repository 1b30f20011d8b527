//! Writing JSON.

use super::error::EncodeError;
use super::node::path;
use super::tape::Doc;
use super::text;
use crate::request::FileInput;

/// A buffer that JSON is written into. Commas are its own business.
#[derive(Debug, Default)]
pub struct Writer {
    text: String,
    /// The files of the request; where one belongs, the text says `{"$file":N}` with its index here.
    pub files: Vec<FileInput>,
    /// Where the first number stands that JSON cannot express.
    not_finite: Option<usize>,
    /// Whether secrets are written as `***`, for people to read.
    hides_secrets: bool,
}

impl Writer {
    /// An empty buffer.
    pub fn new() -> Self {
        Self::default()
    }

    /// A buffer that shows no secrets.
    pub(super) fn for_people() -> Self {
        Self { hides_secrets: true, ..Self::default() }
    }

    /// Writes a secret.
    pub(crate) fn secret(&mut self, secret: &str) {
        self.string(if self.hides_secrets { "***" } else { secret });
    }

    /// Starts an object: then [`Writer::key`] and a value for each member, then [`Writer::end_object`].
    pub fn begin_object(&mut self) {
        self.separate();
        self.text.push('{');
    }

    /// Ends an object.
    pub fn end_object(&mut self) {
        self.text.push('}');
    }

    /// Starts a list: then the values, then [`Writer::end_list`].
    pub fn begin_list(&mut self) {
        self.separate();
        self.text.push('[');
    }

    /// Ends a list.
    pub fn end_list(&mut self) {
        self.text.push(']');
    }

    /// Writes a member's name.
    pub fn key(&mut self, name: &str) {
        self.separate();
        self.quoted(name);
        self.text.push(':');
    }

    /// Writes a member's name that is known to need no escape, or is written with its escapes.
    pub(super) fn raw_key(&mut self, name: &str) {
        self.separate();
        self.text.push('"');
        self.text.push_str(name);
        self.text.push_str("\":");
    }

    /// Writes a string.
    pub fn string(&mut self, value: &str) {
        self.separate();
        self.quoted(value);
    }

    /// Writes a string whose text between the quotes is `inside`, escapes and all.
    pub(crate) fn raw_string(&mut self, inside: &str) {
        self.separate();
        let inside = text::tidy_inside(inside);
        self.text.reserve(inside.len() + 2);
        self.text.push('"');
        self.text.push_str(&inside);
        self.text.push('"');
    }

    /// Writes an integer.
    pub fn int(&mut self, value: i64) {
        self.separate();
        self.text.push_str(itoa::Buffer::new().format(value));
    }

    /// Writes a number, in the shortest text that reads as the same double, a whole one as `1`. A number that is not finite makes
    /// [`Writer::finish`] fail.
    pub fn float(&mut self, value: f64) {
        self.separate();
        if value.is_finite() {
            let mut buffer = zmij::Buffer::new();
            let text = buffer.format_finite(value);
            self.text.push_str(text.strip_suffix(".0").unwrap_or(text));
        } else {
            self.not_finite.get_or_insert(self.text.len());
            self.text.push_str("null");
        }
    }

    /// Writes `true` or `false`.
    pub fn bool(&mut self, value: bool) {
        self.separate();
        self.text.push_str(if value { "true" } else { "false" });
    }

    /// Writes `null`.
    pub fn null(&mut self) {
        self.separate();
        self.text.push_str("null");
    }

    /// Writes text that is one JSON value. Control characters that stand in its strings as they are, are escaped.
    pub fn raw(&mut self, json: &str) {
        self.separate();
        self.text.push_str(&text::tidy(json));
    }

    /// What has been written so far.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether all numbers so far are finite.
    pub(super) fn is_finite(&self) -> bool {
        self.not_finite.is_none()
    }

    /// The text and the files it refers to.
    ///
    /// # Errors
    /// When a number was not finite; the error names its place.
    pub fn finish(self) -> Result<(String, Vec<FileInput>), EncodeError> {
        match self.not_finite {
            None => Ok((self.text, self.files)),
            // What was written is valid JSON with `null` in that place, so the place can be looked up.
            Some(at) => Err(EncodeError {
                path: Doc::parse_limited(&self.text, usize::MAX).map_or_else(|_| "$".to_owned(), |doc| path(&doc, at)),
            }),
        }
    }

    /// Writes a comma where what stands before is a complete value.
    #[inline]
    fn separate(&mut self) {
        match self.text.as_bytes().last() {
            None | Some(b'{' | b'[' | b':') => {}
            _ => self.text.push(','),
        }
    }

    fn quoted(&mut self, value: &str) {
        self.text.reserve(value.len() + 2);
        self.text.push('"');
        escape(&mut self.text, value);
        self.text.push('"');
    }
}

/// Whether a byte may not stand in a string as it is.
#[inline]
fn special(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

fn escape(out: &mut String, value: &str) {
    let bytes = value.as_bytes();
    let mut done = 0;
    let mut at = 0;
    while at < bytes.len() {
        // Branch-free over a chunk, so that the compiler tests many bytes at a time.
        if let Some(chunk) = bytes.get(at..at + 32)
            && !chunk.iter().fold(false, |found, byte| found | special(*byte))
        {
            at += 32;
            continue;
        }
        let end = bytes.len().min(at + 32);
        while at < end {
            if special(bytes[at]) {
                out.push_str(&value[done..at]);
                escape_one(out, bytes[at]);
                done = at + 1;
            }
            at += 1;
        }
    }
    out.push_str(&value[done..]);
}

pub(super) fn escape_one(out: &mut String, byte: u8) {
    match byte {
        b'"' => out.push_str("\\\""),
        b'\\' => out.push_str("\\\\"),
        b'\n' => out.push_str("\\n"),
        b'\r' => out.push_str("\\r"),
        b'\t' => out.push_str("\\t"),
        8 => out.push_str("\\b"),
        12 => out.push_str("\\f"),
        other => {
            const HEX: &[u8; 16] = b"0123456789abcdef";
            out.push_str("\\u00");
            out.push(HEX[usize::from(other >> 4)] as char);
            out.push(HEX[usize::from(other & 15)] as char);
        }
    }
}
