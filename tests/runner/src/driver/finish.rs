//! One function for each shape of typed call: makes the call and turns its result into an [`Answer`].

use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};
use sha2::{Digest, Sha256};
use threadline::json::{Decode, Encode};
use threadline::{Call, Download, EventStream, Page, Reply};

use super::answer::encoded;
use super::{Answer, Arguments, Pending, blocking};

/// One JSON or text reply.
pub fn reply<T: Decode + Encode + Send + 'static>(a: &Arguments, call: Call<Reply<T>>) -> Pending {
    let (call, ear) = (a.apply(call), a.ear.clone());
    let answer = move |reply: &Reply<T>| {
        ear.hear(|| format!("{:?}", reply.headers()));
        value(encoded(&**reply), reply.request_id())
    };
    if a.limits.blocking {
        return blocking::reply(call, answer);
    }
    Box::pin(async move {
        match call.await {
            Err(error) => Answer::failed(&error),
            Ok(reply) => answer(&reply),
        }
    })
}

/// A reply with nothing to read.
pub fn empty(a: &Arguments, call: Call<Reply<()>>) -> Pending {
    let (call, ear) = (a.apply(call), a.ear.clone());
    let answer = move |reply: &Reply<()>| {
        ear.hear(|| format!("{reply:?}{:?}", reply.headers()));
        value(Ok(RawValue::NULL.to_owned()), reply.request_id())
    };
    if a.limits.blocking {
        return blocking::reply(call, answer);
    }
    Box::pin(async move {
        match call.await {
            Err(error) => Answer::failed(&error),
            Ok(reply) => answer(&reply),
        }
    })
}

/// A binary reply, hashed as it streams in.
pub fn download(a: &Arguments, call: Call<Download>) -> Pending {
    let (call, ear) = (a.apply(call), a.ear.clone());
    if a.limits.blocking {
        return blocking::download(call, bytes);
    }
    Box::pin(async move {
        let mut download = match call.await {
            Err(error) => return Answer::failed(&error),
            Ok(download) => download,
        };
        ear.hear(|| format!("{download:?}{:?}", download.headers()));
        let request_id = download.request_id().map(str::to_owned);
        let (mut hash, mut len) = (Sha256::new(), 0);
        loop {
            match download.next_chunk().await {
                Err(error) => return Answer::failed(&error),
                Ok(None) => break,
                Ok(Some(bytes)) => {
                    len += bytes.len();
                    hash.update(&bytes);
                }
            }
        }
        bytes(hash, len, request_id.as_deref())
    })
}

fn bytes(hash: Sha256, len: usize, request_id: Option<&str>) -> Answer {
    let body = json!({"$bytes": {"sha256": hex(&hash.finalize()), "len": len}});
    value(to_raw_value(&body).map_err(|error| error.to_string()), request_id)
}

/// A stream, read to its end or to `max_events`.
pub fn events<E: Decode + Encode + Send + 'static>(a: &Arguments, call: Call<EventStream<E>>) -> Pending {
    let limit = a.limits.events;
    let (call, ear) = (a.apply(call), a.ear.clone());
    if a.limits.blocking {
        return blocking::events(call, limit);
    }
    Box::pin(async move {
        let mut stream = match call.await {
            Err(error) => return Answer::failed(&error),
            Ok(stream) => stream,
        };
        ear.hear(|| format!("{stream:?}{:?}", stream.headers()));
        let mut events = Vec::new();
        while events.len() < limit {
            match stream.next().await {
                None => break,
                Some(Ok(event)) => match encoded(&event) {
                    Ok(event) => events.push(event),
                    Err(message) => return Answer::usage(message),
                },
                Some(Err(error)) => return Answer::Events { events, error: Some((&error).into()) },
            }
        }
        Answer::Events { events, error: None }
    })
}

/// A list, read to its end or to `max_items`.
pub fn page<T: Decode + Encode + Send + Sync + Unpin + 'static>(a: &Arguments, call: Call<Page<T>>) -> Pending {
    let limit = a.limits.items;
    let (call, ear) = (a.apply(call), a.ear.clone());
    if a.limits.blocking {
        return blocking::page(call, limit);
    }
    let mut found = call.pages();
    Box::pin(async move {
        let (mut pages, mut items) = (0, Vec::new());
        while items.len() < limit {
            match found.next().await {
                None => break,
                Some(Err(error)) if pages == 0 => return Answer::failed(&error),
                Some(Err(error)) => return Answer::Pages { pages, items, error: Some((&error).into()) },
                Some(Ok(page)) => {
                    pages += 1;
                    ear.hear(|| format!("{:?}", page.headers()));
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

fn value(value: Result<Box<RawValue>, String>, request_id: Option<&str>) -> Answer {
    match value {
        Ok(value) => Answer::Value { value, request_id: request_id.map(Into::into) },
        Err(message) => Answer::usage(message),
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
