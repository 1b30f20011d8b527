//! Reading one document after the other, with what the last one left behind.

use super::codec::Context;
use super::error::DecodeError;
use super::node::Node;
use super::retrace::retrace;
use super::tape::{Buffers, Doc, MAX_DEPTH, utf8};
use std::cell::Cell;

/// The longest text that the next one is compared with.
const MAX_LAST: usize = 4 << 10;

/// Reads documents that are like each other: the events of a stream.
///
/// It keeps the memory of the last one, and if that was short, its text and where everything in it was.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    buffers: Buffers,
    context: Context,
    /// The text that `buffers` describes; empty where it is not worth comparing.
    last: String,
}

/// What it remembers makes it fast and says nothing: a copy begins without.
impl Clone for Reader {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Reader {
    /// As [`read`](Self::read), for bytes, and for what may find the document wrong.
    ///
    /// # Errors
    /// As [`Doc::parse`], and whatever `read` returns.
    pub(crate) fn try_read<R>(
        &mut self,
        text: &[u8],
        read: impl FnOnce(Node<'_>, &mut Context) -> Result<R, DecodeError>,
    ) -> Result<R, DecodeError> {
        self.read(utf8(text)?, read)?
    }

    /// Parses a text and reads it.
    ///
    /// # Errors
    /// As [`Doc::parse_text`].
    pub(crate) fn read<R>(
        &mut self,
        text: &str,
        read: impl FnOnce(Node<'_>, &mut Context) -> R,
    ) -> Result<R, DecodeError> {
        let mut last = std::mem::take(&mut self.last);
        let mut buffers = std::mem::take(&mut self.buffers);
        let alike = !last.is_empty() && buffers.retrace(|tape| retrace(last.as_bytes(), text.as_bytes(), tape));
        let doc = if alike { Doc::known(text, buffers) } else { Doc::parse_into(text, MAX_DEPTH, buffers)? };
        self.context.follow(alike);
        let result = read(doc.root(), &mut self.context);
        self.buffers = doc.into_buffers();
        if !self.buffers.is_small() {
            self.buffers = Buffers::default();
        } else if text.len() <= MAX_LAST && self.buffers.has_all_entries() {
            last.clear();
            last.push_str(text);
            self.last = last;
        }
        self.context.reset();
        Ok(result)
    }
}

thread_local! {
    static READER: Cell<Option<Box<Reader>>> = const { Cell::new(None) };
}

/// Parses a text and reads it, in memory that the thread keeps for the next one.
///
/// # Errors
/// As [`Doc::parse_text`].
pub(super) fn read<R>(text: &str, read: impl FnOnce(Node<'_>, &mut Context) -> R) -> Result<R, DecodeError> {
    // A document that is read while another one is being read finds none, and leaves its own.
    let mut reader = READER.take().unwrap_or_default();
    let doc = Doc::parse_into(text, MAX_DEPTH, std::mem::take(&mut reader.buffers))?;
    let result = read(doc.root(), &mut reader.context);
    reader.buffers = doc.into_buffers();
    reader.context.reset();
    if reader.buffers.is_small() {
        READER.set(Some(reader));
    }
    Ok(result)
}
