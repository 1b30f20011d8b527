//! Finds out that no connection has begun a request, so that it can be handed over again.
//!
//! hyper hands a request to its connection through a channel. If the connection breaks in that very moment, the request may stay
//! in the channel, and nobody is told (hyper's issue 4122): the call would wait until its total time is over. A connection that
//! begins a request asks for its body first. So where nobody has asked for the body although there was time enough to
//! connect, the request is taken back and handed over anew: to another connection, or again to one that has no free stream
//! yet. Nothing of it has been sent, so nothing is sent twice.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::{ByteStream, TransportError, TransportErrorKind};

/// How often an exchange is looked at before a clock is set for it.
const LOOKS: u32 = 2;

/// What is sent.
pub(super) enum Content {
    Bytes(Bytes),
    Stream(ByteStream),
}

enum State {
    Waiting(Content),
    Begun(Content),
    Withdrawn,
}

/// The body of a request that waits for a connection.
#[derive(Clone)]
pub(super) struct Offer {
    state: Arc<Mutex<State>>,
    /// In bytes, where it is known without the request's headers.
    length: Option<u64>,
}

impl Offer {
    pub(super) fn new(content: Content) -> Self {
        let length = match &content {
            Content::Bytes(bytes) => Some(bytes.len() as u64),
            Content::Stream(_) => None,
        };
        Self { state: Arc::new(Mutex::new(State::Waiting(content))), length }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the body back, if no connection has asked for it.
    fn withdraw(&self) -> Option<Content> {
        let mut state = self.state();
        match std::mem::replace(&mut *state, State::Withdrawn) {
            State::Waiting(content) => Some(content),
            other => {
                *state = other;
                None
            }
        }
    }

    fn has_begun(&self) -> bool {
        matches!(*self.state(), State::Begun(_))
    }

    /// Notes that a connection has asked.
    fn begin(state: &mut State) -> Option<&mut Content> {
        if let State::Waiting(content) = state {
            let content = std::mem::replace(content, Content::Bytes(Bytes::new()));
            *state = State::Begun(content);
        }
        match state {
            State::Begun(content) => Some(content),
            _ => None,
        }
    }
}

impl Body for Offer {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        match Self::begin(&mut self.state()) {
            // The exchange that asks has been given up: it must not look like one that is complete.
            None => {
                let message = "the request was handed over anew".to_owned();
                Poll::Ready(Some(Err(TransportError::new(TransportErrorKind::Upload, message))))
            }
            Some(Content::Bytes(bytes)) if bytes.is_empty() => Poll::Ready(None),
            Some(Content::Bytes(bytes)) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Some(Content::Stream(stream)) => stream.as_mut().poll_next(cx).map_ok(Frame::data),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(Self::begin(&mut self.state()), Some(Content::Bytes(bytes)) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// Waits for an exchange that has been offered this body. `Err` gives the body back where no connection has begun it
/// within `patience`; the exchange is over then.
pub(super) async fn within<T>(
    patience: Duration,
    offer: &Offer,
    exchange: impl Future<Output = T>,
) -> Result<T, Content> {
    let mut exchange = pin!(exchange);
    // A connection that is free begins as soon as its task gets its turn. A clock set for that time alone would cost a system call: it
    // is earlier than all others, so the runtime's driver has to be told.
    let mut looks = 0;
    let early = poll_fn(|cx| match exchange.as_mut().poll(cx) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending if offer.has_begun() => Poll::Pending,
        Poll::Pending if looks < LOOKS => {
            looks += 1;
            cx.waker().wake_by_ref();
            Poll::Pending
        }
        Poll::Pending => Poll::Ready(None),
    });
    if let Some(done) = early.await {
        return Ok(done);
    }
    if let Ok(done) = tokio::time::timeout(patience, &mut exchange).await {
        return Ok(done);
    }
    match offer.withdraw() {
        Some(content) => Err(content),
        None => Ok(exchange.await),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt, stream};

    use super::*;

    const SOON: Duration = Duration::from_millis(1);

    fn text(content: &Content) -> &[u8] {
        match content {
            Content::Bytes(bytes) => bytes,
            Content::Stream(_) => b"a stream",
        }
    }

    fn frame(offer: &mut Offer) -> Option<Result<Bytes, TransportError>> {
        let mut cx = Context::from_waker(std::task::Waker::noop());
        match Pin::new(offer).poll_frame(&mut cx) {
            Poll::Ready(frame) => frame.map(|frame| frame.map(|frame| frame.into_data().unwrap())),
            Poll::Pending => panic!("nothing to wait for"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_nobody_begins_comes_back() {
        let offer = Offer::new(Content::Bytes(Bytes::from_static(b"body")));
        let left = within(SOON, &offer, std::future::pending::<()>()).await.unwrap_err();
        assert_eq!(text(&left), b"body");
        assert!(frame(&mut offer.clone()).unwrap().is_err(), "it cannot be begun any more");
        assert!(!offer.is_end_stream(), "it is not complete either");
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_has_begun_is_waited_for() {
        let offer = Offer::new(Content::Bytes(Bytes::from_static(b"body")));
        let connection = offer.clone();
        let exchange = async move {
            assert!(!connection.is_end_stream());
            tokio::time::sleep(1000 * SOON).await;
            7
        };
        assert!(matches!(within(SOON, &offer, exchange).await, Ok(7)));
    }

    #[tokio::test(start_paused = true)]
    async fn no_clock_is_set_for_a_request_that_begins_at_once() {
        let offer = Offer::new(Content::Bytes(Bytes::from_static(b"body")));
        let connection = offer.clone();
        tokio::spawn(async move { assert!(!connection.is_end_stream()) });
        // A clock of no time at all would take it back, or give it a second wait.
        let before = tokio::time::Instant::now();
        let done = within(Duration::ZERO, &offer, tokio::time::sleep(1000 * SOON)).await;
        assert!(done.is_ok());
        assert_eq!(before.elapsed(), 1000 * SOON);
    }

    #[test]
    fn a_body_is_given_once_and_says_its_length() {
        let mut offer = Offer::new(Content::Bytes(Bytes::from_static(b"body")));
        assert_eq!(offer.size_hint().exact(), Some(4));
        assert_eq!(frame(&mut offer).unwrap().unwrap(), "body");
        assert!(frame(&mut offer).is_none());
        let empty = Offer::new(Content::Bytes(Bytes::new()));
        assert_eq!(empty.size_hint().exact(), Some(0));
        assert!(empty.withdraw().is_some(), "asking for the length begins nothing");
        let empty = Offer::new(Content::Bytes(Bytes::new()));
        assert!(empty.is_end_stream());
        assert!(empty.withdraw().is_none());
    }

    #[test]
    fn a_stream_that_nobody_has_read_is_given_back_whole() {
        let pieces = stream::iter([Ok(Bytes::from_static(b"a")), Ok(Bytes::from_static(b"b"))]).boxed();
        let offer = Offer::new(Content::Stream(pieces));
        assert_eq!(offer.size_hint().exact(), None);
        let mut again = Offer::new(offer.withdraw().unwrap());
        assert_eq!(frame(&mut again).unwrap().unwrap(), "a");
        assert!(again.withdraw().is_none());
        assert_eq!(frame(&mut again).unwrap().unwrap(), "b");
        assert!(frame(&mut again).is_none());
    }
}
