//! A stream of events, pulled from the connection by whoever reads it.
//!
//! No task runs behind it: bytes are read when an event is asked for, so a slow reader slows the server down, and
//! dropping the stream closes the connection.

use std::borrow::Cow;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::str;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use http::{HeaderMap, StatusCode};

use super::idle::IdleClock;
use super::inspect::{Progress, Verdict, reported};
use super::read_on::read_on;
use super::refusal::Opening;
use super::resume::Resume;
use super::sse::{Ending, Parser, Unchecked};
use crate::client::transport_error;
use crate::error::{Error, ErrorKind};
use crate::json::{Context as JsonContext, DecodeError, Doc, Node, Reader};
use crate::observe::Watch;
use crate::operation::{End, Frame, StreamStyle};
use crate::response::{Problem, RateLimit};
use crate::secret::Secret;
use crate::transport::ByteStream;

/// Reads an event out of a frame and its parsed data, to wherever it is wanted.
// Not generic, so that streams are compiled once and their events move from hand to hand as little as can be.
pub(crate) type Take<'t> = dyn FnMut(&Unchecked, Node<'_>, &mut JsonContext) -> Result<(), DecodeError> + 't;

/// Pieces of the body read in a row without an event, before other tasks and the idle limit get their turn.
const MAX_PIECES: usize = 32;

/// The limits a stream keeps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) first_event: Duration,
    pub(crate) between_events: Duration,
    /// Longest event in bytes.
    pub(crate) event_bytes: Option<u64>,
}

/// One event as JSON text.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RawEvent {
    /// The frame's event name; empty where it had none.
    pub name: Bytes,
    /// The frame's data: one JSON value.
    pub data: Bytes,
    frame: Frame,
}

impl RawEvent {
    /// The event as the API's types describe it: the data, or `{"event": name, "data": data}` for assistants.
    pub fn json(&self) -> Bytes {
        match self.frame {
            Frame::Data => self.data.clone(),
            Frame::Named => Bytes::from(named_json(&self.name, &self.data)),
        }
    }
}

impl fmt::Debug for RawEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawEvent").field("name", &self.name).field("bytes", &self.data.len()).finish_non_exhaustive()
    }
}

/// Name and data of a frame as one JSON object.
pub(super) fn named_json(name: &[u8], data: &[u8]) -> Vec<u8> {
    let mut json = Vec::with_capacity(name.len() + data.len() + 24);
    json.extend_from_slice(b"{\"event\":");
    // Writing a string as JSON cannot fail.
    json.extend(serde_json::to_vec(&String::from_utf8_lossy(name)).unwrap_or_default());
    json.extend_from_slice(b",\"data\":");
    json.extend_from_slice(data);
    json.push(b'}');
    json
}

/// A stream of events as JSON text: what language bindings read, and what [`EventStream`](super::EventStream) decodes.
pub struct RawEventStream {
    body: Option<ByteStream>,
    /// Whether what is left behind the last event is read on.
    pub(crate) reads_on: bool,
    parser: Parser,
    reader: Reader,
    opening: Opening,
    progress: Progress,
    idle: IdleClock,
    style: StreamStyle,
    limits: Limits,
    /// The first event, read before the stream was handed out.
    first: Option<Unchecked>,
    /// The first event of a stream that goes on with this one, not judged yet.
    held: Option<Unchecked>,
    /// Events of a batch that was still growing when its reader gave up.
    gathered: Vec<RawEvent>,
    /// How to go on when the stream breaks, where that is possible.
    resume: Option<Box<Resume>>,
    /// An error found behind events that a batch has handed out already.
    late_error: Option<Error>,
    status: StatusCode,
    headers: HeaderMap,
    attempts: u32,
    /// The call's key, taken out of errors should the server quote it.
    key: Option<Secret>,
    /// Whoever observes the call; gone when the stream has ended.
    watch: Option<Box<Watch>>,
}

impl fmt::Debug for RawEventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawEventStream")
            .field("status", &self.status)
            .field("events", &self.progress.events)
            .field("ended", &self.body.is_none())
            .finish_non_exhaustive()
    }
}

