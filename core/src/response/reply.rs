//! A complete reply.

use std::borrow::Cow;
use std::ops::{Deref, DerefMut};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use super::{RateLimit, short_content_type};
use crate::client::{Call, CallFuture, Outcome, sealed};
use crate::error::{Error, ErrorKind};
use crate::json::{self, Decode};
use crate::operation::ReplyKind;

/// A reply as it came, read to its end: what language bindings build their objects from.
#[derive(Clone)]
#[non_exhaustive]
pub struct RawReply {
    /// Status, 2xx.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body, without content coding and without a byte order mark.
    pub body: Bytes,
    /// Number of requests that were sent.
    pub attempts: u32,
    /// Whether the caller asked for vectors as base64 (`encoding_format`), and so gets their text. The client asks for
    /// base64 by itself where the caller says nothing, and then hands out numbers.
    pub base64_vectors: bool,
}

impl std::fmt::Debug for RawReply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawReply")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

impl RawReply {
    /// The reply's `x-request-id`.
    pub fn request_id(&self) -> Option<&str> {
        crate::error::request_id(&self.headers)
    }

    /// Whether the body is JSON, by its content type; by its first character where it has none.
    pub fn is_json(&self) -> bool {
        match short_content_type(&self.headers).as_str() {
            "unknown" => self.body.trim_ascii_start().first().is_some_and(|b| matches!(b, b'{' | b'[')),
            known => known.ends_with("json"),
        }
    }

    /// The error for a body that is not what the operation returns. `why` must not quote the body.
    pub fn decode_error(&self, why: impl std::fmt::Display) -> Error {
        let (content_type, length) = (short_content_type(&self.headers), self.body.len());
        let message = if self.body.trim_ascii().is_empty() {
            format!("the reply is empty (content type {content_type}), where JSON is due")
        } else {
            format!("the reply cannot be read (content type {content_type}, {length} bytes): {why}")
        };
        Error::new(ErrorKind::Decode, message)
            .with_reply(self.status.as_u16(), &self.headers)
            .with_attempts(self.attempts)
    }

    /// The body as the operation's type.
    pub(crate) fn decode<T: Decode>(&self, kind: ReplyKind) -> Result<T, Error> {
        let json: Cow<'_, [u8]> = match kind {
            ReplyKind::Empty => Cow::Borrowed(b"null"),
            ReplyKind::Text => self.text_as_json(),
            ReplyKind::JsonOrText if !self.is_json() => self.text_as_json(),
            _ => Cow::Borrowed(&self.body),
        };
        let value = if self.base64_vectors { json::decode_keeping_base64(&json) } else { json::decode(&json) };
        value.map_err(|e| self.decode_error(e))
    }

    fn text_as_json(&self) -> Cow<'_, [u8]> {
        let text = String::from_utf8_lossy(&self.body);
        // Writing a string as JSON cannot fail.
        Cow::Owned(serde_json::to_vec(&text).unwrap_or_default())
    }
}

/// A typed reply with everything that came along. Reads like the value itself.
#[derive(Clone)]
pub struct Reply<T> {
    value: T,
    raw: Box<RawReply>,
}

impl<T> Reply<T> {
    pub(crate) fn from_raw(raw: RawReply, kind: ReplyKind) -> Result<Self, Error>
    where
        T: Decode,
    {
        Ok(Self { value: raw.decode(kind)?, raw: Box::new(raw) })
    }

    /// The same reply with another value; an error is told where it came from.
    pub(crate) fn try_map<U>(self, map: impl FnOnce(T) -> Result<U, Error>) -> Result<Reply<U>, Error> {
        match map(self.value) {
            Ok(value) => Ok(Reply { value, raw: self.raw }),
            Err(error) => {
                Err(error.with_reply(self.raw.status.as_u16(), &self.raw.headers).with_attempts(self.raw.attempts))
            }
        }
    }

    /// The value alone.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// HTTP status.
    pub fn status(&self) -> u16 {
        self.raw.status.as_u16()
    }

    /// Headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.raw.headers
    }

    /// The reply's `x-request-id`, to quote when asking the provider.
    pub fn request_id(&self) -> Option<&str> {
        self.raw.request_id()
    }

    /// The rate limits that the reply states.
    pub fn rate_limit(&self) -> RateLimit {
        RateLimit::from_headers(&self.raw.headers)
    }

    /// The body as it came.
    pub fn raw_body(&self) -> &Bytes {
        &self.raw.body
    }

    /// Number of requests that were sent for this reply.
    pub fn attempts(&self) -> u32 {
        self.raw.attempts
    }
}

impl<T> Deref for Reply<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Reply<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: std::fmt::Debug> std::fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.value.fmt(f)
    }
}

impl<T> sealed::Sealed for Reply<T> {}

impl<T: Decode + Send + 'static> Outcome for Reply<T> {
    fn send(call: Call<Self>) -> CallFuture<Self> {
        let parts = call.inner;
        let kind = parts.op.reply;
        let future = execute(parts);
        Box::pin(async move { Self::from_raw(future.await?, kind) })
    }
}

/// Not generic, so that it is compiled once and not once a type.
pub(crate) fn execute(parts: Box<crate::client::Parts>) -> CallFuture<RawReply> {
    Box::pin(async move { parts.client.execute(parts.op, parts.args?, parts.options).await })
}
