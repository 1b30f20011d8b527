//! A stream of a background response that broke is taken up again where it was.
//!
//! The response goes on at the server whoever listens, and every event has a number: `GET /responses/{id}?stream=true` with
//! `starting_after` gives those that are missing.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::sleep;
use tracing::debug;

use super::RawEventStream;
use crate::client::{Args, Client, RequestOptions};
use crate::error::{Error, ErrorKind};
use crate::json::{Doc, Node, Writer};
use crate::operation::Operation;
use crate::operations::{BETA_RESPONSES_CREATE, BETA_RESPONSES_RETRIEVE, RESPONSES_CREATE, RESPONSES_RETRIEVE};
use crate::policy::backoff::{self, Backoff};

/// Operations whose streams can be taken up again, and the operation that does it.
static RESUMABLE: &[(&Operation, &Operation)] = &[
    (&RESPONSES_CREATE, &RESPONSES_RETRIEVE),
    (&RESPONSES_RETRIEVE, &RESPONSES_RETRIEVE),
    (&BETA_RESPONSES_CREATE, &BETA_RESPONSES_RETRIEVE),
    (&BETA_RESPONSES_RETRIEVE, &BETA_RESPONSES_RETRIEVE),
];

/// Where a stream is: events in, decision out. It needs no runtime.
#[derive(Debug, Default)]
struct Position {
    response_id: Option<String>,
    /// The highest number seen.
    sequence: Option<i64>,
    /// Whether the response outlives its stream.
    background: bool,
    /// Events up to this number were handed out by an earlier stream.
    seen: Option<i64>,
    /// How often the stream was taken up since its last new event.
    tries: u32,
}

impl Position {
    /// Notes an event: whether it is new.
    fn observe(&mut self, event: Node<'_>) -> bool {
        let number = event.get("sequence_number").and_then(Node::as_i64);
        if number.zip(self.seen).is_some_and(|(number, seen)| number <= seen) {
            return false;
        }
        self.sequence = self.sequence.max(number);
        self.tries = 0;
        if self.response_id.is_none() || !self.background {
            let Some(response) = event.get("response") else { return true };
            self.background |= response.get("background").and_then(Node::as_bool) == Some(true);
            if self.response_id.is_none() {
                self.response_id = response.get("id").and_then(Node::as_str).map(std::borrow::Cow::into_owned);
            }
        }
        true
    }

    /// After a failure: the response to ask for, the number to go on after, and which try it is, counted from 0.
    fn next_try(&mut self, kind: ErrorKind, max: u32) -> Option<(&str, i64, u32)> {
        let lost = matches!(
            kind,
            ErrorKind::Connection | ErrorKind::StreamEnded | ErrorKind::IdleTimeout | ErrorKind::Timeout
        );
        if !lost || !self.background || self.tries >= max {
            return None;
        }
        let (id, sequence) = self.response_id.as_deref().zip(self.sequence)?;
        self.seen = Some(sequence);
        self.tries += 1;
        Some((id, sequence, self.tries - 1))
    }
}

type Opening = Pin<Box<dyn Future<Output = Result<RawEventStream, Error>> + Send>>;

/// What it takes to go on with a stream.
pub(crate) struct Resume {
    client: Client,
    retrieve: &'static Operation,
    options: RequestOptions,
    /// Arguments of the retrieval but the number: names and JSON texts.
    fields: Vec<(String, String)>,
    max: u32,
    position: Position,
    opening: Option<Opening>,
    /// What broke the stream that is being taken up.
    cause: Option<Error>,
    /// Requests sent in vain.
    attempts: u32,
}

impl fmt::Debug for Resume {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resume").field("position", &self.position).field("max", &self.max).finish_non_exhaustive()
    }
}

impl Resume {
    /// For a call that may be taken up again; none for others. `max` is how often without a new event.
    pub(crate) fn of(
        client: &Client,
        op: &'static Operation,
        args: &Args,
        options: &RequestOptions,
        max: u32,
    ) -> Option<Self> {
        let (_, retrieve) = RESUMABLE.iter().find(|(known, _)| std::ptr::eq(*known, op))?;
        let mut position = Position { response_id: args.path.first().cloned(), ..Position::default() };
        // Only what is in the background can be retrieved as a stream.
        position.background = position.response_id.is_some();
        let mut fields = Vec::new();
        if let Ok(doc) = Doc::parse(&args.fields) {
            let root = doc.root();
            if position.response_id.is_none() {
                position.background = root.get("background").and_then(Node::as_bool) == Some(true);
                let options = root.get("stream_options");
                let kept = [
                    ("include", root.get("include")),
                    ("include_obfuscation", options.and_then(|options| options.get("include_obfuscation"))),
                ];
                let kept = kept.into_iter().filter_map(|(name, value)| Some((name, value?)));
                fields.extend(kept.map(|(name, value)| (name.to_owned(), value.raw().to_owned())));
            } else {
                let kept = root.members().map(|member| (member.name().into_owned(), member.value.raw().to_owned()));
                fields.extend(kept.filter(|(name, _)| name != "starting_after"));
            }
        }
        let options = options.clone().for_another_call();
        let client = client.clone();
        Some(Self { client, retrieve, options, fields, max, position, opening: None, cause: None, attempts: 0 })
    }

