//! The same as `finish.rs` by the blocking interface of the crate: what `threadline-call --blocking` does, so that the
//! whole suite proves that one too. Calls that are to be cancelled are made the async way, for a thread that waits
//! cannot be stopped.

use std::io::Read;

use sha2::{Digest, Sha256};
use threadline::json::{Decode, Encode};
use threadline::{Call, Download, Error, ErrorKind, EventStream, Page, Reply};

use super::answer::encoded;
use super::{Answer, Pending};

/// Work of a thread that may wait.
pub(super) fn thread(work: impl FnOnce() -> Answer + Send + 'static) -> Pending {
    Box::pin(async {
        tokio::task::spawn_blocking(work)
            .await
            .unwrap_or_else(|error| Answer::usage(format!("the call crashed: {error}")))
    })
}

pub(super) fn reply<T: Decode + Send + 'static>(
    call: Call<Reply<T>>,
    answer: impl FnOnce(&Reply<T>) -> Answer + Send + 'static,
) -> Pending {
    thread(move || match call.send_blocking() {
        Err(error) => Answer::failed(&error),
        Ok(reply) => answer(&reply),
    })
}

pub(super) fn download(call: Call<Download>, answer: fn(Sha256, usize, Option<&str>) -> Answer) -> Pending {
    thread(move || {
        let mut download = match call.send_blocking() {
            Err(error) => return Answer::failed(&error),
            Ok(download) => download,
        };
        let request_id = download.request_id().map(str::to_owned);
        let (mut hash, mut len, mut buffer) = (Sha256::new(), 0, vec![0; 10_000]);
        loop {
            match download.read(&mut buffer) {
                Ok(0) => return answer(hash, len, request_id.as_deref()),
                Ok(count) => {
                    len += count;
                    hash.update(&buffer[..count]);
                }
                Err(error) => {
                    let foreign = |error: std::io::Error| Error::new(ErrorKind::Usage, error.to_string());
                    return Answer::failed(&error.downcast::<Error>().unwrap_or_else(foreign));
                }
            }
        }
    })
}

pub(super) fn events<E: Decode + Encode + Send + 'static>(call: Call<EventStream<E>>, limit: usize) -> Pending {
    thread(move || {
        let stream = match call.send_blocking() {
            Err(error) => return Answer::failed(&error),
            Ok(stream) => stream,
        };
        let mut events = Vec::new();
        for event in stream.take(limit) {
            match event.map(|event| encoded(&event)) {
                Ok(Ok(event)) => events.push(event),
                Ok(Err(message)) => return Answer::usage(message),
                Err(error) => return Answer::Events { events, error: Some((&error).into()) },
            }
        }
        Answer::Events { events, error: None }
    })
}

pub(super) fn page<T: Decode + Encode + Send + 'static>(call: Call<Page<T>>, limit: usize) -> Pending {
    thread(move || {
        let (mut pages, mut items) = (0, Vec::new());
        let mut found = call.pages_blocking();
        while items.len() < limit {
            match found.next() {
                None => break,
                Some(Err(error)) if pages == 0 => return Answer::failed(&error),
                Some(Err(error)) => return Answer::Pages { pages, items, error: Some((&error).into()) },
                Some(Ok(page)) => {
                    pages += 1;
                    for item in page.data.iter().take(limit - items.len()) {
                        match encoded(item) {
                            Ok(item) => items.push(item),
                            Err(message) => return Answer::usage(message),
                        }
                    }
                }
            }
        }
        Answer::Pages { pages, items, error: None }
    })
}
