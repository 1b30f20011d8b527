//! A stream whose events are accumulated as they pass.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Stream;
use http::HeaderMap;

use super::{
    AssistantAccumulator, AssistantEvent, ChatCompletionAccumulator, ChatCompletionStreamEvent, CompletionAccumulator,
    CompletionStreamEvent, ResponseAccumulator,
};
use crate::client::{Args, Call, CallFuture, Outcome, sealed};
use crate::error::{Error, ErrorKind};
use crate::json::{Context as JsonContext, DecodeError, Encode, Json, Node};
use crate::stream::sse::Unchecked;
use crate::stream::{RawEventStream, open};
use crate::types::{ChatCompletion, Completion, Response, ResponseStreamEvent, Run, RunStep, ThreadMessage};

/// Events of a streamed chat completion, and the completion they come to.
pub type ChatCompletionStream = AccumulatedStream<ChatCompletionAccumulator>;
/// Events of a streamed legacy completion, and the completion they come to.
pub type CompletionStream = AccumulatedStream<CompletionAccumulator>;
/// Events of a streamed response, and the response they come to.
pub type ResponseStream = AccumulatedStream<ResponseAccumulator>;
/// Events of a streamed run, and the run, messages and steps they come to.
pub type AssistantStream = AccumulatedStream<AssistantAccumulator>;

/// What merges the events of one kind of stream. The four accumulators are it.
pub trait Accumulate: Encode + Default + fmt::Debug + Send + Unpin + sealed::Sealed + 'static {
    /// What is handed out.
    type Event: Send + Unpin + 'static;

    #[doc(hidden)]
    fn accept(
        &mut self,
        name: &str,
        data: Node<'_>,
        context: &mut JsonContext,
        out: &mut dyn FnMut(Self::Event),
    ) -> Result<(), DecodeError>;

    /// The stream has ended properly.
    #[doc(hidden)]
    fn end(&mut self, _out: &mut dyn FnMut(Self::Event)) {}

    /// Text of the answer that an event brings.
    #[doc(hidden)]
    fn text(event: Self::Event) -> Option<String>;

    /// One for a call with these arguments.
    #[doc(hidden)]
    fn for_call(_args: &mut Args) -> Self {
        Self::default()
    }
}

/// A stream of events of a higher level, which keeps the object that they build.
///
/// It is a [`Stream`] of `Result<A::Event, Error>`. Dropping it closes the connection.
///
/// ```no_run
/// # async fn run(client: threadline::Client, params: threadline::types::ChatCompletionCreateParams) -> Result<(), threadline::Error> {
/// use threadline::accumulate::ChatCompletionStreamEvent as Event;
///
/// let mut stream = client.chat().completions().stream(params).await?;
/// while let Some(event) = stream.try_next().await? {
///     match event {
///         Event::ContentDelta { delta, .. } => print!("{delta}"),
///         Event::FunctionArgumentsDone { name, arguments, .. } => println!("{name}({arguments})"),
///         _ => {}
///     }
/// }
/// let completion = stream.get_final_completion().await?;
/// # let _ = completion; Ok(()) }
/// ```
pub struct AccumulatedStream<A: Accumulate> {
    raw: Box<RawEventStream>,
    accumulator: A,
    queue: VecDeque<A::Event>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// Read to its proper end.
    Done,
    /// Failed or closed before that.
    Broken,
}

impl<A: Accumulate> fmt::Debug for AccumulatedStream<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What was accumulated is the user's, and stays out of logs.
        f.debug_struct("AccumulatedStream").field("raw", &self.raw).field("state", &self.state).finish_non_exhaustive()
    }
}

impl<A: Accumulate> AccumulatedStream<A> {
    pub(crate) fn new(raw: RawEventStream, accumulator: A) -> Self {
        Self { raw: Box::new(raw), accumulator, queue: VecDeque::new(), state: State::Open }
    }

    /// What has been accumulated so far. It stays when the stream fails.
    pub fn accumulator(&self) -> &A {
        &self.accumulator
    }

    /// For streams built on this one, which take more out of it than events.
    pub(crate) fn accumulator_mut(&mut self) -> &mut A {
        &mut self.accumulator
    }

    /// The object as far as it is known, as JSON. It stays when the stream fails.
    pub fn snapshot_json(&self) -> Json {
        super::json(&self.accumulator)
    }

    /// HTTP status.
    pub fn status(&self) -> u16 {
        self.raw.status()
    }

    /// Headers of the reply.
    pub fn headers(&self) -> &HeaderMap {
        self.raw.headers()
    }

    /// The reply's `x-request-id`, to quote when asking the provider.
    pub fn request_id(&self) -> Option<&str> {
        self.raw.request_id()
    }

