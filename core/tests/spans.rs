//! The spans of calls: attributes, and how long they last.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use support::fake::{Fake, events, pieces, status};
use support::{chunk, soon, sse};
use threadline::operations::CHAT_COMPLETIONS_CREATE as CHAT;
use threadline::{Args, RequestOptions};
use tracing::field::{Field, Visit};
use tracing::span;

fn chat() -> Args {
    Args::new(vec![], r#"{"model":"m","messages":[{"role":"user","content":"canary-question"}]}"#, vec![])
}

fn once() -> RequestOptions {
    RequestOptions::new().max_retries(0)
}

/// The fields of all spans that were opened, and the events inside.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<BTreeMap<String, String>>>);

struct Fields<'a>(&'a mut BTreeMap<String, String>);

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }
}

impl tracing::Subscriber for Spans {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.is_span() && metadata.target() == "threadline"
    }

    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        span.record(&mut Fields(&mut self.0.lock().unwrap()));
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        values.record(&mut Fields(&mut self.0.lock().unwrap()));
    }

    fn try_close(&self, _: span::Id) -> bool {
        self.0.lock().unwrap().insert("closed".into(), String::new());
        true
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, _: &tracing::Event<'_>) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// One test, because `tracing` decides for all threads of a process what is of interest.
#[tokio::test]
async fn spans_carry_the_conventional_attributes() {
    let spans = Spans::default();
    let _guard = tracing::subscriber::set_default(spans.clone());
    a_stream(&spans).await;
    a_failure(&spans).await;
}

async fn a_stream(spans: &Spans) {
    let usage = r#"{"id":"c","model":"m-1","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}"#;
    let client = Fake::new([status(503, "{}"), events(pieces([sse(&[&chunk("canary"), usage, "[DONE]"])]))]).client();
    let mut stream = soon(client.stream(&CHAT, chat(), RequestOptions::new())).await.unwrap();
    let get = |name: &str| spans.0.lock().unwrap().get(name).cloned();
    assert_eq!(get("gen_ai.usage.input_tokens"), None, "the span lasts until the stream ends");
    while stream.try_next().await.unwrap().is_some() {}
    for (name, value) in [
        ("otel.name", "chat m"),
        ("otel.kind", "client"),
        ("gen_ai.operation.name", "chat"),
        ("gen_ai.provider.name", "openai"),
        ("gen_ai.request.model", "m"),
        ("gen_ai.response.model", "m-1"),
        ("gen_ai.response.id", "c"),
        ("gen_ai.usage.input_tokens", "3"),
        ("gen_ai.usage.output_tokens", "2"),
        ("server.address", "api.test"),
        ("server.port", "443"),
        ("http.response.status_code", "200"),
        ("http.request.resend_count", "1"),
        ("threadline.operation", "chat.completions.create"),
        ("threadline.attempts", "2"),
        ("threadline.end", "completed"),
    ] {
        assert_eq!(get(name).as_deref(), Some(value), "{name}");
    }
    assert!(get("gen_ai.response.time_to_first_chunk").is_some() && get("error.type").is_none());
    assert!(!format!("{:?}", spans.0.lock().unwrap()).contains("canary"));
    drop(stream);
    assert!(get("closed").is_some());
}

async fn a_failure(spans: &Spans) {
    let client = Fake::new([status(404, "{}")]).client();
    client.execute(&CHAT, chat(), once()).await.unwrap_err();
    let fields = spans.0.lock().unwrap();
    assert_eq!((&*fields["error.type"], &*fields["otel.status_code"]), ("not_found", "ERROR"));
    assert_eq!(fields["threadline.end"], "failed");
}
