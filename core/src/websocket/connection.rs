//! A connection with typed events.

use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::Stream;
use http::HeaderMap;
use tracing::warn;

use super::raw::{RawConnection, RawIncoming, RawSender};
use super::{Close, Reconnected, Reconnecting};
use crate::error::{Error, ErrorKind};
use crate::json::{self, Decode, Encode};

/// What comes from a connection, or happens to it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Incoming<S> {
    /// An event of the server.
    Event(S),
    /// The connection was lost and will be made again.
    Reconnecting(Reconnecting),
    /// The connection stands again, as a new session.
    Reconnected(Reconnected),
}

/// Sends events of type `C`, from any task. Cheap to clone; it does not keep the connection open.
pub struct Sender<C> {
    raw: RawSender,
    events: PhantomData<fn(C)>,
}

impl<C> Clone for Sender<C> {
    fn clone(&self) -> Self {
        Self { raw: self.raw.clone(), events: PhantomData }
    }
}

impl<C> fmt::Debug for Sender<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sender")
    }
}

impl<C: Encode> Sender<C> {
    /// Sends an event and returns when it has gone out. While a lost connection is being made again, it waits. To stop
    /// waiting does not take an event back.
    ///
    /// # Errors
    /// The reason why the connection is over; the event was not sent then. Kind `usage` if it cannot be written as JSON.
    pub async fn send(&self, event: impl Into<C>) -> Result<(), Error> {
        let text = json::encode(&event.into())
            .map_err(|error| Error::usage(format!("the event cannot be written as JSON: {error}")))?;
        self.raw.send(text).await
    }
}

impl<C> Sender<C> {
    /// Sends this text as it is.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn send_raw(&self, text: impl Into<String>) -> Result<(), Error> {
        self.raw.send(text).await
    }
}

/// An open connection that sends events of type `C` and receives events of type `S`.
///
/// It can do whatever a [`Sender`] can. Dropping it closes it with code 1000, without waiting for the server. It is a
/// [`Stream`] of [`Incoming`] too.
pub struct Connection<C, S> {
    raw: RawConnection,
    sender: Sender<C>,
    received: u64,
    events: PhantomData<fn() -> S>,
}

impl<C, S> fmt::Debug for Connection<C, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw.fmt(f)
    }
}

impl<C, S> Deref for Connection<C, S> {
    type Target = Sender<C>;

    fn deref(&self) -> &Sender<C> {
        &self.sender
    }
}

impl<C, S> Connection<C, S> {
    pub(super) fn new(raw: RawConnection) -> Self {
        let sender = Sender { raw: raw.sender().clone(), events: PhantomData };
        Self { raw, sender, received: 0, events: PhantomData }
    }

    /// What sends on this connection, for use in another task.
    pub fn sender(&self) -> Sender<C> {
        self.sender.clone()
    }

    /// Headers of the handshake's reply.
    pub fn headers(&self) -> &HeaderMap {
        self.raw.headers()
    }

    /// The handshake's `x-request-id`, to quote when asking the provider.
    pub fn request_id(&self) -> Option<&str> {
        self.raw.request_id()
    }

    /// The connection with its events as JSON text.
    pub fn into_raw(self) -> RawConnection {
        self.raw
    }

    /// Sends a close frame and returns the server's answer. Events that came before it can still be read.
    ///
    /// # Errors
    /// Kind `usage` if the code (1000, or 3000 to 4999) or the reason (123 bytes at most) cannot be sent, `timeout` if the
    /// server does not confirm in time; else why the connection had ended before.
    pub async fn close(&self, code: u16, reason: impl Into<String>) -> Result<Close, Error> {
        self.raw.close(code, reason).await
    }
}

impl<C, S: Decode> Connection<C, S> {
    /// The server's next event; `None` once it has closed the connection in due form. Waiting can be given up at any time
    /// without losing an event. News of reconnections are left out here (and logged); [`next`](Self::next) has them.
    ///
    /// # Errors
    /// - Kind `decode` without [`Error::close`]: one event cannot be read. [`Error::body`] holds it, and the connection goes
    ///   on.
    /// - Kind `closed`: the server closed the connection with a code that is no proper end.
    /// - Kind `connection`: the connection broke, or the server does not answer pings any more.
    ///
    /// - Kind `decode` with [`Error::close`]: what came is no WebSocket message, or longer than the limit.
    ///
    /// All but the first end the connection and are reported once; after them comes `None`.
    pub async fn recv(&mut self) -> Option<Result<S, Error>> {
        loop {
            match self.next().await? {
                Ok(Incoming::Event(event)) => return Some(Ok(event)),
                Ok(Incoming::Reconnecting(notice)) => {
                    warn!(attempt = notice.attempt, code = notice.close.code, "connection lost; connecting again");
                }
                Ok(Incoming::Reconnected(notice)) => {
                    warn!(attempts = notice.attempts, "connected again: a new session")
                }
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// What comes next, news of reconnections included.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    pub async fn next(&mut self) -> Option<Result<Incoming<S>, Error>> {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Incoming<S>, Error>>> {
        self.raw.poll_recv(cx).map(|item| {
            Some(match item? {
                Ok(RawIncoming::Event(event)) => {
                    self.received += 1;
                    json::decode(&event).map(Incoming::Event).map_err(|why| unreadable(self.received, event, &why))
                }
                Ok(RawIncoming::Reconnecting(notice)) => Ok(Incoming::Reconnecting(notice)),
                Ok(RawIncoming::Reconnected(notice)) => Ok(Incoming::Reconnected(notice)),
                Err(error) => Err(error),
            })
        })
    }
}

fn unreadable(number: u64, event: Bytes, why: &json::DecodeError) -> Error {
    let message = format!("event {number} of the connection cannot be read: {why}; the connection goes on");
    Error::new(ErrorKind::Decode, message).with_body(event)
}

impl<C, S: Decode> Stream for Connection<C, S> {
    type Item = Result<Incoming<S>, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll(cx)
    }
}