    /// Notes an event: whether it is new.
    pub(super) fn observe(&mut self, event: Node<'_>) -> bool {
        self.position.observe(event)
    }

    /// Begins to take the stream up again; gives the error back where that cannot help.
    pub(super) fn begin(&mut self, error: Error) -> Result<(), Error> {
        let Some((id, sequence, tried)) = self.position.next_try(error.kind(), self.max) else { return Err(error) };
        let Some(permit) = self.client.retry_permit() else { return Err(error) };
        let wait = Backoff::default().wait(tried, backoff::random());
        debug!(kind = error.kind().as_str(), sequence, tried, ?wait, "stream broke, going on with it");
        let args = Args::new(vec![id.to_owned()], arguments(&self.fields, sequence), Vec::new());
        self.opening = Some(reopen(self.client.clone(), self.retrieve, args, self.options.clone(), wait, permit));
        self.cause.get_or_insert(error);
        Ok(())
    }

    pub(super) fn is_opening(&self) -> bool {
        self.opening.is_some()
    }

    /// The stream that goes on, or why there is none.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<RawEventStream, Error>> {
        while let Some(opening) = &mut self.opening {
            let opened = ready!(opening.as_mut().poll(cx));
            self.opening = None;
            let error = match opened {
                Ok(stream) => {
                    self.cause = None;
                    return Poll::Ready(Ok(stream));
                }
                Err(error) => error,
            };
            self.attempts += error.attempts();
            if let Err(error) = self.begin(error) {
                let cause = self.cause.take();
                return Poll::Ready(Err(match cause {
                    Some(cause) => {
                        let message = format!("{}; going on with it failed: {}", cause.message(), error.message());
                        cause.with_message(message).with_source(error)
                    }
                    None => error,
                }));
            }
        }
        Poll::Ready(Err(Error::new(ErrorKind::StreamEnded, "the stream is closed")))
    }

    /// Requests sent since this was last asked that brought no stream.
    pub(super) fn take_attempts(&mut self) -> u32 {
        std::mem::take(&mut self.attempts)
    }
}

/// Opens the stream after a wait. Its own `Resume` is left unused: the stream that broke takes over.
fn reopen(
    client: Client,
    retrieve: &'static Operation,
    args: Args,
    options: RequestOptions,
    wait: Duration,
    permit: crate::policy::budget::Permit,
) -> Opening {
    Box::pin(async move {
        sleep(wait).await;
        let stream = client.stream(retrieve, args, options).await?;
        client.retried(permit);
        Ok(stream)
    })
}

fn arguments(fields: &[(String, String)], sequence: i64) -> String {
    let mut w = Writer::new();
    w.begin_object();
    for (name, value) in fields {
        w.key(name);
        w.raw(value);
    }
    w.key("starting_after");
    w.int(sequence);
    w.end_object();
    w.text().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observe(position: &mut Position, json: &str) -> bool {
        position.observe(Doc::parse_text(json).unwrap().root())
    }

    fn started() -> Position {
        let mut position = Position::default();
        let created = r#"{"type":"response.created","sequence_number":0,"response":{"id":"r","background":true}}"#;
        assert!(observe(&mut position, created));
        position
    }

    #[test]
    fn a_background_response_goes_on_after_its_last_event() {
        let mut position = started();
        assert!(observe(&mut position, r#"{"type":"x","sequence_number":4}"#));
        assert_eq!(position.next_try(ErrorKind::Connection, 2), Some(("r", 4, 0)));
    }

    #[test]
    fn events_that_come_twice_are_known() {
        let mut position = started();
        assert!(observe(&mut position, r#"{"sequence_number":0}"#), "numbers that a server repeats are its own affair");
        position.next_try(ErrorKind::StreamEnded, 1);
        assert!(!observe(&mut position, r#"{"sequence_number":0}"#));
        assert!(observe(&mut position, r#"{"sequence_number":1}"#));
        assert!(observe(&mut position, r#"{"type":"without a number"}"#));
    }

    #[test]
    fn tries_are_bounded_and_a_new_event_counts_as_success() {
        let mut position = started();
        let mut tries = || position.next_try(ErrorKind::IdleTimeout, 2).map(|(.., tried)| tried);
        assert_eq!((tries(), tries(), tries()), (Some(0), Some(1), None));
        assert!(observe(&mut position, r#"{"sequence_number":1}"#));
        assert_eq!(position.next_try(ErrorKind::Timeout, 2), Some(("r", 1, 0)));
    }

    #[test]
    fn nothing_is_taken_up_that_is_gone_or_was_refused() {
        let mut plain = Position::default();
        observe(&mut plain, r#"{"sequence_number":0,"response":{"id":"r","background":false}}"#);
        assert_eq!(plain.next_try(ErrorKind::Connection, 2), None);
        let mut unnumbered = Position::default();
        observe(&mut unnumbered, r#"{"response":{"id":"r","background":true}}"#);
        assert_eq!(unnumbered.next_try(ErrorKind::Connection, 2), None);
        assert_eq!(started().next_try(ErrorKind::Api, 2), None);
        assert_eq!(started().next_try(ErrorKind::Decode, 2), None);
        assert_eq!(started().next_try(ErrorKind::Connection, 0), None);
    }
}
