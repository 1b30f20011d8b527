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
use tracing::{debug, warn};

use super::asked::{asked, gather};
use super::deck::Deck;
use super::format::{Answered, Asked, Ended, Exchange};
use super::pieces::{Pieces, body_of};
use super::redact::Redaction;
use super::replay::replay;
use super::{Cassette, Mode};
use crate::error::Error;
use crate::transport::{
    ByteStream, HttpRequest, HttpResponse, RequestBody, SendFuture, Transport, TransportError, TransportErrorKind,
    UpgradeFuture,
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

fn lock(deck: &Mutex<Deck>) -> MutexGuard<'_, Deck> {
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
        Ok(HttpResponse::new(response.status, response.headers, body))
    }
}

impl Transport for CassetteTransport {
    fn send(&self, request: HttpRequest) -> SendFuture<'_> {
        Box::pin(self.exchange(request))
    }

    /// Connections that are no requests and replies are not recorded: they pass. A replay has none, and stays offline.
    fn upgrade(&self, request: HttpRequest) -> UpgradeFuture<'_> {
        if self.mode == Mode::Replay {
            let why = "a cassette holds no WebSockets, so this connection cannot be replayed; let a mock server take its place";
            return Box::pin(std::future::ready(Err(refused(why.to_owned()))));
        }
        debug!("a WebSocket passes the cassette and is not recorded");
        self.inner.upgrade(request)
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
