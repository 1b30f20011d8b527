//! The task behind a connection: moves messages, and makes a lost connection again where that was asked for.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::sync::oneshot;
use tokio::time::sleep;
use tokio_websockets::Message;
use tracing::debug;

use super::Close;
use super::connect::{Dial, MAX_MESSAGE};
use super::failure::Failure;
use super::raw::{Control, End, RawIncoming};
use super::reconnect::{Next, Reconnecting, Reconnector};
use super::socket::{Hub, Outgoing, Socket, Turn};
use crate::client::{ConnectTarget, Switched};
use crate::error::{Error, ErrorKind};
use crate::policy::backoff::random;

/// Who waits for a close.
type Closer = oneshot::Sender<Result<Close, Error>>;

/// What came of an attempt to connect again.
enum Again {
    Connected(Box<Switched>),
    /// Nobody wants the connection any more, or the owner closes it.
    Unwanted(Option<Closer>),
    Failed(Error),
}

pub(super) struct Driver {
    dial: Dial,
    hub: Hub,
    end: Arc<End>,
    socket: Socket,
    reconnector: Option<Reconnector>,
    max_message: usize,
    target: ConnectTarget,
    /// Handshakes made.
    attempts: u32,
}

impl Driver {
    pub(super) async fn new(dial: Dial, switched: Switched, hub: Hub, end: Arc<End>) -> Self {
        let max_message = dial.max_message(switched.max_bytes);
        let reconnector = dial.reconnector();
        let target = switched.target;
        let socket = Socket::new(switched.io, max_message, dial.keepalive);
        Self { dial, hub, end, socket, reconnector, max_message, target, attempts: 1 }
    }

    /// Runs the connection to its end.
    pub(super) async fn run(mut self) {
        let mut closer: Option<Closer> = None;
        loop {
            match poll_fn(|cx| self.socket.poll(cx, &mut self.hub)).await {
                Turn::Message(message) => {
                    if let Some(reconnector) = &mut self.reconnector {
                        reconnector.received(&message);
                    }
                    let bytes = message.len();
                    self.hub.inbox.put(Ok(RawIncoming::Event(message)), bytes);
                }
                Turn::Sending(message) => {
                    if let Some(reconnector) = &mut self.reconnector {
                        reconnector.sending(&message);
                    }
                }
                Turn::Control(None) => {
                    self.socket.farewell(1000).await;
                    return self.finish(Failure::dropped(), true);
                }
                Turn::Control(Some(Control::Close { code, reason, done })) => {
                    self.socket.close(code, &reason, self.dial.close_timeout);
                    closer = Some(done);
                }
                Turn::Ended(failure) => {
                    debug!(code = failure.close.code, kind = failure.kind.as_str(), "connection ended");
                    if let Some(done) = closer.take() {
                        return self.closed(failure, done);
                    }
                    if let Some(code) = failure.answer {
                        self.socket.farewell(code).await;
                    }
                    match self.again(&failure).await {
                        None => return self.ended(failure),
                        Some(Again::Connected(switched)) => self.adopt(*switched).await,
                        Some(Again::Failed(error)) => return self.gave_up(&failure, error),
                        Some(Again::Unwanted(None)) => return self.finish(Failure::dropped(), true),
                        Some(Again::Unwanted(Some(done))) => return self.closed(failure, done),
                    }
                }
            }
        }
    }

    /// Connects again, as often as the policy allows. `None` if it allows nothing.
    async fn again(&mut self, failure: &Failure) -> Option<Again> {
        let mut next = self.reconnector.as_mut()?.lost(&failure.close, random());
        let mut last = None;
        loop {
            let Next::Retry(notice) = next else { return last.map(Again::Failed) };
            if !self.dial.may_retry() || !self.dial.announce(&notice) {
                return last.map(Again::Failed);
            }
            debug!(attempt = notice.attempt, delay = ?notice.delay, code = notice.close.code, "reconnecting");
            let error = match self.attempt(notice).await {
                Again::Failed(error) => error,
                other => return Some(other),
            };
            let (retryable, asked) = (error.is_retryable(), error.retry_after());
            last = Some(error);
            next = self.reconnector.as_mut()?.refused(retryable, asked, random());
        }
    }

