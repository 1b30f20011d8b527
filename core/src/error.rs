//! The one error type of the crate.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;

use crate::json::Json;
use crate::tools::Transcript;
use crate::unfinished::Unfinished;
use crate::websocket::Close;

/// What went wrong, in one word. New kinds may be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// 400: the server rejects the request as it stands.
    BadRequest,
    /// 401: the key is missing, wrong or revoked.
    Authentication,
    /// 403: the key may not do this.
    PermissionDenied,
    /// 404: no such thing.
    NotFound,
    /// 409: the request collides with another change.
    Conflict,
    /// 422: well formed, but not acceptable.
    UnprocessableEntity,
    /// 429: too many requests, or the quota is used up (code `insufficient_quota`). Without a status: the client's own
    /// limits leave no room for the call in its time.
    RateLimit,
    /// 500 and above.
    InternalServer,
    /// Any other refusal, and an error object inside a successful reply or stream.
    Api,
    /// No connection, or the connection broke.
    Connection,
    /// The total deadline, or the connect timeout, passed.
    Timeout,
    /// A stream sent no event for longer than the idle limit.
    IdleTimeout,
    /// A stream ended before its proper end.
    StreamEnded,
    /// The reply is not what the operation returns.
    Decode,
    /// The server closed a WebSocket with a code that is no proper end; [`Error::close`] has it.
    Closed,
    /// The server redirected to somewhere the request may not go.
    Redirect,
    /// A webhook delivery is not signed as it should be, or its time is out of tolerance: do not trust it.
    WebhookSignature,
    /// The call cannot be sent as it was written; nothing reached the network.
    Usage,
    /// An answer that was to be parsed was cut off by a limit of tokens.
    LengthFinish,
    /// An answer that was to be parsed was stopped by the content filter.
    ContentFilterFinish,
    /// The model still asked for tools when the tool runner's limit of steps was reached.
    StepLimit,
    /// A function of the tool runner failed, and was not to be answered for.
    Tool,
}

