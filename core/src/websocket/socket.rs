//! One WebSocket, driven by polling: writes and reads side by side, so that neither end waits for the other for ever.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use tokio_websockets::{ClientBuilder, CloseCode, Config, Limits, Message, WebSocketStream};

use super::failure::Failure;
use super::inbox::Inbox;
use super::keepalive::{Beat, Keepalive};
use super::raw::{Control, Item};
use crate::error::Error;
use crate::transport::Duplex;

/// Longest time for a last word to a peer that may not listen any more.
const FAREWELL: Duration = Duration::from_secs(1);

/// A message to send, and whom to tell when it has gone out.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) message: Message,
    pub(super) done: Option<oneshot::Sender<Result<(), Error>>>,
}

impl Outgoing {
    /// A message that nobody waits for.
    pub(super) fn alone(message: Message) -> Self {
        Self { message, done: None }
    }
}

/// The channels between a connection's task and its handles.
#[derive(Debug)]
pub(super) struct Hub {
    pub(super) commands: mpsc::Receiver<Outgoing>,
    pub(super) control: mpsc::Receiver<Control>,
    pub(super) inbox: Inbox<Item>,
}

/// What a socket has to report.
#[derive(Debug)]
pub(super) enum Turn {
    /// A text or binary message has come.
    Message(Bytes),
    /// This message goes out now.
    Sending(Bytes),
    /// The connection's owner wants something; `None`: it has been dropped.
    Control(Option<Control>),
    /// The connection is over.
    Ended(Failure),
}

/// An open WebSocket.
pub(super) struct Socket {
    ws: WebSocketStream<Box<dyn Duplex>>,
    /// Messages to send. The first one may be under way.
    outbox: VecDeque<Outgoing>,
    started: bool,
    life: Option<Keepalive>,
    origin: Instant,
    alarm: Pin<Box<Sleep>>,
    /// When the server must have confirmed our close, and the limit it was given.
    closing: Option<(Instant, Duration)>,
    /// The server's close frame, or why nothing can be written any more.
    over: Option<Failure>,
}

impl Socket {
    /// Takes over a connection after its handshake. `keepalive`: interval and patience.
    pub(super) fn new(io: Box<dyn Duplex>, max_message: usize, keepalive: Option<(Duration, Duration)>) -> Self {
        // Each message goes out at once, in one frame.
        let config = Config::default().frame_size(usize::MAX).flush_threshold(1);
        let limits = Limits::default().max_payload_len(Some(max_message));
        let ws = ClientBuilder::new().config(config).limits(limits).take_over(io);
        let origin = Instant::now();
        let life = keepalive.map(|(interval, patience)| Keepalive::new(interval, patience, Duration::ZERO));
        let alarm = Box::pin(sleep_until(origin));
        Self { ws, outbox: VecDeque::new(), started: false, life, origin, alarm, closing: None, over: None }
    }

    /// Sends these before anything else.
    pub(super) fn queue(&mut self, outbox: VecDeque<Outgoing>) {
        self.outbox = outbox;
    }

    /// What was not sent; the first message did not go out whole.
    pub(super) fn into_outbox(self) -> VecDeque<Outgoing> {
        let mut outbox = self.outbox;
        // Pings and close frames were meant for this connection.
        outbox.retain(|outgoing| is_event(&outgoing.message));
        outbox
    }

    /// Sends a close frame and waits for the server's, no longer than `limit`. What waits to be sent is given up.
    pub(super) fn close(&mut self, code: u16, reason: &str, limit: Duration) {
        self.outbox.truncate(usize::from(self.started));
        self.outbox.push_back(Outgoing::alone(Message::close(sendable(code), reason)));
        self.closing = Some((Instant::now() + limit, limit));
    }

    /// Says why the connection ends, if the peer still listens, without waiting for an answer. What the peer did wrong
    /// has been told already where it broke the protocol.
    pub(super) async fn farewell(&mut self, code: u16) {
        let farewell = async {
            // A peer that does not listen has nothing to hear.
            let _ = self.ws.feed(Message::close(sendable(code), "")).await;
            let _ = self.ws.flush().await;
        };
        let _ = timeout(FAREWELL, farewell).await;
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>, hub: &mut Hub) -> Poll<Turn> {
        if let Poll::Ready(control) = hub.control.poll_recv(cx) {
            return Poll::Ready(Turn::Control(control));
        }
        if let Poll::Ready(sending) = self.poll_write(cx, &mut hub.commands) {
            return Poll::Ready(Turn::Sending(sending));
        }
        if let Poll::Ready(turn) = self.poll_read(cx, &hub.inbox) {
            return Poll::Ready(turn);
        }
        self.poll_alarm(cx, hub)
    }

