//! Every kind of scripted reply, byte by byte.

use serde_json::json;
use threadline_mock::{MockServer, reply};

use super::support::{Client, Ended, LIMIT, call, get, request};

async fn scripted(reply: threadline_mock::Reply) -> (MockServer, Client) {
    let server = MockServer::start().await;
    server.script([reply]);
    let mut client = Client::connect(&server).await;
    client.send(&request("GET", "/v1/models", "", b"")).await;
    (server, client)
}

#[tokio::test]
async fn status_headers_and_bodies_are_as_scripted() {
    let headers = json!({"retry-after": "3", "x-many": ["a", "b"], "content-type": null});
    let (server, mut client) =
        scripted(reply!({"status": 429, "reason": "Slow", "headers": headers, "json": {"a": [1]}})).await;
    let got = client.reply().await.expect("a reply");
    assert_eq!((got.status, got.header("retry-after"), got.header("content-type")), (429, Some("3"), None));
    assert_eq!(got.headers.iter().filter(|(k, _)| k == "x-many").count(), 2);
    assert_eq!(got.text(), "{\"a\":[1]}");
    assert!(server.wait(LIMIT, |log| log.requests[0].reply.as_ref().is_some_and(|r| r.whole)).await);
    let seen = server.requests();
    let sent = seen[0].reply.as_ref().expect("a reply");
    assert_eq!(
        (sent.source, sent.status, sent.whole, sent.body.json()),
        ("scripted", 429, true, Some(json!({"a": [1]})))
    );
}

#[tokio::test]
async fn replies_are_taken_in_order_by_route_and_run_out() {
    let server = MockServer::start().await;
    server.script([
        reply!({"for": "GET /files/{id}", "text": "file", "times": 2}),
        reply!({"text": "first"}),
        reply!({"for": "POST *", "text": "post", "times": "always"}),
    ]);
    assert_eq!(get(&server, "/v1/files/f").await.text(), "file");
    assert_eq!(get(&server, "/v1/models").await.text(), "first");
    assert_eq!(get(&server, "/v1/files/f").await.text(), "file");
    for _ in 0..3 {
        assert_eq!(call(&server, "POST", "/v1/anything", None).await.text(), "post");
    }
    let got = get(&server, "/v1/models").await;
    assert_eq!((got.status, got.json()["error"]["code"].clone()), (500, json!("mock_unscripted")));
    assert_eq!(server.requests().last().and_then(|s| s.reply.as_ref().map(|r| r.source)), Some("unscripted"));
}

#[tokio::test]
async fn scripted_service_records_violations_but_does_not_refuse() {
    let server = MockServer::start().await;
    server.script([reply!({"json": {}})]);
    assert_eq!(call(&server, "POST", "/v1/embeddings", Some(json!({"model": 1}))).await.status, 200);
    assert_eq!(server.requests()[0].violations.len(), 2);
}

#[tokio::test]
async fn synth_gives_the_unscripted_answer_with_members_laid_over() {
    let server = MockServer::start().await;
    let plain = get(&server, "/v1/models/m").await.json();
    server.script([reply!({"synth": true}), reply!({"synth": {"owned_by": "me", "created": null, "new": {"x": 1}}})]);
    assert_eq!(get(&server, "/v1/models/m").await.json(), plain);
    let laid = get(&server, "/v1/models/m").await.json();
    assert_eq!((&laid["owned_by"], &laid["new"], laid.get("created")), (&json!("me"), &json!({"x": 1}), None));
    assert_eq!(laid["id"], "m");
}

#[tokio::test]
async fn streams_are_cut_where_the_script_says() {
    let (_server, mut client) = scripted(reply!({"sse": [{"a": 1}, "[DONE]"], "cut": [3, 9, 15]})).await;
    let got = client.reply().await.expect("a reply");
    assert_eq!(got.text(), "data: {\"a\":1}\n\ndata: [DONE]\n\n");
    assert_eq!(got.chunks, [3, 6, 6, 14]);
    let (_server, mut client) =
        scripted(reply!({"text": "abcdefgh", "framing": "chunked", "piece": 3, "every_ms": 1})).await;
    assert_eq!(client.reply().await.expect("a reply").chunks, [3, 3, 2]);
}

#[tokio::test]
async fn a_gate_holds_the_rest_back_until_it_is_opened() {
    let (server, mut client) =
        scripted(reply!({"text": "abcdef", "framing": "chunked", "gate": "head", "cut": [{"at": 2, "gate": "rest"}]}))
            .await;
    assert!(server.wait(LIMIT, |log| log.requests.iter().any(|r| r.reply.is_some())).await);
    assert_eq!(server.connections()[0].bytes_out, 0);
    server.open("head");
    client.head().await.expect("a head");
    assert_eq!(client.bytes(7).await, b"2\r\nab\r\n");
    server.open("rest");
    assert_eq!(client.bytes(9).await, b"4\r\ncdef\r\n");
}

#[tokio::test]
async fn a_lying_length_and_a_missing_last_chunk_go_out_as_they_are() {
    let reply = reply!({"text": "abc", "headers": {"content-length": "10"}, "end": "close"});
    let (_server, mut client) = scripted(reply).await;
    assert_eq!(client.head().await.expect("a head").header("content-length"), Some("10"));
    assert_eq!(client.rest().await, (b"abc".to_vec(), Ended::Closed));
    let (_server, mut client) = scripted(reply!({"text": "abc", "headers": {"content-length": ["3", "4"]}})).await;
    assert_eq!(client.head().await.expect("a head").headers.iter().filter(|(k, _)| k == "content-length").count(), 2);
    let (server, mut client) = scripted(reply!({"sse": "data: x\n\n", "last_chunk": false})).await;
    client.head().await.expect("a head");
    assert_eq!(client.rest().await, (b"9\r\ndata: x\n\n\r\n".to_vec(), Ended::Closed));
    assert!(server.wait(LIMIT, |log| log.requests[0].reply.as_ref().is_some_and(|r| r.whole)).await);
}

