//! The runtime behind all calls of a process, made on first use. Worker threads of Node share it.

use std::sync::OnceLock;

use napi::{Error, Result};
use tokio::runtime::{Builder, Runtime};

static RUNTIME: OnceLock<Runtime> = OnceLock::new();

/// The runtime.
pub(crate) fn get() -> Result<&'static Runtime> {
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let made = Builder::new_multi_thread().worker_threads(workers()).thread_name("threadline").enable_all().build();
    let made =
        made.map_err(|error| Error::from_reason(format!("threads for network calls cannot be started: {error}")))?;
    Ok(RUNTIME.get_or_init(|| made))
}

/// Two threads carry more than one event loop can consume.
fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, |count| count.get().min(2))
}
