//! What observers are told: a call, as plain data.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::{ResponseFacts, names};
use crate::error::{Error, ErrorKind};

/// How a call came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallEnd {
    /// Still on its way: what [`Observer::retry`](super::Observer::retry) and [`Observer::chunk`](super::Observer::chunk) see.
    Pending,
    /// The reply, or the stream, came whole.
    Completed,
    /// It failed; a stream that broke or was cut counts as failed too.
    Failed(ErrorKind),
    /// The caller gave up: the call's future, the stream or the download was dropped before its end.
    Cancelled,
}

impl CallEnd {
    /// `pending`, `completed`, `failed` or `cancelled`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Completed => "completed",
            Self::Failed(_) => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// One call, from the moment it was awaited to the end of its reply or stream. All attempts and waits are inside.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CallRecord {
    /// The operation's official name: `chat.completions.create`.
    pub operation: &'static str,
    /// `gen_ai.operation.name`: `chat`, `text_completion`, `embeddings`, `invoke_agent`, …; for what has no such name,
    /// the same as `operation`.
    pub name: &'static str,
    /// `gen_ai.provider.name`, by the server's name: `openai`, `azure.ai.openai`, `groq`, …
    pub provider: &'static str,
    /// Name of the server.
    pub server_address: String,
    /// Its port.
    pub server_port: u16,
    /// The model that was asked for.
    pub request_model: Option<String>,
    /// What the reply says about itself.
    pub response: ResponseFacts,
    /// Whether the reply is a stream of events.
    pub streaming: bool,
    /// How it ended.
    pub end: CallEnd,
    /// HTTP status of the last reply, if there was one.
    pub status: Option<u16>,
    /// The last reply's `x-request-id`.
    pub request_id: Option<String>,
    /// Requests sent, the first included.
    pub attempts: u32,
    /// When it began.
    pub started: SystemTime,
    /// How long it took, to the end of the reply or stream.
    pub duration: Duration,
    /// For streams: from the beginning to the first event.
    pub time_to_first_chunk: Option<Duration>,
    /// For streams: from the beginning to the last event so far.
    pub time_to_last_chunk: Option<Duration>,
    /// For streams: events received.
    pub chunks: u64,
    /// Prompts and outputs; only for a client that was told to show them.
    pub content: Option<Content>,
}

/// What was said, in the form of the OpenTelemetry conventions: JSON lists of messages with parts.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Content {
    /// `gen_ai.system_instructions`
    pub system_instructions: Option<String>,
    /// `gen_ai.input.messages`
    pub input: Option<String>,
    /// `gen_ai.output.messages`
    pub output: Option<String>,
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A record that is logged as a whole must not become a log of prompts.
        let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        f.debug_struct("Content")
            .field("system_instructions_bytes", &length(&self.system_instructions))
            .field("input_bytes", &length(&self.input))
            .field("output_bytes", &length(&self.output))
            .finish()
    }
}

/// An attempt that failed and is about to be repeated.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Retry {
    /// Number of the attempt that failed, from 1.
    pub attempt: u32,
    /// Why.
    pub error: ErrorKind,
    /// HTTP status of its reply, if there was one.
    pub status: Option<u16>,
    /// Pause before the next attempt.
    pub wait: Duration,
}

impl CallRecord {
    /// `{name} {model}`, the name of the call's span; without a model the name alone.
    pub fn span_name(&self) -> String {
        match &self.request_model {
            Some(model) => format!("{} {model}", self.name),
            None => self.name.to_owned(),
        }
    }

    /// The error's kind, of a call that failed: `error.type`.
    pub fn error(&self) -> Option<ErrorKind> {
        match self.end {
            CallEnd::Failed(kind) => Some(kind),
            _ => None,
        }
    }

    /// Whether the operation has a model work, so that it is charged by tokens or by time.
    pub fn generates(&self) -> bool {
        names::generates(self.operation)
    }

    /// Mean time between two events of a stream; `None` with fewer than two.
    pub fn time_per_chunk(&self) -> Option<Duration> {
        let (first, last) = (self.time_to_first_chunk?, self.time_to_last_chunk?);
        let gaps = u32::try_from(self.chunks.checked_sub(1)?).ok().filter(|gaps| *gaps > 0)?;
        Some(last.saturating_sub(first) / gaps)
    }

    pub(super) fn fail(&mut self, error: &Error) {
        self.end = CallEnd::Failed(error.kind());
        self.status = error.status();
        self.request_id = error.request_id().map(str::to_owned);
        self.attempts = error.attempts();
    }

    /// The record as a JSON object; times in seconds, what is unknown `null`.
    pub fn to_json(&self) -> String {
        let seconds = |time: Option<Duration>| time.map(|time| time.as_secs_f64());
        let response = &self.response;
        let mut record = json!({
            "operation": self.operation,
            "name": self.name,
            "span_name": self.span_name(),
            "provider": self.provider,
            "server_address": self.server_address,
            "server_port": self.server_port,
            "request_model": self.request_model,
            "response_model": response.model,
            "response_id": response.id,
            "response_status": response.status,
            "service_tier": response.service_tier,
            "conversation_id": response.conversation,
            "finish_reasons": response.finish_reasons,
            "usage": response.usage.map(super::TokenUsage::to_json),
            "streaming": self.streaming,
            "end": self.end.as_str(),
            "error": self.error().map(ErrorKind::as_str),
            "status": self.status,
            "request_id": self.request_id,
            "attempts": self.attempts,
            "duration_s": self.duration.as_secs_f64(),
            "time_to_first_chunk_s": seconds(self.time_to_first_chunk),
            "time_per_chunk_s": seconds(self.time_per_chunk()),
            "chunks": self.chunks,
            "content": Value::Null,
        });
        if let Some(content) = &self.content {
            record["content"] = json!({
                "system_instructions": content.system_instructions,
                "input": content.input,
                "output": content.output,
            });
        }
        record.to_string()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A completed call that says nothing.
    pub(in crate::observe) fn record(operation: &'static str) -> CallRecord {
        CallRecord {
            operation,
            name: names::operation(operation),
            provider: "openai",
            server_address: "api.openai.com".into(),
            server_port: 443,
            request_model: None,
            response: ResponseFacts::default(),
            streaming: false,
            end: CallEnd::Completed,
            status: None,
            request_id: None,
            attempts: 1,
            started: SystemTime::UNIX_EPOCH,
            duration: Duration::ZERO,
            time_to_first_chunk: None,
            time_to_last_chunk: None,
            chunks: 0,
            content: None,
        }
    }

    #[test]
    fn the_mean_time_of_a_chunk_needs_two() {
        let mut record = record("chat.completions.create");
        record.time_to_first_chunk = Some(Duration::from_millis(100));
        record.time_to_last_chunk = Some(Duration::from_millis(500));
        record.chunks = 5;
        assert_eq!(record.time_per_chunk(), Some(Duration::from_millis(100)));
        record.chunks = 1;
        assert_eq!(record.time_per_chunk(), None);
    }

    #[test]
    fn debug_of_a_record_tells_no_content() {
        let mut record = record("chat.completions.create");
        record.content = Some(Content { input: Some("canary".into()), ..Content::default() });
        assert!(!format!("{record:?}").contains("canary"));
        assert!(record.to_json().contains("canary"));
    }
}
