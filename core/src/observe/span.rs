//! The span of a call, with the attribute names of OpenTelemetry.

use std::time::Duration;

use tracing::{Level, Span, field};

use super::{CallEnd, CallRecord};

/// Target of the spans, for filters.
const TARGET: &str = "threadline";

/// Whether any subscriber may want a call's span: a look at a number, if there is none.
pub(super) fn wanted() -> bool {
    tracing::span_enabled!(target: TARGET, Level::INFO)
}

/// The span of a call that begins. `otel.*` are read by `tracing-opentelemetry`.
pub(super) fn open(record: &CallRecord) -> Span {
    let empty = field::Empty;
    let span = tracing::info_span!(
        target: TARGET,
        "gen_ai.call",
        otel.name = record.span_name(),
        otel.kind = "client",
        otel.status_code = empty,
        gen_ai.operation.name = record.name,
        gen_ai.provider.name = record.provider,
        gen_ai.system = record.provider,
        gen_ai.request.model = record.request_model,
        gen_ai.response.model = empty,
        gen_ai.response.id = empty,
        gen_ai.response.finish_reasons = empty,
        gen_ai.response.time_to_first_chunk = empty,
        gen_ai.usage.input_tokens = empty,
        gen_ai.usage.output_tokens = empty,
        gen_ai.usage.cache_read.input_tokens = empty,
        gen_ai.usage.reasoning.output_tokens = empty,
        gen_ai.conversation.id = empty,
        gen_ai.system_instructions = empty,
        gen_ai.input.messages = empty,
        gen_ai.output.messages = empty,
        openai.response.service_tier = empty,
        server.address = record.server_address,
        server.port = record.server_port,
        "error.type" = empty,
        http.response.status_code = empty,
        http.request.resend_count = empty,
        threadline.operation = record.operation,
        threadline.request_id = empty,
        threadline.attempts = empty,
        threadline.chunks = empty,
        threadline.end = empty,
    );
    if let Some(content) = &record.content {
        put(&span, "gen_ai.system_instructions", content.system_instructions.as_deref());
        put(&span, "gen_ai.input.messages", content.input.as_deref());
    }
    span
}

fn put<T: tracing::Value>(span: &Span, name: &str, value: Option<T>) {
    if let Some(value) = value {
        span.record(name, value);
    }
}

/// Writes what is known at the end of a call.
pub(super) fn close(span: &Span, record: &CallRecord) {
    if span.is_disabled() {
        return;
    }
    let response = &record.response;
    put(span, "gen_ai.response.model", response.model.as_deref());
    put(span, "gen_ai.response.id", response.id.as_deref());
    if !response.finish_reasons.is_empty() {
        // Spans of `tracing` know no lists.
        let reasons = serde_json::Value::from(response.finish_reasons.clone()).to_string();
        span.record("gen_ai.response.finish_reasons", reasons.as_str());
    }
    put(span, "gen_ai.response.time_to_first_chunk", record.time_to_first_chunk.as_ref().map(Duration::as_secs_f64));
    if let Some(usage) = &response.usage {
        span.record("gen_ai.usage.input_tokens", usage.input);
        span.record("gen_ai.usage.output_tokens", usage.output);
        put(span, "gen_ai.usage.cache_read.input_tokens", some(usage.cached_input));
        put(span, "gen_ai.usage.reasoning.output_tokens", some(usage.reasoning));
    }
    put(span, "gen_ai.conversation.id", response.conversation.as_deref());
    put(span, "openai.response.service_tier", response.service_tier.as_deref());
    put(span, "gen_ai.output.messages", record.content.as_ref().and_then(|content| content.output.as_deref()));
    put(span, "http.response.status_code", record.status);
    put(span, "http.request.resend_count", some(record.attempts.saturating_sub(1)));
    put(span, "threadline.request_id", record.request_id.as_deref());
    span.record("threadline.attempts", record.attempts);
    if record.streaming {
        span.record("threadline.chunks", record.chunks);
    }
    span.record("threadline.end", record.end.as_str());
    if let CallEnd::Failed(kind) = record.end {
        span.record("error.type", kind.as_str());
        span.record("otel.status_code", "ERROR");
    }
}

/// A count that says something.
fn some<T: Default + PartialEq>(count: T) -> Option<T> {
    (count != T::default()).then_some(count)
}
