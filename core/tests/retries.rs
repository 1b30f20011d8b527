//! Which failures are repeated, how often, and what stays the same.

mod support;

use std::time::Duration;

use bytes::Bytes;
use support::fake::{Answer, Fake, broken, json, status, with_header};
use support::soon;
use support::tcp::{self, Server, Step};
use threadline::operations::{CHAT_COMPLETIONS_CREATE as CHAT, FILES_CREATE, FILES_RETRIEVE};
use threadline::transport::TransportErrorKind;
use threadline::{Args, Client, Error, ErrorKind, FileInput, RawReply, RequestOptions};
use tokio::time::Instant;

const FIELDS: &str = r#"{"model":"m","messages":[]}"#;

async fn chat_with(client: &Client, options: RequestOptions) -> Result<RawReply, Error> {
    client.execute(&CHAT, Args::new(vec![], FIELDS, vec![]), options).await
}

async fn chat(client: &Client) -> Result<RawReply, Error> {
    chat_with(client, RequestOptions::new()).await
}

#[tokio::test(start_paused = true)]
async fn transient_failures_are_repeated_with_one_idempotency_key() {
    let fake = Fake::new([status(503, "{}"), Answer::Fail(TransportErrorKind::Connect), json("{}")]);
    let reply = chat(&fake.client()).await.unwrap();
    assert_eq!(reply.attempts, 3);
    let keys: Vec<_> = fake.seen().iter().map(|r| r.header("idempotency-key").unwrap().to_owned()).collect();
    assert!(keys[0].starts_with("threadline-") && keys.iter().all(|key| *key == keys[0]));
    assert!(fake.seen().iter().all(|r| r.body == FIELDS));
}

#[tokio::test(start_paused = true)]
async fn each_call_has_its_own_key_and_a_get_has_none() {
    let fake = Fake::new([json("{}"), json("{}"), json("{}"), json("{}")]);
    let client = fake.client();
    chat(&client).await.unwrap();
    chat(&client).await.unwrap();
    chat_with(&client, RequestOptions::new().idempotency_key("mine")).await.unwrap();
    client.execute(&FILES_RETRIEVE, Args::new(vec!["f".into()], "", vec![]), RequestOptions::new()).await.unwrap();
    let seen = fake.seen();
    assert_ne!(seen[0].header("idempotency-key"), seen[1].header("idempotency-key"));
    assert_eq!(seen[2].header("idempotency-key"), Some("mine"));
    assert_eq!(seen[3].header("idempotency-key"), None);
}

#[tokio::test(start_paused = true)]
async fn attempts_end_at_the_limit_and_the_error_counts_them() {
    for retries in [0, 2, 5] {
        let fake = Fake::new((0..=retries).map(|_| status(500, r#"{"error":{"message":"m"}}"#)));
        let error = chat_with(&fake.client(), RequestOptions::new().max_retries(retries)).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.attempts(), error.is_retryable()),
            (ErrorKind::InternalServer, retries + 1, true)
        );
        assert_eq!(fake.seen().len() as u32, retries + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_are_final() {
    for code in [400, 401, 403, 404, 413, 422] {
        let fake = Fake::new([status(code, "{}")]);
        let error = chat(&fake.client()).await.unwrap_err();
        assert_eq!((error.status(), error.attempts(), error.is_retryable()), (Some(code), 1, false));
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_retry_after_is_told_at_once() {
    let fake = Fake::new([with_header(429, "retry-after", "3600")]);
    let error = chat(&fake.client()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimit);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
    assert!(error.is_retryable());
    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_short_retry_after_is_obeyed() {
    let fake = Fake::new([with_header(429, "retry-after", "7"), json("{}")]);
    let start = Instant::now();
    chat(&fake.client()).await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 7);
}

#[tokio::test(start_paused = true)]
async fn an_exhausted_quota_is_final() {
    let fake = Fake::new([status(429, r#"{"error":{"message":"m","code":"insufficient_quota"}}"#)]);
    let error = chat(&fake.client()).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::RateLimit, Some("insufficient_quota")));
    assert!(!error.is_retryable());
}

#[tokio::test(start_paused = true)]
async fn the_server_may_overrule_the_status() {
    let fake = Fake::new([with_header(503, "x-should-retry", "false")]);
    assert_eq!(chat(&fake.client()).await.unwrap_err().attempts(), 1);
    let fake = Fake::new([with_header(400, "x-should-retry", "true"), json("{}")]);
    assert_eq!(chat(&fake.client()).await.unwrap().attempts, 2);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_is_asked_for_again() {
    let fake = Fake::new([Answer::Body(200, vec![], broken("{\"id\":")), json("{}")]);
    assert_eq!(chat(&fake.client()).await.unwrap().attempts, 2);
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_is_refused_is_final() {
    let fake = Fake::new([Answer::Fail(TransportErrorKind::Tls)]);
    let error = chat(&fake.client()).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Connection, false));
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_not_multiplied() {
    let calls = 1000;
    let fake = Fake::new((0..calls * 3).map(|_| status(503, "{}")));
    let client = fake.client();
    for _ in 0..calls {
        let clone = client.with_options(RequestOptions::new());
        chat(&clone).await.unwrap_err();
    }
    assert!(fake.seen().len() <= calls * 11 / 10, "{} requests", fake.seen().len());
}

#[tokio::test(start_paused = true)]
async fn an_upload_from_a_reader_is_sent_once_and_the_error_says_so() {
    let fake = Fake::new([status(503, "{}")]);
    let file = FileInput::from_reader(std::io::Cursor::new(b"content".to_vec())).with_filename("a.txt");
    let args = Args::new(vec![], r#"{"purpose":"assistants","file":{"$file":0}}"#, vec![file]);
    let error = fake.client().execute(&FILES_CREATE, args, RequestOptions::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::InternalServer, 1));
    assert!(error.message().contains("read only once"), "{error}");
    let body = String::from_utf8(fake.seen()[0].body.to_vec()).unwrap();
    assert!(body.contains("content") && body.contains("a.txt"));
}

#[tokio::test(start_paused = true)]
async fn an_upload_from_memory_is_sent_again_in_full() {
    let fake = Fake::new([status(503, "{}"), json("{}")]);
    let file = FileInput::from_bytes(Bytes::from_static(b"content"));
    let args = Args::new(vec![], r#"{"purpose":"assistants","file":{"$file":0}}"#, vec![file]);
    fake.client().execute(&FILES_CREATE, args, RequestOptions::new()).await.unwrap();
    let seen = fake.seen();
    assert_eq!(seen[0].body, seen[1].body);
    assert_eq!(seen[0].header("content-type"), seen[1].header("content-type"));
}

#[tokio::test]
async fn a_body_shorter_than_its_length_is_a_connection_error() {
    let server = Server::start(|_, _| {
        vec![Step::Send(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"id\":".to_vec()), Step::Close]
    });
    let error = soon(chat_with(&server.client(), RequestOptions::new().max_retries(1))).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Connection, 2));
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_reset_is_repeated_on_a_new_connection() {
    let server = Server::start(|n, _| if n == 0 { vec![Step::Reset] } else { tcp::reply(200, "", b"{}") });
    let reply = soon(chat(&server.client())).await.unwrap();
    assert_eq!(reply.attempts, 2);
}
