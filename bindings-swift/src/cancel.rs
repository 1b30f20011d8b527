//! Cancellation from outside.

use std::sync::Arc;

use tokio::sync::watch;

/// Ends the calls that it was handed to.
#[derive(Debug, uniffi::Object)]
pub struct CancelHandle {
    state: watch::Sender<bool>,
}

#[uniffi::export]
impl CancelHandle {
    /// A handle that nobody has cancelled yet.
    #[uniffi::constructor]
    pub fn new() -> Arc<Self> {
        Arc::new(Self { state: watch::Sender::new(false) })
    }

    /// Ends every call of this handle now, and every later one before it begins.
    pub fn cancel(&self) {
        self.state.send_replace(true);
    }
}

impl CancelHandle {
    /// Returns when it was cancelled.
    pub(crate) async fn cancelled(&self) {
        let mut state = self.state.subscribe();
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = state.wait_for(|cancelled| *cancelled).await;
    }
}
