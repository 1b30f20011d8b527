//! A connection that has not been opened yet: where to, and how it is kept.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::connection::Connection;
use super::driver::CLOSE_TIMEOUT;
use super::reconnect::{ReconnectPolicy, Reconnecting, Reconnector};
use crate::client::{Client, RequestOptions, Switched, upgrade};
use crate::error::Error;

/// Longest message by default. Memory for a message is set aside when its length is announced, so there is a limit.
pub(super) const MAX_MESSAGE: u64 = 256 << 20;
/// Silence before a ping, and the wait for an answer, by default.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(20), Duration::from_secs(20));

/// A place of the API that speaks WebSocket.
#[derive(Debug)]
pub(crate) struct Route {
    /// Official name, such as `realtime.connect`.
    pub(crate) id: &'static str,
    /// Path below the base URL with `{name}` placeholders.
    pub(crate) path: &'static str,
    /// Headers that it requires.
    pub(crate) headers: &'static [(&'static str, &'static str)],
    /// Types of client events of which the latest is sent again after a reconnection.
    pub(crate) remember: &'static [&'static str],
}

/// What the function given to [`Connect::on_reconnecting`] answers.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Advice {
    abort: bool,
    options: Option<RequestOptions>,
}

impl Advice {
    /// Connect as before.
    pub fn go_on() -> Self {
        Self::default()
    }

    /// Give the connection up.
    pub fn abort() -> Self {
        Self { abort: true, options: None }
    }

    /// Connect with these options laid over those so far, now and from now on.
    pub fn with_options(options: RequestOptions) -> Self {
        Self { abort: false, options: Some(options) }
    }
}

type OnReconnecting = Arc<dyn Fn(&Reconnecting) -> Advice + Send + Sync>;

/// Everything that is needed to connect, and to connect again.
#[derive(Clone)]
pub(crate) struct Dial {
    client: Client,
    route: &'static Route,
    values: Vec<String>,
    query: Vec<(String, String)>,
    pub(crate) options: RequestOptions,
    pub(super) keepalive: Option<(Duration, Duration)>,
    pub(super) close_timeout: Duration,
    pub(super) max_message_bytes: Option<u64>,
    reconnect: Option<ReconnectPolicy>,
    on_reconnecting: Option<OnReconnecting>,
}

impl Dial {
    pub(crate) fn new(client: &Client, route: &'static Route, values: &[&str], query: &[(&str, Option<&str>)]) -> Self {
        let given = query.iter().filter_map(|(name, value)| Some(((*name).to_owned(), (*value)?.to_owned())));
        Self {
            client: client.clone(),
            route,
            values: values.iter().map(|value| (*value).to_owned()).collect(),
            query: given.collect(),
            options: RequestOptions::new(),
            keepalive: Some(KEEPALIVE),
            close_timeout: CLOSE_TIMEOUT,
            max_message_bytes: None,
            reconnect: None,
            on_reconnecting: None,
        }
    }

    pub(super) async fn connect(&self) -> Result<Switched, Error> {
        upgrade(&self.client, self.route, &self.values, &self.query, self.options.clone()).await
    }

    pub(super) fn reconnector(&self) -> Option<Reconnector> {
        self.reconnect.clone().map(|policy| Reconnector::new(policy, self.route.remember))
    }

    /// The options of this connection, completed by the client's.
    pub(crate) fn merged_options(&self) -> RequestOptions {
        self.client.merge(self.options.clone())
    }

    /// Whether the client's retry budget allows an attempt.
    pub(super) fn may_retry(&self) -> bool {
        self.client.retry_budget().acquire(false).is_some()
    }

    /// Tells the caller's function; whether it agrees.
    pub(super) fn announce(&mut self, notice: &Reconnecting) -> bool {
        let Some(tell) = &self.on_reconnecting else { return true };
        let advice = tell(notice);
        if let Some(options) = advice.options {
            self.options = options.over(&self.options);
        }
        !advice.abort
    }
}

/// A connection that sends events of type `C` and receives events of type `S`. `.await` opens it.
///
/// The handshake is made once; where that fails, the error says why, with the server's own words. Only a connection that
/// stood is made again, and only if [`reconnect`](Self::reconnect) asks for it.
#[must_use = "a connection is opened when it is awaited"]
pub struct Connect<C, S> {
    dial: Dial,
    events: PhantomData<fn(C) -> S>,
}

impl<C, S> fmt::Debug for Connect<C, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connect")
            .field("route", &self.dial.route.id)
            .field("options", &self.dial.options)
            .field("reconnect", &self.dial.reconnect)
            .finish_non_exhaustive()
    }
}

impl<C, S> Connect<C, S> {
    pub(crate) fn new(dial: Dial) -> Self {
        Self { dial, events: PhantomData }
    }

    fn change(mut self, change: impl FnOnce(RequestOptions) -> RequestOptions) -> Self {
        self.dial.options = change(self.dial.options);
        self
    }

    /// API key of this connection; an ephemeral client secret works too.
    pub fn api_key(self, key: impl Into<String>) -> Self {
        self.change(|options| options.api_key(key))
    }

