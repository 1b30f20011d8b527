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
    // One thread carries some 25,000 calls a second, more than an event loop can make; a second one, which wakes the first and is woken
    // by it, costs an eighth more a call. What computes for long (the engine's files, its database) has threads of its own.
    let made = Builder::new_multi_thread().worker_threads(1).thread_name("threadline").enable_all().build();
    let made =
        made.map_err(|error| Error::from_reason(format!("threads for network calls cannot be started: {error}")))?;
    Ok(RUNTIME.get_or_init(|| made))
}
