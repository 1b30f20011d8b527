//! The default transport: reqwest over rustls.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, HeaderValue};
use http::{HeaderMap, Method, Version};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use tracing::debug;

use super::begun::{self, Content, Offer};
use super::failure::{reading, sending};
use super::pools::Pools;
use super::proxy::{Proxies, ProxySettings};
use super::tls::ClientAuth;
use super::tunnel::{Tunnels, Way};
use super::{
    ByteStream, HttpRequest, HttpResponse, RequestBody, SendFuture, Transport, TransportError, TransportErrorKind,
    Upgrade, UpgradeFuture, decompress, describe, tls,
};
use crate::error::Error;
use crate::secret::Secret;

/// Longest time from a connection to the first request on it, where the machine is busy.
const HAND_OVER: Duration = Duration::from_secs(1);

/// The default [`Transport`]: pooled connections, HTTP/1.1 and HTTP/2, TLS 1.2 or newer with the system's trust
/// store, the system's proxies.
#[derive(Clone)]
pub struct ReqwestTransport {
    pools: Arc<Pools>,
    auth: Arc<ClientAuth>,
    sockets: Arc<Sockets>,
    tunnels: Tunnels,
    latest: Arc<Latest>,
    /// How long a request may wait for a connection to begin it, at first.
    patience: Duration,
}

/// The client that WebSockets begin with: the same settings, but HTTP/1.1, which alone can switch protocols. Most
/// programs never need it, so it is made when it is; from its settings, those of further runtimes are, too.
struct Sockets {
    settings: ReqwestTransportBuilder,
    tls: rustls::ClientConfig,
    client: OnceLock<Client>,
}

/// The address of the last request, read. Programs ask for few of them, and reading one takes longer than a copy.
#[derive(Default)]
struct Latest(Mutex<Option<Url>>);

impl Latest {
    fn get(&self, address: &str) -> Option<Url> {
        self.locked().as_ref().filter(|url| url.as_str() == address).cloned()
    }

    fn set(&self, url: &Url) {
        *self.locked() = Some(url.clone());
    }

    fn locked(&self) -> MutexGuard<'_, Option<Url>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ReqwestTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReqwestTransport").finish_non_exhaustive()
    }
}

/// Settings of a [`ReqwestTransport`]. What cannot be used shows when it is [built](Self::build).
#[must_use]
pub struct ReqwestTransportBuilder {
    connect_timeout: Duration,
    tcp_user_timeout: Duration,
    pool_idle_timeout: Duration,
    pool_max_idle_per_host: usize,
    http1_only: bool,
    http2_prior_knowledge: bool,
    proxy: ProxySettings,
    addresses: Vec<(String, Vec<SocketAddr>)>,
    authorities: Vec<Vec<u8>>,
    identity: Option<(Vec<u8>, Secret)>,
    /// The first setting that could not be read.
    problem: Option<Error>,
}

impl fmt::Debug for ReqwestTransportBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A proxy's URL may hold a password, the identity is a private key.
        f.debug_struct("ReqwestTransportBuilder")
            .field("connect_timeout", &self.connect_timeout)
            .field("proxy", &self.proxy.url.is_some())
            .field("no_proxy", &self.proxy.bypass)
            .field("authorities", &self.authorities.len())
            .field("identity", &self.identity.is_some())
            .finish_non_exhaustive()
    }
}

impl Default for ReqwestTransportBuilder {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            tcp_user_timeout: Duration::from_secs(30),
            pool_idle_timeout: Duration::from_secs(60),
            pool_max_idle_per_host: usize::MAX,
            http1_only: false,
            http2_prior_knowledge: false,
            proxy: ProxySettings::default(),
            addresses: Vec::new(),
            authorities: Vec::new(),
            identity: None,
            problem: None,
        }
    }
}

impl ReqwestTransportBuilder {
    /// Longest time for name, TCP and TLS together. A host with several addresses is tried at each, one after the other,
    /// with an equal share of this time; IPv4 begins 300 ms after IPv6 has. Default 5 s.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// How long sent bytes may go unacknowledged before the connection is taken for dead, which is how a connection
    /// that a router has silently forgotten is found out. Linux, Android and Fuchsia only. Default 30 s.
    pub fn tcp_user_timeout(mut self, limit: Duration) -> Self {
        self.tcp_user_timeout = limit;
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

    /// Reaches this host at these addresses instead of asking for its name; the port is that of the URL.
    pub fn resolve(mut self, host: impl Into<String>, addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        let addresses = addresses.into_iter().map(|address| SocketAddr::new(address, 0)).collect();
        self.addresses.push((host.into(), addresses));
        self
    }

    /// Sends everything through this proxy, instead of those of the environment and the system: `http://`, `https://`,
    /// `socks5://` (`socks5h://` to let it look up names), with `user:password@` before the host if it asks for that.
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.proxy.url = Some(Secret::from(url.into()));
        self
    }

