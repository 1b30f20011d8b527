//! Calls through a SOCKS5 proxy: names are resolved there, credentials are given, refusals are told.
#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;

use threadline::{Client, ErrorKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// A server that answers every connection with one model.
async fn server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                let body = r#"{"id":"m","object":"model","created":1,"owned_by":"o"}"#;
                let reply = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                );
                stream.write_all(reply.as_bytes()).await.unwrap();
            });
        }
    });
    address
}

/// What the proxy was told: user and password, and where to connect to.
type Told = (Option<(String, String)>, String);

async fn text(stream: &mut TcpStream) -> String {
    let length = stream.read_u8().await.unwrap();
    let mut bytes = vec![0; length.into()];
    stream.read_exact(&mut bytes).await.unwrap();
    String::from_utf8(bytes).unwrap()
}

/// One conversation of RFC 1928 and 1929. Everything leads to `target`; `status` 0 says that it does.
async fn serve(mut stream: TcpStream, target: SocketAddr, status: u8, told: mpsc::UnboundedSender<Told>) {
    assert_eq!(stream.read_u8().await.unwrap(), 5, "SOCKS version");
    let mut methods = vec![0; stream.read_u8().await.unwrap().into()];
    stream.read_exact(&mut methods).await.unwrap();
    let with_password = methods.contains(&2);
    stream.write_all(&[5, if with_password { 2 } else { 0 }]).await.unwrap();
    let mut credentials = None;
    if with_password {
        assert_eq!(stream.read_u8().await.unwrap(), 1, "version of the sign-in");
        credentials = Some((text(&mut stream).await, text(&mut stream).await));
        stream.write_all(&[1, 0]).await.unwrap();
    }
    let mut asked = [0; 4];
    stream.read_exact(&mut asked).await.unwrap();
    assert_eq!(asked[..2], [5, 1], "a CONNECT");
    let host = match asked[3] {
        1 => std::net::Ipv4Addr::from(stream.read_u32().await.unwrap()).to_string(),
        4 => std::net::Ipv6Addr::from(stream.read_u128().await.unwrap()).to_string(),
        _ => text(&mut stream).await,
    };
    let port = stream.read_u16().await.unwrap();
    told.send((credentials, format!("{host}:{port}"))).unwrap();
    stream.write_all(&[5, status, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
    if status == 0 {
        let mut onward = TcpStream::connect(target).await.unwrap();
        let _ = copy_bidirectional(&mut stream, &mut onward).await;
    }
}

async fn proxy(status: u8) -> (SocketAddr, mpsc::UnboundedReceiver<Told>) {
    let target = server().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, told) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, target, status, sender.clone()));
        }
    });
    (address, told)
}

fn client(base_url: &str, proxy: &str) -> Client {
    Client::builder().api_key("sk-test").base_url(base_url).proxy(proxy).max_retries(0).build().unwrap()
}

#[tokio::test]
async fn names_are_resolved_by_the_proxy_where_the_scheme_says_so() {
    let (address, mut told) = proxy(0).await;
    let client = client("http://models.invalid:8080/v1", &format!("socks5h://{address}"));
    assert_eq!(client.models().retrieve("m").await.unwrap().id, "m");
    assert_eq!(told.recv().await.unwrap(), (None, "models.invalid:8080".to_owned()));
}

#[tokio::test]
async fn credentials_of_the_url_are_given_and_an_ipv6_address_stays_one() {
    let (address, mut told) = proxy(0).await;
    let client = client("http://[2001:db8::7]:8080/v1", &format!("socks5h://user:s3cr3t@{address}"));
    assert_eq!(client.models().retrieve("m").await.unwrap().id, "m");
    let (credentials, place) = told.recv().await.unwrap();
    assert_eq!(credentials, Some(("user".to_owned(), "s3cr3t".to_owned())));
    assert!(place == "2001:db8::7:8080" || place == "[2001:db8::7]:8080", "{place}");
}

#[tokio::test]
async fn a_proxy_that_refuses_is_a_connection_error_without_its_password() {
    let (address, _told) = proxy(5).await;
    let client = client("http://models.invalid:8080/v1", &format!("socks5h://user:s3cr3t@{address}"));
    let error = client.models().retrieve("m").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection, "{error}");
    assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{error:?}");
}