impl ErrorKind {
    /// The kind's name, the same in every language: `rate_limit`, `stream_ended`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::Authentication => "authentication",
            Self::PermissionDenied => "permission_denied",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::UnprocessableEntity => "unprocessable_entity",
            Self::RateLimit => "rate_limit",
            Self::InternalServer => "internal_server",
            Self::Api => "api",
            Self::Connection => "connection",
            Self::Timeout => "timeout",
            Self::IdleTimeout => "idle_timeout",
            Self::StreamEnded => "stream_ended",
            Self::Decode => "decode",
            Self::Closed => "closed",
            Self::Redirect => "redirect",
            Self::WebhookSignature => "webhook_signature",
            Self::Usage => "usage",
            Self::LengthFinish => "length_finish",
            Self::ContentFilterFinish => "content_filter_finish",
            Self::StepLimit => "step_limit",
            Self::Tool => "tool",
        }
    }

    /// The kind of an error reply with this HTTP status.
    pub fn from_status(status: u16) -> Self {
        match status {
            400 => Self::BadRequest,
            401 => Self::Authentication,
            403 => Self::PermissionDenied,
            404 => Self::NotFound,
            409 => Self::Conflict,
            422 => Self::UnprocessableEntity,
            429 => Self::RateLimit,
            500.. => Self::InternalServer,
            _ => Self::Api,
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a stream had delivered when it failed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Partial {
    /// The text of the first choice or output so far, at most 1 MiB of it.
    pub text: String,
    /// Number of events handed out before the failure.
    pub events: u64,
    /// The object that had been put together by then, where the stream was accumulated.
    pub snapshot: Option<Json>,
}

/// An error of any call. One word wide; clone-free; carries no key, no prompt and no request body.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    status: Option<u16>,
    error_type: Option<String>,
    code: Option<String>,
    param: Option<String>,
    request_id: Option<String>,
    attempts: u32,
    retry_after: Option<Duration>,
    retryable: bool,
    partial: Option<Partial>,
    unfinished: Option<Unfinished>,
    close: Option<Close>,
    completion: Option<Json>,
    transcript: Option<Box<Transcript>>,
    headers: HeaderMap,
    body: Bytes,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of this kind. The message says what happened, where, and what to do; never a secret.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            status: None,
            error_type: None,
            code: None,
            param: None,
            request_id: None,
            attempts: 0,
            retry_after: None,
            retryable: matches!(kind, ErrorKind::Connection | ErrorKind::Timeout),
            partial: None,
            unfinished: None,
            close: None,
            completion: None,
            transcript: None,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            source: None,
        }))
    }

    pub(crate) fn usage(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Usage, message)
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// HTTP status of the reply, if there was one.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The provider's `type` of the error.
    pub fn error_type(&self) -> Option<&str> {
        self.0.error_type.as_deref()
    }

    /// The provider's `code`, such as `insufficient_quota`.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The argument that the provider objects to.
    pub fn param(&self) -> Option<&str> {
        self.0.param.as_deref()
    }

    /// The provider's message if it sent one, else what happened in our words. At most 4 KiB.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The reply's `x-request-id` (on Azure also `apim-request-id`), to quote when asking the provider.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// Number of requests sent for this call. Zero when nothing was sent.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// How long the provider asks to wait before another try.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// With the error that is behind it, which [`source`](StdError::source) gives: for providers and transports of your own.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Whether the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// What a stream had delivered before it failed; `None` for other calls.
    pub fn partial(&self) -> Option<&Partial> {
        self.0.partial.as_ref()
    }

    /// What a helper of several requests had made at the provider before it failed; `None` for single calls.
    pub fn unfinished(&self) -> Option<&Unfinished> {
        self.0.unfinished.as_ref()
    }

    /// How a WebSocket ended, if this error ended it: the server's close frame, 1006 where there was none, or the code it
    /// was closed with here.
    pub fn close(&self) -> Option<&Close> {
        self.0.close.as_ref()
    }

    /// The completion or response that could not be parsed, whole; the model's text is in it. `None` for errors of
    /// other calls.
    pub fn completion(&self) -> Option<&Json> {
        self.0.completion.as_ref()
    }

    /// What a tool runner had done when it failed; `None` for errors of other calls.
    pub fn transcript(&self) -> Option<&Transcript> {
        self.0.transcript.as_deref()
    }

    /// Headers of the reply; empty if there was none.
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// Body of the error reply, at most its first 64 KiB; of a WebSocket event that cannot be read, the event.
    pub fn body(&self) -> &Bytes {
        &self.0.body
    }
}

/// Parts added on the way up, inside the crate.
impl Error {
    pub(crate) fn with_message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.0.message = message.into();
        self
    }

    pub(crate) fn with_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    pub(crate) fn with_retryable(mut self, retryable: bool) -> Self {
        self.0.retryable = retryable;
        self
    }

    pub(crate) fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.0.retry_after = wait;
        self
    }

    pub(crate) fn with_partial(mut self, partial: Partial) -> Self {
        self.0.partial = Some(partial);
        self
    }

    pub(crate) fn with_unfinished(mut self, unfinished: Unfinished) -> Self {
        self.0.unfinished = Some(unfinished);
        self
    }

    pub(crate) fn with_snapshot(mut self, snapshot: Json) -> Self {
        self.0.partial.get_or_insert_default().snapshot = Some(snapshot);
        self
    }

    pub(crate) fn with_close(mut self, close: Close) -> Self {
        self.0.close = Some(close);
        self
    }

    pub(crate) fn with_completion(mut self, completion: Json) -> Self {
        self.0.completion = Some(completion);
        self
    }

    pub(crate) fn with_transcript(mut self, transcript: Transcript) -> Self {
        self.0.transcript = Some(Box::new(transcript));
        self
    }

    pub(crate) fn with_param(mut self, param: &str) -> Self {
        self.0.param = Some(param.to_owned());
        self
    }

    pub(crate) fn with_reply(mut self, status: u16, headers: &HeaderMap) -> Self {
        self.0.status = Some(status);
        self.0.request_id = request_id(headers).map(str::to_owned);
        self.0.headers = headers.clone();
        self
    }

    pub(crate) fn with_body(mut self, body: Bytes) -> Self {
        self.0.body = body;
        self
    }

    /// The same error with every mention of a secret struck out.
    pub(crate) fn without(mut self, secret: &str) -> Self {
        // Shorter ones are no keys, and would tear holes into ordinary words.
        if secret.len() < 8 {
            return self;
        }
        let strike = |text: &mut String| {
            if text.contains(secret) {
                *text = text.replace(secret, "***");
            }
        };
        let inner = &mut *self.0;
        if inner.message.contains(secret) {
            strike(inner.message.to_mut());
        }
        [&mut inner.error_type, &mut inner.code, &mut inner.param].into_iter().flatten().for_each(strike);
        if let Some(close) = &mut inner.close {
            strike(&mut close.reason);
        }
        if memchr::memmem::find(&inner.body, secret.as_bytes()).is_some() {
            inner.body = Bytes::from(String::from_utf8_lossy(&inner.body).replace(secret, "***"));
        }
        self
    }

    pub(crate) fn with_api_fields(
        mut self,
        error_type: Option<String>,
        code: Option<String>,
        param: Option<String>,
    ) -> Self {
        self.0.error_type = error_type;
        self.0.code = code;
        self.0.param = param;
        self
    }
}

