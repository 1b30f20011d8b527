//! What observers, spans and counters are told of calls, and what they are not.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use support::fake::{Answer, Fake, broken, events, json, pieces, status};
use support::{chunk, sse};
use threadline::observe::{CallEnd, CallRecord, Observer, Retry};
use threadline::operations::{
    AUDIO_SPEECH_CREATE as SPEECH, BETA_THREADS_RUNS_CREATE as RUN, BETA_THREADS_RUNS_RETRIEVE as RUN_AGAIN,
    CHAT_COMPLETIONS_CREATE as CHAT, FILES_LIST as FILES, MODELS_RETRIEVE as MODEL, RESPONSES_CREATE as RESPONSE,
};
use threadline::transport::TransportErrorKind;
use threadline::usage::{Money, Prices, UsageCounter};
use threadline::{Args, Client, ErrorKind, RequestOptions};

const REPLY: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","model":"m-2026-01-01","service_tier":"default",
    "choices":[{"index":0,"message":{"role":"assistant","content":"canary-answer"},"finish_reason":"stop"}],
    "usage":{"prompt_tokens":12,"completion_tokens":5,"total_tokens":17,"prompt_tokens_details":{"cached_tokens":2}}}"#;

/// What was told: the calls, the retries, the time between chunks.
type Told = (Vec<CallRecord>, Vec<Retry>, Vec<Option<Duration>>);

/// Writes down all that it is told.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Told>>);

impl Observer for Notes {
    fn call(&self, record: &CallRecord) {
        self.0.lock().unwrap().0.push(record.clone());
    }

    fn retry(&self, record: &CallRecord, retry: &Retry) {
        assert_eq!(record.end, CallEnd::Pending);
        self.0.lock().unwrap().1.push(retry.clone());
    }

    fn chunk(&self, _: &CallRecord, since_last: Option<Duration>) {
        self.0.lock().unwrap().2.push(since_last);
    }
}

impl Notes {
    fn only(&self) -> CallRecord {
        let notes = self.0.lock().unwrap();
        assert_eq!(notes.0.len(), 1, "{:?}", notes.0);
        notes.0[0].clone()
    }
}

fn watched(answers: impl IntoIterator<Item = Answer>) -> (Client, Notes) {
    let notes = Notes::default();
    (Fake::new(answers).builder().observer(notes.clone()).build().unwrap(), notes)
}

