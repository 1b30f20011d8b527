//! A WebSocket that is recorded while it is used: the bytes pass, the messages in them are kept.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;
use tracing::warn;

use super::asked::json;
use super::deck::Deck;
use super::format::{Answered, Asked, Closed, Ended, Exchange, ReplyBody, Said, Side};
use super::frames::{Frame, Frames};
use super::multipart::base64;
use super::redact::Redaction;
use super::transport::lock;
use crate::transport::Duplex;

/// A message as it stands in the file; `None` for what keeps a connection alive.
pub(super) fn said(from: Side, after_ms: u64, frame: &Frame, rules: &Redaction) -> Option<Said> {
    let mut said = Said { from, after_ms, json: None, text: None, base64: None, close: None };
    match frame {
        Frame::Text(bytes) => match (json(bytes, rules), std::str::from_utf8(bytes)) {
            (Some(json), _) => said.json = Some(json),
            (None, Ok(text)) => said.text = Some(rules.text(text).into_owned()),
            (None, Err(_)) => said.base64 = Some(base64(bytes)),
        },
        Frame::Binary(bytes) => said.base64 = Some(base64(bytes)),
        Frame::Close(close) => {
            let close = close.clone().map(|(code, reason)| (code, rules.text(&reason).into_owned()));
            said.close = Some(close.map_or_else(Closed::default, |(code, reason)| Closed { code: Some(code), reason }));
        }
        Frame::Ping(_) | Frame::Pong => return None,
    }
    Some(said)
}

/// What is written of a connection.
pub(super) struct Take {
    pub(super) deck: Arc<Mutex<Deck>>,
    pub(super) place: usize,
    pub(super) asked: Asked,
    pub(super) rules: Redaction,
    pub(super) headers: HeaderMap,
    pub(super) after: Duration,
}

/// A connection whose messages are written down.
pub(super) struct Tap {
    io: Box<dyn Duplex>,
    take: Take,
    sent: Frames,
    received: Frames,
    said: Vec<Said>,
    /// When the message before came.
    last: Instant,
    closed: bool,
    broken: Option<String>,
}

impl Tap {
    pub(super) fn new(io: Box<dyn Duplex>, take: Take) -> Self {
        let (sent, received) = (Frames::default(), Frames::default());
        Self { io, take, sent, received, said: Vec::new(), last: Instant::now(), closed: false, broken: None }
    }

    fn note(&mut self, from: Side, bytes: &[u8]) {
        let frames = if from == Side::Client { &mut self.sent } else { &mut self.received };
        frames.push(bytes);
        let mut closes = false;
        while let Some(frame) = frames.next() {
            closes |= matches!(frame, Frame::Close(_));
            let after_ms = u64::try_from(self.last.elapsed().as_millis()).unwrap_or(u64::MAX);
            if let Some(said) = said(from, after_ms, &frame, &self.take.rules) {
                self.last += Duration::from_millis(after_ms);
                self.said.push(said);
            }
        }
        if closes {
            // Whoever closes a connection may end the program next.
            self.closed = true;
            self.write();
        }
    }

    fn write(&self) {
        let take = &self.take;
        let ended = match &self.broken {
            _ if self.closed => None,
            Some(why) => Some(Ended::Broken(why.clone())),
            None => Some(Ended::Unread),
        };
        let reply = Answered {
            status: StatusCode::SWITCHING_PROTOCOLS.as_u16(),
            after_ms: u64::try_from(take.after.as_millis()).unwrap_or(u64::MAX),
            headers: take.rules.headers(&take.headers).collect(),
            body: Some(ReplyBody::Socket(self.said.clone())),
            ended,
        };
        if let Err(error) = lock(&take.deck).finish(take.place, Exchange { request: take.asked.clone(), reply }) {
            // The next request fails with it.
            warn!("{error}");
        }
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.write();
    }
}

impl AsyncRead for Tap {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = Pin::new(&mut self.io).poll_read(cx, buf);
        match &result {
            Poll::Ready(Ok(())) if buf.filled().len() == before => {
                self.broken = Some("the connection ended".to_owned())
            }
            Poll::Ready(Ok(())) => self.note(Side::Server, &buf.filled()[before..]),
            Poll::Ready(Err(error)) => {
                let why = self.take.rules.text(&error.to_string()).into_owned();
                self.broken = Some(why);
            }
            Poll::Pending => {}
        }
        result
    }
}

impl AsyncWrite for Tap {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.io).poll_write(cx, buf);
        if let Poll::Ready(Ok(count)) = result {
            self.note(Side::Client, &buf[..count]);
        }
        result
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
