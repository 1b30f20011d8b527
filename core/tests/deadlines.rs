//! The total time of a call holds, whatever the server does.
#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use support::fake::{Answer, Fake, events, status, with_header};
use support::soon;
use support::tcp::{Server, Step};
use threadline::operations::{CHAT_COMPLETIONS_CREATE as CHAT, FILES_CONTENT};
use threadline::transport::ByteStream;
use threadline::{Args, Client, Error, ErrorKind, RequestOptions};
use tokio::time::Instant;

const TOTAL: Duration = Duration::from_secs(10);

async fn chat(client: &Client, timeout: Duration) -> Error {
    let options = RequestOptions::new().timeout(timeout).max_retries(10);
    client.execute(&CHAT, Args::new(vec![], "{}", vec![]), options).await.unwrap_err()
}

/// A body of one byte a second.
fn dripping() -> ByteStream {
    Box::pin(stream::repeat(()).then(|()| async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok(Bytes::from_static(b" "))
    }))
}

#[tokio::test(start_paused = true)]
async fn silence_and_drips_end_at_the_deadline() {
    for answer in [Answer::Silence, Answer::Body(200, vec![], dripping())] {
        let fake = Fake::new([answer]);
        let start = Instant::now();
        let error = chat(&fake.client(), TOTAL).await;
        assert_eq!((error.kind(), error.attempts(), start.elapsed().as_secs()), (ErrorKind::Timeout, 1, 10));
        assert!(error.is_retryable());
    }
}

#[tokio::test(start_paused = true)]
async fn the_deadline_is_one_for_all_attempts_and_names_the_last_failure() {
    let fake = Fake::new([with_header(503, "retry-after", "4"), with_header(503, "retry-after", "4"), Answer::Silence]);
    let start = Instant::now();
    let error = chat(&fake.client(), TOTAL).await;
    assert_eq!((error.kind(), error.attempts(), start.elapsed().as_secs()), (ErrorKind::Timeout, 3, 10));
    let last = std::error::Error::source(&error).and_then(|e| e.downcast_ref::<Error>()).unwrap();
    assert_eq!(last.status(), Some(503));
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_deadline_is_not_begun() {
    let fake = Fake::new([with_header(503, "retry-after", "30")]);
    let start = Instant::now();
    let error = chat(&fake.client(), TOTAL).await;
    assert_eq!((error.status(), start.elapsed().as_secs()), (Some(503), 0));
}

#[tokio::test(start_paused = true)]
async fn an_error_body_that_drips_does_not_hold_up_the_error() {
    let fake = Fake::new([Answer::Body(400, vec![], dripping())]);
    let start = Instant::now();
    let error = chat(&fake.client(), Duration::from_secs(600)).await;
    assert_eq!((error.status(), start.elapsed().as_secs()), (Some(400), 5));
}

#[tokio::test(start_paused = true)]
async fn a_stream_has_the_total_time_for_its_first_event_only() {
    let slow: ByteStream =
        Box::pin(stream::iter(["data: {}\n\n", "data: {}\n\n", "data: [DONE]\n\n"]).then(|text| async move {
            tokio::time::sleep(Duration::from_secs(8)).await;
            Ok(Bytes::from_static(text.as_bytes()))
        }));
    let fake = Fake::new([events(slow)]);
    let options = RequestOptions::new().timeout(TOTAL);
    let mut stream = fake.client().stream(&CHAT, Args::default(), options.clone()).await.unwrap();
    let mut count = 0;
    while let Some(event) = stream.next().await {
        event.unwrap();
        count += 1;
    }
    assert_eq!(count, 2);

    let fake = Fake::new([events(Box::pin(stream::pending()))]);
    let start = Instant::now();
    let error = fake.client().stream(&CHAT, Args::default(), options).await.unwrap_err();
    assert_eq!((error.kind(), start.elapsed().as_secs()), (ErrorKind::Timeout, 10));
}

#[tokio::test(start_paused = true)]
async fn a_download_is_bound_by_the_deadline_and_by_the_idle_limit() {
    let args = || Args::new(vec!["file".into()], "", vec![]);
    let fake =
        Fake::new([Answer::Body(200, vec![], dripping()), Answer::Body(200, vec![], Box::pin(stream::pending()))]);
    let client = fake.client();
    let start = Instant::now();
    let options = RequestOptions::new().timeout(TOTAL);
    let download = client.download(&FILES_CONTENT, args(), options).await.unwrap();
    let error = download.bytes().await.unwrap_err();
    assert_eq!((error.kind(), start.elapsed().as_secs()), (ErrorKind::Timeout, 10));

    let start = Instant::now();
    let download = client.download(&FILES_CONTENT, args(), RequestOptions::new()).await.unwrap();
    let error = download.bytes().await.unwrap_err();
    assert_eq!((error.kind(), start.elapsed().as_secs()), (ErrorKind::IdleTimeout, 60));
}

#[tokio::test(start_paused = true)]
async fn a_huge_timeout_is_no_timeout() {
    let fake = Fake::new([status(400, "{}")]);
    assert_eq!(chat(&fake.client(), Duration::MAX).await.status(), Some(400));
}

#[tokio::test]
async fn a_head_that_drips_over_a_real_socket_ends_at_the_deadline_and_closes_it() {
    let server = Server::start(|_, _| {
        vec![Step::Send(b"HTTP/1.1 200 OK\r\n".to_vec()), Step::Drip(b"x-a: b\r\n".to_vec(), Duration::from_millis(20))]
    });
    let error = soon(chat(&server.client(), Duration::from_millis(200))).await;
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 1));
    server.all_closed().await;
}
