//! Uploads over a real connection: files, readers, and sources that fail.

mod support;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use support::soon;
use support::tcp::{self, Server};
use threadline::operations::FILES_CREATE;
use threadline::{Args, Client, Error, ErrorKind, FileInput, RawReply, RequestOptions};
use tokio::io::{AsyncRead, ReadBuf};

async fn upload(client: &Client, file: FileInput) -> Result<RawReply, Error> {
    let args = Args::new(vec![], r#"{"purpose":"batch","file":{"$file":0}}"#, vec![file]);
    soon(client.execute(&FILES_CREATE, args, RequestOptions::new())).await
}

/// A reader of `left` bytes that fails at its end.
struct Failing(usize);

impl AsyncRead for Failing {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let length = self.0.min(buf.remaining());
        if length == 0 {
            return Poll::Ready(Err(io::Error::other("the disk is on fire")));
        }
        buf.put_slice(&vec![b'x'; length]);
        self.0 -= length;
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn a_reader_is_sent_in_chunks_and_a_sized_one_with_its_length() {
    let server = Server::start(|_, _| tcp::reply(200, "", b"{}"));
    let client = server.client();
    let text = b"0123456789".repeat(100_000);
    upload(&client, FileInput::from_reader(io::Cursor::new(text.clone()))).await.unwrap();
    let sized = FileInput::from_sized_reader(io::Cursor::new(text.clone()), text.len() as u64);
    upload(&client, sized).await.unwrap();
    let requests = server.requests();
    assert!(requests[0].head.contains("transfer-encoding: chunked"));
    assert!(requests[1].head.contains("content-length: ") && requests[1].body.len() > text.len());
    assert!(requests[1].body.windows(20).any(|window| window == b"01234567890123456789"));
}

#[tokio::test]
async fn a_source_that_fails_is_the_callers_error_and_not_repeated() {
    let server = Server::start(|_, _| tcp::reply(200, "", b"{}"));
    let error = upload(&server.client(), FileInput::from_reader(Failing(100_000))).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Usage, 1));
    assert!(error.message().contains("on fire"), "{error}");
    assert!(server.accepted() <= 1 && server.requests().is_empty());
}

#[tokio::test]
async fn a_file_that_is_not_there_is_named_and_nothing_is_sent() {
    let server = Server::start(|_, _| tcp::reply(200, "", b"{}"));
    let error = upload(&server.client(), FileInput::from_path("/no/such/file.txt")).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Usage, 0));
    assert!(error.message().contains("/no/such/file.txt"));
    assert_eq!(server.accepted(), 0);
}

#[tokio::test]
async fn a_path_is_read_again_for_each_attempt() {
    let path = std::env::temp_dir().join(format!("threadline-{:x}.txt", fastrand::u64(..)));
    std::fs::write(&path, "the content of a file").unwrap();
    let server = Server::start(|n, _| tcp::reply(if n == 0 { 503 } else { 200 }, "retry-after-ms: 1\r\n", b"{}"));
    let reply = upload(&server.client(), FileInput::from_path(&path)).await.unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(reply.attempts, 2);
    let requests = server.requests();
    assert_eq!(requests[0].body, requests[1].body);
    assert!(requests[1].body.windows(21).any(|window| window == b"the content of a file"));
}
