//! Streams: each way in which one can end, and what the reader gets.
#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::{StreamExt, stream};
use support::fake::{Answer, Fake, broken, events, json, pieces, status};
use support::tcp::{self, EVENTS, Server, Step};
use support::{chunk, soon, sse};
use threadline::operation::Operation;
use threadline::operations::{
    BETA_THREADS_RUNS_CREATE as RUN, CHAT_COMPLETIONS_CREATE as CHAT, RESPONSES_CREATE as RESPONSE,
};
use threadline::stream::RawEventStream;
use threadline::transport::{ByteStream, TransportErrorKind};
use threadline::{Args, Error, ErrorKind, RequestOptions};
use tokio::time::Instant;

async fn open_with(op: &'static Operation, body: ByteStream, options: RequestOptions) -> Result<RawEventStream, Error> {
    let path = op.path_params.iter().map(|_| "id".to_owned()).collect();
    Fake::new([events(body)]).client().stream(op, Args::new(path, "{}", vec![]), options).await
}

/// All events as text, and the error the stream ended with.
async fn drain(stream: Result<RawEventStream, Error>) -> (Vec<String>, Option<Error>) {
    let mut stream = match stream {
        Ok(stream) => stream,
        Err(error) => return (Vec::new(), Some(error)),
    };
    let mut all = Vec::new();
    loop {
        match stream.next().await {
            Some(Ok(event)) => all.push(String::from_utf8(event.json().to_vec()).unwrap()),
            None => return (all, None),
            Some(Err(error)) => {
                assert!(stream.next().await.is_none(), "an error is the last thing");
                return (all, Some(error));
            }
        }
    }
}

async fn read(op: &'static Operation, body: ByteStream) -> (Vec<String>, Option<Error>) {
    drain(open_with(op, body, RequestOptions::new().max_retries(0)).await).await
}

async fn chat(text: &str) -> (Vec<String>, Option<Error>) {
    read(&CHAT, pieces([text.to_owned()])).await
}

fn kind(error: &Option<Error>) -> ErrorKind {
    error.as_ref().expect("an error").kind()
}

#[tokio::test]
async fn a_stream_that_ends_without_its_terminal_event_is_an_error_with_what_came() {
    let text = sse(&[&chunk("he"), &chunk("llo")]);
    let (events, error) = chat(&text).await;
    assert_eq!((events.len(), kind(&error)), (2, ErrorKind::StreamEnded));
    let error = error.unwrap();
    let partial = error.partial().unwrap();
    assert_eq!((partial.text.as_str(), partial.events), ("hello", 2));
    assert!(error.is_retryable() && error.status() == Some(200));
}

#[tokio::test]
async fn half_an_event_is_not_delivered() {
    let (events, error) = chat(&format!("{}data: {{\"choices\"", sse(&[&chunk("a")]))).await;
    assert_eq!((events.len(), kind(&error)), (1, ErrorKind::StreamEnded));
}

#[tokio::test]
async fn a_finish_reason_in_every_choice_is_a_proper_end() {
    let done = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
    let open = r#"{"choices":[{"index":1,"delta":{}}]}"#;
    assert!(chat(&sse(&[&chunk("a"), done])).await.1.is_none());
    assert!(chat(&format!("{}data: [DONE]", sse(&[&chunk("a"), done]))).await.1.is_none());
    assert_eq!(kind(&chat(&sse(&[open, done])).await.1), ErrorKind::StreamEnded);
    assert_eq!(kind(&chat(&format!("{}data: {{\"usage\":", sse(&[done]))).await.1), ErrorKind::StreamEnded);
}

#[tokio::test]
async fn a_connection_that_breaks_carries_what_came() {
    let (events, error) = read(&CHAT, broken(&sse(&[&chunk("a")]))).await;
    assert_eq!((events.len(), kind(&error)), (1, ErrorKind::Connection));
    assert_eq!(error.unwrap().partial().unwrap().text, "a");
}

