//! Something that JavaScript reads bit by bit, and may close while it waits for more.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{Mutex, Notify};

use crate::runtime;

/// A source of things to read.
pub(crate) struct Held<T: Send + 'static>(Arc<Inner<T>>);

struct Inner<T: Send + 'static> {
    place: Mutex<Option<T>>,
    closed: AtomicBool,
    close: Notify,
}

impl<T: Send + 'static> Clone for Held<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// A future over what is held.
pub(crate) type Reading<'a, O> = Pin<Box<dyn Future<Output = O> + Send + 'a>>;

impl<T: Send + 'static> Held<T> {
    /// Holds nothing yet.
    pub(crate) fn empty() -> Self {
        Self(Arc::new(Inner { place: Mutex::new(None), closed: AtomicBool::new(false), close: Notify::new() }))
    }

    /// Holds this from now on, unless it was closed before.
    pub(crate) async fn put(&self, value: T) {
        let mut place = self.0.place.lock().await;
        if !self.0.closed.load(Ordering::Acquire) {
            *place = Some(value);
        }
    }

    /// What `read` gives; `None` if it is, or gets, closed.
    pub(crate) async fn read<O: Send>(&self, read: impl FnOnce(&mut T) -> Reading<'_, O> + Send) -> Option<O> {
        // Goes last, when the place is free again.
        let _leaving = Leaving(&self.0);
        let closed = self.0.close.notified();
        let mut place = self.0.place.lock().await;
        if self.0.closed.load(Ordering::Acquire) {
            *place = None;
        }
        let value = place.as_mut()?;
        let read = tokio::select! {
            read = read(value) => Some(read),
            () = closed => None,
        };
        if read.is_none() {
            *place = None;
        }
        read
    }

    /// Ends it. Whoever waits gets nothing more.
    pub(crate) fn close(&self) {
        self.0.closed.store(true, Ordering::Release);
        self.0.close.notify_waiters();
        self.0.clear();
    }
}

impl<T: Send + 'static> Inner<T> {
    /// Ends what nobody reads; a reader does so itself when it leaves.
    fn clear(&self) {
        let runtime = runtime::get();
        let _guard = runtime.as_ref().ok().map(|runtime| runtime.enter());
        if let Ok(mut place) = self.place.try_lock() {
            drop(place.take());
        }
    }
}

/// Somebody who reads, and may be told to stop. Whoever closed meanwhile could not end what was in use.
struct Leaving<'a, T: Send + 'static>(&'a Inner<T>);

impl<T: Send + 'static> Drop for Leaving<'_, T> {
    fn drop(&mut self) {
        if self.0.closed.load(Ordering::Acquire) {
            self.0.clear();
        }
    }
}

impl<T: Send + 'static> Drop for Inner<T> {
    fn drop(&mut self) {
        self.clear();
    }
}
