//! The core's error as one record of fields, from which each language makes its own.

use std::fmt;

use serde_json::{Map, Value, json};
use threadline::Error;
use threadline::json::encode;

use crate::reply::header_lines;

/// Why a call failed.
#[derive(Debug, uniffi::Error)]
pub enum CallError {
    /// All that is known of it.
    Failed {
        /// The fields.
        record: ErrorRecord,
    },
}

/// The fields that every language's error has.
#[derive(Debug, Default, uniffi::Record)]
pub struct ErrorRecord {
    /// As in the call protocol: `rate_limit`, `timeout` …; or `cancelled`.
    pub kind: String,
    /// For people.
    pub message: String,
    /// HTTP status.
    pub status: Option<u16>,
    /// The API's `type`.
    pub error_type: Option<String>,
    /// The API's `code`.
    pub code: Option<String>,
    /// The argument that is at fault.
    pub param: Option<String>,
    /// The reply's `x-request-id`.
    pub request_id: Option<String>,
    /// Number of requests tried.
    pub attempts: u32,
    /// What the server asked to wait, in seconds.
    pub retry_after: Option<f64>,
    /// Whether the same call may succeed later.
    pub retryable: bool,
    /// Headers of the reply, a line each, `name: value`.
    pub headers: String,
    /// Body of the reply.
    pub body: Vec<u8>,
    /// One JSON object with what only some errors have: `partial`, `unfinished`, `azure`, `close`, `completion`, `transcript`,
    /// in the members of the call protocol. Empty where there is nothing.
    pub more: String,
}

impl CallError {
    /// A mistake of the caller's.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::of_kind("usage", message)
    }

    /// The caller gave up.
    pub(crate) fn cancelled() -> Self {
        Self::of_kind("cancelled", "the call was cancelled")
    }

    /// One event of a connection that is no JSON.
    pub(crate) fn unreadable(message: String, body: Vec<u8>) -> Self {
        let record = ErrorRecord { kind: "decode".into(), message, body, ..ErrorRecord::default() };
        Self::Failed { record }
    }

    fn of_kind(kind: &str, message: impl Into<String>) -> Self {
        Self::Failed { record: ErrorRecord { kind: kind.into(), message: message.into(), ..ErrorRecord::default() } }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Failed { record } = self;
        f.write_str(&record.message)
    }
}

impl std::error::Error for CallError {}

/// A callback of the host's failed with something that is no error of ours.
impl From<uniffi::UnexpectedUniFFICallbackError> for CallError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::usage(error.reason)
    }
}

impl From<Error> for CallError {
    fn from(error: Error) -> Self {
        Self::from(&error)
    }
}

impl From<&Error> for CallError {
    fn from(error: &Error) -> Self {
        Self::Failed {
            record: ErrorRecord {
                kind: error.kind().as_str().into(),
                message: error.message().into(),
                status: error.status(),
                error_type: error.error_type().map(Into::into),
                code: error.code().map(Into::into),
                param: error.param().map(Into::into),
                request_id: error.request_id().map(Into::into),
                attempts: error.attempts(),
                retry_after: error.retry_after().map(|wait| wait.as_secs_f64()),
                retryable: error.is_retryable(),
                headers: header_lines(error.headers()),
                body: error.body().to_vec(),
                more: more(error),
            },
        }
    }
}

fn more(error: &Error) -> String {
    let mut members = Map::new();
    let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    if let Some(partial) = error.partial() {
        let mut parts = json!({"text": partial.text, "events": partial.events});
        if let Some(snapshot) = &partial.snapshot {
            parts["snapshot"] = parsed(snapshot.raw());
        }
        members.insert("partial".into(), parts);
    }
    if let Some(made) = error.unfinished() {
        let parts = json!({"resource": made.resource, "id": made.id, "status": made.status, "uploaded": made.uploaded});
        members.insert("unfinished".into(), parts);
    }
    if let Some(azure) = error.azure() {
        let filters: Map<String, Value> = azure
            .content_filter
            .iter()
            .map(|(name, filter)| {
                let parts =
                    json!({"filtered": filter.filtered, "severity": filter.severity, "detected": filter.detected});
                (name.to_string(), parts)
            })
            .collect();
        members.insert("azure".into(), json!({"code": azure.code, "content_filter": filters}));
    }
    if let Some(close) = error.close() {
        members.insert("close".into(), json!({"code": close.code, "reason": close.reason}));
    }
    if let Some(completion) = error.completion() {
        members.insert("completion".into(), parsed(completion.raw()));
    }
    if let Some(text) = error.transcript().and_then(|transcript| encode(transcript).ok()) {
        members.insert("transcript".into(), parsed(&text));
    }
    if members.is_empty() { String::new() } else { Value::Object(members).to_string() }
}
