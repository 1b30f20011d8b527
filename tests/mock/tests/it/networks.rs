//! TLS, tunnels, and addresses and connections that do not answer.

use std::{io::ErrorKind, sync::Arc, time::Duration};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use serde_json::json;
use threadline_mock::{Certificates, MockServer, Shown, Tls, reply};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use super::support::{Client, LIMIT, request};

/// A handshake as `api.test`, trusting the test authority.
async fn shake_hands(server: &MockServer) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    let authority = Certificates::shared().authority.as_bytes();
    roots.add(CertificateDer::from_pem_slice(authority).expect("PEM")).expect("an authority");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let socket = TcpStream::connect(server.address()).await?;
    let name = ServerName::try_from("api.test").expect("a name");
    TlsConnector::from(Arc::new(config)).connect(name, socket).await
}

#[tokio::test]
async fn one_port_speaks_with_and_without_tls() {
    let server = MockServer::start().await;
    server.script([reply!({"text": "secret"}), reply!({"text": "open"})]);
    let mut stream = shake_hands(&server).await.expect("a good certificate");
    stream.write_all(&request("GET", "/v1/models", "connection: close\r\n", b"")).await.expect("the server reads");
    let mut text = String::new();
    stream.read_to_string(&mut text).await.expect("a proper end");
    assert!(text.ends_with("secret"), "{text}");
    assert_eq!(Client::connect(&server).await.call("GET", "/v1/models", "", b"").await.text(), "open");
}

#[tokio::test]
async fn bad_certificates_are_bad() {
    for (shown, why) in [
        (Shown::Expired, "expired"),
        (Shown::NotYetValid, "not valid yet"),
        (Shown::WrongHost, "not valid for name"),
        (Shown::UnknownAuthority, "UnknownIssuer"),
        (Shown::SelfSigned, "certificate"),
    ] {
        let server = MockServer::start().await;
        server.tls(Tls { certificate: shown, ..Tls::default() });
        let error = shake_hands(&server).await.expect_err("a client that judges");
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert!(error.to_string().contains(why), "{shown:?}: {error}");
        assert!(server.wait(LIMIT, |log| log.connections.first().is_some_and(|c| c.closed_by.is_some())).await);
    }
}

#[tokio::test]
async fn a_client_certificate_can_be_required() {
    let server = MockServer::start().await;
    server.tls(serde_json::from_value(json!({"client_certificate": "required"})).expect("in the notation"));
    // In TLS 1.3 the client is through before the server has looked.
    let mut stream = shake_hands(&server).await.expect("the client's half");
    let error = stream.read(&mut [0; 10]).await.expect_err("an alert");
    assert!(error.to_string().to_lowercase().contains("certificate"), "{error}");
}

#[tokio::test]
async fn a_tunnel_leads_to_another_server() {
    let (proxy, server) = (MockServer::start().await, MockServer::start().await);
    proxy.script([reply!({"for": "CONNECT *", "end": "tunnel"})]);
    server.script([reply!({"text": "through"})]);
    let mut client = Client::connect(&proxy).await;
    client.send(format!("CONNECT {} HTTP/1.1\r\nhost: x\r\n\r\n", server.address()).as_bytes()).await;
    let head = client.head().await.expect("a head");
    assert_eq!((head.status, head.header("content-length")), (200, None));
    assert_eq!(client.call("GET", "/v1/models", "", b"").await.text(), "through");
    let seen = proxy.requests();
    assert_eq!((seen.len(), seen[0].head.verb.as_str(), seen[0].violations.len()), (1, "CONNECT", 0));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_connection_in_a_black_hole_hears_nothing_more() {
    let server = MockServer::start().await;
    server.script([reply!({"text": "last words", "end": "blackhole"})]);
    let mut client = Client::connect(&server).await;
    assert_eq!(client.call("GET", "/v1/models", "", b"").await.text(), "last words");
    client.send(b"GET /v1/models HTTP/1.1\r\n\r\n").await;
    drop(client);
    assert!(!server.wait(Duration::from_millis(200), |log| log.connections[0].closed_by.is_some()).await);
    assert_eq!(server.requests().len(), 1);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_silent_address_neither_accepts_nor_refuses() {
    let server = MockServer::start().await;
    let silent = server.silent_origin();
    assert_eq!(silent, format!("http://127.0.0.2:{}", server.address().port()));
    let connecting = TcpStream::connect(silent.trim_start_matches("http://").to_owned());
    assert!(tokio::time::timeout(Duration::from_millis(300), connecting).await.is_err());
}

#[tokio::test]
async fn a_server_that_leaves_says_so_with_the_reply() {
    let server = MockServer::start().await;
    server.script([reply!({"text": "bye", "end": "leave"})]);
    let mut client = Client::connect(&server).await;
    let reply = client.call("GET", "/v1/models", "", b"").await;
    assert_eq!((reply.text().as_str(), reply.header("connection")), ("bye", Some("close")));
    assert_eq!(client.rest().await.0, b"");
}