fn chat() -> Args {
    Args::new(vec![], r#"{"model":"m","messages":[{"role":"user","content":"canary-question"}]}"#, vec![])
}

fn once() -> RequestOptions {
    RequestOptions::new().max_retries(0)
}

#[tokio::test]
async fn a_call_is_told_with_all_that_its_reply_says() {
    let answer = Answer::Reply(200, vec![("x-request-id", "req_1".into())], Bytes::from_static(REPLY.as_bytes()));
    let (client, notes) = watched([answer]);
    client.execute(&CHAT, chat(), once()).await.unwrap();
    let record = notes.only();
    assert_eq!(record.span_name(), "chat m");
    assert_eq!((record.operation, record.provider), ("chat.completions.create", "openai"));
    assert_eq!((record.server_address.as_str(), record.server_port), ("api.test", 443));
    assert_eq!((record.end, record.status, record.attempts), (CallEnd::Completed, Some(200), 1));
    assert_eq!(record.request_id.as_deref(), Some("req_1"));
    assert_eq!(record.response.model.as_deref(), Some("m-2026-01-01"));
    assert_eq!(record.response.id.as_deref(), Some("chatcmpl-1"));
    assert_eq!(record.response.finish_reasons, ["stop"]);
    let usage = record.response.usage.unwrap();
    assert_eq!((usage.input, usage.output, usage.cached_input), (12, 5, 2));
    assert!(record.content.is_none() && !record.to_json().contains("canary"));
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_told_when_it_has_ended() {
    let usage = r#"{"id":"c","model":"m-1","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}"#;
    let text = sse(&[&chunk("a"), &chunk("b"), usage, "[DONE]"]);
    let slow = stream::iter(text.into_bytes()).then(|byte| async move {
        tokio::time::sleep(Duration::from_millis(1)).await;
        Ok(Bytes::from(vec![byte]))
    });
    let (client, notes) = watched([events(Box::pin(slow))]);
    let mut stream = client.stream(&CHAT, chat(), once()).await.unwrap();
    while stream.try_next().await.unwrap().is_some() {
        assert!(notes.0.lock().unwrap().0.is_empty(), "the call is still going on");
    }
    let record = notes.only();
    assert_eq!((record.end, record.chunks, record.streaming), (CallEnd::Completed, 3, true));
    assert_eq!(record.response.usage.map(|usage| usage.total()), Some(5));
    let (first, last) = (record.time_to_first_chunk.unwrap(), record.time_to_last_chunk.unwrap());
    assert!(Duration::ZERO < first && first < last && last <= record.duration);
    let gaps = notes.0.lock().unwrap().2.clone();
    assert_eq!((gaps.len(), gaps[0]), (3, None));
    assert_eq!(gaps[1].unwrap() + gaps[2].unwrap(), last - first);
    drop(stream);
    notes.only();
}

#[tokio::test]
async fn how_a_stream_ended_is_told_apart() {
    let endless = || Box::pin(stream::iter([Ok(Bytes::from(sse(&[&chunk("a")])))]).chain(stream::pending()));
    // Dropped and closed by the reader.
    for close in [false, true] {
        let (client, notes) = watched([events(endless())]);
        let mut stream = client.stream(&CHAT, chat(), once()).await.unwrap();
        stream.next().await.unwrap().unwrap();
        if close {
            stream.close();
        }
        drop(stream);
        let record = notes.only();
        assert_eq!((record.end, record.chunks, record.status), (CallEnd::Cancelled, 1, Some(200)));
    }
    // Cut off by the server.
    let (client, notes) = watched([events(pieces([sse(&[&chunk("a")])]))]);
    let mut stream = client.stream(&CHAT, chat(), once()).await.unwrap();
    while let Some(Ok(_)) = stream.next().await {}
    let record = notes.only();
    assert_eq!((record.end, record.chunks), (CallEnd::Failed(ErrorKind::StreamEnded), 1));
    // Ended before the reader asks again: what is to come is known to be nothing.
    let last = r#"{"type":"response.completed","response":{"id":"r","usage":{"input_tokens":1,"output_tokens":1}}}"#;
    let (client, notes) = watched([events(pieces([sse(&[last])]))]);
    drop(client.stream(&RESPONSE, chat(), once()).await.unwrap());
    assert_eq!((notes.only().end, notes.only().response.usage.map(|u| u.input)), (CallEnd::Completed, Some(1)));
    // Left after the last piece of text, before `[DONE]`.
    let done = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
    let (client, notes) =
        watched([events(Box::pin(stream::iter([Ok(Bytes::from(sse(&[done])))]).chain(stream::pending())))]);
    drop(client.stream(&CHAT, chat(), once()).await.unwrap());
    assert_eq!(notes.only().end, CallEnd::Completed);
}

#[tokio::test(start_paused = true)]
async fn failures_retries_and_calls_given_up_are_told() {
    let (client, notes) = watched([status(503, "{}"), Answer::Fail(TransportErrorKind::Connect), json(REPLY)]);
    client.execute(&CHAT, chat(), RequestOptions::new()).await.unwrap();
    assert_eq!(notes.only().attempts, 3);
    let retries: Vec<_> =
        notes.0.lock().unwrap().1.iter().map(|retry| (retry.attempt, retry.error, retry.status)).collect();
    assert_eq!(retries, [(1, ErrorKind::InternalServer, Some(503)), (2, ErrorKind::Connection, None)]);

    let (client, notes) = watched([status(429, r#"{"error":{"message":"no"}}"#)]);
    client.execute(&CHAT, chat(), once()).await.unwrap_err();
    let record = notes.only();
    assert_eq!((record.end, record.status), (CallEnd::Failed(ErrorKind::RateLimit), Some(429)));

    let (client, notes) = watched([Answer::Silence]);
    let call = client.execute(&CHAT, chat(), once());
    assert!(tokio::time::timeout(Duration::from_secs(1), call).await.is_err());
    let record = notes.only();
    assert_eq!((record.end, record.attempts, record.duration), (CallEnd::Cancelled, 1, Duration::from_secs(1)));

    let (client, notes) = watched([]);
    client.execute(&MODEL, Args::new(vec![String::new()], "", vec![]), once()).await.unwrap_err();
    assert_eq!((notes.only().end, notes.only().attempts), (CallEnd::Failed(ErrorKind::Usage), 0));
}

#[tokio::test]
async fn a_download_is_told_at_its_end() {
    let speech = || Args::new(vec![], r#"{"model":"tts","input":"x","voice":"alloy"}"#, vec![]);
    let (client, notes) = watched([Answer::Reply(200, vec![], Bytes::from_static(b"sound"))]);
    let download = client.download(&SPEECH, speech(), once()).await.unwrap();
    assert!(notes.0.lock().unwrap().0.is_empty());
    download.bytes().await.unwrap();
    assert_eq!((notes.only().end, notes.only().request_model.as_deref()), (CallEnd::Completed, Some("tts")));
    let (client, notes) = watched([Answer::Body(200, vec![], broken("so"))]);
    client.download(&SPEECH, speech(), once()).await.unwrap().bytes().await.unwrap_err();
    assert_eq!(notes.only().end, CallEnd::Failed(ErrorKind::Connection));
    let (client, notes) = watched([Answer::Body(200, vec![], Box::pin(stream::pending()))]);
    drop(client.download(&SPEECH, speech(), once()).await.unwrap());
    assert_eq!(notes.only().end, CallEnd::Cancelled);
}

#[tokio::test]
async fn a_reply_that_quotes_the_key_does_not_pass_it_on() {
    let reply = r#"{"id":"x-sk-test-key","model":"sk-test-key","choices":[{"finish_reason":"sk-test-key"}]}"#;
    let head = vec![("x-request-id", "sk-test-key".into())];
    let (client, notes) = watched([Answer::Reply(200, head, Bytes::from_static(reply.as_bytes()))]);
    client.execute(&CHAT, chat(), once()).await.unwrap();
    let told = format!("{:?} {}", notes.only(), notes.only().to_json());
    assert!(!told.contains("sk-test-key") && told.contains("x-***"), "{told}");
}

#[tokio::test]
async fn content_is_told_to_those_who_ask() {
    let text = sse(&[&chunk("can"), &chunk("ary-answer"), "[DONE]"]);
    let notes = Notes::default();
    let fake = Fake::new([json(REPLY), events(pieces([text]))]);
    let client = fake.builder().observer(notes.clone()).observe_content(true).build().unwrap();
    client.execute(&CHAT, chat(), once()).await.unwrap();
    let mut stream = client.stream(&CHAT, chat(), once()).await.unwrap();
    while stream.try_next().await.unwrap().is_some() {}
    for record in &notes.0.lock().unwrap().0 {
        let content = record.content.as_ref().unwrap();
        assert!(content.input.as_ref().unwrap().contains("canary-question"));
        assert!(content.output.as_ref().unwrap().contains("canary-answer"));
    }
}

#[tokio::test]
async fn the_counter_counts_each_run_once_and_prices_it() {
    let table = r#"{"currency":"USD","as_of":"2026-01-15","models":{"m":{"input":2.5,"output":10}}}"#;
    let counter = UsageCounter::with_prices(Prices::from_json(table).unwrap());
    let run = |status: &str, usage: &str| {
        json(&format!(r#"{{"id":"run_1","object":"thread.run","model":"m","status":"{status}","usage":{usage}}}"#))
    };
    let usage = r#"{"prompt_tokens":100,"completion_tokens":10,"total_tokens":110}"#;
    let fake = Fake::new([
        run("queued", "null"),
        run("in_progress", "null"),
        run("completed", usage),
        run("completed", usage),
        status(500, "{}"),
        json(r#"{"object":"list","data":[]}"#),
        json(REPLY),
    ]);
    let client = fake.client().with_observer(counter.clone()).with_options(once());
    let args = |path: &[&str]| Args::new(path.iter().map(|part| (*part).to_owned()).collect(), "{}", vec![]);
    client.execute(&RUN, args(&["thread_1"]), once()).await.unwrap();
    assert_eq!((counter.report().pending(), counter.report().total().usage.total()), (1, 0));
    for _ in 0..3 {
        client.execute(&RUN_AGAIN, args(&["thread_1", "run_1"]), once()).await.unwrap();
    }
    client.execute(&RUN, args(&["thread_1"]), once()).await.unwrap_err();
    client.execute(&FILES, args(&[]), once()).await.unwrap();
    let report = counter.report();
    let total = report.total();
    assert_eq!((total.requests, total.errors, total.usage.input, total.usage.output), (6, 1, 100, 10));
    assert_eq!(total.cost().map(Money::nanos), Some(350_000), "100 × 2.5 + 10 × 10 millionths");
    assert_eq!(report.by_operation()["files.list"].requests, 1);
    client.execute(&CHAT, chat(), once()).await.unwrap();
    // `m-2026-01-01` is `m` with a date.
    assert_eq!(counter.report().total().cost().map(Money::nanos), Some(430_000));
}
