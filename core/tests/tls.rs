//! TLS against a real handshake. `certs/` holds throw-away keys of a throw-away authority, made for these tests.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use support::soon;
use threadline::operations::CHAT_COMPLETIONS_CREATE as CHAT;
use threadline::{Args, Client, Error, ErrorKind, RawReply, RequestOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const AUTHORITY: &[u8] = include_bytes!("certs/ca.pem");
const GOOD: &[u8] = include_bytes!("certs/good.pem");
const OTHER_HOST: &[u8] = include_bytes!("certs/other.pem");
const EXPIRED: &[u8] = include_bytes!("certs/expired.pem");

/// A server with this certificate that answers every request with `{}`; its base URL.
async fn serve(pem: &[u8], ask_for_certificate: bool) -> String {
    serve_at(TcpListener::bind("127.0.0.1:0").await.unwrap(), pem, ask_for_certificate)
}

fn serve_at(listener: TcpListener, pem: &[u8], ask_for_certificate: bool) -> String {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let chain = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_slice(pem).unwrap();
    let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let builder = if ask_for_certificate {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(AUTHORITY).unwrap()).unwrap();
        let verifier =
            rustls::server::WebPkiClientVerifier::builder_with_provider(roots.into(), provider).build().unwrap();
        builder.with_client_cert_verifier(verifier)
    } else {
        builder.with_no_client_auth()
    };
    let acceptor = TlsAcceptor::from(Arc::new(builder.with_single_cert(chain, key).unwrap()));
    let url = format!("https://{}/v1", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}").await;
            let _ = stream.shutdown().await;
        }
    });
    url
}

async fn call(url: &str, roots: Option<&[u8]>, identity: Option<&[u8]>) -> Result<RawReply, Error> {
    let mut builder = Client::builder().api_key("sk-test-key").base_url(url).system_proxy(false);
    if let Some(pem) = roots {
        builder = builder.ca_certificate_pem(pem);
    }
    if let Some(pem) = identity {
        builder = builder.client_certificate_pem(pem, pem);
    }
    soon(builder.build()?.execute(&CHAT, Args::default(), RequestOptions::new())).await
}

#[tokio::test]
async fn an_authority_of_the_users_own_is_trusted() {
    let url = serve(GOOD, false).await;
    assert_eq!(&call(&url, Some(AUTHORITY), None).await.unwrap().body[..], b"{}");
}

#[tokio::test]
async fn unknown_authorities_wrong_hosts_and_expired_certificates_are_refused_once() {
    for (pem, roots) in [(GOOD, None), (OTHER_HOST, Some(AUTHORITY)), (EXPIRED, Some(AUTHORITY))] {
        let url = serve(pem, false).await;
        let error = call(&url, roots, None).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.attempts(), error.is_retryable()),
            (ErrorKind::Connection, 1, false),
            "{error}"
        );
        assert!(error.message().contains("TLS") && error.message().contains("certificate"), "{error}");
    }
}

/// `IP(127.0.0.1)` is all that the certificate says of addresses, so the one of the newer kind is a wrong host to it.
#[tokio::test]
async fn an_ipv6_address_is_a_host_like_any_other() {
    let url = match TcpListener::bind("[::1]:0").await {
        Ok(listener) => serve_at(listener, GOOD, false),
        // Where there is no IPv6 nothing listens, which must be told as plainly.
        Err(_) => "https://[::1]:9/v1".to_owned(),
    };
    let error = call(&url, Some(AUTHORITY), None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection, "{error}");
    assert!(error.message().contains("[::1]:"), "{error}");
    assert!(error.message().contains("is not for") || url.ends_with(":9/v1"), "{error}");
}

#[tokio::test]
async fn a_client_certificate_is_shown_to_servers_that_ask() {
    let url = serve(GOOD, true).await;
    call(&url, Some(AUTHORITY), Some(GOOD)).await.unwrap();
    let client = call(&url, Some(AUTHORITY), None).await;
    assert_eq!(client.unwrap_err().kind(), ErrorKind::Connection);
}
