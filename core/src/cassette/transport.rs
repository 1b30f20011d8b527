//! The transport that records or replays.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use http::{HeaderMap, StatusCode};
use tokio::time::Instant;
use tracing::warn;

use super::asked::{asked, gather};
use super::deck::Deck;
use super::format::{Answered, Asked, Ended, Exchange, ReplyBody};
use super::pieces::{Pieces, body_of};
use super::player::{Rules, play};
use super::redact::Redaction;
use super::replay::{headers, replay, wait};
use super::socket::{Take, Tap};
use super::{Cassette, Mode};
use crate::error::Error;
use crate::transport::{
    ByteStream, HttpRequest, HttpResponse, RequestBody, SendFuture, Transport, TransportError, TransportErrorKind,
    Upgrade, UpgradeFuture,
};

/// A [`Transport`] that records what another one does, or replays it.
pub struct CassetteTransport {
    inner: Arc<dyn Transport>,
    mode: Mode,
    fast: bool,
    rules: Redaction,
    deck: Arc<Mutex<Deck>>,
}

impl fmt::Debug for CassetteTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CassetteTransport").field("mode", &self.mode).finish_non_exhaustive()
    }
}

pub(super) fn lock(deck: &Mutex<Deck>) -> MutexGuard<'_, Deck> {
    deck.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refused(message: String) -> TransportError {
    TransportError::new(TransportErrorKind::Request, message)
}

impl CassetteTransport {
    pub(super) fn new(cassette: Cassette, inner: Arc<dyn Transport>) -> Result<Self, Error> {
        let Cassette { path, mode, fast, allow_repeats, ignored, redaction } = cassette;
        let deck = Deck::open(&path, mode, ignored, allow_repeats).map_err(Error::usage)?;
        Ok(Self { inner, mode, fast, rules: redaction, deck: Arc::new(Mutex::new(deck)) })
    }

    async fn exchange(&self, mut request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let body = gather(std::mem::replace(&mut request.body, RequestBody::Empty)).await?;
        let rules = self.rules.knowing(&request.headers);
        let asked = asked(&request, body.as_ref(), &rules);
        if self.mode != Mode::Record {
            let found = lock(&self.deck).take(&asked);
            match found {
                Some(reply) => return replay(&reply, self.fast).await,
                None if self.mode == Mode::Replay => return Err(refused(lock(&self.deck).missing(&asked))),
                None => {}
            }
        }
        if let Some(body) = body {
            request.body = RequestBody::Bytes(body);
        }
        self.record(request, asked, rules).await
    }

    async fn record(
        &self,
        request: HttpRequest,
        asked: Asked,
        rules: Redaction,
    ) -> Result<HttpResponse, TransportError> {
        let place = lock(&self.deck).begin().map_err(refused)?;
        let start = Instant::now();
        // A request without a reply leaves nothing to replay.
        let response = self.inner.send(request).await?;
        Ok(self.recorded(response, place, asked, rules, start))
    }

    fn recorded(
        &self,
        response: HttpResponse,
        place: usize,
        asked: Asked,
        rules: Redaction,
        start: Instant,
    ) -> HttpResponse {
        let recording = Recording {
            deck: Arc::clone(&self.deck),
            place,
            asked: Some(asked),
            rules,
            status: response.status,
            headers: response.headers.clone(),
            after: start.elapsed(),
            head: Instant::now(),
            pieces: Vec::new(),
        };
        let body: ByteStream = Box::pin(Recorded { body: response.body, recording });
        HttpResponse::new(response.status, response.headers, body)
    }

    /// A WebSocket: its handshake is a request, what both sides say stands in its reply.
    async fn switch(&self, request: HttpRequest) -> Result<Upgrade, TransportError> {
        let rules = self.rules.knowing(&request.headers);
        let asked = asked(&request, None, &rules);
        if self.mode != Mode::Record {
            let found = lock(&self.deck).take(&asked);
            match found {
                Some(reply) => return self.play(reply, &request.headers, rules).await,
                None if self.mode == Mode::Replay => return Err(refused(lock(&self.deck).missing(&asked))),
                None => {}
            }
        }
        let place = lock(&self.deck).begin().map_err(refused)?;
        let start = Instant::now();
        Ok(match self.inner.upgrade(request).await? {
            Upgrade::Refused(reply) => Upgrade::Refused(self.recorded(reply, place, asked, rules, start)),
            Upgrade::Switched { headers, io } => {
                let (deck, after) = (Arc::clone(&self.deck), start.elapsed());
                let take = Take { deck, place, asked, rules, headers: headers.clone(), after };
                Upgrade::switched(headers, Tap::new(io, take))
            }
        })
    }

    async fn play(&self, reply: Answered, asked: &HeaderMap, redaction: Redaction) -> Result<Upgrade, TransportError> {
        match reply.body {
            Some(ReplyBody::Socket(ref script)) => {
                let headers = headers(&reply)?;
                wait(reply.after_ms, self.fast).await;
                let ignored = lock(&self.deck).ignored().to_vec();
                let rules = Rules { fast: self.fast, redaction, ignored };
                Ok(play(script.clone(), reply.ended, rules, asked, headers))
            }
            _ => replay(&reply, self.fast).await.map(Upgrade::Refused),
        }
    }
}

impl Transport for CassetteTransport {
    fn send(&self, request: HttpRequest) -> SendFuture<'_> {
        Box::pin(self.exchange(request))
    }

    fn upgrade(&self, request: HttpRequest) -> UpgradeFuture<'_> {
        Box::pin(self.switch(request))
    }
}

/// An exchange that is being recorded.
struct Recording {
    deck: Arc<Mutex<Deck>>,
    place: usize,
    /// Taken when it is written.
    asked: Option<Asked>,
    rules: Redaction,
    status: StatusCode,
    headers: HeaderMap,
    after: Duration,
    head: Instant,
    pieces: Pieces,
}

impl Recording {
    fn finish(&mut self, ended: Option<Ended>) -> Result<(), String> {
        let Some(request) = self.asked.take() else { return Ok(()) };
        let reply = Answered {
            status: self.status.as_u16(),
            after_ms: u64::try_from(self.after.as_millis()).unwrap_or(u64::MAX),
            headers: self.rules.headers(&self.headers).collect(),
            body: body_of(&self.headers, &self.pieces, &self.rules),
            ended,
        };
        lock(&self.deck).finish(self.place, Exchange { request, reply })
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        if let Err(error) = self.finish(Some(Ended::Unread)) {
            // The next request fails with it.
            warn!("{error}");
        }
    }
}

/// A body that is recorded while it is read.
struct Recorded {
    body: ByteStream,
    recording: Recording,
}

impl Stream for Recorded {
    type Item = Result<Bytes, TransportError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = match self.body.as_mut().poll_next(cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(item) => item,
        };
        let written = match &item {
            Some(Ok(piece)) => {
                let at = self.recording.head.elapsed();
                self.recording.pieces.push((at, piece.clone()));
                Ok(())
            }
            Some(Err(error)) => {
                let why = self.recording.rules.text(error.message()).into_owned();
                self.recording.finish(Some(Ended::Broken(why)))
            }
            None => self.recording.finish(None),
        };
        Poll::Ready(match written {
            Ok(()) => item,
            Err(error) => Some(Err(refused(error))),
        })
    }
}
