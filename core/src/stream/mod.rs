//! Streams of events.

pub mod sse;
mod utf8;
