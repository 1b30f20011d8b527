//! A connection whose events are JSON text: what language bindings use, and what [`Connection`](super::Connection) types.

use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use tokio::sync::{mpsc, oneshot};
use tokio_websockets::Message;

use super::connect::Dial;
use super::driver::Driver;
use super::failure::Failure;
use super::inbox::{Outlet, inbox};
use super::socket::{Hub, Outgoing};
use super::{Close, Reconnected, Reconnecting};
use crate::error::{Error, ErrorKind};
use crate::json::Writer;

/// Messages that may wait to be sent. Each has a sender that waits for it.
const COMMANDS: usize = 16;

/// What comes from a connection, or happens to it.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum RawIncoming {
    /// A message of the server: JSON text, if the server keeps its word.
    Event(Bytes),
    /// The connection was lost and will be made again.
    Reconnecting(Reconnecting),
    /// The connection stands again.
    Reconnected(Reconnected),
}

impl RawIncoming {
    /// As JSON: the event itself, or an object whose `type` is `connection.reconnecting` or `connection.reconnected`.
    pub fn json(&self) -> Bytes {
        let mut w = Writer::new();
        w.begin_object();
        w.key("type");
        match self {
            Self::Event(event) => return event.clone(),
            Self::Reconnecting(notice) => {
                w.string("connection.reconnecting");
                w.key("attempt");
                w.int(notice.attempt.into());
                w.key("max_attempts");
                w.int(notice.max_attempts.into());
                w.key("delay_s");
                w.float(notice.delay.as_secs_f64());
                w.key("code");
                w.int(notice.close.code.into());
                w.key("reason");
                w.string(&notice.close.reason);
            }
            Self::Reconnected(notice) => {
                w.string("connection.reconnected");
                w.key("attempts");
                w.int(notice.attempts.into());
                w.key("resent");
                w.begin_list();
                notice.resent.iter().for_each(|kind| w.string(kind));
                w.end_list();
            }
        }
        w.end_object();
        Bytes::copy_from_slice(w.text().as_bytes())
    }
}

impl fmt::Debug for RawIncoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event(event) => write!(f, "Event({} bytes)", event.len()),
            Self::Reconnecting(notice) => notice.fmt(f),
            Self::Reconnected(notice) => notice.fmt(f),
        }
    }
}

pub(super) type Item = Result<RawIncoming, Error>;

/// What the owner of a connection asks of its task.
#[derive(Debug)]
pub(super) enum Control {
    Close { code: u16, reason: String, done: oneshot::Sender<Result<Close, Error>> },
}

/// How the connection ended, once it has.
#[derive(Debug, Default)]
pub(super) struct End {
    failure: OnceLock<Failure>,
}

impl End {
    pub(super) fn set(&self, failure: Failure) {
        // The first reason is the reason.
        let _ = self.failure.set(failure);
    }

    /// The error for whoever still wants to send.
    pub(super) fn error(&self) -> Error {
        match self.failure.get() {
            Some(failure) => {
                let error = failure.error();
                let message = format!("not sent, since the connection is over: {}", error.message());
                error.with_message(message)
            }
            None => Error::new(ErrorKind::Connection, "not sent: the connection is closing"),
        }
    }
}

/// Sends messages on a connection, from any task. It does not keep the connection open.
#[derive(Debug, Clone)]
pub struct RawSender {
    commands: mpsc::Sender<Outgoing>,
    end: Arc<End>,
}

impl RawSender {
    /// Sends a text message and returns when it has gone out. While a lost connection is being made again, it waits. To
    /// stop waiting does not take a message back.
    ///
    /// # Errors
    /// The reason why the connection is over; the message was not sent then.
    pub async fn send(&self, text: impl Into<String>) -> Result<(), Error> {
        self.pass(Message::text(text.into())).await
    }

    /// As [`send`](Self::send), for a binary message.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn send_binary(&self, bytes: impl Into<Bytes>) -> Result<(), Error> {
        self.pass(Message::binary(bytes.into())).await
    }

    async fn pass(&self, message: Message) -> Result<(), Error> {
        let (done, sent) = oneshot::channel();
        let outgoing = Outgoing { message, done: Some(done) };
        if self.commands.send(outgoing).await.is_err() {
            return Err(self.end.error());
        }
        sent.await.unwrap_or_else(|_| Err(self.end.error()))
    }
}

/// An open connection. Dropping it closes it with code 1000.
pub struct RawConnection {
    sender: RawSender,
    control: mpsc::Sender<Control>,
    incoming: Outlet<Item>,
    headers: HeaderMap,
}

impl fmt::Debug for RawConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawConnection").field("open", &!self.control.is_closed()).finish_non_exhaustive()
    }
}