    /// Reaches these hosts without a proxy: a list with commas, as in `NO_PROXY` (`localhost,10.0.0.0/8,.internal`; `*` for
    /// every host). With [`proxy`](Self::proxy) the list counts alone; else it is added to the environment's, and then
    /// proxies come from the environment only.
    pub fn no_proxy(mut self, hosts: impl Into<String>) -> Self {
        self.proxy.bypass.push(hosts.into());
        self
    }

    /// Whether the proxies of the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`) and of the system
    /// are used where [`proxy`](Self::proxy) names none. Default on.
    pub fn system_proxy(mut self, on: bool) -> Self {
        self.proxy.system = on;
        self
    }

    /// Trusts these certificate authorities (PEM, one or many) besides the system's.
    pub fn ca_certificate_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.authorities.push(pem.into());
        self
    }

    /// Shows this certificate to servers that ask for one: the chain and the private key, both PEM. They may be one text,
    /// given twice.
    pub fn client_certificate_pem(mut self, certificate: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        match String::from_utf8(key.into()) {
            Ok(key) => self.identity = Some((certificate.into(), Secret::from(key))),
            Err(_) => self.note(Error::usage("the client certificate's key is not PEM, which is text")),
        }
        self
    }

    /// Keeps the first problem for [`build`](Self::build) to tell.
    pub(crate) fn note(&mut self, problem: Error) {
        self.problem.get_or_insert(problem);
    }

    /// Makes the transport. Opens no connection.
    ///
    /// # Errors
    /// Kind `usage` if a proxy, a certificate or a key cannot be used. A system without a trust store shows when TLS is
    /// used.
    pub fn build(mut self) -> Result<ReqwestTransport, Error> {
        if let Some(problem) = self.problem.take() {
            return Err(problem);
        }
        let protocols: &[&[u8]] = match (self.http1_only, self.http2_prior_knowledge) {
            (true, _) => &[b"http/1.1"],
            (false, true) => &[b"h2"],
            (false, false) => &[b"h2", b"http/1.1"],
        };
        let authorities: Vec<_> =
            self.authorities.iter().map(|pem| tls::certificates(pem)).collect::<Result<_, Error>>()?;
        let identity = match &self.identity.take() {
            Some((certificate, key)) => Some(tls::identity(certificate, key.expose().as_bytes())?),
            None => None,
        };
        let auth = Arc::new(ClientAuth::new(identity)?);
        let tls = tls::config(authorities.concat(), Arc::clone(&auth), protocols)?;
        let client = self.client(tls.clone(), false)?;
        let matcher = self.proxies()?.matcher();
        let tunnels = Tunnels::new(matcher, tls.clone(), self.connect_timeout);
        self.authorities.clear();
        let patience = self.connect_timeout + HAND_OVER;
        let sockets = Arc::new(Sockets { settings: self, tls, client: OnceLock::new() });
        let pools = Arc::new(Pools::new(client));
        Ok(ReqwestTransport { pools, auth, sockets, tunnels, latest: Arc::default(), patience })
    }

    fn proxies(&self) -> Result<Proxies, Error> {
        self.proxy.proxies(|name| std::env::var(name).ok())
    }

    /// A client of these settings, for calls or for WebSockets.
    fn client(&self, tls: rustls::ClientConfig, sockets: bool) -> Result<Client, Error> {
        let mut builder = Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .connect_timeout(self.connect_timeout)
            .pool_idle_timeout(self.pool_idle_timeout)
            // A connection that has lain in a pool may be dead, and a handshake is not repeated.
            .pool_max_idle_per_host(if sockets { 0 } else { self.pool_max_idle_per_host })
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
            builder = builder.tcp_user_timeout(self.tcp_user_timeout);
        }
        if sockets || self.http1_only {
            builder = builder.http1_only();
        } else if self.http2_prior_knowledge {
            builder = builder.http2_prior_knowledge();
        }
        if let Some(proxies) = self.proxies()?.list()? {
            builder = builder.no_proxy();
            for proxy in proxies {
                builder = builder.proxy(proxy);
            }
        }
        for (host, addresses) in &self.addresses {
            builder = builder.resolve_to_addrs(host, addresses);
        }
        builder
            .build()
            .map_err(|e| Error::usage(format!("the HTTP client cannot be set up: {}", describe(&e))).with_source(e))
    }
}