#[tokio::test]
async fn the_end_of_the_connection_inside_a_chunk_is_a_connection_error() {
    let server = Server::start(|_, _| {
        let first = tcp::chunk(sse(&[&chunk("a")]).as_bytes());
        vec![Step::Send(EVENTS.into()), Step::Send(first), Step::Send(b"50\r\ndata: {".to_vec()), Step::Close]
    });
    let stream = server.client().stream(&CHAT, Args::default(), RequestOptions::new()).await;
    let (events, error) = soon(drain(stream)).await;
    assert_eq!((events.len(), kind(&error)), (1, ErrorKind::Connection));
    assert_eq!(error.unwrap().partial().unwrap().text, "a");
}

#[tokio::test]
async fn the_terminal_event_ends_the_stream_while_the_socket_stays_open() {
    let server = Server::start(|_, _| {
        let body = format!("{}data: [DONE]\n\n", sse(&[&chunk("a")]));
        vec![Step::Send(EVENTS.into()), Step::Send(tcp::chunk(body.as_bytes())), Step::Hold]
    });
    let client = server.client();
    for _ in 0..2 {
        let mut stream = client.stream(&CHAT, Args::default(), RequestOptions::new()).await.unwrap();
        assert!(soon(stream.next()).await.unwrap().is_ok());
        assert!(soon(stream.next()).await.is_none());
        server.all_closed().await;
    }
    assert_eq!(server.accepted(), 2, "the connection is not used again");
}

