//! Events pushed to where they are wanted, instead of pulled: a callback, or a channel.
//!
//! The next event is read when the last one has been taken, so a slow receiver slows the server down.

use std::future::{Future, pending, ready};
use std::ops::ControlFlow;
use std::pin::pin;

use futures_util::future::{Either, select};
use tokio::sync::mpsc;

use crate::accumulate::{Accumulate, AccumulatedStream};
use crate::error::Error;
use crate::json::Decode;
use crate::stream::{EventStream, RawEvent, RawEventStream};

/// How a stream that was pushed came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// All events were taken.
    Complete,
    /// The receiver wanted no more, or is gone. The connection is closed.
    Stopped,
}

/// What a callback says: `()` goes on always, [`ControlFlow::Break`] ends the stream.
pub trait Verdict {
    /// Whether to go on.
    fn flow(self) -> ControlFlow<()>;
}

impl Verdict for () {
    fn flow(self) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

impl Verdict for ControlFlow<()> {
    fn flow(self) -> ControlFlow<()> {
        self
    }
}

/// Where events go: a closure, or the [`mpsc::Sender`] of a bounded channel.
pub trait EventSink<T> {
    /// Takes an event; the next one is read when this is done. `Break` ends the stream.
    fn take(&mut self, event: T) -> impl Future<Output = ControlFlow<()>> + Send;

    /// Ends when nobody is there any more to take events.
    fn gone(&mut self) -> impl Future<Output = ()> + Send {
        pending()
    }
}

impl<T, V: Verdict, F: FnMut(T) -> V> EventSink<T> for F {
    fn take(&mut self, event: T) -> impl Future<Output = ControlFlow<()>> + Send {
        ready(self(event).flow())
    }
}

impl<T: Send> EventSink<T> for mpsc::Sender<T> {
    async fn take(&mut self, event: T) -> ControlFlow<()> {
        match self.send(event).await {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }

    async fn gone(&mut self) {
        self.closed().await;
    }
}

/// A callback whose future is awaited.
struct Awaited<F>(F);

impl<T, V: Verdict, U: Future<Output = V> + Send, F: FnMut(T) -> U + Send> EventSink<T> for Awaited<F> {
    fn take(&mut self, event: T) -> impl Future<Output = ControlFlow<()>> + Send {
        let taken = (self.0)(event);
        async { taken.await.flow() }
    }
}

macro_rules! push_methods {
    ($event:ty) => {
        /// Pushes the events to a callback or a channel until the stream ends or nobody wants more; then the connection is
        /// closed.
        ///
        /// A callback returns `()`, or [`ControlFlow::Break`] to end the stream. A bounded channel holds the stream back
        /// while it is full, and ends it as soon as its receiver is dropped.
        ///
        /// # Errors
        /// Any failure of the stream, after the events that came before it.
        pub async fn stream_to(&mut self, mut sink: impl EventSink<$event>) -> Result<Delivery, Error> {
            loop {
                let next = match select(pin!(self.next()), pin!(sink.gone())).await {
                    Either::Left((next, _)) => next,
                    Either::Right(_) => break,
                };
                let Some(event) = next.transpose()? else { return Ok(Delivery::Complete) };
                if sink.take(event).await.is_break() {
                    break;
                }
            }
            self.close();
            Ok(Delivery::Stopped)
        }

        /// As [`stream_to`](Self::stream_to), with a callback that is awaited before the next event is read.
        ///
        /// # Errors
        /// As [`stream_to`](Self::stream_to).
        pub async fn stream_to_async<V: Verdict, U: Future<Output = V> + Send>(
            &mut self,
            callback: impl FnMut($event) -> U + Send,
        ) -> Result<Delivery, Error> {
            self.stream_to(Awaited(callback)).await
        }
    };
}

impl RawEventStream {
    push_methods!(RawEvent);
}

impl<E: Decode> EventStream<E> {
    push_methods!(E);
}

impl<A: Accumulate> AccumulatedStream<A> {
    push_methods!(A::Event);
}
