//! Follows one call for those who observe it. A call that nobody observes has none of this.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::HeaderMap;
use tokio::time::Instant;
use tracing::Span;

use super::content::Spoken;
use super::facts::{Reader, clean};
use super::{CallEnd, CallRecord, Content, Observing, ResponseFacts, Retry, content, names, span};
use crate::client::Args;
use crate::error::Error;
use crate::json::{Doc, Node};
use crate::operation::{Operation, ReplyKind};
use crate::response::RawReply;
use crate::secret::Secret;

/// A call under observation. Dropped before its end it reports that the caller gave up.
pub(crate) struct Watch {
    observing: Arc<Observing>,
    record: CallRecord,
    span: Span,
    began: Instant,
    latest: Instant,
    reader: Reader,
    spoken: Option<Box<Spoken>>,
    /// Nothing of interest is to come, though the proper end was not seen yet.
    settled: bool,
}

/// What is known of a call before its request is made.
pub(crate) struct Asked {
    op: &'static Operation,
    model: Option<String>,
    conversation: Option<String>,
    content: Option<Content>,
    streaming: bool,
    began: Instant,
    started: SystemTime,
}

impl Asked {
    /// Reads the arguments, if anybody observes the client's calls.
    pub(crate) fn read(
        observing: &Observing,
        op: &'static Operation,
        args: &Args,
        streaming: bool,
    ) -> Option<Box<Self>> {
        if observing.observers.is_empty() && !span::wanted() {
            return None;
        }
        let in_path = |name: &str| {
            let place = op.path_params.iter().position(|param| *param == name)?;
            args.path.get(place).map(|value| clean(value, None))
        };
        let doc = Doc::parse(&args.fields).ok();
        let in_fields = |name: &str| {
            let value = doc.as_ref()?.root().get(name)?;
            value.as_str().map(|text| clean(&text, None))
        };
        Some(Box::new(Self {
            op,
            model: in_path("model").or_else(|| in_fields("model")),
            conversation: in_path("thread_id").or_else(|| in_fields("conversation")),
            content: observing.content.then(|| content::asked(&args.fields)),
            streaming,
            began: Instant::now(),
            started: SystemTime::now(),
        }))
    }
}

impl Watch {
    /// Begins to observe a call to this URL. The key is struck out of whatever is told.
    pub(crate) fn start(observing: &Arc<Observing>, asked: Asked, url: &str, key: Option<Secret>) -> Box<Self> {
        let (host, port) = names::server(url);
        let record = CallRecord {
            operation: asked.op.id,
            name: names::operation(asked.op.id),
            provider: names::provider(host),
            server_address: host.to_owned(),
            server_port: port,
            request_model: asked.model,
            response: ResponseFacts { conversation: asked.conversation, ..ResponseFacts::default() },
            streaming: asked.streaming,
            end: CallEnd::Pending,
            status: None,
            request_id: None,
            attempts: 0,
            started: asked.started,
            duration: Duration::ZERO,
            time_to_first_chunk: None,
            time_to_last_chunk: None,
            chunks: 0,
            content: asked.content,
        };
        let mut reader = Reader::new(key);
        reader.facts = record.response.clone();
        let spoken = (record.content.is_some() && record.streaming).then(Box::default);
        let span = span::open(&record);
        let (began, observing) = (asked.began, Arc::clone(observing));
        Box::new(Self { observing, record, span, began, latest: began, reader, spoken, settled: false })
    }

    /// The call's span; disabled if no subscriber wants it.
    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    /// A further request goes out, with this key.
    pub(crate) fn attempt(&mut self, number: u32, key: Option<&Secret>) {
        self.record.attempts = number;
        self.reader.hide(key);
    }

    /// An attempt failed and will be repeated.
    pub(crate) fn retry(&mut self, error: &Error, wait: Duration) {
        let retry = Retry { attempt: self.record.attempts, error: error.kind(), status: error.status(), wait };
        self.record.duration = self.began.elapsed();
        self.observing.observers.iter().for_each(|observer| observer.retry(&self.record, &retry));
    }

    /// The head of the final reply.
    pub(crate) fn head(&mut self, status: u16, headers: &HeaderMap, attempts: u32) {
        self.record.status = Some(status);
        self.record.attempts = attempts;
        let id = headers.get("x-request-id").and_then(|value| value.to_str().ok());
        self.record.request_id = id.map(|id| self.reader.clean(id));
    }

    /// The whole reply; the call is over.
    pub(crate) fn reply(mut self: Box<Self>, reply: &RawReply, kind: ReplyKind) {
        self.head(reply.status.as_u16(), &reply.headers, reply.attempts);
        let json = match kind {
            ReplyKind::Json => true,
            ReplyKind::JsonOrText => reply.is_json(),
            _ => false,
        };
        if json && let Ok(doc) = Doc::parse(&reply.body) {
            self.reader.reply(doc.root());
            if let Some(content) = &mut self.record.content {
                content.output = content::answered(&reply.body);
            }
        }
        self.finish(CallEnd::Completed);
    }

    /// One event of the stream. `settled`: what may still come is of no interest.
    pub(crate) fn event(&mut self, name: &str, data: Node<'_>, settled: bool) {
        let now = Instant::now();
        let (since_start, gap) = (now - self.began, now - self.latest);
        let first = self.record.chunks == 0;
        self.latest = now;
        self.settled = settled;
        self.record.chunks += 1;
        self.record.time_to_last_chunk = Some(since_start);
        self.record.time_to_first_chunk.get_or_insert(since_start);
        self.reader.event(name, data);
        if let Some(spoken) = &mut self.spoken {
            spoken.event(name, data);
        }
        let gap = (!first).then_some(gap);
        self.observing.observers.iter().for_each(|observer| observer.chunk(&self.record, gap));
    }

    /// The call failed.
    pub(crate) fn failed(mut self: Box<Self>, error: &Error) {
        self.record.fail(error);
        self.finish(self.record.end);
    }

    /// The stream or download came to its proper end.
    pub(crate) fn completed(mut self: Box<Self>) {
        self.finish(CallEnd::Completed);
    }

    fn finish(&mut self, end: CallEnd) {
        let record = &mut self.record;
        record.end = end;
        record.duration = self.began.elapsed();
        record.response = std::mem::take(&mut self.reader.facts);
        if let (Some(content), Some(spoken)) = (&mut record.content, self.spoken.take()) {
            content.output = spoken.finish();
        }
        span::close(&self.span, record);
        self.observing.observers.iter().for_each(|observer| observer.call(&self.record));
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if self.record.end == CallEnd::Pending {
            self.finish(if self.settled { CallEnd::Completed } else { CallEnd::Cancelled });
        }
    }
}
