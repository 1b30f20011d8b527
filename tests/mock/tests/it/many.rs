//! Many at once.

use threadline_mock::{MockServer, reply};

use super::support::{Client, LIMIT, request};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_streams_are_served_at_once() {
    const N: usize = 2000;
    let server = MockServer::start().await;
    server.script([reply!({"sse": [{"a": 1}, "[DONE]"], "cut": [{"at": 9, "gate": "all"}], "times": N})]);
    let mut clients = Vec::with_capacity(N);
    for _ in 0..N {
        let mut client = Client::connect(&server).await;
        client.send(&request("GET", "/v1/models", "", b"")).await;
        clients.push(client);
    }
    for client in &mut clients {
        assert_eq!(client.head().await.expect("a head").status, 200);
        client.bytes(5).await;
    }
    assert_eq!(server.connections().iter().filter(|c| c.closed_by.is_none()).count(), N);
    server.open("all");
    for client in &mut clients {
        client.bytes(20).await;
    }
    drop(clients);
    assert!(server.wait(LIMIT, |log| log.connections.iter().all(|c| c.closed_by.is_some())).await);
    assert_eq!(server.requests().len(), N);
}

#[tokio::test]
async fn servers_are_cheap_and_apart() {
    let mut servers = Vec::new();
    for i in 0..100 {
        let server = MockServer::start().await;
        server.script([reply!({"text": i.to_string()})]);
        servers.push(server);
    }
    for (i, server) in servers.iter().enumerate() {
        assert_eq!(super::support::get(server, "/v1/models").await.text(), i.to_string());
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_dropped_server_closes_its_connections() {
    let server = MockServer::start().await;
    server.script([reply!({"nothing": true, "end": "hold"})]);
    let mut client = Client::connect(&server).await;
    client.send(&request("GET", "/v1/models", "", b"")).await;
    assert!(server.wait(LIMIT, |log| log.requests.len() == 1).await);
    let address = server.address();
    drop(server);
    client.rest().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
