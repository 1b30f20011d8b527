//! The total deadline of a call.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::error::{Error, ErrorKind};

/// When a call must be over, and the limit it was given.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    /// `None` if the limit lies beyond what a clock can hold.
    at: Option<Instant>,
    limit: Duration,
}

impl Deadline {
    pub(crate) fn after(limit: Duration) -> Self {
        Self { at: Instant::now().checked_add(limit), limit }
    }

    /// The future's result, or `None` once the deadline has passed.
    pub(crate) async fn watch<T>(self, future: impl Future<Output = T>) -> Option<T> {
        match self.at {
            Some(at) => timeout_at(at, future).await.ok(),
            None => Some(future.await),
        }
    }

    /// Whether waiting this long would pass the deadline.
    pub(crate) fn is_before(self, wait: Duration) -> bool {
        match (self.at, Instant::now().checked_add(wait)) {
            (Some(at), Some(then)) => at <= then,
            (None, Some(_)) => false,
            (_, None) => true,
        }
    }

    /// The error to give when it has passed.
    pub(crate) fn error(self, attempts: u32) -> Error {
        let message = format!("no complete reply within the total time of {:?}", self.limit);
        Error::new(ErrorKind::Timeout, message).with_attempts(attempts)
    }
}
