//! Streams that are put together, for language bindings: operation and arguments in, events and snapshots as JSON out.

use std::fmt;

use futures_util::FutureExt;
use http::HeaderMap;

use super::{
    Accumulate, AccumulatedStream, AssistantAccumulator, ChatCompletionAccumulator, CompletionAccumulator, JsonEvents,
    ResponseAccumulator,
};
use crate::client::{Args, Client, RequestOptions};
use crate::error::Error;
use crate::json::Json;
use crate::operation::Operation;

/// A stream of events of a higher level, as JSON objects, and the object that they build.
pub struct RawAccumulatedStream {
    kind: Kind,
    failure: Option<Error>,
}

enum Kind {
    Chat(Box<AccumulatedStream<JsonEvents<ChatCompletionAccumulator>>>),
    Completion(Box<AccumulatedStream<JsonEvents<CompletionAccumulator>>>),
    Response(Box<AccumulatedStream<JsonEvents<ResponseAccumulator>>>),
    Assistant(Box<AccumulatedStream<JsonEvents<AssistantAccumulator>>>),
}

/// Does the same with whichever it is.
macro_rules! each {
    ($kind:expr, $stream:ident => $do:expr) => {
        match $kind {
            Kind::Chat($stream) => $do,
            Kind::Completion($stream) => $do,
            Kind::Response($stream) => $do,
            Kind::Assistant($stream) => $do,
        }
    };
}

impl fmt::Debug for RawAccumulatedStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        each!(&self.kind, stream => stream.fmt(f))
    }
}

async fn open<A: Accumulate>(
    client: &Client,
    operation: &'static Operation,
    mut args: Args,
    options: RequestOptions,
) -> Result<Box<AccumulatedStream<A>>, Error> {
    let accumulator = A::for_call(&mut args);
    let raw = client.stream(operation, args, options).await?;
    Ok(Box::new(AccumulatedStream::new(raw, accumulator)))
}

/// Opens a stream of this operation and puts it together: of chat completions, completions, responses (those that exist too) or
/// runs of assistants.
///
/// # Errors
/// Kind `usage` if streams of the operation cannot be put together; else any that happens before the first event.
pub async fn accumulate_raw(
    client: &Client,
    operation: &'static Operation,
    args: Args,
    options: RequestOptions,
) -> Result<RawAccumulatedStream, Error> {
    let kind = match operation.id {
        "chat.completions.create" => Kind::Chat(open(client, operation, args, options).await?),
        "completions.create" => Kind::Completion(open(client, operation, args, options).await?),
        "responses.create" | "responses.retrieve" => Kind::Response(open(client, operation, args, options).await?),
        "beta.threads.create_and_run" | "beta.threads.runs.create" | "beta.threads.runs.submit_tool_outputs" => {
            Kind::Assistant(open(client, operation, args, options).await?)
        }
        other => return Err(Error::usage(format!("streams of `{other}` cannot be put together"))),
    };
    Ok(RawAccumulatedStream { kind, failure: None })
}

async fn batch<A: Accumulate<Event = Json>>(
    stream: &mut AccumulatedStream<A>,
    most: usize,
) -> (Vec<Json>, Option<Error>) {
    let mut events = Vec::new();
    let mut next = stream.next().await;
    loop {
        match next {
            Some(Ok(event)) => events.push(event),
            Some(Err(error)) => return (events, Some(error)),
            None => return (events, None),
        }
        if events.len() >= most {
            return (events, None);
        }
        match stream.next().now_or_never() {
            Some(item) => next = item,
            None => return (events, None),
        }
    }
}

impl RawAccumulatedStream {
    /// Waits for an event and returns it with those that have arrived, `most` at the most; `None` at the stream's proper end.
    ///
    /// # Errors
    /// Any failure of the stream, once, after what came before it, which is [`Error::partial`] with the snapshot.
    pub async fn next_batch(&mut self, most: usize) -> Result<Option<Vec<Json>>, Error> {
        if let Some(error) = self.failure.take() {
            return Err(error);
        }
        let (events, failure) = each!(&mut self.kind, stream => batch(stream, most).await);
        match (events.is_empty(), failure) {
            (true, Some(error)) => Err(error),
            (true, None) => Ok(None),
            (false, failure) => {
                self.failure = failure;
                Ok(Some(events))
            }
        }
    }

    /// The object as far as it is known. It stays when the stream fails.
    pub fn snapshot_json(&self) -> Json {
        each!(&self.kind, stream => stream.snapshot_json())
    }

    /// HTTP status.
    pub fn status(&self) -> u16 {
        each!(&self.kind, stream => stream.status())
    }

    /// Headers of the reply.
    pub fn headers(&self) -> &HeaderMap {
        each!(&self.kind, stream => stream.headers())
    }

    /// The reply's `x-request-id`.
    pub fn request_id(&self) -> Option<&str> {
        each!(&self.kind, stream => stream.request_id())
    }

    /// Number of requests that were sent for this stream.
    pub fn attempts(&self) -> u32 {
        each!(&self.kind, stream => stream.attempts())
    }

    /// Closes the connection. Dropping the stream does the same.
    pub fn close(&mut self) {
        each!(&mut self.kind, stream => stream.close());
    }
}
