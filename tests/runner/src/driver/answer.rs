//! What a call came to, and its JSON form.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use threadline::Error;
use threadline::azure::{AzureError, ContentFilter};
use threadline::json::Encode;

/// The outcome of one call, as the call protocol writes it.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// One value, encoded again from its type.
    Value {
        /// The value.
        value: Box<RawValue>,
        /// What the server called the request.
        request_id: Option<String>,
    },
    /// A stream, read as far as asked.
    Events {
        /// Events that arrived.
        events: Vec<Box<RawValue>>,
        /// What ended the stream before its time.
        error: Option<ErrorRecord>,
    },
    /// A helper's high-level events and what they come to.
    Stream {
        /// Events that the helper made.
        events: Vec<Box<RawValue>>,
        /// The final snapshot; `null` where the stream failed before its end.
        value: Option<Box<RawValue>>,
        /// What ended it before its time.
        error: Option<ErrorRecord>,
    },
    /// A list, read as far as asked.
    Pages {
        /// Pages that arrived.
        pages: usize,
        /// Their items, in order.
        items: Vec<Box<RawValue>>,
        /// What kept the next page away.
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<ErrorRecord>,
    },
    /// Any of the others, of a client that is observed. Written by [`Answer::line`].
    #[serde(skip)]
    Observed {
        /// The answer.
        answer: Box<Answer>,
        /// More members of it as JSON: `observed`, the records of the calls that were made, in the order of their ends; `usage`, what
        /// the client has used since it was made.
        more: Vec<(&'static str, String)>,
    },
    /// No reply at all.
    Error {
        /// Why.
        error: ErrorRecord,
    },
    /// The caller gave up first.
    Cancelled {
        /// Always true.
        cancelled: bool,
    },
}

/// An error's record: the same members in every language.
#[derive(Debug, Serialize)]
pub struct ErrorRecord {
    kind: String,
    status: Option<u16>,
    r#type: Option<String>,
    code: Option<String>,
    param: Option<String>,
    message: String,
    request_id: Option<String>,
    attempts: u32,
    retry_after_s: Option<f64>,
    retryable: bool,
    partial: Option<Partial>,
    unfinished: Option<Unfinished>,
    azure: Option<Azure>,
    close: Option<Closed>,
    completion: Option<Box<RawValue>>,
    transcript: Option<Box<RawValue>>,
    #[serde(skip)]
    shown: String,
}

#[derive(Debug, Serialize)]
struct Partial {
    text: String,
    events: u64,
    /// Only of a stream that was accumulated.
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot: Option<Box<RawValue>>,
}

impl From<&threadline::Partial> for Partial {
    fn from(partial: &threadline::Partial) -> Self {
        let snapshot = partial.snapshot.as_ref().and_then(|json| encoded(json).ok());
        Self { text: partial.text.clone(), events: partial.events, snapshot }
    }
}

/// What a helper had made when it failed.
#[derive(Debug, Serialize)]
struct Unfinished {
    resource: &'static str,
    id: Option<String>,
    status: Option<String>,
    uploaded: Vec<Option<String>>,
}

impl From<&threadline::Unfinished> for Unfinished {
    fn from(made: &threadline::Unfinished) -> Self {
        let (id, status, uploaded) = (made.id.clone(), made.status.clone(), made.uploaded.clone());
        Self { resource: made.resource, id, status, uploaded }
    }
}

/// What only Azure says of an error.
#[derive(Debug, Serialize)]
struct Azure {
    code: Option<String>,
    content_filter: BTreeMap<String, Filter>,
}

#[derive(Debug, Serialize)]
struct Filter {
    filtered: bool,
    severity: Option<String>,
    detected: Option<bool>,
}