#[tokio::test]
async fn a_stream_that_ends_with_its_body_leaves_the_connection_for_the_next_call() {
    let server = Server::start(|_, _| {
        let body = format!("{}data: [DONE]\n\n", sse(&[&chunk("a")]));
        let whole = [EVENTS.as_bytes(), &tcp::chunk(body.as_bytes()), b"0\r\n\r\n"].concat();
        vec![Step::Send(whole)]
    });
    let client = server.client();
    for _ in 0..3 {
        let stream = client.stream(&CHAT, Args::default(), RequestOptions::new()).await;
        let (events, error) = soon(drain(stream)).await;
        assert!(events.len() == 1 && error.is_none());
        // The connection's own task puts it back.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(server.accepted(), 1);
}

#[tokio::test(start_paused = true)]
async fn silence_ends_at_the_limit_for_the_first_event_and_between_events() {
    let options =
        RequestOptions::new().first_event_timeout(Duration::from_secs(20)).idle_timeout(Duration::from_secs(5));
    let start = Instant::now();
    let error = open_with(&CHAT, Box::pin(stream::pending()), options.clone()).await.unwrap_err();
    assert_eq!((error.kind(), start.elapsed().as_secs()), (ErrorKind::IdleTimeout, 20));
    assert_eq!(error.partial().unwrap().events, 0);

    let body = pieces([sse(&[&chunk("a")])]).chain(stream::pending());
    let start = Instant::now();
    let (events, error) = drain(open_with(&CHAT, Box::pin(body), options).await).await;
    assert_eq!((events.len(), kind(&error), start.elapsed().as_secs()), (1, ErrorKind::IdleTimeout, 5));
}

#[tokio::test(start_paused = true)]
async fn heartbeats_are_no_progress() {
    let beats = stream::repeat(()).then(|()| async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok(Bytes::from_static(b": ping\n\n"))
    });
    let body = pieces([sse(&[&chunk("a")])]).chain(beats);
    let start = Instant::now();
    let (_, error) = read(&CHAT, Box::pin(body)).await;
    assert_eq!(kind(&error), ErrorKind::IdleTimeout);
    assert!((60..=61).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_flood_of_heartbeats_ends_too_and_lets_others_run() {
    let flood = pieces([sse(&[&chunk("a")])]).chain(stream::repeat_with(|| Ok(Bytes::from_static(b": ping\n\n"))));
    let options = RequestOptions::new().idle_timeout(Duration::from_millis(50));
    let (_, error) = soon(drain(open_with(&CHAT, Box::pin(flood), options).await)).await;
    assert_eq!(kind(&error), ErrorKind::IdleTimeout);
}

#[tokio::test(start_paused = true)]
async fn the_readers_own_time_is_not_idle_time() {
    let body = pieces([sse(&[&chunk("a")])]).chain(
        stream::iter([sse(&[&chunk("b")]), "data: [DONE]\n\n".into()]).then(|text| async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok(Bytes::from(text))
        }),
    );
    let mut stream = open_with(&CHAT, Box::pin(body), RequestOptions::new()).await.unwrap();
    let mut count = 0;
    while let Some(batch) = stream.next_batch(64).await.unwrap() {
        count += batch.len();
        tokio::time::sleep(Duration::from_secs(3600)).await;
    }
    assert_eq!(count, 2);
}

#[tokio::test]
async fn marks_line_ends_and_missing_spaces_change_nothing() {
    let plain = format!("{}data: [DONE]\n\n", sse(&[&chunk("ä€😀")]));
    let expected = chat(&plain).await.0;
    for text in [
        format!("\u{feff}{plain}"),
        plain.replace('\n', "\r\n"),
        plain.replace('\n', "\r"),
        plain.replace("data: ", "data:"),
        format!("retry: 5\n\nid: 1\n\n: c\n\nevent: x\n\n{plain}"),
    ] {
        let bytes: Vec<Bytes> = text.bytes().map(|byte| Bytes::copy_from_slice(&[byte])).collect();
        let (events, error) = read(&CHAT, pieces(bytes)).await;
        assert!(error.is_none(), "{error:?}");
        assert_eq!(events, expected);
    }
    assert_eq!(chat("data: {\"choices\":\ndata: []}\n\ndata:[DONE]\n\n").await.0, ["{\"choices\":\n[]}"]);
}

#[tokio::test]
async fn an_invalid_byte_becomes_a_replacement_character_and_the_stream_goes_on() {
    let mut text = b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a".to_vec();
    text.extend_from_slice(b"\xFFb\"}}]}\n\ndata: [DONE]\n\n");
    let (events, error) = read(&CHAT, pieces([text])).await;
    assert!(error.is_none() && events[0].contains("a\u{fffd}b"));
}

#[tokio::test]
async fn errors_inside_a_stream_keep_the_providers_words() {
    let object = r#"{"error":{"message":"overloaded","type":"t","code":"c","param":"p"}}"#;
    for text in [
        format!("data: {}\n\ndata: {object}\n\n", chunk("a")),
        format!("data: {}\n\nevent: error\ndata: {object}\n\n", chunk("a")),
        format!(
            "data: {}\n\nevent: error\ndata: {}\n\n",
            chunk("a"),
            object.replace("\"error\":{", "\"x\":0,").replacen("}}", "}", 1)
        ),
    ] {
        let (events, error) = chat(&text).await;
        assert_eq!((events.len(), kind(&error)), (1, ErrorKind::Api), "{text}");
        let error = error.unwrap();
        assert_eq!(error.message(), "overloaded");
        assert_eq!((error.error_type(), error.code(), error.param()), (Some("t"), Some("c"), Some("p")));
        assert_eq!(error.partial().unwrap().text, "a");
    }
    let (_, error) = chat("event: error\ndata: upstream died\n\n").await;
    assert_eq!(error.unwrap().message(), "upstream died");
}

#[tokio::test]
async fn broken_json_names_the_event_and_not_the_payload() {
    for bad in ["{\"canary", "[DONE]x", "canary"] {
        let (events, error) = chat(&format!("data: {}\n\ndata: {bad}\n\n", chunk("a"))).await;
        assert_eq!((events.len(), kind(&error)), (1, ErrorKind::Decode));
        let text = format!("{} {:?}", error.as_ref().unwrap(), error.as_ref().unwrap());
        assert!(text.contains("event 2") && !text.contains("canary"), "{text}");
    }
}

#[tokio::test]
async fn unknown_things_are_delivered_as_they_came() {
    let odd = r#"{"choices":[{"index":-1,"finish_reason":"new"},{"index":4294967296}],"x":1e400}"#;
    let (events, error) = chat(&format!("event: unheard_of\ndata: {odd}\n\ndata: {{}}\n\ndata: [DONE]\n\n")).await;
    assert!(error.is_none());
    assert_eq!(events, [odd, "{}"]);
}

#[tokio::test]
async fn something_else_than_a_stream_is_an_error_that_says_what() {
    let reply = |kind: &str, body: &str| {
        Fake::new([Answer::Reply(200, vec![("content-type", kind.to_owned())], Bytes::from(body.to_owned()))])
    };
    let open = |fake: Fake| async move {
        fake.client().stream(&CHAT, Args::default(), RequestOptions::new()).await.unwrap_err()
    };
    let error = open(reply("application/json", r#"{"error":{"message":"m"}}"#)).await;
    assert_eq!((error.kind(), error.message(), error.attempts()), (ErrorKind::Api, "m", 1));
    for (content_type, body) in [("text/html", "<html>"), ("application/json", "{\"choices\":[]}"), ("text/plain", "")]
    {
        let error = open(reply(content_type, body)).await;
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(error.message().contains(content_type), "{error}");
    }
}

#[tokio::test]
async fn events_of_16_mib_whole_or_in_small_pieces_arrive() {
    let long = "x".repeat(16 << 20);
    let (events, error) = chat(&format!("data: \"{long}\"\n\ndata: [DONE]\n\n")).await;
    assert!(error.is_none() && events[0].len() == long.len() + 2);

    let text = format!("data: \"{}\"\n\ndata: [DONE]\n\n", "y".repeat(256 << 10));
    let (events, error) = read(&CHAT, pieces(text.as_bytes().chunks(16).map(Bytes::copy_from_slice))).await;
    assert!(error.is_none() && events[0].len() == (256 << 10) + 2);
}

#[tokio::test]
async fn an_event_beyond_the_callers_limit_is_refused() {
    let text = format!("data: \"{}\"\n\n", "x".repeat(1000));
    for body in [pieces([text.clone()]), pieces(text.as_bytes().chunks(10).map(Bytes::copy_from_slice))] {
        let (_, error) = drain(open_with(&CHAT, body, RequestOptions::new().max_response_bytes(500)).await).await;
        assert_eq!(kind(&error), ErrorKind::Decode);
        assert!(error.unwrap().message().contains("500"));
    }
}

#[tokio::test]
async fn what_comes_after_the_terminal_event_is_ignored() {
    let (events, error) = chat(&format!("{}data: [DONE]\n\ndata: nonsense\n\n", sse(&[&chunk("a")]))).await;
    assert!(events.len() == 1 && error.is_none());
    let responses = sse(&[r#"{"type":"response.created"}"#, r#"{"type":"response.completed"}"#, "nonsense"]);
    let (events, error) = read(&RESPONSE, pieces([responses])).await;
    assert!(events.len() == 2 && error.is_none(), "{error:?}");
    let (_, error) = read(&RESPONSE, pieces([sse(&[r#"{"type":"response.created"}"#])])).await;
    assert_eq!(kind(&error), ErrorKind::StreamEnded);
}

#[tokio::test]
async fn assistants_events_carry_their_name() {
    let text = "event: thread.message.delta\ndata: {\"delta\":{\"content\":[{\"text\":{\"value\":\"hi\"}}]}}\n\n\
                event: done\ndata: [DONE]\n\n";
    let (events, error) = read(&RUN, pieces([text])).await;
    assert!(error.is_none(), "{error:?}");
    let first =
        "{\"event\":\"thread.message.delta\",\"data\":{\"delta\":{\"content\":[{\"text\":{\"value\":\"hi\"}}]}}}";
    assert_eq!(events, [first]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_repeated_before_its_first_event_and_never_after() {
    let good = || events(pieces([format!("{}data: [DONE]\n\n", sse(&[&chunk("a")]))]));
    let fake = Fake::new([status(503, "{}"), Answer::Fail(TransportErrorKind::Send), good()]);
    let stream = fake.client().stream(&CHAT, Args::default(), RequestOptions::new()).await.unwrap();
    assert_eq!(stream.attempts(), 3);

    let fake = Fake::new([events(broken(": hello\n\n")), good()]);
    let stream = fake.client().stream(&CHAT, Args::default(), RequestOptions::new()).await.unwrap();
    assert_eq!(stream.attempts(), 2);

    let fake = Fake::new([events(broken(&sse(&[&chunk("a")])))]);
    let (events, error) = drain(fake.client().stream(&CHAT, Args::default(), RequestOptions::new()).await).await;
    assert_eq!((events.len(), kind(&error), fake.seen().len()), (1, ErrorKind::Connection, 1));
}

#[tokio::test]
async fn a_batch_holds_what_has_arrived_and_errors_come_after_their_events() {
    let text = sse(&[&chunk("a"), &chunk("b"), &chunk("c"), "{broken"]);
    let mut stream = open_with(&CHAT, pieces([text]), RequestOptions::new()).await.unwrap();
    assert_eq!(stream.next_batch(2).await.unwrap().unwrap().len(), 2);
    assert_eq!(stream.next_batch(100).await.unwrap().unwrap().len(), 1);
    let error = stream.next_batch(100).await.unwrap_err();
    assert_eq!((error.kind(), error.partial().unwrap().text.as_str()), (ErrorKind::Decode, "abc"));
    assert!(stream.next_batch(100).await.unwrap().is_none());
}

#[tokio::test]
async fn a_full_batch_holds_what_the_connection_brings_at_once() {
    // As a connection does it: a piece is read when the one before has been taken.
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    tokio::spawn(async move {
        for text in [sse(&[&chunk("a")]), sse(&[&chunk("b")]), sse(&[&chunk("c")]), sse(&[&chunk("d"), "{broken"])] {
            sender.send(Ok(Bytes::from(text))).await.unwrap();
        }
        std::future::pending::<()>().await;
    });
    let body = stream::unfold(receiver, |mut pieces| async { pieces.recv().await.map(|piece| (piece, pieces)) });
    let mut stream = open_with(&CHAT, Box::pin(body), RequestOptions::new()).await.unwrap();
    assert_eq!(stream.next_full_batch(2).await.unwrap().unwrap().len(), 2);
    assert_eq!(stream.next_full_batch(100).await.unwrap().unwrap().len(), 2);
    let error = stream.next_full_batch(100).await.unwrap_err();
    assert_eq!((error.kind(), error.partial().unwrap().text.as_str()), (ErrorKind::Decode, "abcd"));
    assert!(stream.next_full_batch(100).await.unwrap().is_none());
}

#[tokio::test]
async fn a_reader_that_gives_up_a_full_batch_loses_no_event() {
    let names = ["a", "b", "c", "d", "e", "f"];
    for after in 0..4 {
        let (sender, receiver) = tokio::sync::mpsc::channel(1);
        tokio::spawn(async move {
            for name in names {
                sender.send(Ok(Bytes::from(sse(&[&chunk(name)])))).await.unwrap();
            }
            sender.send(Ok(Bytes::from_static(b"data: [DONE]\n\n"))).await.unwrap();
        });
        let body = stream::unfold(receiver, |mut pieces| async { pieces.recv().await.map(|piece| (piece, pieces)) });
        let mut stream = open_with(&CHAT, Box::pin(body), RequestOptions::new()).await.unwrap();
        let mut batch = None;
        {
            let mut read = Box::pin(stream.next_full_batch(100));
            for _ in 0..after {
                batch = batch.or_else(|| (&mut read).now_or_never());
                tokio::task::yield_now().await;
            }
        }
        assert!(batch.is_none() || after > 1);
        let mut events = batch.transpose().unwrap().flatten().unwrap_or_default();
        while let Some(event) = stream.try_next().await.unwrap() {
            events.push(event);
        }
        let mut seen = String::new();
        for event in events {
            let chunk: serde_json::Value = serde_json::from_slice(&event.data).unwrap();
            seen.push_str(chunk["choices"][0]["delta"]["content"].as_str().unwrap());
        }
        assert_eq!(seen, names.concat(), "given up after {after} turns");
    }
}

#[tokio::test]
async fn a_slow_reader_slows_the_server_down() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    let taken = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&taken);
    let endless = stream::repeat_with(move || {
        counter.fetch_add(1, Ordering::SeqCst);
        Ok(Bytes::from(sse(&[&chunk("a")])))
    });
    let mut stream = open_with(&CHAT, Box::pin(endless), RequestOptions::new()).await.unwrap();
    for _ in 0..10 {
        stream.next().await.unwrap().unwrap();
    }
    assert_eq!(taken.load(Ordering::SeqCst), 10);
}

#[tokio::test]
async fn the_request_asks_for_a_stream() {
    let fake = Fake::new([events(pieces(["data: [DONE]\n\n"])), json("{}")]);
    fake.client().stream(&CHAT, Args::new(vec![], r#"{"model":"m"}"#, vec![]), RequestOptions::new()).await.unwrap();
    let seen = &fake.seen()[0];
    assert_eq!(seen.body, r#"{"model":"m","stream":true}"#);
    assert_eq!(seen.header("accept"), Some("text/event-stream"));
}