    /// Sends what there is. Ready when a message is about to go out, which the reconnector wants to see.
    fn poll_write(&mut self, cx: &mut Context<'_>, commands: &mut mpsc::Receiver<Outgoing>) -> Poll<Bytes> {
        while self.over.is_none() {
            if self.outbox.is_empty() {
                if self.closing.is_some() {
                    return Poll::Pending;
                }
                match commands.poll_recv(cx) {
                    Poll::Ready(Some(outgoing)) => {
                        let text = payload(&outgoing.message);
                        self.outbox.push_back(outgoing);
                        return Poll::Ready(text);
                    }
                    Poll::Ready(None) | Poll::Pending => return Poll::Pending,
                }
            }
            match self.poll_first(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(())) => {
                    self.started = false;
                    if let Some(done) = self.outbox.pop_front().and_then(|outgoing| outgoing.done) {
                        // The sender may have stopped waiting.
                        let _ = done.send(Ok(()));
                    }
                }
                // What the server still says may tell why; it is read first.
                Poll::Ready(Err(failure)) => self.over = Some(failure),
            }
        }
        Poll::Pending
    }

    fn poll_first(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        let failed = |error| Failure::of(&error);
        if let (false, Some(first)) = (self.started, self.outbox.front()) {
            match self.ws.poll_ready_unpin(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(ready) => ready.map_err(failed)?,
            }
            self.started = true;
            self.ws.start_send_unpin(first.message.clone()).map_err(failed)?;
        }
        self.ws.poll_flush_unpin(cx).map_err(failed)
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, inbox: &Inbox<Item>) -> Poll<Turn> {
        // A server that is to close may have much to say before; its reader has gone then, mostly.
        let room = self.closing.is_some() || inbox.poll_room(cx).is_ready();
        let now = self.origin.elapsed();
        match &mut self.life {
            Some(life) if room => life.resume(now),
            Some(life) => life.pause(),
            None => {}
        }
        while room && self.over.as_ref().is_none_or(|over| !over.is_closed()) {
            let message = match self.ws.poll_next_unpin(cx) {
                Poll::Ready(Some(Ok(message))) => message,
                Poll::Ready(Some(Err(error))) => return Poll::Ready(self.ended(Failure::of(&error))),
                Poll::Ready(None) => {
                    return Poll::Ready(self.ended(Failure::broken("the connection ended without a close frame")));
                }
                Poll::Pending => break,
            };
            if let Some(life) = &mut self.life {
                life.heard(now);
            }
            if is_event(&message) {
                return Poll::Ready(Turn::Message(message.into_payload().into()));
            }
            // Pings are answered below us; the next read sends the answer.
            if let Some((code, reason)) = message.as_close() {
                self.over = Some(Failure::closed(code.into(), reason));
            }
        }
        match &self.over {
            // The answer to a close frame goes out before the connection is dropped.
            Some(over) if over.is_closed() => self.ws.poll_flush_unpin(cx).map(|_| self.ended(over.clone())),
            Some(over) => Poll::Ready(Turn::Ended(over.clone())),
            None => Poll::Pending,
        }
    }

    /// The better of two reasons: a close frame says more than a broken connection.
    fn ended(&self, failure: Failure) -> Turn {
        match &self.over {
            Some(over) if over.is_closed() && !failure.is_closed() => Turn::Ended(over.clone()),
            _ => Turn::Ended(failure),
        }
    }

    fn poll_alarm(&mut self, cx: &mut Context<'_>, hub: &mut Hub) -> Poll<Turn> {
        loop {
            let now = self.origin.elapsed();
            let mut due = None;
            match self.life.as_mut().map(|life| life.beat(now)) {
                None => {}
                Some(Beat::Wait(until)) => due = self.origin.checked_add(until),
                Some(Beat::Ping) => {
                    let place = usize::from(self.started);
                    self.outbox.insert(place, Outgoing::alone(Message::ping(Bytes::new())));
                    if let Poll::Ready(sending) = self.poll_write(cx, &mut hub.commands) {
                        return Poll::Ready(Turn::Sending(sending));
                    }
                    continue;
                }
                Some(Beat::Dead) => {
                    return Poll::Ready(Turn::Ended(Failure::broken("the server does not answer pings any more")));
                }
            }
            if let Some((until, limit)) = self.closing {
                if Instant::now() >= until {
                    return Poll::Ready(Turn::Ended(Failure::unconfirmed(limit)));
                }
                due = due.map_or(Some(until), |due| Some(due.min(until)));
            }
            let Some(due) = due else { return Poll::Pending };
            self.alarm.as_mut().reset(due);
            if self.alarm.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

/// Whether a message is one of the user's, and not of the protocol.
fn is_event(message: &Message) -> bool {
    message.is_text() || message.is_binary()
}

fn payload(message: &Message) -> Bytes {
    if is_event(message) { message.clone().into_payload().into() } else { Bytes::new() }
}

/// The code as one that may be sent; a frame without a code else.
fn sendable(code: u16) -> Option<CloseCode> {
    CloseCode::try_from(code).ok().filter(|code| !code.is_reserved())
}