#[tokio::test]
async fn a_body_ends_with_the_connection_or_breaks_off() {
    let (_server, mut client) = scripted(reply!({"text": "abc", "framing": "close"})).await;
    let head = client.head().await.expect("a head");
    assert_eq!((head.header("connection"), head.header("content-length")), (Some("close"), None));
    assert_eq!(client.rest().await, (b"abc".to_vec(), Ended::Closed));
    let (server, mut client) = scripted(reply!({"text": "abcdef", "stop": 2})).await;
    assert_eq!(client.head().await.expect("a head").header("content-length"), Some("6"));
    assert_eq!(client.rest().await, (b"ab".to_vec(), Ended::Closed));
    assert_eq!(server.requests()[0].reply.as_ref().map(|r| r.whole), Some(false));
}

#[tokio::test]
async fn raw_bytes_and_nothing_are_written_verbatim() {
    let (_server, mut client) = scripted(reply!({"raw": "HTTP/1.1 9999 ?\r\n"})).await;
    assert_eq!(client.rest().await, (b"HTTP/1.1 9999 ?\r\n".to_vec(), Ended::Closed));
    let (_server, mut client) = scripted(reply!({"raw": [{"base64": "/w=="}, {"repeat": ["ab", 3]}]})).await;
    assert_eq!(client.rest().await, (b"\xffababab".to_vec(), Ended::Closed));
    let (_server, mut client) = scripted(reply!({"nothing": true})).await;
    assert_eq!(client.rest().await, (Vec::new(), Ended::Closed));
}

#[tokio::test]
async fn heads_flood_grow_and_drip() {
    let (_server, mut client) =
        scripted(reply!({"interim": [{"status": 103, "headers": {"link": "x"}, "times": 40}], "text": "x"})).await;
    for _ in 0..40 {
        assert_eq!(client.head().await.expect("a head").status, 103);
    }
    assert_eq!(client.reply().await.expect("a reply").text(), "x");
    let (server, mut client) = scripted(reply!({"pad_head": 4_194_304, "text": "x"})).await;
    assert_eq!(client.reply().await.expect("a reply").text(), "x");
    assert!(server.connections()[0].bytes_out > 4_194_304);
    let (_server, mut client) =
        scripted(reply!({"head_piece": 7, "head_every_ms": 1, "delay_ms": 1, "body_delay_ms": 1, "text": "x"})).await;
    assert_eq!(client.reply().await.expect("a reply").text(), "x");
}

#[tokio::test]
async fn encodings_are_right_wrong_or_damaged() {
    use std::io::Read as _;
    let (_server, mut client) = scripted(reply!({"json": {"a": 1}, "encoding": "gzip"})).await;
    let got = client.reply().await.expect("a reply");
    assert_eq!(got.header("content-encoding"), Some("gzip"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(&got.body[..]).read_to_string(&mut text).expect("gzip");
    assert_eq!(text, "{\"a\":1}");
    let (_server, mut client) = scripted(reply!({"json": {"a": 1}, "encoding": "gzip", "corrupt": [0]})).await;
    assert_eq!(client.reply().await.expect("a reply").body[0], !0x1f);
    let (_server, mut client) = scripted(reply!({"text": "plain", "headers": {"content-encoding": "gzip"}})).await;
    assert_eq!(client.reply().await.expect("a reply").text(), "plain");
}

#[tokio::test]
async fn a_bomb_is_made_while_it_is_sent() {
    for encoding in ["gzip", "br", "zstd"] {
        let (server, mut client) = scripted(reply!({"repeat": ["0", 10_737_418_240_u64], "encoding": encoding})).await;
        assert_eq!(client.head().await.expect("a head").header("content-encoding"), Some(encoding));
        client.bytes(2000).await;
        drop(client);
        assert!(server.wait(LIMIT, |log| log.connections[0].closed_by.is_some()).await, "{encoding}");
    }
}

#[tokio::test]
async fn variables_name_this_server_the_other_one_and_one_that_refuses() {
    let server = MockServer::start().await;
    server.script([
        reply!({"status": 307, "headers": {"location": "${other}/v1/x?a=${host}"}}),
        reply!({"text": "${origin} ${refused}"}),
    ]);
    let got = get(&server, "/v1/models").await;
    assert_eq!(got.header("location"), Some(&*format!("{}/v1/x?a={}", server.other_origin(), server.address())));
    assert_eq!(get(&server, "/v1/models").await.text(), format!("{} {}", server.origin(), server.refused_origin()));
    assert_eq!((server.other().connections, server.other().bytes.len()), (0, 0));
    let other = server.other_origin();
    let mut socket = tokio::net::TcpStream::connect(other.trim_start_matches("http://")).await.expect("it listens");
    tokio::io::AsyncWriteExt::write_all(&mut socket, b"secret").await.expect("it reads");
    assert!(server.wait(LIMIT, |log| log.other.bytes == b"secret").await);
    let refused = server.refused_origin();
    let error =
        tokio::net::TcpStream::connect(refused.trim_start_matches("http://")).await.expect_err("nobody listens");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn a_proxy_may_refuse_to_connect() {
    let server = MockServer::start().await;
    server.script([reply!({"for": "CONNECT *", "status": 407})]);
    let mut client = Client::connect(&server).await;
    client.send(b"CONNECT api.test:443 HTTP/1.1\r\nhost: api.test:443\r\n\r\n").await;
    assert_eq!(client.reply().await.expect("a reply").status, 407);
    assert_eq!(server.requests()[0].head.path, "api.test:443");
}
