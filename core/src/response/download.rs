//! A reply of bytes, read piece by piece.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::{HeaderMap, StatusCode};
use tokio::io::AsyncWriteExt;

use super::RateLimit;
use crate::client::{Call, CallFuture, Deadline, Outcome, sealed, transport_error};
use crate::error::{Error, ErrorKind};
use crate::observe::Watch;
use crate::transport::ByteStream;

/// A reply of bytes: a file, an audio clip, a video. Dropping it closes the connection.
///
/// The call's total time goes on while it is read; give [`timeout`](crate::Call::timeout) for large files.
pub struct Download {
    status: StatusCode,
    headers: HeaderMap,
    body: Option<ByteStream>,
    attempts: u32,
    received: u64,
    deadline: Deadline,
    idle: Duration,
    limit: Option<u64>,
    watch: Option<Box<Watch>>,
}

impl std::fmt::Debug for Download {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Download")
            .field("status", &self.status)
            .field("received", &self.received)
            .finish_non_exhaustive()
    }
}

impl Download {
    pub(crate) fn new(
        head: (StatusCode, HeaderMap),
        body: ByteStream,
        attempts: u32,
        deadline: Deadline,
        idle: Duration,
        limit: Option<u64>,
    ) -> Self {
        let (status, headers) = head;
        Self { status, headers, body: Some(body), attempts, received: 0, deadline, idle, limit, watch: None }
    }

    /// Tells of the download's end to whoever observes the call.
    pub(crate) fn observe(&mut self, mut watch: Box<Watch>) {
        watch.head(self.status.as_u16(), &self.headers, self.attempts);
        self.watch = Some(watch);
    }

    /// HTTP status.
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// Headers; `Content-Type` says what the bytes are.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The reply's `x-request-id`, to quote when asking the provider.
    pub fn request_id(&self) -> Option<&str> {
        crate::error::request_id(&self.headers)
    }

    /// The rate limits that the reply states.
    pub fn rate_limit(&self) -> RateLimit {
        RateLimit::from_headers(&self.headers)
    }

    /// Number of requests that were sent for this reply.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The next piece, or `None` at the proper end.
    ///
    /// # Errors
    /// `connection` if the body ends early, `timeout` at the call's deadline, `idle_timeout` if nothing comes.
    pub async fn next_chunk(&mut self) -> Result<Option<Bytes>, Error> {
        let result = self.advance().await;
        let result = result.map_err(|e| e.with_reply(self.status.as_u16(), &self.headers).with_attempts(self.attempts));
        if !matches!(result, Ok(Some(_))) {
            self.body = None;
            match (self.watch.take(), &result) {
                (Some(watch), Err(error)) => watch.failed(error),
                (Some(watch), Ok(_)) => watch.completed(),
                (None, _) => {}
            }
        }
        result
    }

    async fn advance(&mut self) -> Result<Option<Bytes>, Error> {
        let Some(body) = &mut self.body else { return Ok(None) };
        loop {
            let next = tokio::time::timeout(self.idle, body.next());
            let piece = match self.deadline.watch(next).await {
                None => return Err(self.deadline.error(self.attempts)),
                Some(Err(_)) => {
                    let message = format!("no byte of the download for {:?}", self.idle);
                    return Err(Error::new(ErrorKind::IdleTimeout, message));
                }
                Some(Ok(None)) => return Ok(None),
                Some(Ok(Some(piece))) => piece.map_err(transport_error)?,
            };
            self.received += piece.len() as u64;
            if let Some(limit) = self.limit.filter(|limit| self.received > *limit) {
                return Err(Error::new(
                    ErrorKind::Decode,
                    format!("the reply is longer than the limit of {limit} bytes"),
                ));
            }
            if !piece.is_empty() {
                return Ok(Some(piece));
            }
        }
    }

    /// As [`next_chunk`](Self::next_chunk), in the form of a stream's `next`.
    ///
    /// # Errors
    /// As [`next_chunk`](Self::next_chunk). An error is the last thing that comes.
    pub async fn next(&mut self) -> Option<Result<Bytes, Error>> {
        self.next_chunk().await.transpose()
    }

    /// Reads everything into memory.
    ///
    /// # Errors
    /// As [`next_chunk`](Self::next_chunk).
    pub async fn bytes(mut self) -> Result<Bytes, Error> {
        let Some(first) = self.next_chunk().await? else { return Ok(Bytes::new()) };
        let Some(second) = self.next_chunk().await? else { return Ok(first) };
        let mut all = BytesMut::from(&first[..]);
        all.extend_from_slice(&second);
        while let Some(piece) = self.next_chunk().await? {
            all.extend_from_slice(&piece);
        }
        Ok(all.freeze())
    }

    /// Writes what is left to a file, replacing one of that name, and returns the number of bytes written. The file
    /// appears under its name only when it is complete.
    ///
    /// # Errors
    /// As [`next_chunk`](Self::next_chunk); kind `usage` if the file cannot be written.
    pub async fn save_to(mut self, path: impl AsRef<Path>) -> Result<u64, Error> {
        let path = path.as_ref();
        let mut part = PartFile::create(path).await?;
        let before = self.received;
        while let Some(piece) = self.next_chunk().await? {
            part.file.write_all(&piece).await.map_err(|e| unwritable(path, e))?;
        }
        part.finish(path).await?;
        Ok(self.received - before)
    }
}

/// The file while it is incomplete; removed unless it is finished.
struct PartFile {
    file: tokio::fs::File,
    path: PathBuf,
    done: bool,
}

impl PartFile {
    async fn create(target: &Path) -> Result<Self, Error> {
        let Some(name) = target.file_name() else {
            return Err(Error::usage(format!("`{}` is not the name of a file", target.display())));
        };
        // In the same folder, so that the rename at the end stays within one file system.
        let mut part = std::ffi::OsString::from(".");
        part.push(name);
        part.push(format!(".{:016x}.part", fastrand::u64(..)));
        let path = target.with_file_name(part);
        let mut options = tokio::fs::OpenOptions::new();
        let file = options.write(true).create_new(true).open(&path).await.map_err(|e| unwritable(target, e))?;
        Ok(Self { file, path, done: false })
    }

    async fn finish(mut self, target: &Path) -> Result<(), Error> {
        self.file.flush().await.map_err(|e| unwritable(target, e))?;
        tokio::fs::rename(&self.path, target).await.map_err(|e| unwritable(target, e))?;
        self.done = true;
        Ok(())
    }
}

impl Drop for PartFile {
    fn drop(&mut self) {
        if !self.done {
            // Nobody is left to tell; the file is hidden and clearly named.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn unwritable(path: &Path, error: std::io::Error) -> Error {
    Error::usage(format!("`{}` cannot be written: {error}", path.display())).with_source(error)
}

impl sealed::Sealed for Download {}

impl Outcome for Download {
    fn send(call: Call<Self>) -> CallFuture<Self> {
        let parts = call.inner;
        Box::pin(async move { parts.client.download(parts.op, parts.args?, parts.options).await })
    }
}
