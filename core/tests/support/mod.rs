//! A fake transport, and a raw TCP server that does what a script says.
#![allow(dead_code)] // each test file uses its own part
#![allow(clippy::unwrap_used)]

pub mod fake;
pub mod tcp;

use std::future::Future;
use std::time::Duration;

/// Longest time anything here may take. Passing it is a failure, never a measurement.
const PATIENCE: Duration = Duration::from_secs(120);

/// The future's result; panics instead of hanging.
pub async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("the test hangs")
}

/// Server-sent events, one a line of JSON.
pub fn sse(events: &[&str]) -> String {
    events.iter().map(|event| format!("data: {event}\n\n")).collect()
}

/// A chunk of a chat with this text.
pub fn chunk(text: &str) -> String {
    format!(r#"{{"choices":[{{"index":0,"delta":{{"content":"{text}"}}}}]}}"#)
}
