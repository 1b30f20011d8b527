//! A pool of connections, each of which carries one response at a time.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

use super::body::{Body, Meaning, meaning};
use super::shelf::Shelf;
use crate::client::{Deadline, RequestOptions};
use crate::error::{Error, ErrorKind};
use crate::json::{Doc, Encode, Writer};
use crate::operations::RESPONSES_CREATE;
use crate::policy::retry_after::retry_after;
use crate::response::Problem;
use crate::stream::{EventStream, Limits, RawEventStream};
use crate::types::{ResponseCreateParams, ResponseStreamEvent, ResponsesClientEventResponseCreate};
use crate::websocket::{Dial, RawConnection, RawIncoming, open};

const DEFAULT_MAX: usize = 8;
const DEFAULT_IDLE: Duration = Duration::from_secs(300);
/// The server ends a connection after an hour; a response should not be under way then.
const DEFAULT_AGE: Duration = Duration::from_secs(55 * 60);
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(600);
const DEFAULT_SILENCE: Duration = Duration::from_secs(60);

/// Settings of a [`ResponsesPool`].
#[must_use]
pub struct ResponsesPoolBuilder {
    dial: Dial,
    max: usize,
    idle_time: Duration,
    max_age: Duration,
}

impl fmt::Debug for ResponsesPoolBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponsesPoolBuilder").field("max", &self.max).finish_non_exhaustive()
    }
}

impl ResponsesPoolBuilder {
    pub(super) fn new(dial: Dial) -> Self {
        Self { dial, max: DEFAULT_MAX, idle_time: DEFAULT_IDLE, max_age: DEFAULT_AGE }
    }

    /// Most connections at a time, at least one. Further responses wait for a free one. Default 8.
    pub fn max_connections(mut self, count: usize) -> Self {
        self.max = count.clamp(1, Semaphore::MAX_PERMITS);
        self
    }

    /// How long an unused connection is kept. Default 5 minutes.
    pub fn idle_time(mut self, limit: Duration) -> Self {
        self.idle_time = limit;
        self
    }

    /// How old a connection may be that carries a further response. Default 55 minutes.
    pub fn max_age(mut self, limit: Duration) -> Self {
        self.max_age = limit;
        self
    }

    /// Options of the handshakes and of the responses: keys, headers, `timeout` (for a response until its first event),
    /// `first_event_timeout`, `idle_timeout`, `max_response_bytes` (the longest event). What they leave unset comes from
    /// the client.
    pub fn options(mut self, options: RequestOptions) -> Self {
        self.dial.options = options.over(&self.dial.options);
        self
    }

    /// Makes the pool. Opens no connection.
    pub fn build(self) -> ResponsesPool {
        let shelf = Shelf::new(self.idle_time, self.max_age);
        let inner = Inner {
            dial: self.dial,
            places: Arc::new(Semaphore::new(self.max)),
            origin: Instant::now(),
            state: Mutex::new(State { shelf, janitor: false, opened: 0 }),
        };
        ResponsesPool { inner: Arc::new(inner) }
    }
}

/// Keeps connections for responses. Cheap to clone; clones share the connections. Dropping the last clone closes those
/// that carry nothing.
///
/// A response that continues another (`previous_response_id`) goes over the connection that carried that one, if it is
/// free: what the server does not store it may still know there.
#[derive(Clone)]
pub struct ResponsesPool {
    inner: Arc<Inner>,
}

impl fmt::Debug for ResponsesPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponsesPool").field("idle", &self.idle()).finish_non_exhaustive()
    }
}

struct Inner {
    dial: Dial,
    places: Arc<Semaphore>,
    origin: Instant,
    state: Mutex<State>,
}

struct State {
    shelf: Shelf<RawConnection>,
    /// Whether a task waits for the next connection's time to be over.
    janitor: bool,
    opened: u64,
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here is left half done by a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection for one response.
pub(super) struct Lease {
    connection: RawConnection,
    opened: Duration,
    reused: bool,
    pool: Weak<Inner>,
    _place: OwnedSemaphorePermit,
}

impl Lease {
    pub(super) fn connection(&mut self) -> &mut RawConnection {
        &mut self.connection
    }

