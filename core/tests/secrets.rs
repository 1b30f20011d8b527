//! No key, prompt or reply shows in a log or an error, at the finest level of logging.
#![allow(clippy::unwrap_used)]

mod support;

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use support::fake::{Answer, Fake, broken, events, json, pieces, status};
use threadline::operations::CHAT_COMPLETIONS_CREATE as CHAT;
use threadline::transport::TransportErrorKind;
use threadline::{Args, RequestOptions};
use tracing::field::{Field, Visit};
use tracing::span;

/// Writes down everything that is logged.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<String>>);

struct Line<'a>(&'a mut String);

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, " {field}={value:?}");
    }
}

impl tracing::Subscriber for Recorder {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target().starts_with("threadline")
    }

    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        span.record(&mut Line(&mut self.0.lock().unwrap()));
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        values.record(&mut Line(&mut self.0.lock().unwrap()));
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut Line(&mut self.0.lock().unwrap()));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[tokio::test(start_paused = true)]
async fn nothing_secret_is_logged_or_told() {
    let recorder = Recorder::default();
    let _guard = tracing::subscriber::set_default(recorder.clone());
    let echo = r#"{"error":{"message":"key sk-canary-key is wrong"}}"#;
    let answers = || {
        [
            status(401, echo),
            status(503, echo),
            json("{\"canary-reply"),
            Answer::Fail(TransportErrorKind::Connect),
            Answer::Body(200, vec![], broken("{\"canary-reply\"")),
            Answer::Reply(302, vec![("location", "https://canary-host.test/?canary=1".into())], Default::default()),
            events(pieces(["data: {\"canary-event\n\n"])),
            Answer::Reply(200, vec![("content-type", "text/html".into())], "<p>canary-page".into()),
        ]
    };
    let count = answers().len();
    let mut told = String::new();
    for number in 0..2 * count {
        let fake = Fake::new(answers().into_iter().nth(number % count));
        let client = fake.builder().api_key("sk-canary-key").header("x-token", "canary-token").build().unwrap();
        let options = RequestOptions::new().max_retries(0).query("sig", "canary-query");
        let args = Args::new(vec![], r#"{"prompt":"canary-prompt"}"#, vec![]);
        let error = match number / count {
            0 => client.execute(&CHAT, args, options).await.err(),
            _ => client.stream(&CHAT, args, options).await.err(),
        };
        let _ = write!(told, "{error:?} {client:?}");
        if let Some(error) = error {
            let mut cause: Option<&dyn std::error::Error> = Some(&error);
            while let Some(error) = cause {
                let _ = write!(told, "{error}");
                cause = error.source();
            }
        }
    }
    let logged = recorder.0.lock().unwrap().clone();
    assert!(logged.contains("chat.completions.create") && logged.contains("status=503"), "{logged}");
    // A redirect's host is named on purpose: it is what the user has to look at.
    let told = told.replace("canary-host.test", "");
    for text in [&logged, &told] {
        let place = text.find("canary").map(|at| &text[at.saturating_sub(100)..(at + 50).min(text.len())]);
        assert_eq!(place, None);
    }
}
