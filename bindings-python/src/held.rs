//! Something that Python reads bit by bit, and may close, or stop to wait for, while another thread or task reads it.
//!
//! Two things must not happen: that what has been read is lost when the reader has gone by the time it is there (a task that was
//! cancelled), and that what was closed stays open because somebody held it in that moment. So what was read keeps the place until it is
//! taken, and goes back if it never is; and everybody who leaves the place looks whether it was closed meanwhile.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use tokio::sync::{Mutex, Notify, OwnedMutexGuard};

use crate::runtime;

/// A source `T` of things `O` to read.
pub(crate) struct Held<T: Send + 'static, O: Send + 'static>(Arc<Inner<T, O>>);

struct Inner<T: Send + 'static, O: Send + 'static> {
    place: Arc<Mutex<Place<T, O>>>,
    /// Whether nothing follows what was read.
    is_last: fn(&O) -> bool,
    closed: AtomicBool,
    close: Notify,
    generation: u32,
}

struct Place<T, O> {
    /// Nothing: it has ended, or was closed.
    source: Option<T>,
    /// What was read for somebody who did not take it.
    left: Option<O>,
}

impl<T: Send + 'static, O: Send + 'static> Clone for Held<T, O> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

pub(crate) type Reading<'a, O> = Pin<Box<dyn Future<Output = O> + Send + 'a>>;

impl<T: Send + 'static, O: Send + 'static> Held<T, O> {
    /// `is_last`: whether the source can go when this was read.
    pub(crate) fn new(source: T, is_last: fn(&O) -> bool) -> Self {
        Self(Arc::new(Inner {
            place: Arc::new(Mutex::new(Place { source: Some(source), left: None })),
            is_last,
            closed: AtomicBool::new(false),
            close: Notify::new(),
            generation: runtime::generation(),
        }))
    }

    /// A forked child has none of the threads that look after it. `what`: its name.
    pub(crate) fn here(&self, what: &str) -> PyResult<()> {
        if self.0.is_here() {
            return Ok(());
        }
        Err(PyRuntimeError::new_err(format!("the {what} belongs to the process that this one was forked from")))
    }

    /// What `read` gives, or what was left; nothing if it has ended, or is or gets closed.
    pub(crate) async fn next(&self, read: impl FnOnce(&mut T) -> Reading<'_, O> + Send) -> Taken<T, O> {
        // Goes last, when the place is free again.
        let leaving = Leaving(self.clone());
        let closed = self.0.close.notified();
        let mut place = Arc::clone(&self.0.place).lock_owned().await;
        if self.is_closed() {
            place.clear();
        }
        if let Some(left) = place.left.take() {
            return Taken { value: Some(left), place, _leaving: leaving };
        }
        let value = match &mut place.source {
            None => None,
            Some(source) => tokio::select! {
                value = read(source) => Some(value),
                () = closed => None,
            },
        };
        if value.as_ref().is_none_or(self.0.is_last) {
            place.source = None;
        }
        Taken { value, place, _leaving: leaving }
    }

    /// What `read` gives, which is not kept for anybody; it is told what was left. Nothing if it has ended, or is or gets closed.
    pub(crate) async fn finish<R: Send>(
        &self,
        read: impl FnOnce(&mut T, Option<O>) -> Reading<'_, R> + Send,
    ) -> Option<R> {
        let _leaving = Leaving(self.clone());
        let closed = self.0.close.notified();
        let mut place = self.0.place.lock().await;
        if self.is_closed() {
            place.clear();
        }
        let left = place.left.take();
        let read = read(place.source.as_mut()?, left);
        let value = tokio::select! {
            value = read => Some(value),
            () = closed => None,
        };
        if value.is_none() {
            place.clear();
        }
        value
    }

    /// Ends it. Whoever waits gets nothing more.
    pub(crate) fn close(&self, py: Python<'_>) {
        self.0.closed.store(true, Ordering::Release);
        if !self.0.is_here() {
            return;
        }
        self.0.close.notify_waiters();
        py.detach(|| self.0.clear());
    }

    /// Whether it was closed here.
    pub(crate) fn is_closed(&self) -> bool {
        self.0.closed.load(Ordering::Acquire)
    }
}

impl<T, O> Place<T, O> {
    fn clear(&mut self) {
        (self.source, self.left) = (None, None);
    }
}

impl<T: Send + 'static, O: Send + 'static> Inner<T, O> {
    fn is_here(&self) -> bool {
        self.generation == runtime::generation()
    }

    /// Ends what nobody reads; a reader does so itself when it leaves.
    fn clear(&self) {
        let _context = runtime::enter();
        if let Ok(mut place) = self.place.try_lock() {
            place.clear();
        }
    }
}

impl<T: Send + 'static, O: Send + 'static> Drop for Inner<T, O> {
    fn drop(&mut self) {
        if self.is_here() {
            self.clear();
        } else {
            // The threads that hold its locks are gone.
            std::mem::forget(Arc::clone(&self.place));
        }
    }
}

/// Somebody who reads. Whoever closed meanwhile could not end what was in use.
struct Leaving<T: Send + 'static, O: Send + 'static>(Held<T, O>);

impl<T: Send + 'static, O: Send + 'static> Drop for Leaving<T, O> {
    fn drop(&mut self) {
        if self.0.is_closed() && self.0.0.is_here() {
            self.0.0.clear();
        }
    }
}

/// What was read. The place is kept until it is taken; if it never is, it is what the next reader gets.
pub(crate) struct Taken<T: Send + 'static, O: Send + 'static> {
    value: Option<O>,
    place: OwnedMutexGuard<Place<T, O>>,
    /// Behind the place, which must be free when this goes.
    _leaving: Leaving<T, O>,
}

impl<T: Send + 'static, O: Send + 'static> Taken<T, O> {
    pub(crate) fn take(mut self) -> Option<O> {
        self.value.take()
    }
}

impl<T: Send + 'static, O: Send + 'static> Drop for Taken<T, O> {
    fn drop(&mut self) {
        self.place.left = self.value.take();
    }
}