impl Sockets {
    fn client(&self) -> Result<&Client, TransportError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let mut tls = self.tls.clone();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let client = self.settings.client(tls, true).map_err(unmade)?;
        Ok(self.client.get_or_init(|| client))
    }

    /// One more client for calls.
    fn another(&self) -> Result<Client, TransportError> {
        self.settings.client(self.tls.clone(), false).map_err(unmade)
    }
}

fn unmade(error: Error) -> TransportError {
    TransportError::new(TransportErrorKind::Request, error.message().to_owned()).with_source(error)
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
        let mut content = match body {
            RequestBody::Empty => Content::Bytes(Bytes::new()),
            RequestBody::Bytes(bytes) => Content::Bytes(bytes),
            RequestBody::Stream { length, stream } => {
                if let Some(length) = length {
                    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
                }
                Content::Stream(stream)
            }
        };
        if let Some(way) = self.tunnels.way(&url) {
            let body = reqwest::Body::wrap(Offer::new(content));
            return self.tunnel(&way, method, headers, body).await.map(received);
        }
        let client = self.pools.here(|| self.sockets.another())?;
        let known = self.latest.get(&url);
        let is_new = known.is_none();
        let builder = match known {
            Some(url) => client.request(method, url),
            None => client.request(method, url),
        };
        let (client, request) = builder.build_split();
        let mut request = request.map_err(|error| sending(error, None))?;
        if is_new {
            self.latest.set(request.url());
        }
        // All at once: a builder takes them over one by one, into a second map.
        let of_url = std::mem::replace(request.headers_mut(), headers);
        for (name, value) in of_url {
            if let Some(name) = name {
                request.headers_mut().entry(name).or_insert(value);
            }
        }
        let mut patience = self.patience;
        loop {
            let offer = Offer::new(content);
            let mut offered = reqwest::Request::new(request.method().clone(), request.url().clone());
            *offered.headers_mut() = request.headers().clone();
            *offered.body_mut() = Some(reqwest::Body::wrap(offer.clone()));
            let builder = reqwest::RequestBuilder::from_parts(client.clone(), offered);
            match begun::within(patience, &offer, self.head(builder)).await {
                Ok(done) => return done.map(received),
                Err(left) => content = left,
            }
            debug!(?patience, "no connection has begun the request; it is handed over again");
            patience *= 2;
        }
    }

    async fn switch(&self, request: HttpRequest) -> Result<Upgrade, TransportError> {
        let HttpRequest { method, url, headers, .. } = request;
        let mut response = match self.tunnels.way(&url) {
            Some(way) => self.tunnel(&way, method, headers, reqwest::Body::default()).await?,
            None => self.head(self.sockets.client()?.request(method, url).headers(headers)).await?,
        };
        if response.status() != http::StatusCode::SWITCHING_PROTOCOLS {
            return Ok(Upgrade::Refused(received(response)));
        }
        let headers = std::mem::take(response.headers_mut());
        let io = response.upgrade().await.map_err(|error| sending(error, None))?;
        Ok(Upgrade::switched(headers, io))
    }

    async fn tunnel(
        &self,
        way: &Way,
        method: Method,
        headers: HeaderMap,
        body: reqwest::Body,
    ) -> Result<reqwest::Response, TransportError> {
        let response = self.tunnels.exchange(way, method, headers, body, || self.auth.hint()).await?;
        self.auth.satisfied();
        Ok(response)
    }

    /// Sends a request and waits for the reply's head.
    async fn head(&self, request: reqwest::RequestBuilder) -> Result<reqwest::Response, TransportError> {
        let response = request.send().await.map_err(|error| sending(error, self.auth.hint()))?;
        self.auth.satisfied();
        Ok(response)
    }
}

/// A reply without its content coding.
fn received(mut response: reqwest::Response) -> HttpResponse {
    let (status, one_at_a_time) = (response.status(), response.version() < Version::HTTP_2);
    let mut headers = std::mem::take(response.headers_mut());
    let body: ByteStream = Box::pin(response.bytes_stream().map_err(reading));
    let body = match headers.remove(CONTENT_ENCODING) {
        None => body,
        Some(coding) => {
            headers.remove(CONTENT_LENGTH);
            decompress::decode(body, coding.to_str().unwrap_or("?"))
        }
    };
    HttpResponse { reads_on: one_at_a_time, ..HttpResponse::new(status, headers, body) }
}

impl Transport for ReqwestTransport {
    fn send(&self, request: HttpRequest) -> SendFuture<'_> {
        Box::pin(self.exchange(request))
    }

    fn upgrade(&self, request: HttpRequest) -> UpgradeFuture<'_> {
        Box::pin(self.switch(request))
    }
}