    /// Number of requests that were sent for this stream.
    pub fn attempts(&self) -> u32 {
        self.raw.attempts()
    }

    /// The next event, or `None` at the stream's proper end.
    ///
    /// # Errors
    /// Any failure of the stream, with what came before it as [`Error::partial`]. It is reported once; after it the
    /// stream is at its end, and the snapshot is still there.
    pub async fn next(&mut self) -> Option<Result<A::Event, Error>> {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    /// As [`next`](Self::next), for use with `?`: `while let Some(event) = stream.try_next().await?`.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub async fn try_next(&mut self) -> Result<Option<A::Event>, Error> {
        self.next().await.transpose()
    }

    /// The pieces of the answer's text alone: of the first choice, of all messages. Other events pass unseen.
    pub fn text_deltas(&mut self) -> TextDeltas<'_, A> {
        TextDeltas(self)
    }

    /// Reads the stream to its end.
    ///
    /// # Errors
    /// Any failure of the stream. Kind `stream_ended` when it failed or was closed before.
    pub async fn until_done(&mut self) -> Result<(), Error> {
        while self.try_next().await?.is_some() {}
        match self.state {
            State::Broken => Err(Error::new(
                ErrorKind::StreamEnded,
                "the stream was closed or has failed before its end, so there is no final object; \
                 the snapshot holds what arrived",
            )),
            _ => Ok(()),
        }
    }

    /// Closes the connection. Dropping the stream does the same.
    pub fn close(&mut self) {
        self.raw.close();
        self.queue.clear();
        if self.state == State::Open {
            self.state = State::Broken;
        }
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<A::Event, Error>>> {
        let Self { raw, accumulator, queue, state } = self;
        loop {
            if let Some(event) = queue.pop_front() {
                return Poll::Ready(Some(Ok(event)));
            }
            if *state != State::Open {
                return Poll::Ready(None);
            }
            let mut accept = |frame: &Unchecked, data: Node<'_>, context: &mut JsonContext| {
                accumulator.accept(frame.name(), data, context, &mut |event| queue.push_back(event))
            };
            match raw.poll_with(cx, &mut accept) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(()))) => {}
                Poll::Ready(Some(Err(error))) => {
                    *state = State::Broken;
                    queue.clear();
                    return Poll::Ready(Some(Err(error.with_snapshot(super::json(accumulator)))));
                }
                Poll::Ready(None) => {
                    *state = State::Done;
                    accumulator.end(&mut |event| queue.push_back(event));
                }
            }
        }
    }

    async fn finished<T>(&mut self, what: &str, get: impl FnOnce(&A) -> Option<T>) -> Result<T, Error> {
        self.until_done().await?;
        get(&self.accumulator).ok_or_else(|| {
            Error::new(ErrorKind::Decode, format!("the stream ended properly, but told nothing of {what}"))
        })
    }
}

impl ChatCompletionStream {
    /// The completion as far as it is known.
    pub fn snapshot(&self) -> ChatCompletion {
        self.accumulator.snapshot()
    }

    /// Reads the stream to its end and gives the whole completion, as a call without a stream returns it.
    ///
    /// # Errors
    /// Any failure of the stream.
    pub async fn get_final_completion(&mut self) -> Result<ChatCompletion, Error> {
        self.finished("a completion", |a| (a.chunks() > 0).then(|| a.snapshot())).await
    }
}

impl CompletionStream {
    /// The completion as far as it is known.
    pub fn snapshot(&self) -> Completion {
        self.accumulator.snapshot()
    }

    /// Reads the stream to its end and gives the whole completion, as a call without a stream returns it.
    ///
    /// # Errors
    /// Any failure of the stream.
    pub async fn get_final_completion(&mut self) -> Result<Completion, Error> {
        self.finished("a completion", |a| (a.chunks() > 0).then(|| a.snapshot())).await
    }
}

impl ResponseStream {
    /// The response as far as it is known.
    pub fn snapshot(&self) -> Response {
        self.accumulator.snapshot()
    }

    /// Reads the stream to its end and gives the whole response. Its `status` tells whether it is complete.
    ///
    /// # Errors
    /// Any failure of the stream.
    pub async fn get_final_response(&mut self) -> Result<Response, Error> {
        self.finished("a response", |a| (a.events() > 0).then(|| a.snapshot())).await
    }
}

impl AssistantStream {
    /// The run as it was last told.
    pub fn current_run(&self) -> Option<Run> {
        self.accumulator.run()
    }

    /// Reads the stream to its end and gives the run: ended, or waiting for tool outputs.
    ///
    /// # Errors
    /// Any failure of the stream.
    pub async fn get_final_run(&mut self) -> Result<Run, Error> {
        self.finished("a run", AssistantAccumulator::run).await
    }

