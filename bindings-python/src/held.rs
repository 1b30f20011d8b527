//! Something that Python reads bit by bit, and may close while another thread or task waits for it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::prelude::*;
use tokio::sync::{Mutex, Notify};

use crate::runtime;

/// A source of things to read.
pub(crate) struct Held<T: Send + 'static>(Arc<Inner<T>>);

struct Inner<T: Send + 'static> {
    place: Mutex<Option<T>>,
    closed: AtomicBool,
    close: Notify,
    generation: u32,
}

impl<T: Send + 'static> Clone for Held<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

type Reading<'a, O> = Pin<Box<dyn Future<Output = O> + Send + 'a>>;

impl<T: Send + 'static> Held<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Arc::new(Inner {
            place: Mutex::new(Some(value)),
            closed: AtomicBool::new(false),
            close: Notify::new(),
            generation: runtime::generation(),
        }))
    }

    /// What `read` gives; `None` if it is, or gets, closed.
    pub(crate) async fn read<O: Send>(&self, read: impl FnOnce(&mut T) -> Reading<'_, O> + Send) -> Option<O> {
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
    pub(crate) fn close(&self, py: Python<'_>) {
        self.0.closed.store(true, Ordering::Release);
        self.0.close.notify_waiters();
        py.detach(|| {
            let _guard = runtime::enter();
            if let Ok(mut place) = self.0.place.try_lock() {
                drop(place.take());
            }
        });
    }
}

impl<T: Send + 'static> Drop for Inner<T> {
    fn drop(&mut self) {
        let Some(value) = self.place.get_mut().take() else { return };
        if self.generation != runtime::generation() {
            // The threads that hold its locks are gone.
            std::mem::forget(value);
            return;
        }
        let _guard = runtime::enter();
        drop(value);
    }
}
