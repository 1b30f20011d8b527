//! Replies that were read to their end, and those that are read piece by piece.

use std::sync::Arc;

use http::HeaderMap;
use threadline::RawReply;
use tokio::sync::{Mutex, watch};

use crate::cancel::CancelHandle;
use crate::error::CallError;
use crate::runtime;

/// Status and headers of a reply.
#[derive(Debug, Clone, uniffi::Record)]
pub struct Head {
    /// HTTP status.
    pub status: u16,
    /// Headers, a line each: `name: value`.
    pub headers: String,
    /// The reply's `x-request-id`.
    pub request_id: Option<String>,
    /// Number of requests that were sent.
    pub attempts: u32,
}

/// A whole reply.
#[derive(Debug, uniffi::Record)]
pub struct Reply {
    /// Status and headers.
    pub head: Head,
    /// Its bytes.
    pub body: Vec<u8>,
    /// Whether the body is JSON, for operations that answer with JSON or text.
    pub is_json: bool,
    /// Whether vectors stay base64, because the caller asked for it.
    pub base64_vectors: bool,
}

/// Headers as text, a line each.
pub(crate) fn header_lines(headers: &HeaderMap) -> String {
    let mut lines = String::new();
    for (name, value) in headers {
        lines.push_str(name.as_str());
        lines.push_str(": ");
        lines.push_str(&String::from_utf8_lossy(value.as_bytes()));
        lines.push('\n');
    }
    lines
}

impl From<RawReply> for Reply {
    fn from(raw: RawReply) -> Self {
        Self {
            is_json: raw.is_json(),
            base64_vectors: raw.base64_vectors,
            head: Head {
                status: raw.status.as_u16(),
                headers: header_lines(&raw.headers),
                request_id: raw.request_id().map(Into::into),
                attempts: raw.attempts,
            },
            body: raw.body.into(),
        }
    }
}

/// A reply of bytes, read piece by piece.
#[derive(Debug, uniffi::Object)]
pub struct Download {
    head: Head,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    body: Mutex<Body>,
    closed: watch::Sender<bool>,
}

#[derive(Debug)]
enum Body {
    Open(Box<threadline::Download>),
    /// All was handed out, or a failure told.
    Over,
    /// Written to a file, or closed.
    Gone,
}

impl Shared {
    /// Does something with the body unless it is closed in the meantime.
    async fn use_body<T>(&self, work: impl AsyncFnOnce(&mut Body) -> Result<T, CallError>) -> Result<T, CallError> {
        let mut closed = self.closed.subscribe();
        let mut body = self.body.lock().await;
        tokio::select! {
            biased;
            _ = closed.wait_for(|closed| *closed) => {
                *body = Body::Gone;
                Err(gone())
            }
            outcome = work(&mut body) => outcome,
        }
    }
}

fn gone() -> CallError {
    CallError::usage("the bytes of this reply are read once, and were; or it was closed")
}

impl Download {
    pub(crate) fn new(download: threadline::Download) -> Arc<Self> {
        let head = Head {
            status: download.status(),
            headers: header_lines(download.headers()),
            request_id: download.request_id().map(Into::into),
            attempts: download.attempts(),
        };
        let body = Mutex::new(Body::Open(Box::new(download)));
        Arc::new(Self { head, shared: Arc::new(Shared { body, closed: watch::Sender::new(false) }) })
    }
}

#[uniffi::export]
impl Download {
    /// Status and headers.
    pub fn head(&self) -> Head {
        self.head.clone()
    }

    /// The next piece; none at the end. An error of kind `usage` where the bytes were written to a file, or the reply is closed.
    pub async fn next_chunk(&self, cancel: Option<Arc<CancelHandle>>) -> Result<Option<Vec<u8>>, CallError> {
        let shared = Arc::clone(&self.shared);
        let next = async |body: &mut Body| {
            let download = match body {
                Body::Open(download) => download,
                Body::Over => return Ok(None),
                Body::Gone => return Err(gone()),
            };
            let chunk = download.next_chunk().await;
            if !matches!(chunk, Ok(Some(_))) {
                *body = Body::Over;
            }
            Ok(chunk?.map(Vec::from))
        };
        runtime::run(cancel, async move { shared.use_body(next).await }).await
    }

    /// Writes what is left into the file of this path, which appears, or is replaced, when all of it is there. The number of bytes.
    /// An error of kind `usage` where nothing is left to be read.
    pub async fn write_to(&self, path: String, cancel: Option<Arc<CancelHandle>>) -> Result<u64, CallError> {
        let shared = Arc::clone(&self.shared);
        let write = async move |body: &mut Body| match std::mem::replace(body, Body::Gone) {
            Body::Open(download) => Ok(download.save_to(path).await?),
            Body::Over | Body::Gone => Err(gone()),
        };
        runtime::run(cancel, async move { shared.use_body(write).await }).await
    }

    /// Closes the connection. Whoever waits for bytes gets an error of kind `usage`.
    pub fn shut(&self) {
        self.shared.closed.send_replace(true);
        if let Ok(mut body) = self.shared.body.try_lock() {
            let _guard = runtime::get().ok().map(|runtime| runtime.enter());
            *body = Body::Gone;
        }
    }
}
