//! What becomes of a reply: errors in all their shapes, compressed bodies, downloads.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_compression::tokio::write::{BrotliEncoder, GzipEncoder, ZstdEncoder};
use bytes::Bytes;
use futures_util::stream;
use support::fake::{Answer, Fake, json, pieces, status};
use support::soon;
use support::tcp::{self, Server, Step};
use threadline::operations::{CHAT_COMPLETIONS_CREATE as CHAT, FILES_CONTENT};
use threadline::transport::ByteStream;
use threadline::{Args, Client, Error, ErrorKind, RawReply, RequestOptions};
use tokio::io::AsyncWriteExt;

async fn chat(client: &Client) -> Result<RawReply, Error> {
    client.execute(&CHAT, Args::default(), RequestOptions::new().max_retries(0)).await
}

fn content() -> Args {
    Args::new(vec!["file-1".into()], "", vec![])
}

#[tokio::test]
async fn an_error_reply_keeps_the_providers_words_and_the_request_id() {
    let body = r#"{"error":{"message":"no","type":"t","code":"c","param":"p"}}"#;
    let headers = vec![("x-request-id", "req_1".to_owned())];
    let fake = Fake::new([Answer::Reply(400, headers, Bytes::from_static(body.as_bytes()))]);
    let error = chat(&fake.client()).await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::BadRequest, "no"));
    assert_eq!((error.error_type(), error.code(), error.param()), (Some("t"), Some("c"), Some("p")));
    assert_eq!((error.request_id(), &error.body()[..]), (Some("req_1"), body.as_bytes()));
}

#[tokio::test]
async fn an_error_body_of_50_mib_is_not_kept() {
    let taken = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&taken);
    let big: ByteStream = Box::pin(stream::iter((0..50 << 10).map(move |_| {
        counter.fetch_add(1024, Ordering::SeqCst);
        Ok(Bytes::from_static(&[b'x'; 1024]))
    })));
    let error = chat(&Fake::new([Answer::Body(500, vec![], big)]).client()).await.unwrap_err();
    assert_eq!((error.status(), error.body().len()), (Some(500), 64 << 10));
    assert_eq!(taken.load(Ordering::SeqCst), 64 << 10);
    assert!(error.message().len() < 1024);
}

#[tokio::test]
async fn a_success_that_is_an_error_is_an_error() {
    for (body, kind) in [
        (r#"{"choices":null,"error":{"message":"m"}}"#, ErrorKind::Api),
        (r#"{"error":{"message":"m"}}"#, ErrorKind::Api),
        ("<html>canary</html>", ErrorKind::Decode),
        ("", ErrorKind::Decode),
    ] {
        let headers = vec![("content-type", "text/html".to_owned())];
        let fake = Fake::new([Answer::Reply(200, headers, Bytes::from_static(body.as_bytes()))]);
        let error = chat(&fake.client()).await.unwrap_err();
        assert_eq!((error.kind(), error.status(), error.attempts()), (kind, Some(200), 1), "{body}");
        if kind == ErrorKind::Decode {
            assert!(error.message().contains("text/html") && !error.message().contains("canary"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_mark_before_the_json_is_left_out() {
    let fake = Fake::new([json("\u{feff}{}")]);
    assert_eq!(&chat(&fake.client()).await.unwrap().body[..], b"{}");
}

#[tokio::test]
async fn a_key_that_the_server_quotes_is_struck_out() {
    let fake = Fake::new([status(401, r#"{"error":{"message":"bad key sk-test-key given","param":"sk-test-key"}}"#)]);
    let error = chat(&fake.client()).await.unwrap_err();
    assert_eq!((error.message(), error.param()), ("bad key *** given", Some("***")));
    assert!(!String::from_utf8_lossy(error.body()).contains("sk-test-key"));
}

#[tokio::test]
async fn a_reply_beyond_the_callers_limit_is_refused() {
    let fake = Fake::new([json(&format!("[{}0]", "0,".repeat(500)))]);
    let options = RequestOptions::new().max_response_bytes(100);
    let error = fake.client().execute(&CHAT, Args::default(), options).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.message().contains("100"));
}

#[tokio::test]
async fn compressed_replies_are_asked_for_and_read() {
    let text = format!("{{\"a\":\"{}\"}}", "hello ".repeat(1000));
    let mut gzip = GzipEncoder::new(Vec::new());
    let mut br = BrotliEncoder::new(Vec::new());
    let mut zstd = ZstdEncoder::new(Vec::new());
    for encoder in [&mut gzip as &mut (dyn tokio::io::AsyncWrite + Unpin), &mut br, &mut zstd] {
        encoder.write_all(text.as_bytes()).await.unwrap();
        encoder.shutdown().await.unwrap();
    }
    for (coding, packed) in [("gzip", gzip.into_inner()), ("br", br.into_inner()), ("zstd", zstd.into_inner())] {
        let header = format!("content-encoding: {coding}\r\n");
        let server = Server::start(move |_, _| tcp::reply(200, &header, &packed));
        let reply = soon(chat(&server.client())).await.unwrap();
        assert_eq!(reply.body, text);
        assert!(!reply.headers.contains_key("content-encoding"));
        assert!(server.requests()[0].head.contains("accept-encoding: gzip, br, zstd"));
    }
}

#[tokio::test]
async fn a_wrong_content_coding_is_an_error_that_says_so() {
    let server = Server::start(|_, _| tcp::reply(200, "content-encoding: gzip\r\n", b"{\"plain\":true}"));
    let error = soon(chat(&server.client())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.message().contains("gzip"));
}

#[tokio::test]
async fn a_download_is_saved_byte_for_byte_and_appears_when_complete() {
    let folder = std::env::temp_dir().join(format!("threadline-{:x}", fastrand::u64(..)));
    std::fs::create_dir(&folder).unwrap();
    let path = folder.join("out.bin");
    let all: Vec<u8> = (0..100_000u32).flat_map(u32::to_le_bytes).collect();
    let body: Vec<Bytes> = all.chunks(777).map(Bytes::copy_from_slice).collect();
    let fake = Fake::new([Answer::Body(200, vec![], pieces(body))]);
    let download = fake.client().download(&FILES_CONTENT, content(), RequestOptions::new()).await.unwrap();
    assert_eq!(download.save_to(&path).await.unwrap(), all.len() as u64);
    assert_eq!(std::fs::read(&path).unwrap(), all);

    let fake = Fake::new([Answer::Body(200, vec![], support::fake::broken("half"))]);
    let download = fake.client().download(&FILES_CONTENT, content(), RequestOptions::new()).await.unwrap();
    let error = download.save_to(folder.join("half.bin")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection);
    let left: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["out.bin"]);

    let fake = Fake::new([json("{}")]);
    let download = fake.client().download(&FILES_CONTENT, content(), RequestOptions::new()).await.unwrap();
    let error = download.save_to(folder.join("missing").join("x")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn a_download_shorter_than_announced_is_an_error_after_its_bytes() {
    let server = Server::start(|_, _| {
        vec![Step::Send(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc".to_vec()), Step::Close]
    });
    let client = server.client();
    let mut download = soon(client.download(&FILES_CONTENT, content(), RequestOptions::new())).await.unwrap();
    assert_eq!(&soon(download.next_chunk()).await.unwrap().unwrap()[..], b"abc");
    assert_eq!(soon(download.next_chunk()).await.unwrap_err().kind(), ErrorKind::Connection);
    assert!(soon(download.next_chunk()).await.unwrap().is_none());
}
