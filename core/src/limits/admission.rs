//! The right to one request, held until its reply ends.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::Stream;
use http::{HeaderMap, StatusCode};
use tokio::sync::OwnedSemaphorePermit;

use super::estimate;
use super::limiter::Limiter;
use super::pacer::Place;
use crate::policy::retry::LONGEST_WAIT;
use crate::policy::retry_after::retry_after;
use crate::response::RateLimit;
use crate::transport::{ByteStream, TransportError};

/// A request's place: in the queue, and once it is admitted among those that count. Dropping it gives up what it holds.
#[derive(Debug)]
pub(crate) struct Admission {
    limiter: Limiter,
    place: Place,
    pub(super) permit: Option<OwnedSemaphorePermit>,
}

impl Admission {
    pub(super) fn new(limiter: Limiter, place: Place) -> Self {
        Self { limiter, place, permit: None }
    }

    /// Learns from the head of the reply.
    pub(crate) fn answered(&self, status: StatusCode, headers: &HeaderMap) {
        let asks = matches!(status.as_u16(), 429 | 503);
        let pause = retry_after(headers, SystemTime::now()).filter(|_| asks).map(|wait| wait.min(LONGEST_WAIT));
        self.limiter.answered(&self.place, &RateLimit::from_headers(headers), pause);
    }

    /// Keeps the place until the reply's body ends or is dropped.
    pub(crate) fn hold(self, body: ByteStream) -> ByteStream {
        Box::pin(Held { body, admission: self, tail: Vec::new() })
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        self.limiter.leave(&self.place);
    }
}

/// A body that is being read on somebody's place.
struct Held {
    body: ByteStream,
    admission: Admission,
    /// The end of the piece before, where the sum of tokens may begin.
    tail: Vec<u8>,
}

/// Bytes that `"total_tokens": 123456789` does not exceed.
const NEAR: usize = 40;

impl Held {
    fn look_at(&mut self, piece: &Bytes) {
        self.tail.extend_from_slice(&piece[..piece.len().min(NEAR)]);
        if let Some(tokens) = estimate::total(piece).or_else(|| estimate::total(&self.tail)) {
            self.admission.limiter.used(&self.admission.place, tokens);
        }
        if piece.len() >= NEAR {
            self.tail.clear();
            self.tail.extend_from_slice(&piece[piece.len() - NEAR..]);
        }
        let old = self.tail.len().saturating_sub(2 * NEAR);
        self.tail.drain(..old);
    }
}

impl Stream for Held {
    type Item = Result<Bytes, TransportError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let piece = self.body.as_mut().poll_next(cx);
        if let Poll::Ready(Some(Ok(piece))) = &piece {
            self.look_at(piece);
        }
        piece
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt, stream};

    use super::super::Limits;
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_reply_tells_what_it_took_and_ends_its_place() {
        let limiter = Limiter::new(Limits::new().tokens_per_minute(1000).max_concurrent(1));
        let ask = limiter.ask(None, br#"{"max_tokens":900}"#);
        let admission = limiter.admit(&ask, |_| true).await.expect("room");
        let pieces =
            ["{\"usage\":{\"total_tok", "ens\":", " 12}}"].map(|piece| Ok(Bytes::from_static(piece.as_bytes())));
        let mut body = admission.hold(Box::pin(stream::iter(pieces)));
        while body.next().await.is_some() {}
        drop(body);
        let next = limiter.ask(None, br#"{"max_tokens":980}"#);
        let start = tokio::time::Instant::now();
        drop(limiter.admit(&next, |_| true).await.expect("room"));
        assert!(start.elapsed().is_zero(), "12 tokens and 980 are no more than 1000");
    }
}
