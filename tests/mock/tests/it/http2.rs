//! HTTP/2 with prior knowledge.

use bytes::Bytes;
use h2::{Reason, client};
use http::Request;
use threadline_mock::{MockServer, reply};
use tokio::net::TcpStream;

use super::support::LIMIT;

async fn connect(server: &MockServer) -> client::SendRequest<Bytes> {
    let socket = TcpStream::connect(server.address()).await.expect("the server listens");
    let (send, connection) = client::handshake(socket).await.expect("a handshake");
    tokio::spawn(connection);
    send.ready().await.expect("ready")
}

fn get(path: &str) -> Request<()> {
    Request::get(format!("http://mock{path}")).header("authorization", "Bearer k").body(()).expect("well formed")
}

async fn text(response: http::Response<h2::RecvStream>) -> Result<String, h2::Error> {
    let mut body = response.into_body();
    let mut out = Vec::new();
    while let Some(bytes) = body.data().await {
        let bytes = bytes?;
        body.flow_control().release_capacity(bytes.len())?;
        out.extend_from_slice(&bytes);
    }
    Ok(String::from_utf8(out).expect("UTF-8"))
}

#[tokio::test]
async fn the_service_speaks_http2_with_many_streams_on_one_connection() {
    let server = MockServer::start().await;
    let mut send = connect(&server).await;
    let first = send.send_request(get("/v1/models/a"), true).expect("sent").0;
    let second = send.send_request(get("/v1/models/b"), true).expect("sent").0;
    let (first, second) = (first.await.expect("a reply"), second.await.expect("a reply"));
    assert_eq!(first.status(), 200);
    assert!(text(first).await.expect("a body").contains("\"id\":\"a\""));
    assert!(text(second).await.expect("a body").contains("\"id\":\"b\""));
    let post = Request::post("http://mock/v1/embeddings")
        .header("authorization", "Bearer k")
        .header("content-type", "application/json")
        .body(())
        .expect("well formed");
    let (reply, mut body) = send.send_request(post, false).expect("sent");
    body.send_data(Bytes::from_static(br#"{"model":"m","input":"x"}"#), true).expect("sent");
    assert_eq!(reply.await.expect("a reply").status(), 200);
    let seen = server.requests();
    assert_eq!((seen[2].head.version, seen[2].connection, seen[2].body.text().len()), ("2", 1, 25));
    assert_eq!(server.connections().len(), 1);
}

#[tokio::test]
async fn a_large_scripted_body_flows_as_the_client_reads() {
    let server = MockServer::start().await;
    server.script([reply!({"repeat": ["x", 3_000_000]})]);
    let reply = connect(&server).await.send_request(get("/v1/models"), true).expect("sent").0.await.expect("a reply");
    assert_eq!(text(reply).await.expect("a body").len(), 3_000_000);
}

#[tokio::test]
async fn streams_are_reset_with_the_scripted_reason() {
    let server = MockServer::start().await;
    server.script([
        reply!({"nothing": true, "end": {"do": "reset", "reason": "REFUSED_STREAM"}}),
        reply!({"sse": [{"a": 1}, {"b": 2}], "stop": 9, "end": {"do": "reset"}}),
        reply!({"text": "fine"}),
    ]);
    let mut send = connect(&server).await;
    let error = send.send_request(get("/v1/models"), true).expect("sent").0.await.expect_err("a reset");
    assert_eq!(error.reason(), Some(Reason::REFUSED_STREAM));
    let reply = send.send_request(get("/v1/models"), true).expect("sent").0.await.expect("a head");
    assert_eq!(text(reply).await.expect_err("a reset").reason(), Some(Reason::INTERNAL_ERROR));
    let reply = send.send_request(get("/v1/models"), true).expect("sent").0.await.expect("a head");
    assert_eq!(text(reply).await.expect("a body"), "fine");
}

#[tokio::test]
async fn goaway_ends_the_connection() {
    let server = MockServer::start().await;
    server.script([reply!({"nothing": true, "end": {"do": "goaway", "reason": "ENHANCE_YOUR_CALM"}})]);
    let socket = TcpStream::connect(server.address()).await.expect("the server listens");
    let (send, connection) = client::handshake(socket).await.expect("a handshake");
    let ended = tokio::spawn(connection);
    let mut send = send.ready().await.expect("ready");
    send.send_request(get("/v1/models"), true).expect("sent").0.await.expect_err("no reply");
    let error = ended.await.expect("no panic").expect_err("the connection ends with an error");
    assert!(error.is_go_away(), "{error:?}");
    assert_eq!(error.reason(), Some(Reason::ENHANCE_YOUR_CALM));
}

#[tokio::test]
async fn a_client_that_resets_its_stream_is_noticed() {
    let server = MockServer::start().await;
    server.script([reply!({"sse": [{"a": 1}], "last_chunk": false, "end": "hold"})]);
    let mut send = connect(&server).await;
    let reply = send.send_request(get("/v1/models"), true).expect("sent").0.await.expect("a head");
    drop(reply);
    assert!(server.wait(LIMIT, |log| log.connections.first().is_some_and(|c| c.unsent)).await);
}
