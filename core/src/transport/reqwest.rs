//! The default transport: reqwest over rustls.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use futures_util::TryStreamExt;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, Proxy};
use rustls::pki_types::CertificateDer;

use super::{
    ByteStream, HttpRequest, HttpResponse, RequestBody, SendFuture, Transport, TransportError, TransportErrorKind,
    decompress, describe, tls,
};
use crate::error::Error;

/// The default [`Transport`]: pooled connections, HTTP/1.1 and HTTP/2, TLS 1.2 or newer with the system's trust
/// store, the system's proxies.
#[derive(Clone)]
pub struct ReqwestTransport {
    client: Client,
}

impl fmt::Debug for ReqwestTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReqwestTransport").finish_non_exhaustive()
    }
}

/// Settings of a [`ReqwestTransport`].
#[must_use]
pub struct ReqwestTransportBuilder {
    connect_timeout: Duration,
    pool_idle_timeout: Duration,
    pool_max_idle_per_host: usize,
    http1_only: bool,
    http2_prior_knowledge: bool,
    system_proxy: bool,
    proxies: Vec<Proxy>,
    certificates: Vec<CertificateDer<'static>>,
    identity: Option<tls::Identity>,
}

impl fmt::Debug for ReqwestTransportBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Proxies may hold a password, the identity is a private key.
        f.debug_struct("ReqwestTransportBuilder")
            .field("connect_timeout", &self.connect_timeout)
            .field("proxies", &self.proxies.len())
            .field("certificates", &self.certificates.len())
            .field("identity", &self.identity.is_some())
            .finish_non_exhaustive()
    }
}

impl Default for ReqwestTransportBuilder {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            pool_idle_timeout: Duration::from_secs(60),
            pool_max_idle_per_host: usize::MAX,
            http1_only: false,
            http2_prior_knowledge: false,
            system_proxy: true,
            proxies: Vec::new(),
            certificates: Vec::new(),
            identity: None,
        }
    }
}

impl ReqwestTransportBuilder {
    /// Longest time for name, TCP and TLS together. Default 5 s.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// How long an unused connection is kept. Default 60 s.
    pub fn pool_idle_timeout(mut self, limit: Duration) -> Self {
        self.pool_idle_timeout = limit;
        self
    }

    /// How many unused connections are kept for one host. Default: no limit.
    pub fn pool_max_idle_per_host(mut self, count: usize) -> Self {
        self.pool_max_idle_per_host = count;
        self
    }

    /// Speaks HTTP/1.1 only. Default: HTTP/2 where the server offers it over TLS.
    pub fn http1_only(mut self, on: bool) -> Self {
        self.http1_only = on;
        self
    }

    /// Speaks HTTP/2 from the first byte, also without TLS. Default off.
    pub fn http2_prior_knowledge(mut self, on: bool) -> Self {
        self.http2_prior_knowledge = on;
        self
    }

    /// Ignores the system's proxies and the proxy variables of the environment.
    pub fn no_proxy(mut self) -> Self {
        self.system_proxy = false;
        self.proxies.clear();
        self
    }

    /// Sends everything through this proxy: `http://`, `https://` or `socks5://`, with user and password if needed.
    ///
    /// # Errors
    /// Kind `usage` if the URL cannot be used.
    pub fn proxy(mut self, url: &str) -> Result<Self, Error> {
        let proxy = Proxy::all(url).map_err(|_| Error::usage("the proxy URL cannot be used"))?;
        self.proxies.push(proxy);
        Ok(self)
    }

    /// Trusts these certificate authorities (PEM, one or many) besides the system's.
    ///
    /// # Errors
    /// Kind `usage` if the text holds no certificate.
    pub fn root_certificates(mut self, pem: &[u8]) -> Result<Self, Error> {
        self.certificates.extend(tls::certificates(pem)?);
        Ok(self)
    }

    /// Shows this certificate to servers that ask for one (PEM: private key and certificate chain).
    ///
    /// # Errors
    /// Kind `usage` if the text is no such pair.
    pub fn client_certificate(mut self, pem: &[u8]) -> Result<Self, Error> {
        self.identity = Some(tls::identity(pem)?);
        Ok(self)
    }

