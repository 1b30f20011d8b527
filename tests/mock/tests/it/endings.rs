//! How requests are read, how connections end, and what the log says of it.

use threadline_mock::{ClosedBy, MockServer, reply};

use super::support::{Client, Ended, LIMIT, request};

async fn closed(server: &MockServer) -> threadline_mock::ConnectionLog {
    let done = server.wait(LIMIT, |log| log.connections.iter().any(|c| c.closed_by.is_some())).await;
    assert!(done, "the connection is still open: {:?}", server.connections());
    server.connections().remove(0)
}

async fn asked(reply: threadline_mock::Reply) -> (MockServer, Client) {
    let server = MockServer::start().await;
    server.script([reply]);
    let mut client = Client::connect(&server).await;
    client.send(&request("GET", "/v1/models", "", b"")).await;
    (server, client)
}

#[tokio::test]
async fn a_reset_is_a_reset_and_a_close_is_a_close() {
    let (server, mut client) = asked(reply!({"text": "abcdef", "stop": 3, "end": "reset"})).await;
    client.head().await.expect("a head");
    assert_eq!(client.rest().await.1, Ended::Reset);
    assert_eq!(closed(&server).await.closed_by, Some(ClosedBy::Server));
    let (server, mut client) = asked(reply!({"text": "abc", "end": {"do": "close", "after_ms": 1}})).await;
    let got = client.reply().await.expect("a reply");
    assert_eq!((got.text().as_str(), got.header("connection")), ("abc", None));
    assert_eq!(client.rest().await, (Vec::new(), Ended::Closed));
    drop(client);
    assert_eq!(closed(&server).await.closed_by, Some(ClosedBy::Server));
}

#[tokio::test]
async fn a_held_stream_stays_silent_until_the_client_closes() {
    let (server, mut client) = asked(reply!({"sse": ["[DONE]"], "last_chunk": false, "end": "hold"})).await;
    client.head().await.expect("a head");
    assert_eq!(client.bytes(19).await, b"e\r\ndata: [DONE]\n\n\r\n");
    let sent = server.connections()[0].bytes_out;
    drop(client);
    let log = closed(&server).await;
    assert_eq!((log.closed_by, log.unsent, log.requests), (Some(ClosedBy::Client), true, 1));
    assert_eq!(log.bytes_out, sent);
}

#[tokio::test]
async fn heartbeats_go_on_until_the_client_closes() {
    let (server, mut client) = asked(
        reply!({"sse": [{"a": 1}], "last_chunk": false, "end": {"do": "heartbeat", "text": ": hb\n\n", "every_ms": 1}}),
    )
    .await;
    client.head().await.expect("a head");
    client.bytes(20).await;
    for _ in 0..5 {
        assert_eq!(client.bytes(11).await, b"6\r\n: hb\n\n\r\n");
    }
    drop(client);
    assert_eq!(closed(&server).await.closed_by, Some(ClosedBy::Client));
}

#[tokio::test]
async fn a_client_that_closes_while_a_large_body_is_written_is_noticed() {
    let (server, mut client) = asked(reply!({"repeat": ["x", 1_000_000_000]})).await;
    client.bytes(100_000).await;
    drop(client);
    let log = closed(&server).await;
    assert_eq!((log.closed_by, log.unsent), (Some(ClosedBy::Client), true));
    assert!(log.bytes_out < 900_000_000, "{}", log.bytes_out);
}

#[tokio::test]
async fn a_pooled_connection_serves_on_or_goes_silent() {
    let server = MockServer::start().await;
    server.script([reply!({"text": "1"}), reply!({"text": "2", "end": "hold"}), reply!({"text": "3"})]);
    let mut client = Client::connect(&server).await;
    assert_eq!(client.call("GET", "/v1/models", "", b"").await.text(), "1");
    assert_eq!(client.call("GET", "/v1/models", "", b"").await.text(), "2");
    client.send(&request("GET", "/v1/models", "", b"")).await;
    // Nothing answers it, and nothing records it: to the client the socket is dead.
    assert_eq!(Client::connect(&server).await.call("GET", "/v1/models", "", b"").await.text(), "3");
    assert_eq!(
        server.requests().iter().map(|r| (r.connection, r.stream)).collect::<Vec<_>>(),
        [(1, 1), (1, 2), (2, 1)]
    );
}

