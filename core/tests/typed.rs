//! The typed surface over the same calls.

mod support;

use futures_util::StreamExt;
use support::fake::{Fake, events, json, pieces};
use support::{chunk, sse};
use threadline::types::{ChatCompletionCreateParams, ChatCompletionMessageParam};
use threadline::{Client, ErrorKind};

fn params() -> ChatCompletionCreateParams {
    ChatCompletionCreateParams::new(Vec::<ChatCompletionMessageParam>::new(), "m")
}

fn client(answer: support::fake::Answer) -> (Fake, Client) {
    let fake = Fake::new([answer]);
    let client = fake.client();
    (fake, client)
}

#[tokio::test]
async fn a_reply_reads_like_its_value_and_keeps_the_rest() {
    let (_, client) = client(json(r#"{"id":"c1","choices":[{"index":0,"message":{"content":"hi"}}],"new":1}"#));
    let reply = client.chat().completions().create(params()).await.unwrap();
    assert_eq!(reply.id, "c1");
    assert_eq!(reply.choices[0].message.content.as_deref(), Some("hi"));
    assert_eq!((reply.status(), reply.attempts()), (200, 1));
    assert!(reply.raw_body().ends_with(b"\"new\":1}"));
}

#[tokio::test]
async fn a_stream_gives_typed_events_one_by_one_and_in_batches() {
    let text = format!("{}data: [DONE]\n\n", sse(&[&chunk("a"), &chunk("b"), &chunk("c")]));
    let (fake, client) = client(events(pieces([text])));
    let mut stream = client.chat().completions().create_stream(params()).await.unwrap();
    let first = stream.next().await.unwrap().unwrap();
    assert_eq!(first.choices[0].delta.content.as_deref(), Some("a"));
    assert_eq!(stream.next_batch(10).await.unwrap().unwrap().len(), 2);
    assert!(StreamExt::next(&mut stream).await.is_none());
    assert!(fake.seen()[0].body.ends_with(b"\"stream\":true}"));
}

#[tokio::test]
async fn broken_json_is_a_decode_error_without_the_payload() {
    for body in ["{\"canary", "\"canary\"", "[]"] {
        let (_, client) = client(json(body));
        let error = client.chat().completions().create(params()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        let text = format!("{error} {error:?}");
        assert!(text.contains("application/json") && !text.contains("canary"), "{text}");
    }
}

#[tokio::test]
async fn an_argument_that_is_no_number_is_a_usage_error() {
    let (fake, client) = client(json("{}"));
    let error = client.chat().completions().create(params().temperature(f64::NAN)).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Usage, 0));
    assert!(fake.seen().is_empty());
}

#[tokio::test]
async fn calls_and_streams_can_move_between_threads() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let (_, client) = client(json("{}"));
    let call = is_send(client.chat().completions().create(params()));
    tokio::spawn(is_send(async move { call.await.map(|reply| reply.id.len()) })).await.unwrap().unwrap();
}
