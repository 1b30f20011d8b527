//! Streams of events, handed out in batches.

use std::sync::Arc;

use threadline::stream::RawEventStream;
use tokio::sync::{Mutex, watch};

use crate::cancel::CancelHandle;
use crate::error::CallError;
use crate::reply::{Head, header_lines};
use crate::runtime;

/// Most events of one batch.
const BATCH: usize = 64;

/// A stream of events.
#[derive(Debug, uniffi::Object)]
pub struct EventStream {
    head: Head,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    stream: Mutex<Option<RawEventStream>>,
    closed: watch::Sender<bool>,
}

impl EventStream {
    pub(crate) fn new(stream: RawEventStream) -> Arc<Self> {
        let head = Head {
            status: stream.status(),
            headers: header_lines(stream.headers()),
            request_id: stream.request_id().map(Into::into),
            attempts: stream.attempts(),
        };
        let shared = Shared { stream: Mutex::new(Some(stream)), closed: watch::Sender::new(false) };
        Arc::new(Self { head, shared: Arc::new(shared) })
    }
}

impl Shared {
    async fn next(&self) -> Result<Option<Vec<u8>>, CallError> {
        let mut closed = self.closed.subscribe();
        let mut stream = self.stream.lock().await;
        if *closed.borrow() {
            *stream = None;
        }
        let Some(events) = &mut *stream else { return Ok(None) };
        let batch = tokio::select! {
            batch = events.next_batch(BATCH) => batch,
            _ = closed.wait_for(|closed| *closed) => Ok(None),
        };
        if !matches!(batch, Ok(Some(_))) {
            *stream = None;
        }
        Ok(batch?.map(|events| {
            let mut json = Vec::with_capacity(events.iter().map(|event| event.data.len() + 40).sum());
            json.push(b'[');
            for (index, event) in events.iter().enumerate() {
                if index > 0 {
                    json.push(b',');
                }
                json.extend_from_slice(&event.json());
            }
            json.push(b']');
            json
        }))
    }
}

#[uniffi::export]
impl EventStream {
    /// Status and headers.
    pub fn head(&self) -> Head {
        self.head.clone()
    }

    /// Waits for an event and returns it with all that have arrived, as a JSON list; none at the proper end, or when the stream
    /// was closed.
    pub async fn next_batch(&self, cancel: Option<Arc<CancelHandle>>) -> Result<Option<Vec<u8>>, CallError> {
        let shared = Arc::clone(&self.shared);
        runtime::run(cancel, async move { shared.next().await }).await
    }

    /// Closes the connection. Whoever waits for a batch gets the end.
    pub fn shut(&self) {
        self.shared.closed.send_replace(true);
        if let Ok(mut stream) = self.shared.stream.try_lock() {
            let _guard = runtime::get().ok().map(|runtime| runtime.enter());
            *stream = None;
        }
    }
}