/// Opens a connection and starts its task.
pub(crate) async fn open(dial: Dial) -> Result<RawConnection, Error> {
    let switched = dial.connect().await?;
    let headers = switched.headers.clone();
    let (commands, queue) = mpsc::channel(COMMANDS);
    let (control, orders) = mpsc::channel(1);
    let (sink, incoming) = inbox();
    let end = Arc::<End>::default();
    let hub = Hub { commands: queue, control: orders, inbox: sink };
    let driver = Driver::new(dial, switched, hub, Arc::clone(&end)).await;
    tokio::spawn(driver.run());
    Ok(RawConnection { sender: RawSender { commands, end }, control, incoming, headers })
}

impl RawConnection {
    /// What comes next; `None` once the connection has ended in due form.
    ///
    /// # Errors
    /// Why the connection ended, once; after it there is nothing more.
    pub async fn recv(&mut self) -> Option<Result<RawIncoming, Error>> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    pub(crate) fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Item>> {
        let item = ready!(self.incoming.poll_take(cx));
        let end = &self.sender.end;
        if item.is_none() && end.failure.get().is_none() {
            // Its task ends in no other way without a word.
            end.set(Failure::broken(
                "the connection's task crashed, in a function of the program perhaps, or its runtime is gone",
            ));
            return Poll::Ready(end.failure.get().map(|failure| Err(failure.error())));
        }
        Poll::Ready(item)
    }

    /// What sends on this connection.
    pub fn sender(&self) -> &RawSender {
        &self.sender
    }

    /// What closes this connection, from any task. It does not keep the connection open.
    pub fn closer(&self) -> RawCloser {
        RawCloser { control: self.control.downgrade(), end: Arc::clone(&self.sender.end) }
    }

    /// Headers of the handshake's reply.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The handshake's `x-request-id`, to quote when asking the provider.
    pub fn request_id(&self) -> Option<&str> {
        self.headers.get("x-request-id")?.to_str().ok()
    }

    /// Whether the connection stands, or is being made again, and nothing waits to be read.
    pub(crate) fn is_quiet(&self) -> bool {
        !self.control.is_closed() && self.incoming.is_quiet()
    }

    /// Sends a close frame and returns the server's answer. Events that come before it can still be read. What
    /// others are sending at this moment is given up, and they are told.
    ///
    /// # Errors
    /// Kind `usage` if the code or the reason cannot be sent, `timeout` if the server does not confirm in time; else why the
    /// connection had ended before.
    pub async fn close(&self, code: u16, reason: impl Into<String>) -> Result<Close, Error> {
        self.closer().close(code, reason).await
    }
}

/// Closes a connection, from any task.
#[derive(Debug, Clone)]
pub struct RawCloser {
    control: mpsc::WeakSender<Control>,
    end: Arc<End>,
}

impl RawCloser {
    /// As [`RawConnection::close`].
    ///
    /// # Errors
    /// As [`RawConnection::close`].
    pub async fn close(&self, code: u16, reason: impl Into<String>) -> Result<Close, Error> {
        let reason = reason.into();
        if !Close::may_send(code) {
            return Err(Error::usage(format!(
                "a close frame cannot carry code {code}; use 1000, or one from 3000 to 4999"
            )));
        }
        if reason.len() > 123 {
            return Err(Error::usage("the reason of a close frame holds 123 bytes at most"));
        }
        let (done, closed) = oneshot::channel();
        let ended = || self.end.failure.get().map(|failure| failure.close.clone());
        let control = self.control.upgrade();
        let asked = match &control {
            Some(control) => control.send(Control::Close { code, reason, done }).await.is_ok(),
            None => false,
        };
        if !asked {
            return ended().ok_or_else(|| self.end.error());
        }
        match closed.await {
            Ok(outcome) => outcome,
            Err(_) => ended().ok_or_else(|| self.end.error()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_crashed_is_no_end_in_due_form() {
        let ((commands, _), (control, _), (sink, incoming)) = (mpsc::channel(1), mpsc::channel(1), inbox());
        let sender = RawSender { commands, end: Arc::default() };
        let mut connection = RawConnection { sender, control, incoming, headers: HeaderMap::new() };
        sink.put(Ok(RawIncoming::Event(Bytes::from_static(b"{}"))), 2);
        let task = tokio::spawn(async move {
            let _sink = sink;
            panic!("a function of the program");
        });
        assert!(task.await.is_err());
        assert!(matches!(connection.recv().await, Some(Ok(RawIncoming::Event(_)))));
        let error = connection.recv().await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connection);
        assert!(connection.recv().await.is_none(), "it is told once");
        assert_eq!(connection.sender().send("{}").await.unwrap_err().kind(), ErrorKind::Connection);
    }
}