    /// One attempt: the wait, then the handshake, unless the owner loses interest.
    async fn attempt(&mut self, notice: Reconnecting) -> Again {
        let delay = notice.delay;
        self.hub.inbox.put(Ok(RawIncoming::Reconnecting(notice)), 0);
        self.attempts += 1;
        let (dial, control) = (&self.dial, &mut self.hub.control);
        let connecting = async {
            sleep(delay).await;
            dial.connect().await
        };
        match select(pin!(control.recv()), Box::pin(connecting)).await {
            Either::Left((order, _)) => Again::Unwanted(order.map(|Control::Close { done, .. }| done)),
            Either::Right((Ok(switched), _)) => Again::Connected(Box::new(switched)),
            Either::Right((Err(error), _)) => Again::Failed(error),
        }
    }

    /// Goes on with a new connection: first what has to be said again, then what was not sent.
    async fn adopt(&mut self, switched: Switched) {
        let Some(reconnector) = &self.reconnector else { return };
        let (notice, again) = reconnector.connected();
        debug!(attempts = notice.attempts, "reconnected");
        self.hub.inbox.put(Ok(RawIncoming::Reconnected(notice)), 0);
        let text = |event: bytes::Bytes| Message::text(String::from_utf8_lossy(&event).into_owned());
        let mut outbox: VecDeque<_> = again.into_iter().map(|event| Outgoing::alone(text(event))).collect();
        self.target = switched.target;
        let fresh = Socket::new(switched.io, self.max_message, self.dial.keepalive);
        let unsent = std::mem::replace(&mut self.socket, fresh).into_outbox();
        // An update that was under way is among what is said again; twice does no harm.
        outbox.extend(unsent);
        self.socket.queue(outbox);
    }

    /// The end of a connection whose owner asked for it.
    fn closed(self, failure: Failure, done: Closer) {
        let outcome = match failure.kind {
            ErrorKind::Closed => Ok(failure.close.clone()),
            _ => Err(self.dressed(failure.error())),
        };
        // The owner may have stopped waiting.
        let _ = done.send(outcome);
        self.finish(failure, true);
    }

    /// The end of a connection that nobody here asked for.
    fn ended(self, failure: Failure) {
        let quiet = failure.is_closed() && failure.close.is_normal();
        self.finish(failure, quiet);
    }

    fn gave_up(self, failure: &Failure, error: Error) {
        let message =
            format!("{}; connecting again failed {} times: {}", failure.message, self.attempts - 1, error.message());
        let failure = Failure { message: message.clone(), ..failure.clone() };
        let error = self.dressed(error.with_message(message).with_close(failure.close.clone()));
        self.hub.inbox.put(Err(error), 0);
        self.finish(failure, true);
    }

    /// Tells the reader, unless there is nothing to tell, and everyone who still sends.
    fn finish(self, failure: Failure, quiet: bool) {
        if !quiet {
            self.hub.inbox.put(Err(self.dressed(failure.error())), 0);
        }
        self.end.set(failure.without(self.target.key()));
        let Self { mut hub, socket, end, .. } = self;
        hub.commands.close();
        let mut unsent = socket.into_outbox();
        while let Ok(outgoing) = hub.commands.try_recv() {
            unsent.push_back(outgoing);
        }
        for done in unsent.into_iter().filter_map(|outgoing| outgoing.done) {
            let _ = done.send(Err(end.error()));
        }
    }

    fn dressed(&self, error: Error) -> Error {
        self.target.redact(error.with_attempts(self.attempts))
    }
}

impl Dial {
    /// Longest message: the connection's own limit, else the client's, else a default.
    fn max_message(&self, of_client: Option<u64>) -> usize {
        let limit = self.max_message_bytes.or(of_client).unwrap_or(MAX_MESSAGE);
        usize::try_from(limit).unwrap_or(usize::MAX >> 1)
    }
}

/// How long a close may take by default.
pub(super) const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
