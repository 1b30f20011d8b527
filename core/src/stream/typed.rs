//! A stream of typed events.

use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Stream;
use http::HeaderMap;

use super::events::{RawEventStream, named_json};
use crate::client::{Call, CallFuture, Outcome, Parts, sealed};
use crate::error::Error;
use crate::json::{
    Context as JsonContext, Decode, DecodeError, DecodeErrorKind, Filled, Node, Slot, decode_into, slot,
};
use crate::operation::Frame;
use crate::response::RateLimit;

/// A stream of events of type `E`. Dropping it closes the connection.
///
/// ```ignore
/// let mut stream = client.responses().create_stream(params).await?;
/// while let Some(event) = stream.try_next().await? {
///     println!("{event:?}");
/// }
/// ```
///
/// It is a [`Stream`] of `Result<E, Error>` too. A stream that ends without its terminal event, an error frame, and
/// silence are errors, which carry what had arrived.
pub struct EventStream<E> {
    raw: Box<RawEventStream>,
    event: PhantomData<fn() -> E>,
}

impl<E> fmt::Debug for EventStream<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw.fmt(f)
    }
}

impl<E> EventStream<E> {
    /// The events of this stream, typed.
    pub(crate) fn from_raw(raw: RawEventStream) -> Self {
        Self { raw: Box::new(raw), event: PhantomData }
    }

    /// HTTP status.
    pub fn status(&self) -> u16 {
        self.raw.status()
    }

    /// Headers of the reply.
    pub fn headers(&self) -> &HeaderMap {
        self.raw.headers()
    }

    /// The reply's `x-request-id`, to quote when asking the provider.
    pub fn request_id(&self) -> Option<&str> {
        self.raw.request_id()
    }

    /// The rate limits that the reply states.
    pub fn rate_limit(&self) -> RateLimit {
        self.raw.rate_limit()
    }

    /// Number of requests that were sent for this stream.
    pub fn attempts(&self) -> u32 {
        self.raw.attempts()
    }

    /// The stream with its events as JSON text.
    pub fn into_raw(self) -> RawEventStream {
        *self.raw
    }

    /// Closes the connection. Dropping the stream does the same.
    pub fn close(&mut self) {
        self.raw.close();
    }
}

impl<E: Decode> EventStream<E> {
    /// The next event, or `None` at the stream's proper end.
    ///
    /// # Errors
    /// Any failure of the stream, with what came before it as [`Error::partial`]. It is reported once; after it the
    /// stream is at its end.
    pub async fn next(&mut self) -> Option<Result<E, Error>> {
        poll_fn(|cx| poll_typed(&mut self.raw, cx)).await
    }

    /// As [`next`](Self::next), for use with `?`: `while let Some(event) = stream.try_next().await?`.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub async fn try_next(&mut self) -> Result<Option<E>, Error> {
        self.next().await.transpose()
    }

    /// Waits for one event and returns it with all that have arrived, at most `max` (at least one). `None` is the
    /// proper end.
    ///
    /// # Errors
    /// As [`next`](Self::next); events that came before a failure are returned first.
    pub async fn next_batch(&mut self, max: usize) -> Result<Option<Vec<E>>, Error> {
        poll_fn(|cx| self.raw.poll_batch(cx, max, poll_typed)).await
    }
}

fn poll_typed<E: Decode>(raw: &mut RawEventStream, cx: &mut Context<'_>) -> Poll<Option<Result<E, Error>>> {
    let style = raw.frame_style();
    // The event is read where it is handed out from: large ones cost as much to move as to read.
    let mut out: Poll<Option<Result<E, Error>>> = Poll::Pending;
    let polled = raw.poll_with(cx, &mut |frame, data, context| {
        out = Poll::Ready(Some(Ok(E::blank())));
        let Poll::Ready(Some(Ok(event))) = &mut out else { return Ok(()) };
        match style {
            Frame::Data => fill(slot(event), data, context),
            Frame::Named => decode_into(&named_json(&frame.event, &frame.data), slot(event)),
        }
    });
    match polled {
        Poll::Ready(Some(Ok(()))) => {}
        Poll::Ready(Some(Err(error))) => out = Poll::Ready(Some(Err(error))),
        Poll::Ready(None) => out = Poll::Ready(None),
        Poll::Pending => out = Poll::Pending,
    }
    out
}

fn fill(place: &mut dyn Slot, data: Node<'_>, context: &mut JsonContext) -> Result<(), DecodeError> {
    match place.fill(data, context) {
        Filled::Misfit(kinds) => {
            let message = format!("the event is not {kinds}");
            Err(DecodeError::new(DecodeErrorKind::Type, data.path(), data.offset(), message))
        }
        Filled::Value | Filled::Null => Ok(()),
    }
}

impl<E: Decode> Stream for EventStream<E> {
    type Item = Result<E, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        poll_typed(&mut self.raw, cx)
    }
}

impl<E> sealed::Sealed for EventStream<E> {}

impl<E: Send + 'static> Outcome for EventStream<E> {
    fn send(call: Call<Self>) -> CallFuture<Self> {
        let future = open(call.inner);
        Box::pin(async move { Ok(Self { raw: Box::new(future.await?), event: PhantomData }) })
    }
}

/// Not generic, so that it is compiled once and not once a type.
pub(crate) fn open(parts: Box<Parts>) -> CallFuture<RawEventStream> {
    Box::pin(async move { parts.client.stream(parts.op, parts.args?, parts.options).await })
}
