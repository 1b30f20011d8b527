//! Whatever is dropped closes its connection and leaves nothing behind.

mod support;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use support::tcp::{self, EVENTS, Server, Step};
use support::{chunk, soon, sse};
use threadline::operations::{CHAT_COMPLETIONS_CREATE as CHAT, FILES_CONTENT};
use threadline::{Args, RequestOptions};

fn endless() -> Server {
    Server::start(|_, _| {
        vec![Step::Send(EVENTS.into()), Step::Send(tcp::chunk(sse(&[&chunk("a")]).as_bytes())), Step::Hold]
    })
}

#[tokio::test]
async fn a_dropped_stream_closes_its_socket() {
    let server = endless();
    let mut stream = server.client().stream(&CHAT, Args::default(), RequestOptions::new()).await.unwrap();
    assert!(soon(stream.next()).await.unwrap().is_ok());
    drop(stream);
    server.all_closed().await;
}

#[tokio::test]
async fn a_closed_stream_is_at_its_end() {
    let server = endless();
    let mut stream = server.client().stream(&CHAT, Args::default(), RequestOptions::new()).await.unwrap();
    stream.close();
    assert!(stream.next().await.is_none());
    server.all_closed().await;
}

#[tokio::test]
async fn a_dropped_call_closes_its_socket() {
    let server = Server::start(|_, _| vec![Step::Hold]);
    let client = server.client();
    {
        let mut call = pin!(client.execute(&CHAT, Args::default(), RequestOptions::new()));
        let mut opened = pin!(server.some_open());
        // Both run until the server has the connection; then the call is dropped.
        poll_fn(|cx| {
            assert!(call.as_mut().poll(cx).is_pending());
            opened.as_mut().poll(cx)
        })
        .await;
    }
    server.all_closed().await;
}

#[tokio::test]
async fn a_dropped_download_closes_its_socket() {
    let server = Server::start(|_, _| {
        vec![Step::Send(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nabc".to_vec()), Step::Hold]
    });
    let args = Args::new(vec!["f".into()], "", vec![]);
    let mut download = server.client().download(&FILES_CONTENT, args, RequestOptions::new()).await.unwrap();
    assert_eq!(&soon(download.next_chunk()).await.unwrap().unwrap()[..], b"abc");
    drop(download);
    server.all_closed().await;
}

#[tokio::test]
async fn ten_thousand_cancelled_streams_leave_no_task_and_no_socket() {
    let server = endless();
    let client = server.client();
    let metrics = tokio::runtime::Handle::current().metrics();
    let before = metrics.num_alive_tasks();
    for _ in 0..100 {
        let opened: Vec<_> = (0..100).map(|_| client.stream(&CHAT, Args::default(), RequestOptions::new())).collect();
        let mut streams = soon(futures_util::future::try_join_all(opened)).await.unwrap();
        // One is waited for while it is dropped, the others lie idle.
        let mut first = pin!(streams[0].next_batch(8));
        poll_fn(|cx| {
            let _ = first.as_mut().poll(cx);
            Poll::Ready(())
        })
        .await;
    }
    server.all_closed().await;
    soon(async {
        while metrics.num_alive_tasks() > before {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(server.requests().len(), 10_000);
}

#[tokio::test]
async fn a_client_dropped_with_streams_open_closes_them_with_the_streams() {
    let server = endless();
    let client = server.client();
    let opened: Vec<_> = (0..50).map(|_| client.stream(&CHAT, Args::default(), RequestOptions::new())).collect();
    let mut streams = soon(futures_util::future::try_join_all(opened)).await.unwrap();
    drop(client);
    assert!(soon(streams[0].next()).await.unwrap().is_ok(), "streams outlive their client");
    drop(streams);
    server.all_closed().await;
}

/// A stream that ends with its `[DONE]`, and then does this.
fn done(after: Vec<Step>) -> Server {
    Server::start(move |_, _| {
        let events = tcp::chunk(sse(&[&chunk("a"), "[DONE]"]).as_bytes());
        [vec![Step::Send(EVENTS.into()), Step::Send(events)], after.clone()].concat()
    })
}

#[tokio::test]
async fn a_reply_that_ends_behind_its_last_event_leaves_its_connection_for_the_next_call() {
    let server = done(vec![Step::Wait(Duration::from_millis(20)), Step::Send(b"0\r\n\r\n".to_vec())]);
    let client = server.client();
    for _ in 0..3 {
        let mut stream = client.stream(&CHAT, Args::default(), RequestOptions::new()).await.unwrap();
        while soon(stream.next()).await.transpose().unwrap().is_some() {}
        drop(stream);
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    assert_eq!((server.requests().len(), server.accepted()), (3, 1));
}

#[tokio::test]
async fn a_reply_that_does_not_end_behind_its_last_event_is_not_waited_for() {
    for after in [Step::Hold, Step::Drip(tcp::chunk(&[b' '; 4096]), Duration::ZERO)] {
        let server = done(vec![after]);
        let mut stream = server.client().stream(&CHAT, Args::default(), RequestOptions::new()).await.unwrap();
        assert!(soon(stream.next()).await.unwrap().is_ok());
        assert!(soon(stream.next()).await.is_none());
        // Its stream is still held.
        server.all_closed().await;
    }
}
