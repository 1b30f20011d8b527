//! TLS, and TLS through a proxy.

use threadline::types::RealtimeServerEvent;
use threadline::{Client, ErrorKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::peer::{event, soon, tls_address};

const AUTHORITY: &[u8] = include_bytes!("../../core/tests/certs/ca.pem");

fn client(authority: Option<&[u8]>, proxy: Option<&str>) -> Client {
    let base = format!("https://{}/v1", tls_address());
    let mut builder = Client::builder().api_key("sk-test-key").base_url(base).system_proxy(false);
    if let Some(pem) = authority {
        builder = builder.ca_certificate_pem(pem);
    }
    if let Some(url) = proxy {
        builder = builder.proxy(url);
    }
    builder.build().unwrap()
}

/// A proxy that answers `CONNECT` with this status; what it was asked for comes through the channel.
async fn proxy(status: u16) -> (String, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://user:s3cr3t@{}", listener.local_addr().unwrap());
    let (heads, asked) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            heads.send(String::from_utf8(head).unwrap()).unwrap();
            stream.write_all(format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n").as_bytes()).await.unwrap();
            if status == 200 {
                let mut target = TcpStream::connect(tls_address()).await.unwrap();
                tokio::spawn(async move { copy_bidirectional(&mut stream, &mut target).await });
            }
        }
    });
    (url, asked)
}

#[tokio::test]
async fn a_connection_over_tls_trusts_the_users_own_authority() {
    let connecting = client(Some(AUTHORITY), None).realtime().connect("conversation");
    let mut connection = soon(async { connecting.await }).await.unwrap();
    assert!(matches!(event(&mut connection).await, RealtimeServerEvent::SessionCreated(_)));
    let connecting = client(None, None).realtime().connect("conversation");
    let error = soon(async { connecting.await }).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Connection, false));
    assert!(error.message().contains("TLS"), "{error}");
}

#[tokio::test]
async fn a_connection_goes_through_the_clients_proxy() {
    let (url, mut asked) = proxy(200).await;
    let connecting = client(Some(AUTHORITY), Some(&url)).realtime().connect("conversation");
    let mut connection = soon(async { connecting.await }).await.unwrap();
    assert!(matches!(event(&mut connection).await, RealtimeServerEvent::SessionCreated(_)));
    let head = asked.recv().await.unwrap();
    assert!(head.starts_with(&format!("CONNECT {} HTTP/1.1", tls_address())), "{head}");
    assert!(head.to_ascii_lowercase().contains("proxy-authorization: basic") && !head.contains("sk-test"), "{head}");
}

#[tokio::test]
async fn a_proxy_that_refuses_is_a_connection_error() {
    let (url, _asked) = proxy(407).await;
    let connecting = client(Some(AUTHORITY), Some(&url)).realtime().connect("conversation");
    let error = soon(async { connecting.await }).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection);
    assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{error:?}");
}