    /// Puts the connection back; `last` is the response it carried.
    pub(super) fn give_back(self, last: Option<String>) {
        let Some(pool) = self.pool.upgrade() else { return };
        let now = pool.origin.elapsed();
        let mut state = pool.state();
        let _too_old = state.shelf.put(self.connection, self.opened, last, now);
        if !state.janitor && !state.shelf.is_empty() {
            state.janitor = true;
            tokio::spawn(sweep(self.pool.clone(), pool.origin));
        }
    }
}

/// Closes connections whose time is over, until none is left.
async fn sweep(pool: Weak<Inner>, origin: Instant) {
    loop {
        let until = {
            let Some(pool) = pool.upgrade() else { return };
            let mut state = pool.state();
            let _closed = state.shelf.expired(origin.elapsed());
            match state.shelf.next_expiry() {
                Some(until) => until,
                None => {
                    state.janitor = false;
                    return;
                }
            }
        };
        // Beyond what a clock can hold, there is nothing to wait for.
        let Some(until) = origin.checked_add(until) else { return };
        sleep_until(until).await;
    }
}

impl ResponsesPool {
    /// Asks for a response and returns the stream of its events, once the first one is there.
    ///
    /// # Errors
    /// Any error of a call. A refusal has the kind that its status has over HTTP; later errors come from the stream.
    pub async fn create_stream(&self, params: ResponseCreateParams) -> Result<EventStream<ResponseStreamEvent>, Error> {
        self.send(&params).await
    }

    /// As [`create_stream`](Self::create_stream), with the members that only a WebSocket has, such as `generate`.
    ///
    /// # Errors
    /// As [`create_stream`](Self::create_stream).
    pub async fn create_event(
        &self,
        event: ResponsesClientEventResponseCreate,
    ) -> Result<EventStream<ResponseStreamEvent>, Error> {
        self.send(&event).await
    }

    /// Connections that wait for a response.
    pub fn idle(&self) -> usize {
        self.inner.state().shelf.len()
    }

    /// Connections opened so far.
    pub fn opened(&self) -> u64 {
        self.inner.state().opened
    }

    async fn send(&self, params: &(dyn Encode + Sync)) -> Result<EventStream<ResponseStreamEvent>, Error> {
        let (event, previous) = create_event(params)?;
        let options = self.inner.dial.merged_options();
        let silence = options.idle_timeout.unwrap_or(DEFAULT_SILENCE);
        let limits = Limits {
            first_event: options.first_event_timeout.unwrap_or(silence),
            between_events: silence,
            event_bytes: options.max_response_bytes,
        };
        let deadline = Deadline::after(options.timeout.unwrap_or(DEFAULT_TIMEOUT));
        let start = Box::pin(self.start(event, previous, limits));
        let mut stream = deadline.watch(start).await.unwrap_or_else(|| Err(deadline.error(1)))?;
        stream.prefetch().await?;
        Ok(EventStream::from_raw(stream))
    }

    /// Sends the event and waits for the first answer. A connection that was used before may have died meanwhile: if it
    /// ends before it has said anything, a new one is tried.
    async fn start(&self, event: String, previous: Option<String>, limits: Limits) -> Result<RawEventStream, Error> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let mut lease = self.lease(previous.as_deref(), attempts > 1).await?;
            let first = match first_message(&mut lease.connection, event.clone(), limits.first_event).await {
                Ok(first) => first,
                Err(error) if lease.reused && attempts == 1 && is_lost(&error) => continue,
                Err(error) => return Err(error.with_attempts(attempts)),
            };
            if meaning(&first) == Meaning::Error {
                let (error, outlived) = refusal(&first);
                if outlived && attempts == 1 {
                    continue;
                }
                if !outlived {
                    lease.give_back(None);
                }
                return Err(error.with_attempts(attempts));
            }
            let head = (StatusCode::SWITCHING_PROTOCOLS, lease.connection.headers().clone());
            let body = Box::pin(Body::new(lease, first));
            let Some(style) = RESPONSES_CREATE.stream else {
                return Err(Error::usage("responses do not stream"));
            };
            return Ok(RawEventStream::new(head, body, style, limits, attempts));
        }
    }

    /// A connection for one response: one that waits, else a new one.
    async fn lease(&self, previous: Option<&str>, fresh: bool) -> Result<Lease, Error> {
        let inner = &self.inner;
        let place = Arc::clone(&inner.places).acquire_owned().await;
        let place = place.map_err(|_| Error::usage("the pool is closed"))?;
        loop {
            let taken = inner.state().shelf.take(previous);
            let Some(taken) = taken else { break };
            // A new one takes the place of one that waits, so that the bound holds.
            if fresh {
                break;
            }
            // What the server said unasked, closing included, makes a connection unfit for the next response.
            if taken.value.is_quiet() {
                let (connection, opened) = (taken.value, taken.opened);
                return Ok(Lease { connection, opened, reused: true, pool: Arc::downgrade(inner), _place: place });
            }
        }
        let connection = open(inner.dial.clone()).await?;
        inner.state().opened += 1;
        let opened = inner.origin.elapsed();
        Ok(Lease { connection, opened, reused: false, pool: Arc::downgrade(inner), _place: place })
    }
}