impl RawEventStream {
    pub(crate) fn new(
        head: (StatusCode, HeaderMap),
        body: ByteStream,
        style: StreamStyle,
        limits: Limits,
        attempts: u32,
    ) -> Self {
        let (status, headers) = head;
        Self {
            body: Some(body),
            reads_on: false,
            parser: Parser::new(),
            reader: Reader::default(),
            opening: Opening::Unknown,
            progress: Progress::default(),
            idle: IdleClock::default(),
            style,
            limits,
            first: None,
            held: None,
            gathered: Vec::new(),
            resume: None,
            late_error: None,
            status,
            headers,
            attempts,
            key: None,
            watch: None,
        }
    }

    /// Tells of this stream to whoever observes the call.
    pub(crate) fn observe(&mut self, mut watch: Box<Watch>) {
        watch.head(self.status.as_u16(), &self.headers, self.attempts);
        if let Some(frame) = &self.first
            && let Ok(doc) = Doc::parse(&frame.data)
        {
            watch.event(frame.name(), doc.root(), self.progress.all_finished());
        }
        match self.body {
            Some(_) => self.watch = Some(watch),
            None => watch.completed(),
        }
    }

    /// So many of the events that end the stream are due.
    pub(crate) fn expect_ends(&mut self, count: u64) {
        self.progress.expect_ends(count);
    }

    /// Keeps this key out of the stream's errors.
    pub(crate) fn hide(&mut self, key: Option<Secret>) {
        self.key = key;
    }

    /// Goes on in this way when the stream breaks.
    pub(crate) fn go_on_with(&mut self, resume: Option<Resume>) {
        self.resume = resume.map(Box::new);
    }

    /// HTTP status.
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// Headers of the reply.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The reply's `x-request-id`, to quote when asking the provider.
    pub fn request_id(&self) -> Option<&str> {
        crate::error::request_id(&self.headers)
    }

    /// The rate limits that the reply states.
    pub fn rate_limit(&self) -> RateLimit {
        RateLimit::from_headers(&self.headers)
    }

