//! The seam below the client: one HTTP exchange.
//!
//! A [`Transport`] sends one request and hands back status, headers and a streaming body. It follows no redirect,
//! repeats nothing and removes any content coding (`gzip` and the like), so that the client above decides about all
//! of these in one place. [`ReqwestTransport`] is the default; a program may bring its own.

mod begun;
mod decompress;
mod failure;
mod pools;
mod proxy;
mod reqwest;
mod tls;
mod tunnel;
mod upgrade;

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use futures_util::Stream;
use http::{HeaderMap, Method, StatusCode};

pub use self::reqwest::{ReqwestTransport, ReqwestTransportBuilder};
pub use self::upgrade::{Duplex, Upgrade, UpgradeFuture};

/// Bytes that arrive, or leave, piece by piece. Dropping it closes what it reads from.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, TransportError>> + Send>>;

/// What [`Transport::send`] returns.
pub type SendFuture<'a> = Pin<Box<dyn Future<Output = Result<HttpResponse, TransportError>> + Send + 'a>>;

/// Sends one HTTP request. Dropping the future, or the reply's body, must close the exchange.
pub trait Transport: Send + Sync + fmt::Debug + 'static {
    /// Sends the request and returns as soon as the reply's head is there.
    fn send(&self, request: HttpRequest) -> SendFuture<'_>;

    /// Sends a request that asks for another protocol (`Connection: Upgrade`) and returns the connection if the server
    /// switches. WebSockets go through here; a transport that does not write it has none.
    fn upgrade(&self, request: HttpRequest) -> UpgradeFuture<'_> {
        drop(request);
        let message = "this transport offers no WebSockets; write its `upgrade`, or use the default transport";
        Box::pin(std::future::ready(Err(TransportError::new(TransportErrorKind::Request, message))))
    }
}

/// One request, ready to send.
#[non_exhaustive]
pub struct HttpRequest {
    /// Method.
    pub method: Method,
    /// Absolute URL, encoded.
    pub url: String,
    /// All headers except those of the connection (`Host`, `Content-Length`, `Transfer-Encoding`).
    pub headers: HeaderMap,
    /// Body.
    pub body: RequestBody,
    /// Whether the reply is expected to be a stream of events, which must not be held back by compression.
    pub streaming: bool,
}

impl HttpRequest {
    /// A request without headers and body.
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self { method, url: url.into(), headers: HeaderMap::new(), body: RequestBody::Empty, streaming: false }
    }
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The query and the header values may hold secrets.
        let url = self.url.split('?').next().unwrap_or_default();
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("url", &url)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}

/// Body of a request.
#[non_exhaustive]
pub enum RequestBody {
    /// No body.
    Empty,
    /// All of it in memory.
    Bytes(Bytes),
    /// Produced while it is sent.
    Stream {
        /// Number of bytes, if known; else the body is sent in chunks.
        length: Option<u64>,
        /// The bytes.
        stream: ByteStream,
    },
}

impl fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Self::Stream { length, .. } => write!(f, "Stream({length:?})"),
        }
    }
}

/// The reply to one request.
#[non_exhaustive]
pub struct HttpResponse {
    /// Status.
    pub status: StatusCode,
    /// Headers, without `Content-Encoding`.
    pub headers: HeaderMap,
    /// Body, without any content coding. An end before `Content-Length` must be an error of kind
    /// [`Read`](TransportErrorKind::Read).
    pub body: ByteStream,
    /// Whether the connection is only used again when the body has been read to its end.
    pub(crate) reads_on: bool,
}

impl HttpResponse {
    /// A reply of these parts.
    pub fn new(status: StatusCode, headers: HeaderMap, body: ByteStream) -> Self {
        Self { status, headers, body, reads_on: false }
    }

    /// A reply whose body is in memory.
    pub fn from_bytes(status: StatusCode, headers: HeaderMap, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        Self::new(status, headers, Box::pin(futures_util::stream::once(async move { Ok(body) })))
    }
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpResponse").field("status", &self.status).finish_non_exhaustive()
    }
}

/// Where an exchange failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// No connection: name, address, refused, proxy.
    Connect,
    /// TLS refused the peer: certificate, host name, version. Another try will not help.
    Tls,
    /// The proxy asks for credentials, or for others than it was given. Another try will not help.
    Proxy,
    /// The HTTP/2 server objects to how the request was made. Another try will not help.
    Objection,
    /// No connection within the connect timeout.
    ConnectTimeout,
    /// The connection broke before the reply's head.
    Send,
    /// The connection broke, or ended early, inside the reply's body.
    Read,
    /// The reply's body is not in the content coding it claims, or expands beyond reason.
    Decode,
    /// The caller's own upload source failed.
    Upload,
    /// The request cannot be sent at all.
    Request,
}

/// An exchange that failed below HTTP. The message names no path, no query and no header value.
#[derive(Debug)]
pub struct TransportError {
    kind: TransportErrorKind,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl TransportError {
    /// An error of this kind.
    pub fn new(kind: TransportErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    /// The same error with the one that caused it.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Where the exchange failed.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// What happened.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|s| s as _)
    }
}

/// A short sentence from a chain of causes, most particular last, without repetitions.
fn describe(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let part = cause.to_string();
        if !text.contains(&part) {
            text.push_str(": ");
            text.push_str(&part);
        }
        next = cause.source();
    }
    text
}
