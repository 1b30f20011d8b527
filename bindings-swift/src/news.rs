//! What something that goes on by itself tells the host, handed out in batches of JSON.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{Mutex, Semaphore, mpsc};

use crate::error::CallError;

/// Most news of one batch, and events that may wait for the host before no more are read.
const BATCH: usize = 64;

enum Item {
    News(Vec<u8>),
    /// Has taken a place, which is free again once the host has it.
    Event(Vec<u8>),
    Failure(Box<CallError>),
    /// There is nothing more, unless somebody asks for it.
    Pause,
}

/// Tells. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Teller {
    items: mpsc::UnboundedSender<Item>,
    places: Arc<Semaphore>,
}

impl Teller {
    /// Tells something now.
    pub(crate) fn tell(&self, news: Vec<u8>) {
        // A host that is gone hears nothing.
        let _ = self.items.send(Item::News(news));
    }

    /// Waits until the host has read enough of what was told before.
    pub(crate) async fn room(&self) {
        if let Ok(place) = self.places.acquire().await {
            place.forget();
        }
    }

    /// Tells an event, for which there was [`room`](Self::room).
    pub(crate) fn event(&self, event: Vec<u8>) {
        let _ = self.items.send(Item::Event(event));
    }

    /// Ends with this error.
    pub(crate) fn fail(&self, error: CallError) {
        let _ = self.items.send(Item::Failure(Box::new(error)));
    }

    /// Says that there is nothing more for now.
    pub(crate) fn pause(&self) {
        let _ = self.items.send(Item::Pause);
    }
}

/// What the host reads.
pub(crate) struct News {
    reader: Mutex<Reader>,
    places: Arc<Semaphore>,
    paused: AtomicBool,
}

struct Reader {
    items: mpsc::UnboundedReceiver<Item>,
    failure: Option<Box<CallError>>,
}

/// A place to tell and a place to read.
pub(crate) fn channel() -> (Teller, News) {
    let (sender, items) = mpsc::unbounded_channel();
    let places = Arc::new(Semaphore::new(BATCH));
    let news = News {
        reader: Mutex::new(Reader { items, failure: None }),
        places: Arc::clone(&places),
        paused: AtomicBool::new(false),
    };
    (Teller { items: sender, places }, news)
}

impl News {
    /// Waits for news and returns it with all that is there, as a JSON list; none at the end.
    pub(crate) async fn next_batch(&self) -> Result<Option<Vec<u8>>, CallError> {
        let mut reader = self.reader.lock().await;
        let Reader { items, failure } = &mut *reader;
        if let Some(failure) = failure.take() {
            return Err(*failure);
        }
        if self.paused.load(Ordering::Acquire) {
            return Ok(None);
        }
        let mut batch = Vec::new();
        let mut next = items.recv().await;
        while let Some(item) = next {
            let text = match item {
                Item::Event(text) => {
                    self.places.add_permits(1);
                    text
                }
                Item::News(text) => text,
                Item::Failure(error) => {
                    *failure = Some(error);
                    break;
                }
                Item::Pause => {
                    self.paused.store(true, Ordering::Release);
                    break;
                }
            };
            batch.push(text);
            if batch.len() >= BATCH {
                break;
            }
            next = items.try_recv().ok();
        }
        if !batch.is_empty() {
            return Ok(Some(list(&batch)));
        }
        match failure.take() {
            Some(failure) => Err(*failure),
            None => Ok(None),
        }
    }

    /// Goes on after a pause.
    pub(crate) fn resume(&self) {
        self.paused.store(false, Ordering::Release);
    }
}

/// JSON texts as one list.
pub(crate) fn list<T: AsRef<[u8]>>(texts: &[T]) -> Vec<u8> {
    let mut json = Vec::with_capacity(texts.iter().map(|text| text.as_ref().len() + 1).sum::<usize>() + 1);
    json.push(b'[');
    for (index, text) in texts.iter().enumerate() {
        if index > 0 {
            json.push(b',');
        }
        json.extend_from_slice(text.as_ref());
    }
    json.push(b']');
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_told_before_a_failure_is_read_before_it() {
        let (teller, news) = channel();
        teller.tell(b"1".to_vec());
        teller.room().await;
        teller.event(b"2".to_vec());
        teller.fail(CallError::usage("it failed"));
        drop(teller);
        assert_eq!(news.next_batch().await.unwrap().unwrap(), b"[1,2]");
        assert_eq!(news.next_batch().await.unwrap_err().to_string(), "it failed");
        assert!(news.next_batch().await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_pause_ends_the_reading_until_it_goes_on() {
        let (teller, news) = channel();
        teller.pause();
        assert!(news.next_batch().await.unwrap().is_none());
        teller.tell(b"3".to_vec());
        assert!(news.next_batch().await.unwrap().is_none());
        news.resume();
        assert_eq!(news.next_batch().await.unwrap().unwrap(), b"[3]");
    }

    #[tokio::test]
    async fn events_wait_for_a_host_that_does_not_read() {
        let (teller, news) = channel();
        for _ in 0..BATCH {
            teller.room().await;
            teller.event(b"0".to_vec());
        }
        let mut room = Box::pin(teller.room());
        assert!(futures_util::poll!(&mut room).is_pending());
        assert!(news.next_batch().await.unwrap().is_some());
        room.await;
    }
}
