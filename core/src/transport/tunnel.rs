//! `https://` to an IPv6 address through a proxy, which the HTTP library cannot do: it offers the address with its brackets
//! as the server's name, and TLS knows no such name.
//!
//! The way is the same, with a connection of its own for each request: to the proxy, the tunnel, TLS, one exchange of HTTP/1.1.

use std::error::Error as StdError;
use std::future::Future;
use std::net::Ipv6Addr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::{Either, select};
use http::header::HOST;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, Uri};
use hyper::client::conn::http1;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tower_service::Service;

use super::failure::{Stage, failed, late};
use super::{Duplex, TransportError};

type BoxError = Box<dyn StdError + Send + Sync>;
type Io = TokioIo<Box<dyn Duplex>>;

/// How long a reply may come after the end of its connection.
const AFTERWARDS: Duration = Duration::from_secs(1);

/// Reaches addresses that have to be reached this way.
#[derive(Debug, Clone)]
pub(super) struct Tunnels {
    matcher: Arc<Matcher>,
    tls: Arc<ClientConfig>,
    connect_timeout: Duration,
}

/// A way to an address.
#[derive(Debug)]
pub(super) struct Way {
    proxy: Intercept,
    to: Uri,
    address: Ipv6Addr,
}

impl Tunnels {
    /// `tls` is that of the client, whose protocols do not count here.
    pub(super) fn new(matcher: Matcher, mut tls: ClientConfig, connect_timeout: Duration) -> Self {
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Self { matcher: Arc::new(matcher), tls: Arc::new(tls), connect_timeout }
    }

    /// The way to this URL, if it is one of ours.
    pub(super) fn way(&self, url: &str) -> Option<Way> {
        if !url.starts_with("https://[") {
            return None;
        }
        let to: Uri = url.parse().ok()?;
        let address = to.host()?.strip_prefix('[')?.strip_suffix(']')?.parse().ok()?;
        Some(Way { proxy: self.matcher.intercept(&to)?, to, address })
    }

    /// Makes one exchange: the reply's head, whose body may still be on its way.
    pub(super) async fn exchange(
        &self,
        way: &Way,
        method: Method,
        headers: HeaderMap,
        body: reqwest::Body,
        hint: impl Fn() -> Option<&'static str>,
    ) -> Result<reqwest::Response, TransportError> {
        let host = way.to.authority().map_or("", |authority| authority.as_str());
        let broken = |stage, error: BoxError| failed(std::io::Error::other(error), stage, host, hint());
        let io = match timeout(self.connect_timeout, self.connect(way)).await {
            Ok(connected) => connected.map_err(|error| broken(Stage::Connect, error))?,
            Err(_) => return Err(late(host)),
        };
        let handshake = http1::handshake(io).await;
        let (mut sender, connection) = handshake.map_err(|error| broken(Stage::Connect, error.into()))?;
        // It ends with the exchange: nobody can send a second request.
        let over = tokio::spawn(connection.with_upgrades());
        let mut request = http::Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = way.to.path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/")).into();
        *request.headers_mut() = headers;
        let value = HeaderValue::from_str(host).map_err(|error| broken(Stage::Connect, error.into()))?;
        request.headers_mut().entry(HOST).or_insert(value);
        let reply = pin!(sender.send_request(request));
        let reply = match select(reply, over).await {
            Either::Left((reply, _)) => reply,
            // A request that is handed over while the connection breaks may never be told of it.
            Either::Right((_, reply)) => match timeout(AFTERWARDS, reply).await {
                Ok(reply) => reply,
                Err(_) => return Err(broken(Stage::Send, "connection closed".into())),
            },
        };
        match reply {
            Ok(response) => Ok(response.map(reqwest::Body::wrap).into()),
            Err(error) => Err(broken(Stage::Send, error.into())),
        }
    }

    /// Through the proxy to the server, TLS included.
    async fn connect(&self, way: &Way) -> Result<Io, BoxError> {
        let proxy = way.proxy.uri().clone();
        let connector = ToProxy { tls: Arc::clone(&self.tls) };
        let io = match proxy.scheme_str() {
            Some("socks5" | "socks5h") => {
                let mut socks = SocksV5::new(proxy, connector);
                if let Some((user, password)) = way.proxy.raw_auth() {
                    socks = socks.with_auth(user.to_owned(), password.to_owned());
                }
                socks.call(way.to.clone()).await?
            }
            Some("http" | "https") => {
                let mut tunnel = Tunnel::new(proxy, connector);
                if let Some(credentials) = way.proxy.basic_auth() {
                    tunnel = tunnel.with_auth(credentials.clone());
                }
                tunnel.call(way.to.clone()).await?
            }
            _ => return Err("SOCKS4 knows no IPv6 addresses; SOCKS5 and HTTP proxies do".into()),
        };
        let name = ServerName::IpAddress(way.address.into());
        let secured = TlsConnector::from(Arc::clone(&self.tls)).connect(name, io.into_inner()).await?;
        Ok(TokioIo::new(Box::new(secured)))
    }
}

/// Connects to the proxy itself.
#[derive(Clone)]
struct ToProxy {
    tls: Arc<ClientConfig>,
}

impl ToProxy {
    async fn connect(self, proxy: Uri) -> Result<Io, BoxError> {
        let host = proxy.host().unwrap_or_default();
        let name = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host).to_owned();
        let secured = proxy.scheme_str() == Some("https");
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        let tcp = connector.call(proxy).await?.into_inner();
        if !secured {
            return Ok(TokioIo::new(Box::new(tcp)));
        }
        let tls = TlsConnector::from(self.tls).connect(ServerName::try_from(name)?, tcp).await?;
        Ok(TokioIo::new(Box::new(tls)))
    }
}

impl Service<Uri> for ToProxy {
    type Response = Io;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Io, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, proxy: Uri) -> Self::Future {
        Box::pin(self.clone().connect(proxy))
    }
}
