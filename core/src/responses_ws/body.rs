//! One response on a connection, as the body of a stream of events.
//!
//! What reads streams over HTTP reads this one too: each message becomes a frame. So the rules for ends, errors and
//! silence are the same, and so is everything built upon streams.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::Stream;

use super::pool::Lease;
use crate::json::Doc;
use crate::transport::{TransportError, TransportErrorKind};
use crate::websocket::RawIncoming;

/// Events that end a response.
const LAST: &[&str] = &["response.completed", "response.failed", "response.incomplete", "response.cancelled"];

/// What a message means to the response it belongs to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// An event among others.
    Event,
    /// The last event: id of the response.
    Last(Option<String>),
    /// The server refuses or gives up.
    Error,
}

/// Reads what of a message matters to the connection.
pub(super) fn meaning(message: &[u8]) -> Meaning {
    // Most events are deltas; they are told by one look.
    let may_end = LAST.iter().any(|last| memchr::memmem::find(message, last.as_bytes()).is_some());
    let may_fail = memchr::memmem::find(message, b"\"error\"").is_some();
    if !may_end && !may_fail {
        return Meaning::Event;
    }
    let Ok(doc) = Doc::parse(message) else { return Meaning::Event };
    let root = doc.root();
    match root.get("type").and_then(|kind| kind.as_str()) {
        Some(kind) if LAST.contains(&&*kind) => {
            let id = root.get("response").and_then(|response| response.get("id")).and_then(|id| id.as_str());
            Meaning::Last(id.map(|id| id.into_owned()))
        }
        Some(kind) if kind == "error" => Meaning::Error,
        None if root.get("error").is_some_and(|error| !error.is_null()) => Meaning::Error,
        _ => Meaning::Event,
    }
}

/// A message as a frame of a stream.
fn frame(message: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(message.len() + 8);
    frame.put_slice(b"data: ");
    let start = frame.len();
    frame.put_slice(message);
    // A line end is white space in JSON, and the end of a line in a frame.
    frame[start..].iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
    frame.put_slice(b"\n\n");
    frame.freeze()
}

/// The messages of one response. Dropped before its end it closes the connection, since nothing can stop the rest.
pub(super) struct Body {
    lease: Option<Lease>,
    first: Option<Bytes>,
    events: u64,
}

impl Body {
    /// The messages of a connection, of which the first has been read.
    pub(super) fn new(lease: Lease, first: Bytes) -> Self {
        Self { lease: Some(lease), first: Some(first), events: 0 }
    }

    fn accept(&mut self, message: &[u8]) -> Bytes {
        match meaning(message) {
            Meaning::Event => {}
            Meaning::Last(id) => {
                if let Some(lease) = self.lease.take() {
                    lease.give_back(id);
                }
            }
            // Refused before anything happened, the connection is as good as before.
            Meaning::Error if self.events == 0 => {
                if let Some(lease) = self.lease.take() {
                    lease.give_back(None);
                }
            }
            Meaning::Error => self.lease = None,
        }
        self.events += 1;
        frame(message)
    }
}

impl Stream for Body {
    type Item = Result<Bytes, TransportError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(self.accept(&first))));
        }
        loop {
            let Some(lease) = &mut self.lease else { return Poll::Ready(None) };
            let item = match lease.connection().poll_recv(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(item) => item,
            };
            match item {
                Some(Ok(RawIncoming::Event(message))) => return Poll::Ready(Some(Ok(self.accept(&message)))),
                Some(Ok(_)) => {}
                Some(Err(error)) => {
                    self.lease = None;
                    let error =
                        TransportError::new(TransportErrorKind::Read, error.message().to_owned()).with_source(error);
                    return Poll::Ready(Some(Err(error)));
                }
                None => {
                    self.lease = None;
                    return Poll::Ready(None);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_told_from_events_that_mention_it() {
        let of = |text: &str| meaning(text.as_bytes());
        let done = r#"{"response":{"id":"resp_1","error":null},"type":"response.completed"}"#;
        assert_eq!(of(done), Meaning::Last(Some("resp_1".to_owned())));
        assert_eq!(of(r#"{"type":"response.incomplete"}"#), Meaning::Last(None));
        assert_eq!(
            of(r#"{"type":"response.output_text.delta","delta":"response.completed \"error\""}"#),
            Meaning::Event
        );
        assert_eq!(of(r#"{"type":"response.created","response":{"error":null}}"#), Meaning::Event);
        assert_eq!(of(r#"{"type":"error","error":{"code":"x"}}"#), Meaning::Error);
        assert_eq!(of(r#"{"error":{"message":"x"}}"#), Meaning::Error);
        assert_eq!(of("\"error\" response.completed"), Meaning::Event);
    }

    #[test]
    fn a_message_of_many_lines_is_one_frame() {
        assert_eq!(&frame(b"{\n \"a\":\r\n 1}")[..], b"data: {  \"a\":   1}\n\n");
    }
}
