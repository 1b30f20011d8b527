//! What JavaScript reads piece by piece: streams of events, in batches, and bodies.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use futures_util::StreamExt;
use threadline::stream::{RawEvent, RawEventStream};
use threadline::transport::ByteStream;
use threadline::{Download, Error, ErrorKind, Json};
use tokio::sync::{Mutex, Notify};

use crate::error;
use crate::item::{Item, Words};
use crate::split::{self, Piece};

/// Most events of one batch: each costs two crossings between the threads, and only what has arrived is taken.
const BATCH: usize = 256;

/// Something to read from.
pub(crate) struct Source {
    inner: Mutex<Option<Inner>>,
    closed: AtomicBool,
    close: Notify,
}

/// What is read.
pub(crate) enum Inner {
    /// Events, and what is left of those that are handed over in parts.
    Events(Box<RawEventStream>, VecDeque<Piece>),
    /// What is left of a large reply.
    Parts(VecDeque<Piece>),
    /// A body that the core watches.
    Download(Box<Download>),
    /// A body of the bare transport.
    Body(ByteStream),
}

impl Source {
    /// Reads events.
    pub(crate) fn events(stream: RawEventStream) -> Self {
        Self::new(Inner::Events(Box::new(stream), VecDeque::new()))
    }

    pub(crate) fn new(inner: Inner) -> Self {
        Self { inner: Mutex::new(Some(inner)), closed: AtomicBool::new(false), close: Notify::new() }
    }

    /// Closes the connection.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.close.notify_waiters();
        self.clear();
    }

    /// Ends what nobody reads; a reader does so itself when it leaves.
    fn clear(&self) {
        if let Ok(mut inner) = self.inner.try_lock() {
            drop(inner.take());
        }
    }
}

/// Somebody who reads, and may be told to stop. Whoever closed meanwhile could not end what was in use.
struct Leaving<'a>(&'a Source);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        if self.0.closed.load(Ordering::Acquire) {
            self.0.clear();
        }
    }
}

/// What comes next, and whether it is the last.
pub(crate) async fn next(id: u32, source: &Source, sent: bool) -> (Item, bool) {
    // Goes last, when the source is free again.
    let _leaving = Leaving(source);
    let closed = source.close.notified();
    let mut place = source.inner.lock().await;
    if source.closed.load(Ordering::Acquire) {
        *place = None;
    }
    let Some(inner) = &mut *place else { return (Item::end_of_events(id), true) };
    let item = tokio::select! {
        item = inner.next(id, sent) => item,
        () = closed => Item::end_of_events(id),
    };
    let over = !matches!(
        item,
        Item::Batch { events: Some(_), last: false, .. } | Item::Part { .. } | Item::Piece { piece: Some(_), .. }
    );
    if over {
        *place = None;
    }
    (item, over)
}

impl Inner {
    async fn next(&mut self, id: u32, sent: bool) -> Item {
        let piece = match self {
            Self::Events(events, parts) => {
                if parts.is_empty() {
                    match events.next_full_batch(BATCH).await {
                        Ok(None) => return Item::end_of_events(id),
                        Ok(Some(batch)) if sent => {
                            return Item::Batch { id, events: Some(as_sent(&batch)), last: events.is_over() };
                        }
                        Ok(Some(batch)) => {
                            let text = list(&batch);
                            match split::split(&text) {
                                None => return Item::Batch { id, events: Some(text), last: events.is_over() },
                                Some(pieces) => *parts = pieces.into(),
                            }
                        }
                        Err(error) => return Item::failed(id, &error),
                    }
                }
                return part(id, parts);
            }
            Self::Parts(parts) => return part(id, parts),
            Self::Download(download) => download.next_chunk().await,
            Self::Body(body) => match body.next().await.transpose() {
                Ok(piece) => Ok(piece),
                Err(error) => Err(Error::new(ErrorKind::Connection, error.to_string())),
            },
        };
        match piece {
            Ok(piece) => Item::Piece { id, piece },
            Err(error) => Item::Failed { id, record: error::record(&error) },
        }
    }
}

fn part(id: u32, parts: &mut VecDeque<Piece>) -> Item {
    let (path, text) = parts.pop_front().unwrap_or_default();
    Item::Part { id, path, words: Words::new(text), last: parts.is_empty() }
}

/// A batch as the text of a JSON array.
fn list(batch: &[RawEvent]) -> Vec<u8> {
    let mut text = Vec::with_capacity(batch.iter().map(|event| event.data.len() + 40).sum());
    for event in batch {
        text.push(if text.is_empty() { b'[' } else { b',' });
        text.extend_from_slice(&event.json());
    }
    text.push(b']');
    text
}

/// Names and data in turns, as texts.
fn as_sent(batch: &[RawEvent]) -> Vec<u8> {
    let mut text = Vec::new();
    for part in batch.iter().flat_map(|event| [&event.name, &event.data]) {
        text.push(if text.is_empty() { b'[' } else { b',' });
        text.extend_from_slice(quoted(part).raw().as_bytes());
    }
    text.push(b']');
    text
}

fn quoted(text: &Bytes) -> Json {
    Json::string(String::from_utf8_lossy(text))
}