    /// Makes the transport. Opens no connection.
    ///
    /// # Errors
    /// Kind `usage` if the settings contradict each other. A system without a trust store shows when TLS is used.
    pub fn build(self) -> Result<ReqwestTransport, Error> {
        let protocols: &[&[u8]] = match (self.http1_only, self.http2_prior_knowledge) {
            (true, _) => &[b"http/1.1"],
            (false, true) => &[b"h2"],
            (false, false) => &[b"h2", b"http/1.1"],
        };
        let mut builder = Client::builder()
            .tls_backend_preconfigured(tls::config(self.certificates, self.identity, protocols)?)
            .redirect(Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .connect_timeout(self.connect_timeout)
            .pool_idle_timeout(self.pool_idle_timeout)
            .pool_max_idle_per_host(self.pool_max_idle_per_host)
            .tcp_nodelay(true)
            .tcp_keepalive(Duration::from_secs(30))
            .tcp_keepalive_interval(Duration::from_secs(15))
            .http2_keep_alive_interval(Duration::from_secs(30))
            .http2_keep_alive_timeout(Duration::from_secs(20))
            .http2_initial_stream_window_size(2 << 20)
            .http2_initial_connection_window_size(8 << 20);
        // Bytes that nobody acknowledges mean that a router on the way has forgotten the connection.
        #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
        {
            builder = builder.tcp_user_timeout(Duration::from_secs(30));
        }
        if self.http1_only {
            builder = builder.http1_only();
        } else if self.http2_prior_knowledge {
            builder = builder.http2_prior_knowledge();
        }
        if !self.system_proxy {
            builder = builder.no_proxy();
        }
        for proxy in self.proxies {
            builder = builder.proxy(proxy);
        }
        let client = builder
            .build()
            .map_err(|e| Error::usage(format!("the HTTP client cannot be set up: {}", describe(&e))).with_source(e))?;
        Ok(ReqwestTransport { client })
    }
}

impl ReqwestTransport {
    /// Settings to build one from.
    pub fn builder() -> ReqwestTransportBuilder {
        ReqwestTransportBuilder::default()
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let HttpRequest { method, url, mut headers, body, streaming } = request;
        if !headers.contains_key(ACCEPT_ENCODING) {
            let accept = if streaming { "identity" } else { decompress::ACCEPT };
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(accept));
        }
        let body = match body {
            RequestBody::Empty => None,
            RequestBody::Bytes(bytes) => Some(reqwest::Body::from(bytes)),
            RequestBody::Stream { length, stream } => {
                if let Some(length) = length {
                    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
                }
                Some(reqwest::Body::wrap_stream(stream))
            }
        };
        let mut builder = self.client.request(method, url).headers(headers);
        if let Some(body) = body {
            builder = builder.body(body);
        }
        let mut response = builder.send().await.map_err(sending)?;
        let status = response.status();
        let mut headers = std::mem::take(response.headers_mut());
        let body: ByteStream = Box::pin(response.bytes_stream().map_err(reading));
        let body = match headers.remove(CONTENT_ENCODING) {
            None => body,
            Some(coding) => {
                headers.remove(CONTENT_LENGTH);
                decompress::decode(body, coding.to_str().unwrap_or("?"))
            }
        };
        Ok(HttpResponse::new(status, headers, body))
    }
}

impl Transport for ReqwestTransport {
    fn send(&self, request: HttpRequest) -> SendFuture<'_> {
        Box::pin(self.exchange(request))
    }
}

/// Host and port for error messages; never the path, the query or user information.
fn host_of(url: Option<&reqwest::Url>) -> String {
    match url.and_then(|url| Some((url.host_str()?, url.port()))) {
        Some((host, Some(port))) => format!("{host}:{port}"),
        Some((host, None)) => host.to_owned(),
        None => "the server".to_owned(),
    }
}

fn sending(error: reqwest::Error) -> TransportError {
    let host = host_of(error.url());
    let error = error.without_url();
    let (kind, message) = match find_upload(&error) {
        Some(message) => (TransportErrorKind::Upload, message),
        None if error.is_builder() => {
            (TransportErrorKind::Request, format!("the request cannot be sent: {}", describe(&error)))
        }
        None if error.is_timeout() => {
            (TransportErrorKind::ConnectTimeout, format!("no connection to {host} within the connect timeout"))
        }
        None if is_certificate(&error) => {
            (TransportErrorKind::Tls, format!("TLS to {host} failed: {}", innermost(&error)))
        }
        None if error.is_connect() => {
            (TransportErrorKind::Connect, format!("no connection to {host}: {}", innermost(&error)))
        }
        None => (
            TransportErrorKind::Send,
            format!("the connection to {host} broke before the reply came: {}", innermost(&error)),
        ),
    };
    TransportError::new(kind, message).with_source(error)
}

fn reading(error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    let message = match find_upload(&error) {
        Some(message) => return TransportError::new(TransportErrorKind::Upload, message).with_source(error),
        None => format!("the connection broke inside the reply: {}", innermost(&error)),
    };
    TransportError::new(TransportErrorKind::Read, message).with_source(error)
}

/// The message of the caller's upload source, if that is what failed.
fn find_upload(error: &(dyn StdError + 'static)) -> Option<String> {
    causes(error)
        .filter_map(|cause| cause.downcast_ref::<TransportError>())
        .find(|cause| cause.kind() == TransportErrorKind::Upload)
        .map(|cause| cause.message().to_owned())
}

fn is_certificate(error: &(dyn StdError + 'static)) -> bool {
    causes(error).filter_map(tls_error).any(|error| {
        matches!(
            error,
            rustls::Error::General(_)
                | rustls::Error::InvalidCertificate(_)
                | rustls::Error::InvalidCertRevocationList(_)
                | rustls::Error::PeerIncompatible(_)
                | rustls::Error::NoCertificatesPresented
        )
    })
}

/// The TLS error in a cause. It travels inside `io::Error`s, which hide what they hold from `source`.
fn tls_error<'a>(cause: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    if let Some(found) = cause.downcast_ref() {
        return Some(found);
    }
    let mut inner = cause.downcast_ref::<std::io::Error>()?.get_ref()?;
    loop {
        if let Some(found) = inner.downcast_ref() {
            return Some(found);
        }
        inner = inner.downcast_ref::<std::io::Error>()?.get_ref()?;
    }
}

fn innermost(error: &(dyn StdError + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |e: &&'a (dyn StdError + 'static)| (*e).source())
}
