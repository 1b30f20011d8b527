//! Uploads: bytes, paths and readers of JavaScript's as the core's `FileInput`.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use napi::bindgen_prelude::{Either3, Uint8Array};
use napi_derive::napi;
use threadline::FileInput;
use tokio::io::{AsyncRead, ReadBuf};

use crate::host::{Answer, Callback, Failure};

/// One file as JavaScript describes it.
#[napi(object)]
pub struct Upload {
    /// A path, the bytes, or the number of a function that gives the next bytes.
    pub content: Either3<String, Uint8Array, u32>,
    /// The name that the server gets to see.
    pub filename: Option<String>,
    /// Its media type.
    pub content_type: Option<String>,
    /// Length in bytes of what the function gives, where it is known.
    pub length: Option<f64>,
}

/// The core's form of these files.
pub(crate) fn inputs(given: Option<Vec<Upload>>, hub: &Callback) -> Vec<FileInput> {
    given.into_iter().flatten().map(|file| input(file, hub)).collect()
}

fn input(given: Upload, hub: &Callback) -> FileInput {
    let mut file = match (given.content, given.length) {
        (Either3::A(path), _) => FileInput::from_path(path),
        (Either3::B(bytes), _) => FileInput::from_bytes(Bytes::copy_from_slice(&bytes)),
        (Either3::C(function), None) => FileInput::from_reader(Reader::new(hub.sibling(function))),
        (Either3::C(function), Some(length)) => {
            FileInput::from_sized_reader(Reader::new(hub.sibling(function)), length as u64)
        }
    };
    if let Some(name) = given.filename {
        file = file.with_filename(name);
    }
    if let Some(content_type) = given.content_type {
        file = file.with_content_type(content_type);
    }
    file
}

type Asked = Pin<Box<dyn Future<Output = Result<Answer, Failure>> + Send>>;

/// Reads what a function of JavaScript's gives, piece by piece.
struct Reader {
    function: Callback,
    asked: Option<Asked>,
    left: Bytes,
    over: bool,
}

impl Reader {
    fn new(function: Callback) -> Self {
        Self { function, asked: None, left: Bytes::new(), over: false }
    }
}

impl AsyncRead for Reader {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        while this.left.is_empty() && !this.over {
            let function = this.function.clone();
            let asked =
                this.asked.get_or_insert_with(|| Box::pin(async move { function.ask("pull".into(), None).await }));
            let answer = std::task::ready!(asked.as_mut().poll(cx));
            this.asked = None;
            match answer {
                Ok(Answer::Bytes(bytes)) => this.left = bytes,
                Ok(_) => this.over = true,
                Err(failure) => return Poll::Ready(Err(io::Error::other(failure))),
            }
        }
        let count = this.left.len().min(buffer.remaining());
        buffer.put_slice(&this.left[..count]);
        this.left.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.function.tell("close".into());
    }
}

impl std::fmt::Debug for Upload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upload").finish_non_exhaustive()
    }
}
