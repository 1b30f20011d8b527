//! Decisions about time and repetition: pure, tested without a network.

pub mod backoff;
pub mod budget;
pub mod retry;
pub mod retry_after;
