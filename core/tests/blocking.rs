//! The blocking interface, against a server that shows what the client does with its connections.
#![allow(clippy::unwrap_used)]
#![cfg(feature = "blocking")]

mod support;

use std::io::Read;

use support::tcp::{self, EVENTS, Server, Step};
use support::{chunk, sse};
use threadline::ErrorKind;
use threadline::blocking::{Client, run};
use threadline::types::{ChatCompletionCreateParams, ChatCompletionMessageParam};

fn params() -> ChatCompletionCreateParams {
    ChatCompletionCreateParams::new(Vec::<ChatCompletionMessageParam>::new(), "m")
}

fn client(server: &Server) -> Client {
    server.client().into()
}

fn model(server: &Server) -> String {
    client(server).models().retrieve("m").send_blocking().unwrap().id.clone()
}

fn models() -> Server {
    Server::start(|_, _| tcp::reply(200, "content-type: application/json\r\n", br#"{"id":"m1","object":"model"}"#))
}

#[test]
fn a_call_is_made_without_a_runtime() {
    assert_eq!(model(&models()), "m1");
}

#[test]
fn a_call_is_made_inside_of_a_runtime() {
    let server = models();
    for mut builder in [tokio::runtime::Builder::new_current_thread(), tokio::runtime::Builder::new_multi_thread()] {
        let runtime = builder.enable_all().build().unwrap();
        assert_eq!(runtime.block_on(async { model(&server) }), "m1");
    }
}

#[test]
fn clients_of_many_threads_share_one_runtime() {
    let server = models();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| model(&server))).collect();
        threads.into_iter().for_each(|thread| assert_eq!(thread.join().unwrap(), "m1"));
    });
}

#[test]
fn a_dropped_iterator_closes_its_socket() {
    let server = Server::start(|_, _| {
        vec![Step::Send(EVENTS.into()), Step::Send(tcp::chunk(sse(&[&chunk("a"), &chunk("b")]).as_bytes())), Step::Hold]
    });
    let mut stream = client(&server).chat().completions().create_stream(params()).send_blocking().unwrap();
    assert_eq!(stream.status(), 200);
    assert_eq!(stream.next().unwrap().unwrap().choices[0].delta.content.as_deref(), Some("a"));
    drop(stream);
    run(server.all_closed());
}

#[test]
fn a_broken_stream_ends_with_its_error() {
    let server = Server::start(|_, _| {
        vec![Step::Send(EVENTS.into()), Step::Send(tcp::chunk(sse(&[&chunk("a")]).as_bytes())), Step::Close]
    });
    let stream = client(&server).chat().completions().create_stream(params()).send_blocking().unwrap();
    let events: Vec<_> = stream.collect();
    assert!(events[0].is_ok());
    let error = events[1].as_ref().unwrap_err();
    assert_eq!((events.len(), error.partial().map(|partial| partial.text.as_str())), (2, Some("a")));
}

#[test]
fn a_download_is_read_to_its_end_and_its_errors_are_ours() {
    let server = Server::start(|number, _| match number {
        0 => tcp::reply(200, "content-type: application/octet-stream\r\n", b"0123456789"),
        _ => vec![Step::Send(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nabc".to_vec()), Step::Close],
    });
    let client = client(&server);
    let mut download = client.files().content("f").send_blocking().unwrap();
    let mut start = [0; 4];
    download.read_exact(&mut start).unwrap();
    assert_eq!((&start, &download.bytes().unwrap()[..]), (b"0123", &b"456789"[..]));

    let mut download = client.files().content("f").send_blocking().unwrap();
    let mut all = Vec::new();
    let error = download.read_to_end(&mut all).unwrap_err();
    assert_eq!(all, b"abc");
    assert_eq!(error.downcast::<threadline::Error>().unwrap().kind(), ErrorKind::Connection);
}

#[test]
fn items_come_page_after_page() {
    let page = |id: &str, more: bool| {
        let body = format!(r#"{{"object":"list","data":[{{"id":"{id}","object":"file"}}],"has_more":{more}}}"#);
        tcp::reply(200, "content-type: application/json\r\n", body.as_bytes())
    };
    let server = Server::start(move |number, _| page(&format!("f{number}"), number % 2 == 0));
    let client = client(&server);
    let ids: Vec<String> = client.files().list().items_blocking().map(|file| file.unwrap().id).collect();
    assert_eq!(ids, ["f0", "f1"]);
    let first = client.files().list().send_blocking().unwrap();
    let second = first.next_page().unwrap().unwrap();
    assert_eq!((&*second.data[0].id, second.next_page().unwrap().is_none()), ("f3", true));
}