/// The parameters as the event `response.create`, and the response that they continue.
fn create_event(params: &dyn Encode) -> Result<(String, Option<String>), Error> {
    let failed = |error: &dyn fmt::Display| Error::usage(format!("the arguments cannot be written as JSON: {error}"));
    let text = crate::json::encode(params).map_err(|error| failed(&error))?;
    let doc = Doc::parse_text(&text).map_err(|error| failed(&error))?;
    let mut w = Writer::new();
    w.begin_object();
    w.key("type");
    w.string("response.create");
    // How the events travel is settled by the connection.
    for member in doc.root().members().filter(|member| !matches!(&*member.name(), "type" | "stream" | "background")) {
        w.key(&member.name());
        w.raw(member.value.raw());
    }
    w.end_object();
    let previous = doc.root().get("previous_response_id").and_then(|id| id.as_str()).map(|id| id.into_owned());
    Ok((w.text().to_owned(), previous))
}

/// Sends the event and returns the server's first message.
async fn first_message(connection: &mut RawConnection, event: String, limit: Duration) -> Result<Bytes, Error> {
    let exchange = async {
        connection.sender().send(event).await?;
        loop {
            match connection.recv().await {
                Some(Ok(RawIncoming::Event(message))) => return Ok(message),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error),
                None => {
                    let message = "the server closed the connection before the response began";
                    return Err(Error::new(ErrorKind::Closed, message).with_retryable(true));
                }
            }
        }
    };
    let late = || Err(Error::new(ErrorKind::IdleTimeout, format!("the stream sent no event within {limit:?}")));
    tokio::time::timeout(limit, exchange).await.unwrap_or_else(|_| late())
}

fn is_lost(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Connection | ErrorKind::Closed)
}

/// The error for an `error` event that came first, with the kind of its status, and whether it only says that the
/// connection has become too old.
fn refusal(message: &[u8]) -> (Error, bool) {
    let (mut status, mut headers) = (None, HeaderMap::new());
    if let Ok(doc) = Doc::parse(message) {
        let root = doc.root();
        status = root.get("status").and_then(|status| status.as_i64()).and_then(|status| u16::try_from(status).ok());
        for member in root.get("error").and_then(|error| error.get("headers")).into_iter().flat_map(|h| h.members()) {
            let name = HeaderName::from_bytes(member.name().as_bytes());
            let value = member.value.as_str().and_then(|value| HeaderValue::from_str(&value).ok());
            if let (Ok(name), Some(value)) = (name, value) {
                headers.insert(name, value);
            }
        }
    }
    let status = status.filter(|status| (400..600).contains(status));
    let kind = status.map_or(ErrorKind::Api, ErrorKind::from_status);
    let error = Problem::parse(message)
        .unwrap_or_default()
        .into_error(kind, || "the server refuses the response without a message".to_owned())
        .with_body(Bytes::copy_from_slice(message));
    let outlived = error.code() == Some("websocket_connection_limit_reached");
    let asked = retry_after(&headers, std::time::SystemTime::now());
    let retryable = outlived || status.is_some_and(|status| matches!(status, 408 | 409 | 429 | 500..));
    let error = match status {
        Some(status) => error.with_reply(status, &headers),
        None => error,
    };
    (error.with_retryable(retryable).with_retry_after(asked), outlived)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_become_an_event_without_what_only_http_needs() {
        let params = ResponseCreateParams::new().model("m").input("hi").previous_response_id("resp_1");
        let (event, previous) = create_event(&params).unwrap();
        assert!(event.starts_with(r#"{"type":"response.create","#), "{event}");
        assert!(event.contains(r#""model":"m""#) && event.contains(r#""input":"hi""#));
        assert_eq!(previous.as_deref(), Some("resp_1"));
        let typed = ResponsesClientEventResponseCreate::new().model("m").stream(true).background(false);
        assert_eq!(create_event(&typed).unwrap().0, r#"{"type":"response.create","model":"m"}"#);
    }

    #[test]
    fn a_refusal_has_the_kind_status_and_wait_of_its_status() {
        let text = r#"{"type":"error","status":429,"error":{"type":"t","code":"c","message":"slow",
            "headers":{"retry-after":"7","x-request-id":"req_1"}}}"#;
        let (error, outlived) = refusal(text.as_bytes());
        assert_eq!((error.kind(), error.status(), outlived), (ErrorKind::RateLimit, Some(429), false));
        assert_eq!((error.message(), error.code(), error.request_id()), ("slow", Some("c"), Some("req_1")));
        assert_eq!((error.retry_after(), error.is_retryable()), (Some(Duration::from_secs(7)), true));
    }

    #[test]
    fn an_outlived_connection_is_told_from_other_refusals() {
        let text = r#"{"type":"error","status":400,"error":{"code":"websocket_connection_limit_reached"}}"#;
        let (error, outlived) = refusal(text.as_bytes());
        assert!(outlived && error.is_retryable());
        let (error, outlived) = refusal(br#"{"type":"error","error":{"code":"previous_response_not_found"}}"#);
        assert!(!outlived && error.kind() == ErrorKind::Api && !error.is_retryable());
    }
}
