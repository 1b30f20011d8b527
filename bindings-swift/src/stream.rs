//! Streams of events, handed out in batches.

use std::sync::Arc;

use threadline::Json;
use threadline::accumulate::RawAccumulatedStream;
use threadline::stream::RawEventStream;
use tokio::sync::{Mutex, watch};

use crate::cancel::CancelHandle;
use crate::error::CallError;
use crate::news::list;
use crate::reply::{Head, header_lines};
use crate::runtime;

/// Most events of one batch.
const BATCH: usize = 256;

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

    /// What [`next_batch`](Self::next_batch) does, for a task of the runtime; and whether nothing comes after it.
    #[cfg(not(target_os = "ios"))]
    pub(crate) async fn next_here(&self) -> Result<Option<(Vec<u8>, bool)>, CallError> {
        self.shared.next().await
    }
}

impl Shared {
    async fn next(&self) -> Result<Option<(Vec<u8>, bool)>, CallError> {
        let mut closed = self.closed.subscribe();
        let mut stream = self.stream.lock().await;
        if *closed.borrow() {
            *stream = None;
        }
        let Some(events) = &mut *stream else { return Ok(None) };
        let batch = tokio::select! {
            batch = events.next_full_batch(BATCH) => batch,
            _ = closed.wait_for(|closed| *closed) => Ok(None),
        };
        let is_over = !matches!(batch, Ok(Some(_))) || events.is_over();
        if is_over {
            *stream = None;
        }
        Ok(batch?.map(|events| {
            let events: Vec<_> = events.iter().map(|event| event.json()).collect();
            (list(&events), is_over)
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
        runtime::run(cancel, async move { Ok(shared.next().await?.map(|(events, _)| events)) }).await
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

/// A stream that is put together.
#[derive(Debug, uniffi::Object)]
pub struct AccumulatedStream {
    head: Head,
    stream: Arc<Mutex<RawAccumulatedStream>>,
    closed: Arc<watch::Sender<bool>>,
}

impl AccumulatedStream {
    pub(crate) fn new(stream: RawAccumulatedStream) -> Arc<Self> {
        let head = Head {
            status: stream.status(),
            headers: header_lines(stream.headers()),
            request_id: stream.request_id().map(Into::into),
            attempts: stream.attempts(),
        };
        Arc::new(Self { head, stream: Arc::new(Mutex::new(stream)), closed: Arc::new(watch::Sender::new(false)) })
    }
}

#[uniffi::export]
impl AccumulatedStream {
    /// Status and headers.
    pub fn head(&self) -> Head {
        self.head.clone()
    }

    /// Waits for an event and returns it with all that have arrived, as a JSON list; none at the proper end, or when the stream was
    /// closed. The events are those of the guide to streaming helpers. A failure's `partial` has the `snapshot` too.
    pub async fn next_batch(&self, cancel: Option<Arc<CancelHandle>>) -> Result<Option<Vec<u8>>, CallError> {
        let (stream, closed) = (Arc::clone(&self.stream), Arc::clone(&self.closed));
        runtime::run(cancel, async move {
            let mut closed = closed.subscribe();
            let mut stream = stream.lock().await;
            let batch = tokio::select! {
                biased;
                _ = closed.wait_for(|closed| *closed) => {
                    stream.close();
                    Ok(None)
                }
                batch = stream.next_batch(BATCH) => batch,
            };
            let texts = |events: Vec<Json>| list(&events.iter().map(Json::raw).collect::<Vec<_>>());
            Ok(batch?.map(texts))
        })
        .await
    }

    /// What the events have come to so far, as JSON. It stays when the stream is over. Waits while a batch is read.
    pub async fn snapshot(&self) -> Result<String, CallError> {
        let stream = Arc::clone(&self.stream);
        runtime::run(None, async move { Ok(stream.lock().await.snapshot_json().raw().to_owned()) }).await
    }

    /// Closes the connection. Whoever waits for a batch gets the end.
    pub fn shut(&self) {
        self.closed.send_replace(true);
        if let Ok(mut stream) = self.stream.try_lock() {
            let _guard = runtime::get().ok().map(|runtime| runtime.enter());
            stream.close();
        }
    }
}