/// What the provider calls the request. The gateways of Azure have a name of their own for it.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<&str> {
    ["x-request-id", "apim-request-id"].iter().find_map(|name| headers.get(*name)?.to_str().ok())
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        f.write_str(inner.kind.as_str())?;
        if let Some(status) = inner.status {
            write!(f, " (status {status}")?;
            if let Some(code) = &inner.code {
                write!(f, ", code {code}")?;
            }
            f.write_str(")")?;
        }
        write!(f, ": {}", inner.message)?;
        if let Some(id) = &inner.request_id {
            write!(f, " [request {id}]")?;
        }
        if inner.attempts > 1 {
            write!(f, " after {} attempts", inner.attempts)?;
        }
        if let Some(unfinished) = &inner.unfinished {
            write!(f, " ({unfinished})")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        // Headers and body stay out: a body may quote the prompt, and a header may hold a session cookie.
        f.debug_struct("Error")
            .field("kind", &inner.kind)
            .field("message", &inner.message)
            .field("status", &inner.status)
            .field("type", &inner.error_type)
            .field("code", &inner.code)
            .field("param", &inner.param)
            .field("request_id", &inner.request_id)
            .field("attempts", &inner.attempts)
            .field("retry_after", &inner.retry_after)
            .field("retryable", &inner.retryable)
            .field("events", &inner.partial.as_ref().map(|p| p.events))
            .field("unfinished", &inner.unfinished)
            .field("close", &inner.close)
            .field("source", &inner.source)
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|s| s as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_word_wide() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
        assert_eq!(size_of::<Result<(), Error>>(), size_of::<usize>());
    }

    #[test]
    fn kinds_follow_the_status() {
        assert_eq!(ErrorKind::from_status(429), ErrorKind::RateLimit);
        assert_eq!(ErrorKind::from_status(529), ErrorKind::InternalServer);
        assert_eq!(ErrorKind::from_status(408), ErrorKind::Api);
        assert_eq!(ErrorKind::from_status(413), ErrorKind::Api);
    }

    #[test]
    fn display_names_status_code_and_request() {
        let mut headers = HeaderMap::new();
        headers.insert("x-request-id", "req_1".parse().unwrap());
        let error = Error::new(ErrorKind::RateLimit, "slow down")
            .with_reply(429, &headers)
            .with_api_fields(None, Some("rate_limit_exceeded".into()), None)
            .with_attempts(3);
        let text = "rate_limit (status 429, code rate_limit_exceeded): slow down [request req_1] after 3 attempts";
        assert_eq!(error.to_string(), text);
    }

    #[test]
    fn debug_shows_neither_body_nor_headers() {
        let mut headers = HeaderMap::new();
        headers.insert("set-cookie", "canary-cookie".parse().unwrap());
        let error = Error::new(ErrorKind::Api, "no")
            .with_reply(418, &headers)
            .with_body(Bytes::from_static(b"canary-body"))
            .with_partial(Partial { text: "canary-text".into(), events: 2, snapshot: Some(Json::string("canary")) });
        assert!(!format!("{error:?} {error}").contains("canary"));
    }
}
