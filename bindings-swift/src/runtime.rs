//! The runtime behind all calls: made on first use, ours alone.

use std::sync::OnceLock;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use crate::cancel::CancelHandle;
use crate::error::CallError;

static RUNTIME: OnceLock<Result<Runtime, String>> = OnceLock::new();

/// The runtime of this process.
pub(crate) fn get() -> Result<&'static Runtime, CallError> {
    let made = RUNTIME.get_or_init(|| {
        // One thread carries more than a host can consume, and a second one would be woken for half of what the first has to do:
        // waking a thread costs more than most calls.
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).thread_name("threadline").enable_all().build().map_err(|e| e.to_string())
    });
    made.as_ref().map_err(|why| CallError::usage(format!("threads for network calls cannot be started: {why}")))
}

/// Aborts its task when it is dropped.
#[derive(Debug)]
pub(crate) struct Guard<T>(pub(crate) JoinHandle<T>);

impl<T> Drop for Guard<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Does the work on the runtime. It ends early, and its connection is closed, when the caller drops this future or cancels
/// by the handle; then the error has the kind `cancelled`.
pub(crate) async fn run<T, F>(cancel: Option<std::sync::Arc<CancelHandle>>, work: F) -> Result<T, CallError>
where
    T: Send + 'static,
    F: Future<Output = Result<T, CallError>> + Send + 'static,
{
    let mut guard = Guard(get()?.spawn(async move {
        let Some(cancel) = cancel else { return work.await };
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(CallError::cancelled()),
            outcome = work => outcome,
        }
    }));
    match (&mut guard.0).await {
        Ok(outcome) => outcome,
        Err(error) => Err(CallError::usage(format!("the call crashed: {error}"))),
    }
}
