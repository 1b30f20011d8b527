//! `multipart/form-data`: a form whose files are read while it is sent.

use std::fmt::Write as _;
use std::io;

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};

use super::body::{BodyStream, Content, OpenBody};
use super::{FileInput, InvalidRequest};

/// A form: text parts and files, in order. Cheap to clone; each attempt reads the files anew.
#[derive(Clone, Debug)]
pub struct Form {
    boundary: String,
    parts: Vec<Part>,
}

#[derive(Clone)]
struct Part {
    name: String,
    value: Value,
}

#[derive(Clone)]
enum Value {
    Text(String),
    /// A text with a content type of its own.
    Typed(String, &'static str),
    File(FileInput),
}

impl Default for Form {
    fn default() -> Self {
        Self::new()
    }
}

impl Form {
    /// An empty form with a boundary that no content can foresee.
    pub fn new() -> Self {
        Self { boundary: format!("threadline-{}", uuid::Uuid::new_v4().simple()), parts: Vec::new() }
    }

    /// Adds a text part.
    pub fn text(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.parts.push(Part { name: name.into(), value: Value::Text(value.into()) });
    }

    /// Adds a text part that says what it is, such as `application/json`.
    pub fn typed(&mut self, name: impl Into<String>, value: impl Into<String>, content_type: &'static str) {
        self.parts.push(Part { name: name.into(), value: Value::Typed(value.into(), content_type) });
    }

    /// Adds a file.
    ///
    /// # Errors
    /// When its name holds a control character or `..`, or its content type cannot be sent.
    pub fn file(&mut self, name: impl Into<String>, file: FileInput) -> Result<(), InvalidRequest> {
        file.check()?;
        self.parts.push(Part { name: name.into(), value: Value::File(file) });
        Ok(())
    }

    /// The value of `Content-Type`.
    pub fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    /// Whether all files can be sent (again).
    pub fn is_replayable(&self) -> bool {
        self.parts.iter().all(|part| match &part.value {
            Value::Text(_) | Value::Typed(..) => true,
            Value::File(file) => file.is_replayable(),
        })
    }

    /// Makes the body of one attempt. Its length is known where the length of every file is.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub async fn open(&self) -> io::Result<OpenBody> {
        let mut pieces: Vec<BodyStream> = Vec::new();
        let mut length = Some(0u64);
        // Text between two files goes out in one piece.
        let mut pending = BytesMut::new();
        for part in &self.parts {
            pending.extend_from_slice(self.head(part).as_bytes());
            match &part.value {
                Value::Text(text) | Value::Typed(text, _) => pending.extend_from_slice(text.as_bytes()),
                Value::File(file) => {
                    let open = file.open().await?;
                    length = add(add(length, Some(pending.len() as u64)), open.length);
                    pieces.push(in_memory(pending.split().freeze()));
                    pieces.push(open.stream);
                }
            }
            pending.extend_from_slice(b"\r\n");
        }
        let _ = write!(pending, "--{}--\r\n", self.boundary);
        length = add(length, Some(pending.len() as u64));
        if pieces.is_empty() {
            return Ok(OpenBody { length, content: Content::Bytes(pending.freeze()) });
        }
        pieces.push(in_memory(pending.freeze()));
        Ok(OpenBody { length, content: Content::Stream(stream::iter(pieces).flatten().boxed()) })
    }

    fn head(&self, part: &Part) -> String {
        let mut head = format!("--{}\r\nContent-Disposition: form-data; name=\"", self.boundary);
        escape(&mut head, &part.name);
        head.push('"');
        let content_type = match &part.value {
            Value::Text(_) => None,
            Value::Typed(_, content_type) => Some(*content_type),
            Value::File(file) => {
                head.push_str("; filename=\"");
                escape(&mut head, file.filename());
                head.push('"');
                Some(file.content_type())
            }
        };
        if let Some(content_type) = content_type {
            head.push_str("\r\nContent-Type: ");
            head.push_str(content_type);
        }
        head.push_str("\r\n\r\n");
        head
    }
}

impl std::fmt::Debug for Part {
    /// Leaves the text out.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut out = f.debug_tuple("Part");
        out.field(&self.name);
        match &self.value {
            Value::Text(text) | Value::Typed(text, _) => out.field(&text.len()),
            Value::File(file) => out.field(file),
        };
        out.finish()
    }
}

fn in_memory(bytes: Bytes) -> BodyStream {
    stream::once(async move { Ok(bytes) }).boxed()
}

fn add(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    one?.checked_add(other?)
}

/// Makes a name safe between quotes, as browsers do: quotes and line ends as percent escapes, here all control
/// characters too; other characters stay as they are, in UTF-8.
fn escape(out: &mut String, name: &str) {
    for c in name.chars() {
        if c == '"' || c.is_ascii_control() {
            let _ = write!(out, "%{:02X}", u32::from(c));
        } else {
            out.push(c);
        }
    }
}

#[cfg(test)]
mod tests;