#[tokio::test]
async fn a_reply_to_the_head_leaves_the_body_unread() {
    let server = MockServer::start().await;
    server.script([
        reply!({"on": "head", "status": 413, "text": "too large", "end": "close"}),
        reply!({"on": "head", "nothing": true, "end": "reset"}),
    ]);
    let mut client = Client::connect(&server).await;
    client.send(b"POST /v1/files HTTP/1.1\r\ncontent-length: 1000000\r\n\r\nabc").await;
    let got = client.reply().await.expect("a reply");
    assert_eq!((got.status, got.text().as_str()), (413, "too large"));
    assert_eq!(server.requests()[0].body.length, 0);
    let mut client = Client::connect(&server).await;
    client.send(b"POST /v1/files HTTP/1.1\r\ncontent-length: 1000000\r\n\r\nabc").await;
    assert_eq!(client.rest().await.1, Ended::Reset);
}

#[tokio::test]
async fn an_upload_stalls_when_the_server_does_not_read_it() {
    let server = MockServer::start().await;
    server.script([reply!({"read": {"bytes": 5}, "nothing": true, "end": "hold"})]);
    let mut client = Client::connect(&server).await;
    client.send(b"POST /v1/files HTTP/1.1\r\ncontent-length: 100000000\r\n\r\n").await;
    client.send(b"abcdefgh").await;
    assert!(server.wait(LIMIT, |log| log.requests.first().is_some_and(|r| r.reply.is_some())).await);
    assert_eq!(server.requests()[0].body.length, 5);
    let block = vec![b'x'; 1 << 20];
    let mut sent = 0;
    // The kernel's buffers take some; then nothing more goes out.
    loop {
        client.socket.writable().await.expect("open");
        match client.socket.try_write(&block) {
            Ok(n) => sent += n,
            Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => {
                let more = tokio::time::timeout(std::time::Duration::from_millis(200), client.socket.writable()).await;
                if more.is_err() {
                    break;
                }
            }
            Err(e) => panic!("{e}"),
        }
        assert!(sent < 90_000_000, "the server reads on");
    }
    assert!(server.connections()[0].bytes_in < 100);
}

#[tokio::test]
async fn expectations_are_met_unless_the_script_says_never() {
    const HEAD: &[u8] = b"POST /v1/files HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n";
    let server = MockServer::start().await;
    server.script([reply!({"text": "ok"}), reply!({"continue": false, "text": "ok"})]);
    let mut client = Client::connect(&server).await;
    client.send(HEAD).await;
    assert_eq!(client.head().await.expect("a head").status, 100);
    client.send(b"abc").await;
    assert_eq!(client.reply().await.expect("a reply").text(), "ok");
    client.send(HEAD).await;
    assert!(server.wait(LIMIT, |log| log.requests.len() == 2).await);
    client.send(b"abc").await;
    assert_eq!(client.reply().await.expect("a reply").status, 200);
}

#[tokio::test]
async fn a_connection_may_be_accepted_and_left_closed_or_garbled() {
    let server = MockServer::start().await;
    server.script([
        reply!({"on": "accept", "end": "reset"}),
        reply!({"on": "accept", "raw": "SSH-2.0-x\r\n"}),
        reply!({"on": "accept", "end": "hold"}),
        reply!({"text": "served"}),
    ]);
    let mut client = Client::connect(&server).await;
    assert_eq!(client.rest().await.1, Ended::Reset);
    let mut client = Client::connect(&server).await;
    assert_eq!(client.rest().await, (b"SSH-2.0-x\r\n".to_vec(), Ended::Closed));
    let mut silent = Client::connect(&server).await;
    silent.send(&request("GET", "/v1/models", "", b"")).await;
    assert_eq!(Client::connect(&server).await.call("GET", "/v1/models", "", b"").await.text(), "served");
    assert_eq!(server.requests().len(), 1);
    assert_eq!(server.left(), 0);
}

#[tokio::test]
async fn slow_reading_reads_everything() {
    let server = MockServer::start().await;
    server.script([reply!({"read": {"piece": 2, "every_ms": 1}, "text": "ok"})]);
    let got = Client::connect(&server).await.call("POST", "/v1/files", "", b"0123456789").await;
    assert_eq!(got.text(), "ok");
    assert_eq!(server.requests()[0].body.text(), "0123456789");
}
