//! Uploads.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use threadline::FileInput;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::task::JoinHandle;

use crate::error::CallError;

/// What is read from one call to the next.
const PIECE: u32 = 256 * 1024;

/// A source of bytes of the caller's, read once while the request is sent.
#[uniffi::export(with_foreign)]
pub trait Reader: Send + Sync {
    /// At most so many of the next bytes; none at the end.
    fn read(&self, most: u32) -> Result<Vec<u8>, CallError>;
}

/// A file argument. Just one of `path`, `bytes` and `reader` is there. Inside the arguments it stands as `{"$file": N}`.
#[derive(uniffi::Record)]
pub struct Upload {
    /// A file on disk, read while it is sent.
    pub path: Option<String>,
    /// Its content.
    pub bytes: Option<Vec<u8>>,
    /// Where its content comes from.
    pub reader: Option<Arc<dyn Reader>>,
    /// Bytes of the reader, where that is known.
    pub length: Option<u64>,
    /// The name that is sent.
    pub filename: Option<String>,
    /// The content type that is sent.
    pub content_type: Option<String>,
}

impl std::fmt::Debug for Upload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upload").field("path", &self.path).field("filename", &self.filename).finish_non_exhaustive()
    }
}

impl Upload {
    pub(crate) fn input(self) -> Result<FileInput, CallError> {
        let mut input = match (self.path, self.bytes, self.reader) {
            (Some(path), None, None) => FileInput::from_path(path),
            (None, Some(bytes), None) => FileInput::from_bytes(bytes),
            (None, None, Some(reader)) => {
                let reader = Foreign { reader, state: State::Idle(Bytes::new()) };
                match self.length {
                    Some(length) => FileInput::from_sized_reader(reader, length),
                    None => FileInput::from_reader(reader),
                }
            }
            _ => return Err(CallError::usage("a file has just one of `path`, `bytes` and `reader`")),
        };
        if let Some(name) = self.filename {
            input = input.with_filename(name);
        }
        if let Some(content_type) = self.content_type {
            input = input.with_content_type(content_type);
        }
        Ok(input)
    }
}

/// The inputs of a call.
pub(crate) fn inputs(files: Vec<Upload>) -> Result<Vec<FileInput>, CallError> {
    files.into_iter().map(Upload::input).collect()
}

/// A reader of the caller's, asked on threads that may wait.
struct Foreign {
    reader: Arc<dyn Reader>,
    state: State,
}

enum State {
    Idle(Bytes),
    Reading(JoinHandle<Result<Vec<u8>, CallError>>),
}

impl AsyncRead for Foreign {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            match &mut self.state {
                State::Idle(rest) if !rest.is_empty() => {
                    let piece = rest.split_to(rest.len().min(out.remaining()));
                    out.put_slice(&piece);
                    return Poll::Ready(Ok(()));
                }
                State::Idle(_) => {
                    let reader = Arc::clone(&self.reader);
                    self.state = State::Reading(tokio::task::spawn_blocking(move || reader.read(PIECE)));
                }
                State::Reading(task) => {
                    let read = ready!(Pin::new(task).poll(cx)).map_err(io::Error::other)?.map_err(io::Error::other)?;
                    let ended = read.is_empty();
                    self.state = State::Idle(read.into());
                    if ended {
                        return Poll::Ready(Ok(()));
                    }
                }
            }
        }
    }
}
