//! The core's error as one record of JSON text, of which `lib/core/error.ts` makes the class.

use std::error::Error as StdError;

use serde_json::{Map, Value, json};
use threadline::json::encode;
use threadline::{Error, Json};

use crate::host::Failure;

/// The record of an error.
pub(crate) fn record(error: &Error) -> String {
    let mut record = json!({
        "kind": error.kind().as_str(),
        "message": error.message(),
        "status": error.status(),
        "type": error.error_type(),
        "code": error.code(),
        "param": error.param(),
        "request_id": error.request_id(),
        "attempts": error.attempts(),
        "retry_after": error.retry_after().map(|wait| wait.as_secs_f64()),
        "retryable": error.is_retryable(),
        "headers": error.headers().iter()
            // Characters of one byte, as `fetch` has them: `Headers` takes no others.
            .flat_map(|(name, value)| [name.as_str().to_owned(), value.as_bytes().iter().copied().map(char::from).collect()])
            .collect::<Vec<_>>(),
        "body": String::from_utf8_lossy(error.body()),
    });
    let Value::Object(members) = &mut record else { return record.to_string() };
    if let Some(partial) = error.partial() {
        let snapshot = value(partial.snapshot.as_ref());
        let mut parts = json!({"text": partial.text, "events": partial.events});
        if !snapshot.is_null() {
            parts["snapshot"] = snapshot;
        }
        members.insert("partial".into(), parts);
    }
    if let Some(made) = error.unfinished() {
        let made = json!({"resource": made.resource, "id": made.id, "status": made.status, "uploaded": made.uploaded});
        members.insert("unfinished".into(), made);
    }
    if let Some(azure) = error.azure() {
        let found: Map<String, Value> = azure
            .content_filter
            .iter()
            .map(|(name, filter)| {
                let filter =
                    json!({"filtered": filter.filtered, "severity": filter.severity, "detected": filter.detected});
                (name.clone(), filter)
            })
            .collect();
        members.insert("azure".into(), json!({"code": azure.code, "content_filter": found}));
    }
    if let Some(close) = error.close() {
        members.insert("close".into(), json!({"code": close.code, "reason": close.reason}));
    }
    if let Some(completion) = error.completion() {
        members.insert("completion".into(), value(Some(completion)));
    }
    if let Some(text) = error.transcript().and_then(|transcript| encode(transcript).ok()) {
        members.insert("transcript".into(), serde_json::from_str(&text).unwrap_or_default());
    }
    let mut cause = StdError::source(error);
    while let Some(found) = cause {
        if let Some(failure) = found.downcast_ref::<Failure>() {
            members.insert("thrown".into(), failure.number.into());
        }
        members.insert("cause".into(), found.to_string().into());
        cause = found.source();
    }
    record.to_string()
}

fn value(json: Option<&Json>) -> Value {
    json.and_then(|json| serde_json::from_str(json.raw()).ok()).unwrap_or_default()
}