    /// Reads the stream to its end and gives the messages that it brought.
    ///
    /// # Errors
    /// Any failure of the stream.
    pub async fn get_final_messages(&mut self) -> Result<Vec<ThreadMessage>, Error> {
        self.finished("messages", |a| Some(a.messages())).await
    }

    /// Reads the stream to its end and gives the steps that it brought.
    ///
    /// # Errors
    /// Any failure of the stream.
    pub async fn get_final_run_steps(&mut self) -> Result<Vec<RunStep>, Error> {
        self.finished("steps", |a| Some(a.run_steps())).await
    }
}

impl<A: Accumulate> Stream for AccumulatedStream<A> {
    type Item = Result<A::Event, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_event(cx)
    }
}

/// The pieces of text of an [`AccumulatedStream`], as a [`Stream`] of `Result<String, Error>`.
#[derive(Debug)]
pub struct TextDeltas<'a, A: Accumulate>(&'a mut AccumulatedStream<A>);

impl<A: Accumulate> TextDeltas<'_, A> {
    /// The next piece of text, or `None` at the stream's proper end.
    ///
    /// # Errors
    /// As [`AccumulatedStream::next`].
    pub async fn next(&mut self) -> Option<Result<String, Error>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl<A: Accumulate> Stream for TextDeltas<'_, A> {
    type Item = Result<String, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match self.0.poll_event(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(Some(Ok(event))) => {
                    if let Some(text) = A::text(event).filter(|text| !text.is_empty()) {
                        return Poll::Ready(Some(Ok(text)));
                    }
                }
            }
        }
    }
}

impl<A: Accumulate> sealed::Sealed for AccumulatedStream<A> {}

impl<A: Accumulate> Outcome for AccumulatedStream<A> {
    fn send(call: Call<Self>) -> CallFuture<Self> {
        let mut parts = call.inner;
        let accumulator = parts.args.as_mut().map(A::for_call).unwrap_or_default();
        let future = open(parts);
        Box::pin(async move { Ok(Self::new(future.await?, accumulator)) })
    }
}

impl sealed::Sealed for ChatCompletionAccumulator {}
impl sealed::Sealed for CompletionAccumulator {}
impl sealed::Sealed for ResponseAccumulator {}
impl sealed::Sealed for AssistantAccumulator {}

impl Accumulate for ChatCompletionAccumulator {
    type Event = ChatCompletionStreamEvent;

    fn accept(
        &mut self,
        _: &str,
        data: Node<'_>,
        context: &mut JsonContext,
        out: &mut dyn FnMut(Self::Event),
    ) -> Result<(), DecodeError> {
        self.push_node(data, context, out)
    }

    fn end(&mut self, out: &mut dyn FnMut(Self::Event)) {
        self.finish().into_iter().for_each(out);
    }

    fn text(event: Self::Event) -> Option<String> {
        match event {
            ChatCompletionStreamEvent::ContentDelta { choice: 0, delta } => Some(delta),
            _ => None,
        }
    }
}

impl Accumulate for CompletionAccumulator {
    type Event = CompletionStreamEvent;

    fn accept(
        &mut self,
        _: &str,
        data: Node<'_>,
        context: &mut JsonContext,
        out: &mut dyn FnMut(Self::Event),
    ) -> Result<(), DecodeError> {
        self.push_node(data, context, out)
    }

    fn end(&mut self, out: &mut dyn FnMut(Self::Event)) {
        self.finish().into_iter().for_each(out);
    }

    fn text(event: Self::Event) -> Option<String> {
        match event {
            CompletionStreamEvent::TextDelta { choice: 0, delta } => Some(delta),
            _ => None,
        }
    }
}

impl Accumulate for ResponseAccumulator {
    type Event = ResponseStreamEvent;

    fn accept(
        &mut self,
        _: &str,
        data: Node<'_>,
        context: &mut JsonContext,
        out: &mut dyn FnMut(Self::Event),
    ) -> Result<(), DecodeError> {
        self.push_node(data, context, out)
    }

    fn text(event: Self::Event) -> Option<String> {
        match event {
            ResponseStreamEvent::ResponseOutputTextDelta(event) => Some(event.delta),
            _ => None,
        }
    }

    fn for_call(args: &mut Args) -> Self {
        super::resources::catching_up(args)
    }
}

impl Accumulate for AssistantAccumulator {
    type Event = AssistantEvent;

    fn accept(
        &mut self,
        name: &str,
        data: Node<'_>,
        _: &mut JsonContext,
        out: &mut dyn FnMut(Self::Event),
    ) -> Result<(), DecodeError> {
        self.push_node(name, data, out)
    }

    fn text(event: Self::Event) -> Option<String> {
        match event {
            AssistantEvent::TextDelta(delta) => delta.value,
            _ => None,
        }
    }
}