    /// Number of requests that were sent for this stream.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    pub(super) fn frame_style(&self) -> Frame {
        self.style.frame
    }

    /// The next event, or `None` at the stream's proper end.
    ///
    /// # Errors
    /// Any failure of the stream, with what came before it as [`Error::partial`]. It is reported once; after it the
    /// stream is at its end.
    pub async fn next(&mut self) -> Option<Result<RawEvent, Error>> {
        poll_fn(|cx| self.poll_raw(cx)).await
    }

    /// As [`next`](Self::next), for use with `?`: `while let Some(event) = stream.try_next().await?`.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub async fn try_next(&mut self) -> Result<Option<RawEvent>, Error> {
        self.next().await.transpose()
    }

    /// Waits for one event and returns it with all that have arrived, at most `max` (at least one). `None` is the
    /// proper end.
    ///
    /// # Errors
    /// As [`next`](Self::next); events that came before a failure are returned first.
    pub async fn next_batch(&mut self, max: usize) -> Result<Option<Vec<RawEvent>>, Error> {
        poll_fn(|cx| self.poll_batch(cx, max, Self::poll_raw)).await
    }

    /// As [`next_batch`](Self::next_batch), and lets the connection bring what it has at once, for hosts to whom a batch costs
    /// more than a moment: their threads are woken for each.
    ///
    /// # Errors
    /// As [`next_batch`](Self::next_batch).
    pub async fn next_full_batch(&mut self, max: usize) -> Result<Option<Vec<RawEvent>>, Error> {
        let Some(batch) = self.next_batch(max).await? else { return Ok(None) };
        // Kept here while others have their turn: the reader may give up.
        self.gathered = batch;
        let mut before = 0;
        while before < self.gathered.len() && self.gathered.len() < max && self.body.is_some() {
            before = self.gathered.len();
            tokio::task::yield_now().await;
            poll_fn(|cx| {
                let mut batch = std::mem::take(&mut self.gathered);
                self.poll_more(cx, &mut batch, max, Self::poll_raw);
                self.gathered = batch;
                Poll::Ready(())
            })
            .await;
        }
        Ok(Some(std::mem::take(&mut self.gathered)))
    }

    /// Whether nothing can come any more: the next read gives `None`. A batch that ends with the stream says so in advance.
    pub fn is_over(&self) -> bool {
        let held =
            self.first.is_some() || self.held.is_some() || !self.gathered.is_empty() || self.late_error.is_some();
        self.body.is_none() && !held && !self.resume.as_ref().is_some_and(|resume| resume.is_opening())
    }

    /// Closes the connection. Dropping the stream does the same.
    pub fn close(&mut self) {
        self.body = None;
        self.first = None;
        self.held = None;
        self.gathered.clear();
        self.resume = None;
        self.watch = None;
    }

    /// Reads up to the first event, which the next call hands out.
    pub(crate) async fn prefetch(&mut self) -> Result<(), Error> {
        let mut first = None;
        let read = poll_fn(|cx| {
            self.poll_with(cx, &mut |frame, _, _| {
                first = Some(frame.clone());
                Ok(())
            })
        });
        read.await.transpose()?;
        self.first = first;
        Ok(())
    }

    fn poll_raw(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<RawEvent, Error>>> {
        if !self.gathered.is_empty() {
            return Poll::Ready(Some(Ok(self.gathered.remove(0))));
        }
        let style = self.style.frame;
        let mut event = None;
        let polled = self.poll_with(cx, &mut |frame, _, _| {
            event = Some(RawEvent { name: frame.event.clone(), data: frame.data.clone(), frame: style });
            Ok(())
        });
        taken(polled, event)
    }

    pub(super) fn poll_batch<T>(
        &mut self,
        cx: &mut Context<'_>,
        max: usize,
        poll: impl Fn(&mut Self, &mut Context<'_>) -> Poll<Option<Result<T, Error>>>,
    ) -> Poll<Result<Option<Vec<T>>, Error>> {
        let first = match poll(self, cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(None) => return Poll::Ready(Ok(None)),
            Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error)),
            Poll::Ready(Some(Ok(event))) => event,
        };
        let mut batch = vec![first];
        self.poll_more(cx, &mut batch, max, poll);
        Poll::Ready(Ok(Some(batch)))
    }

    /// Adds what has arrived to a batch. An error waits for the next one.
    fn poll_more<T>(
        &mut self,
        cx: &mut Context<'_>,
        batch: &mut Vec<T>,
        max: usize,
        poll: impl Fn(&mut Self, &mut Context<'_>) -> Poll<Option<Result<T, Error>>>,
    ) {
        while batch.len() < max && self.late_error.is_none() {
            match poll(self, cx) {
                Poll::Ready(Some(Ok(event))) => batch.push(event),
                Poll::Ready(Some(Err(error))) => self.late_error = Some(error),
                Poll::Pending | Poll::Ready(None) => break,
            }
        }
        // Nobody waits while the batch is being used.
        self.idle.rest();
    }

    /// The next event, handed to `take`.
    pub(crate) fn poll_with(&mut self, cx: &mut Context<'_>, take: &mut Take<'_>) -> Poll<Option<Result<(), Error>>> {
        if let Some(error) = self.late_error.take() {
            return Poll::Ready(Some(Err(error)));
        }
        if let Some(frame) = self.first.take() {
            return Poll::Ready(Some(self.read_first(&frame, take)));
        }
        loop {
            if let Some(resume) = self.resume.as_mut().filter(|resume| resume.is_opening()) {
                let opened = ready!(resume.poll(cx));
                self.attempts += resume.take_attempts();
                match opened {
                    Ok(stream) => self.take_over(stream),
                    Err(error) => return Poll::Ready(Some(Err(self.failed(error)))),
                }
            }
            match self.poll_frame(cx, take) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(is_event)) => {
                    self.idle.rest();
                    if self.body.is_none()
                        && let Some(watch) = self.watch.take()
                    {
                        watch.completed();
                    }
                    return Poll::Ready(is_event.then_some(Ok(())));
                }
                Poll::Ready(Err(error)) => {
                    self.body = None;
                    let error = match &mut self.resume {
                        Some(resume) => match resume.begin(error) {
                            Ok(()) => continue,
                            Err(error) => error,
                        },
                        None => error,
                    };
                    return Poll::Ready(Some(Err(self.failed(error))));
                }
            }
        }
    }

    /// Goes on with the events of another stream, which follow those of this one.
    fn take_over(&mut self, stream: Self) {
        (self.body, self.reads_on) = (stream.body, stream.reads_on);
        self.parser = stream.parser;
        self.opening = stream.opening;
        self.held = stream.first;
        self.status = stream.status;
        self.headers = stream.headers;
        self.attempts += stream.attempts;
        self.idle.rest();
    }

    /// The stream is over; this is why.
    fn failed(&mut self, error: Error) -> Error {
        self.body = None;
        let error = self.dress(error);
        if let Some(watch) = self.watch.take() {
            watch.failed(&error);
        }
        error
    }

    /// Reads the frame that has been judged already.
    fn read_first(&mut self, frame: &Unchecked, take: &mut Take<'_>) -> Result<(), Error> {
        let text = str::from_utf8(&frame.data).unwrap_or_default();
        let resume = &mut self.resume;
        let read = self.reader.read(text, |data, context| {
            if let Some(resume) = resume {
                resume.observe(data);
            }
            take(frame, data, context)
        });
        read.and_then(|taken| taken).map_err(|error| self.failed(self.unreadable(1, &error)))
    }

    /// Whether there is an event, which `take` has got then; false at the stream's end.
    fn poll_frame(&mut self, cx: &mut Context<'_>, take: &mut Take<'_>) -> Poll<Result<bool, Error>> {
        if let Some(mut frame) = self.held.take()
            && self.accept(&mut frame, take)?
        {
            return Poll::Ready(Ok(true));
        }
        for _ in 0..MAX_PIECES {
            if self.body.is_none() {
                return Poll::Ready(Ok(false));
            }
            while let Some(mut frame) = self.parser.next_unchecked() {
                let is_event = self.accept(&mut frame, take)?;
                if is_event || self.body.is_none() {
                    return Poll::Ready(Ok(is_event));
                }
            }
            let Some(body) = &mut self.body else { return Poll::Ready(Ok(false)) };
            match body.as_mut().poll_next(cx) {
                Poll::Ready(Some(Ok(piece))) => self.receive(piece)?,
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(transport_error(error))),
                Poll::Ready(None) => {
                    self.body = None;
                    return Poll::Ready(self.at_end().map(|()| false));
                }
                Poll::Pending => return self.check_idle(cx),
            }
        }
        cx.waker().wake_by_ref();
        self.check_idle(cx)
    }

    fn check_idle(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Error>> {
        let first = self.progress.events == 0;
        let limit = if first { self.limits.first_event } else { self.limits.between_events };
        if !self.idle.poll_expired(cx, limit) {
            return Poll::Pending;
        }
        let message = if first {
            format!("the stream sent no event within {limit:?}")
        } else {
            format!("the stream sent no event for {limit:?}")
        };
        Poll::Ready(Err(Error::new(ErrorKind::IdleTimeout, message)))
    }

    fn receive(&mut self, piece: Bytes) -> Result<(), Error> {
        if let Some(piece) = self.opening.pass(piece) {
            self.parser.push(piece);
        }
        if let Some(error) = self.opening.error(&self.headers, false) {
            return Err(error);
        }
        match self.limits.event_bytes {
            Some(limit) if self.parser.held() as u64 > limit => Err(self.too_long(limit)),
            _ => Ok(()),
        }
    }

    /// Judges a frame: an event, nothing, or an error. Ends the stream at its terminal event.
    fn accept(&mut self, frame: &mut Unchecked, take: &mut Take<'_>) -> Result<bool, Error> {
        let data = match str::from_utf8(&frame.data) {
            Ok(data) => data,
            Err(_) => {
                frame.repair();
                str::from_utf8(&frame.data).unwrap_or_default()
            }
        };
        let text = data.trim_ascii();
        if text.is_empty() {
            return Ok(false);
        }
        if text == "[DONE]" {
            self.over();
            return Ok(false);
        }
        if let Some(limit) = self.limits.event_bytes.filter(|limit| text.len() as u64 > *limit) {
            return Err(self.too_long(limit));
        }
        let number = self.progress.events + 1;
        let (progress, resume, watch, end) = (&mut self.progress, &mut self.resume, &mut self.watch, self.style.end);
        let read = self.reader.read(data, |data, context| {
            // An event that an earlier stream has brought already.
            if resume.as_mut().is_some_and(|resume| !resume.observe(data)) {
                progress.pass_over();
                return (None, Ok(()));
            }
            let verdict = progress.judge(frame.name(), data, context.is_alike(), end);
            if matches!(verdict, Verdict::Error(_)) {
                return (Some(verdict), Ok(()));
            }
            let taken = take(frame, data, context);
            if taken.is_ok()
                && let Some(watch) = watch
            {
                watch.event(frame.name(), data, progress.all_finished());
            }
            (Some(verdict), taken)
        });
        let (verdict, taken) = match read {
            Ok(read) => read,
            Err(_) if frame.name() == "error" => return Err(reported(Problem::from_text(text))),
            Err(error) => return Err(self.unreadable(number, &error)),
        };
        match verdict {
            None => return Ok(false),
            Some(Verdict::Error(problem)) => return Err(reported(problem).with_body(frame.data.clone())),
            Some(Verdict::LastEvent) => self.over(),
            Some(Verdict::Event) => {}
        }
        taken.map_err(|error| self.unreadable(number, &error))?;
        self.progress.events = number;
        Ok(true)
    }

    /// The last event has come.
    fn over(&mut self) {
        if let Some(body) = self.body.take().filter(|_| self.reads_on) {
            read_on(body);
        }
    }

    /// The body has ended without a terminal event: fine for some streams, an error for most.
    fn at_end(&self) -> Result<(), Error> {
        if let Some(error) = self.opening.error(&self.headers, true) {
            return Err(error);
        }
        // What is held after the last event may be an unfinished `[DONE]`, which would have brought nothing.
        let clean = self.parser.ending() == Ending::Clean;
        let complete = match self.style.end {
            End::Done => self.progress.all_finished() && (clean || self.parser.held() <= "[DONE]".len()),
            End::Event(_) => false,
            End::Each { .. } => clean && self.progress.may_end(),
            End::Eof => clean,
        };
        if complete {
            return Ok(());
        }
        let what = if clean { "without its last event" } else { "in the middle of an event" };
        let message = format!("the stream ended early, {what}, after {} events", self.progress.events);
        Err(Error::new(ErrorKind::StreamEnded, message))
    }

    fn unreadable(&self, number: u64, error: &DecodeError) -> Error {
        Error::new(ErrorKind::Decode, Cow::Owned(format!("event {number} of the stream cannot be read: {error}")))
    }

    fn too_long(&self, limit: u64) -> Error {
        let number = self.progress.events + 1;
        Error::new(ErrorKind::Decode, format!("event {number} of the stream is longer than the limit of {limit} bytes"))
    }

    /// Adds what every error of the stream carries.
    fn dress(&self, error: Error) -> Error {
        // Whoever calls again gets a new stream, so most of these may help; what was delivered is for them to judge.
        let retryable = matches!(error.kind(), ErrorKind::Connection | ErrorKind::StreamEnded | ErrorKind::IdleTimeout);
        let error = error
            .with_reply(self.status.as_u16(), &self.headers)
            .with_attempts(self.attempts)
            .with_partial(self.progress.partial())
            .with_retryable(retryable);
        match &self.key {
            Some(key) => error.without(key.expose()),
            None => error,
        }
    }
}

/// What a poll has brought, with the event that was taken.
fn taken<T>(polled: Poll<Option<Result<(), Error>>>, event: Option<T>) -> Poll<Option<Result<T, Error>>> {
    match polled {
        Poll::Pending => Poll::Pending,
        Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(error))),
        Poll::Ready(Some(Ok(()))) => Poll::Ready(event.map(Ok)),
        Poll::Ready(None) => Poll::Ready(None),
    }
}

impl Stream for RawEventStream {
    type Item = Result<RawEvent, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_raw(cx)
    }
}