    /// Organization to bill, sent as `OpenAI-Organization`.
    pub fn organization(self, id: impl Into<String>) -> Self {
        self.change(|options| options.organization(id))
    }

    /// Project to bill, sent as `OpenAI-Project`.
    pub fn project(self, id: impl Into<String>) -> Self {
        self.change(|options| options.project(id))
    }

    /// Base URL in place of the client's; `ws://` and `wss://` mean `http://` and `https://`. On another origin it needs a
    /// key of its own.
    pub fn base_url(self, url: impl Into<String>) -> Self {
        let url = over_http(url.into());
        self.change(|options| options.base_url(url))
    }

    /// Sends a header with the handshake. It replaces any header of that name.
    pub fn header(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.change(|options| options.header(name, value))
    }

    /// Leaves out a header that would be sent otherwise.
    pub fn without_header(self, name: impl Into<String>) -> Self {
        self.change(|options| options.without_header(name))
    }

    /// Adds a query parameter, or replaces the one of that name.
    pub fn query(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.change(|options| options.query(name, value))
    }

    /// Longest time for the handshake. Default: the client's `timeout`, 30 s at most.
    pub fn timeout(self, limit: Duration) -> Self {
        self.change(|options| options.timeout(limit))
    }

    /// Sets several options at once; what they leave unset stays. Of them, keys, organization, project, base URL, headers,
    /// query, `timeout` and `max_response_bytes` (the longest message) matter here.
    pub fn options(self, options: RequestOptions) -> Self {
        self.change(|before| options.over(&before))
    }

    /// Pings after `interval` without a frame from the server, and counts it as dead when nothing at all has come for
    /// `patience` after that. Default: 20 s each.
    pub fn keepalive(mut self, interval: Duration, patience: Duration) -> Self {
        self.dial.keepalive = Some((interval, patience));
        self
    }

    /// Sends no pings. A server that vanishes silently is then noticed late, or never.
    pub fn no_keepalive(mut self) -> Self {
        self.dial.keepalive = None;
        self
    }

    /// How long [`RawConnection::close`](super::RawConnection::close) waits for the server. Default 5 s.
    pub fn close_timeout(mut self, limit: Duration) -> Self {
        self.dial.close_timeout = limit;
        self
    }

    /// Longest message to accept, in bytes. Default: the client's `max_response_bytes`, else 256 MiB.
    pub fn max_message_bytes(mut self, limit: u64) -> Self {
        self.dial.max_message_bytes = Some(limit);
        self
    }

    /// Makes the connection again when it is lost. Default: a lost connection is an error.
    ///
    /// On the server this is a new session. The latest `session.update` is sent again and so is what had not gone out;
    /// conversation, audio buffers and responses under way are gone. [`Incoming`](super::Incoming) tells what happens.
    pub fn reconnect(mut self, policy: ReconnectPolicy) -> Self {
        self.dial.reconnect = Some(policy);
        self
    }

    /// Calls this function before each attempt to connect again. It can stop the attempts or change the options, such as
    /// a key that has expired. Turns on [`reconnect`](Self::reconnect) with its defaults if that was not done.
    pub fn on_reconnecting(mut self, tell: impl Fn(&Reconnecting) -> Advice + Send + Sync + 'static) -> Self {
        self.dial.reconnect.get_or_insert_default();
        self.dial.on_reconnecting = Some(Arc::new(tell));
        self
    }

    /// Opens the connection with its events as JSON text.
    ///
    /// # Errors
    /// As when awaited: any [`Error`] of a call, `decode` where the server does not speak WebSocket, and `timeout` where it
    /// does not answer.
    pub async fn open_raw(self) -> Result<super::RawConnection, Error> {
        super::open(self.dial).await
    }
}

impl<C: 'static, S: 'static> IntoFuture for Connect<C, S> {
    type Output = Result<Connection<C, S>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let dial = self.dial;
        Box::pin(async move { Ok(Connection::new(super::open(dial).await?)) })
    }
}

/// A WebSocket URL as the URL its handshake is sent to.
fn over_http(url: String) -> String {
    for (scheme, http) in [("wss://", "https://"), ("ws://", "http://")] {
        if url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)) {
            return format!("{http}{}", &url[scheme.len()..]);
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn socket_urls_become_those_of_their_handshake() {
        let of = |url: &str| over_http(url.to_owned());
        assert_eq!(of("wss://api.test/v1"), "https://api.test/v1");
        assert_eq!(of("WS://127.0.0.1:1/v1"), "http://127.0.0.1:1/v1");
        assert_eq!(of("https://api.test/v1"), "https://api.test/v1");
        assert_eq!(of("wsé"), "wsé");
    }

    #[test]
    fn debug_of_a_connection_to_come_shows_no_key() {
        static ROUTE: Route = Route { id: "x.connect", path: "/x", headers: &[], remember: &[] };
        let client = Client::new("sk-canary-1").unwrap();
        let connect: Connect<(), ()> = Connect::new(Dial::new(&client, &ROUTE, &[], &[("model", Some("m"))]));
        let shown = format!("{:?}", connect.api_key("sk-canary-2").header("x", "canary-3"));
        assert!(!shown.contains("canary"), "{shown}");
    }
}
