//! A conversation: frames in and out, pings answered, everything recorded.

use std::{collections::VecDeque, pin::pin, sync::Arc};

use bytes::{Bytes, BytesMut};
use serde_json::Value;

use super::{
    frame::{self, Frame},
    places::Place,
    script::Word,
};
use crate::{
    api::TypeExpr,
    check::{Checker, Violation},
    shared::Shared,
    wire::{Gone, socket::Socket},
};

/// Why a conversation cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    /// The connection is gone.
    Gone,
    /// The client has closed it in due form, and was answered.
    Closed,
}

impl From<Gone> for Over {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

/// A conversation on a connection that has switched.
pub(super) struct Talk<'a> {
    pub(super) shared: &'a Arc<Shared>,
    /// Number of the request in the log.
    pub(super) n: usize,
    pub(super) place: &'static Place,
    pub(super) socket: &'a mut Socket,
    /// Messages that no step has taken yet.
    inbox: VecDeque<Bytes>,
    /// The beginning of a message whose end is still to come.
    begun: Option<BytesMut>,
    received: usize,
    pings: usize,
    pongs: usize,
    pub(super) answer_pings: bool,
    client_closed: bool,
    we_closed: bool,
}

impl<'a> Talk<'a> {
    pub(super) fn new(shared: &'a Arc<Shared>, n: usize, place: &'static Place, socket: &'a mut Socket) -> Self {
        Self {
            shared,
            n,
            place,
            socket,
            inbox: VecDeque::new(),
            begun: None,
            received: 0,
            pings: 0,
            pongs: 0,
            answer_pings: true,
            client_closed: false,
            we_closed: false,
        }
    }

    pub(super) fn report(&self, message: impl Into<String>) {
        let path = format!("message {}", self.received);
        self.shared.violation(self.n, Violation { path, message: message.into() });
    }

    /// Sends a message, in so many frames.
    pub(super) async fn send(&mut self, opcode: u8, payload: Bytes, fragments: usize) -> Result<(), Over> {
        self.shared.said(self.n, &payload);
        let size = payload.len().div_ceil(fragments.max(1)).max(1);
        let mut pieces = payload.chunks(size).map(|piece| payload.slice_ref(piece)).collect::<VecDeque<_>>();
        if pieces.is_empty() {
            pieces.push_back(payload);
        }
        let mut opcode = opcode;
        while let Some(piece) = pieces.pop_front() {
            let frame = Frame { fin: pieces.is_empty(), ..Frame::new(opcode, piece) };
            self.write(&frame.bytes(None)).await?;
            opcode = frame::CONTINUE;
        }
        Ok(())
    }

    pub(super) async fn send_json(&mut self, value: &Value) -> Result<(), Over> {
        self.send(frame::TEXT, value.to_string().into(), 1).await
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), Over> {
        Ok(self.socket.write(bytes).await?)
    }

    /// The client's next message.
    pub(super) async fn receive(&mut self) -> Result<Bytes, Over> {
        loop {
            self.read_buffer().await?;
            if let Some(message) = self.inbox.pop_front() {
                return Ok(message);
            }
            self.more().await?;
        }
    }

    /// Waits for the next control frame of this kind that no step has waited for.
    pub(super) async fn wait_for(&mut self, word: Word) -> Result<(), Over> {
        loop {
            let read = self.read_buffer().await;
            if word == Word::Close && self.client_closed {
                return Ok(());
            }
            read?;
            let count = if word == Word::Ping { &mut self.pings } else { &mut self.pongs };
            if *count > 0 {
                *count -= 1;
                return Ok(());
            }
            self.more().await?;
        }
    }

    /// Waits for an event; what the client sends meanwhile is read and answered.
    pub(super) async fn until(&mut self, event: impl Future<Output = ()>) -> Result<(), Over> {
        let mut event = pin!(event);
        loop {
            self.read_buffer().await?;
            tokio::select! {
                biased;
                () = &mut event => return Ok(()),
                read = self.socket.fill() => read?,
            }
        }
    }

    /// Sends a close frame and waits for the client's.
    pub(super) async fn close(&mut self, code: Option<u16>, reason: &str) -> Result<(), Over> {
        self.we_closed = true;
        let frame = Frame::close(code, reason).bytes(None);
        self.write(&frame).await?;
        while !self.client_closed {
            match self.read_buffer().await {
                Ok(()) => self.more().await?,
                Err(over) => return Err(over),
            }
        }
        Ok(())
    }

    async fn more(&mut self) -> Result<(), Over> {
        if self.client_closed { Err(Over::Closed) } else { Ok(self.socket.fill().await?) }
    }

    /// Takes in all frames that have arrived.
    async fn read_buffer(&mut self) -> Result<(), Over> {
        loop {
            let frame = match Frame::take(&mut self.socket.buffer) {
                Ok(Some(frame)) => frame,
                Ok(None) => return Ok(()),
                Err(why) => {
                    self.report(why);
                    return Err(Over::Gone);
                }
            };
            if !frame.masked {
                self.report("a client's frame must be masked");
            }
            if frame.rsv != 0 {
                self.report("a reserved bit is set");
            }
            match frame.opcode {
                frame::PING => {
                    self.pings += 1;
                    if self.answer_pings {
                        self.write(&Frame::new(frame::PONG, frame.payload).bytes(None)).await?;
                    }
                }
                frame::PONG => self.pongs += 1,
                frame::CLOSE => return self.closed(&frame).await,
                frame::TEXT | frame::BINARY | frame::CONTINUE => self.data(frame),
                other => self.report(format!("a frame has the unknown operation code {other}")),
            }
        }
    }

    async fn closed(&mut self, frame: &Frame) -> Result<(), Over> {
        self.client_closed = true;
        let code = frame.payload.first_chunk().map(|code| u16::from_be_bytes(*code));
        let reason = String::from_utf8_lossy(frame.payload.get(2..).unwrap_or_default()).into_owned();
        self.shared.client_closed(self.n, code, reason);
        if !self.we_closed {
            self.write(&Frame::new(frame::CLOSE, frame.payload.clone()).bytes(None)).await?;
        }
        Err(Over::Closed)
    }

    fn data(&mut self, frame: Frame) {
        match (&mut self.begun, frame.opcode) {
            (Some(begun), frame::CONTINUE) => begun.extend_from_slice(&frame.payload),
            (None, frame::TEXT | frame::BINARY) => self.begun = Some(BytesMut::from(&frame.payload[..])),
            _ => self.report("a message begins inside another, or goes on without a beginning"),
        }
        if let Some(message) = self.begun.take_if(|_| frame.fin) {
            self.message(message.freeze());
        }
    }

    fn message(&mut self, message: Bytes) {
        self.received += 1;
        self.shared.heard(self.n, &message);
        match serde_json::from_slice::<Value>(&message) {
            Ok(value) => {
                let ty = TypeExpr::Named(self.place.client.to_owned());
                let path = format!("message {}", self.received);
                for violation in Checker::new(&self.shared.api, false).check(&ty, &value, &path) {
                    self.shared.violation(self.n, violation);
                }
            }
            Err(error) => self.report(format!("is not JSON: {error}")),
        }
        self.inbox.push_back(message);
    }
}
