//! Replies that were read to their end, and those that are read piece by piece.

use std::sync::Arc;

use http::HeaderMap;
use threadline::RawReply;
use tokio::io::AsyncWriteExt;
use tokio::sync::Mutex;

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
    body: Arc<Mutex<Option<threadline::Download>>>,
}

impl Download {
    pub(crate) fn new(download: threadline::Download) -> Arc<Self> {
        let head = Head {
            status: download.status(),
            headers: header_lines(download.headers()),
            request_id: download.request_id().map(Into::into),
            attempts: download.attempts(),
        };
        Arc::new(Self { head, body: Arc::new(Mutex::new(Some(download))) })
    }
}

#[uniffi::export]
impl Download {
    /// Status and headers.
    pub fn head(&self) -> Head {
        self.head.clone()
    }

    /// The next piece; none at the end.
    pub async fn next_chunk(&self, cancel: Option<Arc<CancelHandle>>) -> Result<Option<Vec<u8>>, CallError> {
        let body = Arc::clone(&self.body);
        runtime::run(cancel, async move {
            let mut body = body.lock().await;
            let Some(download) = &mut *body else { return Ok(None) };
            let chunk = download.next_chunk().await;
            if !matches!(chunk, Ok(Some(_))) {
                *body = None;
            }
            Ok(chunk?.map(Vec::from))
        })
        .await
    }

    /// Writes what is left into the file of this path, which is made or emptied. The number of bytes.
    pub async fn write_to(&self, path: String, cancel: Option<Arc<CancelHandle>>) -> Result<u64, CallError> {
        let body = Arc::clone(&self.body);
        runtime::run(cancel, async move {
            let failed = |error: std::io::Error| CallError::usage(format!("cannot write {path}: {error}"));
            let mut file = tokio::fs::File::create(&path).await.map_err(failed)?;
            let mut written = 0;
            let mut body = body.lock().await;
            while let Some(download) = &mut *body {
                match download.next_chunk().await? {
                    None => *body = None,
                    Some(chunk) => {
                        file.write_all(&chunk).await.map_err(failed)?;
                        written += chunk.len() as u64;
                    }
                }
            }
            file.flush().await.map_err(failed)?;
            Ok(written)
        })
        .await
    }

    /// Closes the connection.
    pub fn shut(&self) {
        // Whoever reads just now holds the lock; their call is cancelled by its own handle.
        if let Ok(mut body) = self.body.try_lock() {
            let _guard = runtime::get().ok().map(|runtime| runtime.enter());
            *body = None;
        }
    }
}