impl From<AzureError> for Azure {
    fn from(error: AzureError) -> Self {
        let filter = |found: ContentFilter| Filter {
            filtered: found.filtered,
            severity: found.severity,
            detected: found.detected,
        };
        let found = error.content_filter.into_iter().map(|(name, found)| (name, filter(found)));
        Self { code: error.code, content_filter: found.collect() }
    }
}

/// How a WebSocket was closed.
#[derive(Debug, Serialize)]
struct Closed {
    code: u16,
    reason: String,
}

impl ErrorRecord {
    /// A mistake of the caller, found before a request was made.
    pub fn usage(message: impl Into<String>) -> Self {
        Self {
            kind: "usage".into(),
            status: None,
            r#type: None,
            code: None,
            param: None,
            message: message.into(),
            request_id: None,
            attempts: 0,
            retry_after_s: None,
            retryable: false,
            partial: None,
            unfinished: None,
            azure: None,
            close: None,
            completion: None,
            transcript: None,
            shown: String::new(),
        }
    }
}

impl From<&Error> for ErrorRecord {
    fn from(error: &Error) -> Self {
        let mut shown = format!("{error}\n{error:?}\n{error:#?}\n{:?}", error.headers());
        let mut cause = std::error::Error::source(error);
        while let Some(error) = cause {
            shown.push_str(&format!("\n{error}\n{error:?}"));
            cause = error.source();
        }
        Self {
            shown,
            kind: error.kind().as_str().into(),
            status: error.status(),
            r#type: error.error_type().map(Into::into),
            code: error.code().map(Into::into),
            param: error.param().map(Into::into),
            message: error.message().into(),
            request_id: error.request_id().map(Into::into),
            attempts: error.attempts(),
            retry_after_s: error.retry_after().map(|wait| wait.as_secs_f64()),
            retryable: error.is_retryable(),
            azure: error.azure().map(Azure::from),
            partial: error.partial().map(Into::into),
            unfinished: error.unfinished().map(Into::into),
            close: error.close().map(|close| Closed { code: close.code, reason: close.reason.clone() }),
            completion: error.completion().and_then(|json| encoded(json).ok()),
            transcript: error.transcript().and_then(|transcript| encoded(transcript).ok()),
        }
    }
}

impl Answer {
    /// The answer to a line that could not become a call.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Error { error: ErrorRecord::usage(message) }
    }

    /// The answer of a call that failed before anything arrived.
    pub(crate) fn failed(error: &Error) -> Self {
        Self::Error { error: error.into() }
    }

    /// Everything that a program may print of the error: `Display`, `Debug`, the same of its causes.
    pub fn shown(&self) -> &str {
        match self {
            Self::Observed { answer, .. } => answer.shown(),
            Self::Error { error } => &error.shown,
            Self::Events { error: Some(error), .. }
            | Self::Stream { error: Some(error), .. }
            | Self::Pages { error: Some(error), .. } => &error.shown,
            _ => "",
        }
    }

    /// The answer as one line: the members above after `id`.
    pub fn line(&self, id: &Value) -> String {
        let (answer, more) = match self {
            Self::Observed { answer, more } => (&**answer, more.as_slice()),
            answer => (answer, [].as_slice()),
        };
        let mut body = serde_json::to_string(answer).unwrap_or_else(|error| {
            format!(r#"{{"error":{{"kind":"usage","message":"the answer is not JSON: {error}"}}}}"#)
        });
        for (name, json) in more {
            body.pop();
            body.push_str(&format!(r#","{name}":{json}}}"#));
        }
        // Free-form JSON keeps the line breaks it came with; outside of texts they mean nothing.
        format!(r#"{{"id":{id},{}"#, &body[1..]).replace(['\n', '\r'], " ")
    }
}

/// A typed value as JSON text.
pub(crate) fn encoded(value: &dyn Encode) -> Result<Box<RawValue>, String> {
    let text = threadline::json::encode(value).map_err(|error| error.to_string())?;
    RawValue::from_string(text).map_err(|error| format!("the encoded value is not JSON: {error}"))
}
