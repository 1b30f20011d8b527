//! The loop with replies that are streamed.

use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use futures_util::future::BoxFuture;

use super::calls::{Caller, Calls};
use super::machine::{Next, ToolLoop, ToolRequest};
use super::runner::{ToolRunner, described, free_thread, tell};
use super::transcript::{CallRecord, ToolCall, Transcript};
use crate::accumulate::{
    Accumulate, AccumulatedStream, AssistantAccumulator, ChatCompletionAccumulator, ResponseAccumulator,
};
use crate::client::{Args, Client, RequestOptions, sealed};
use crate::error::{Error, ErrorKind};
use crate::json::{self, Decode, Json};
use crate::stream::RawEventStream;
use crate::types::{ChatCompletion, Response, Run};

/// What happens in a run of tools whose replies are streamed.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ToolEvent<E> {
    /// An event of the model's reply.
    Event(E),
    /// The reply is whole and asks for these calls, which are made now.
    Calls(Vec<ToolCall>),
    /// A call has its result. Calls that are made together end in any order.
    Result(CallRecord),
}

/// A reply that a run of tools can stream: `ChatCompletion`, `Response`, `Run`.
pub trait StreamedReply: Decode + Send + sealed::Sealed + 'static {
    /// What puts it together.
    type Accumulator: Accumulate;

    #[doc(hidden)]
    fn whole(accumulator: &Self::Accumulator) -> Option<Json>;
}

impl sealed::Sealed for ChatCompletion {}
impl sealed::Sealed for Response {}
impl sealed::Sealed for Run {}

impl StreamedReply for ChatCompletion {
    type Accumulator = ChatCompletionAccumulator;

    fn whole(accumulator: &ChatCompletionAccumulator) -> Option<Json> {
        (accumulator.chunks() > 0).then(|| accumulator.snapshot_json())
    }
}

impl StreamedReply for Response {
    type Accumulator = ResponseAccumulator;

    fn whole(accumulator: &ResponseAccumulator) -> Option<Json> {
        (accumulator.events() > 0).then(|| accumulator.snapshot_json())
    }
}

impl StreamedReply for Run {
    type Accumulator = AssistantAccumulator;

    fn whole(accumulator: &AssistantAccumulator) -> Option<Json> {
        accumulator.snapshot_json().get("run").filter(|run| !run.is_null())
    }
}

type Event<R> = ToolEvent<<<R as StreamedReply>::Accumulator as Accumulate>::Event>;

/// A run of tools with the events of all its replies, and its calls, as they come.
///
/// It is a [`Stream`] of `Result<ToolEvent<…>, Error>`. Requests are sent and functions run while somebody waits for the
/// next event; dropping the stream ends it all.
///
/// ```no_run
/// # async fn run(client: threadline::Client, params: threadline::types::ChatCompletionCreateParams,
/// #     tools: Vec<threadline::tools::Tool>) -> Result<(), threadline::Error> {
/// use threadline::accumulate::ChatCompletionStreamEvent as Event;
/// use threadline::tools::ToolEvent;
///
/// let mut stream = client.chat().completions().run_tools(params, tools).stream()?;
/// while let Some(event) = stream.try_next().await? {
///     match event {
///         ToolEvent::Event(Event::ContentDelta { delta, .. }) => print!("{delta}"),
///         ToolEvent::Result(record) => println!("[{}: {:?}]", record.call.name, record.output),
///         _ => {}
///     }
/// }
/// let completion = stream.get_final_reply().await?;
/// # let _ = completion; Ok(()) }
/// ```
pub struct ToolStream<R: StreamedReply> {
    client: Client,
    options: RequestOptions,
    caller: Arc<Caller>,
    machine: ToolLoop,
    /// Messages that hooks have been told of.
    told: usize,
    state: State<R::Accumulator>,
    reply: PhantomData<fn() -> R>,
}

enum State<A: Accumulate> {
    /// The next request is ready.
    Ready,
    Opening(BoxFuture<'static, Result<RawEventStream, Error>>),
    Reading(Box<AccumulatedStream<A>>),
    Calling(Calls),
    /// The error is told when what it leaves behind is put in order.
    Failing(Option<Box<Error>>, BoxFuture<'static, ()>),
    /// Ended: properly or not.
    Over(bool),
}

impl<R: StreamedReply> fmt::Debug for ToolStream<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolStream").field("tools", &self.caller.tools).finish_non_exhaustive()
    }
}

impl<R: StreamedReply> ToolRunner<R> {
    /// The same run with its replies streamed: their events are seen as they come, then the calls and their results, then
    /// the events of the next reply. Nothing is sent before the first event is waited for.
    ///
    /// Tokens of streamed chat completions are counted in the transcript if `stream_options.include_usage` asks for them.
    /// A poll interval is of no use here: an assistant's run is followed by its events.
    ///
    /// # Errors
    /// Kind `usage` if a tool cannot be declared or the arguments do not fit a run of tools.
    pub fn stream(self) -> Result<ToolStream<R>, Error> {
        self.stream_as()
    }
}

impl<R> ToolRunner<R> {
    /// The replies as another type of theirs.
    pub(super) fn stream_as<T: StreamedReply>(self) -> Result<ToolStream<T>, Error> {
        let machine = self.machine?;
        let mut options = self.options;
        options.idempotency_key = None;
        let told = machine.transcript().messages.len();
        let caller = Arc::new(self.caller);
        Ok(ToolStream { client: self.client, options, caller, machine, told, state: State::Ready, reply: PhantomData })
    }
}

impl<R: StreamedReply> ToolStream<R> {
    /// The next event, or `None` when the model has answered.
    ///
    /// # Errors
    /// Those of the runner, with what was done as [`Error::transcript`]; what a reply had brought when its stream broke is
    /// [`Error::partial`]. An error is reported once; after it the stream is at its end.
    pub async fn next(&mut self) -> Option<Result<Event<R>, Error>> {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    /// As [`next`](Self::next), for use with `?`: `while let Some(event) = stream.try_next().await?`.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub async fn try_next(&mut self) -> Result<Option<Event<R>>, Error> {
        self.next().await.transpose()
    }

    /// The pieces of the replies' text alone: of the first choice, of all replies. Other events pass unseen; calls are made
    /// meanwhile.
    pub fn text_deltas(&mut self) -> ToolTextDeltas<'_, R> {
        ToolTextDeltas(self)
    }

    /// Goes on to the end and gives the model's last reply, which asks for no more calls.
    ///
    /// # Errors
    /// As [`next`](Self::next). Kind `stream_ended` if the run had failed before.
    pub async fn get_final_reply(&mut self) -> Result<R, Error> {
        while self.try_next().await?.is_some() {}
        let last = self.machine.transcript().steps.last().filter(|_| matches!(self.state, State::Over(true)));
        last.and_then(|step| json::decode_joined(step.reply.raw())).ok_or_else(|| {
            let error = Error::new(ErrorKind::StreamEnded, "the run of tools has failed, so there is no final reply");
            error.with_transcript(self.machine.transcript().clone())
        })
    }

    /// What was done so far. A reply is in it once it is whole.
    pub fn transcript(&self) -> &Transcript {
        self.machine.transcript()
    }

    /// What was done, to keep.
    pub fn into_transcript(self) -> Transcript {
        self.machine.into_transcript()
    }

    /// The reply that is being streamed, or was streamed last, as far as its stream is known.
    pub fn accumulator(&self) -> Option<&R::Accumulator> {
        match &self.state {
            State::Reading(stream) => Some(stream.accumulator()),
            _ => None,
        }
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Event<R>, Error>>> {
        loop {
            let Self { client, options, caller, machine, told, state, .. } = self;
            let next = match state {
                State::Ready => machine.request().map(|request| State::Opening(open(client, request, options))),
                State::Opening(opening) => ready!(opening.as_mut().poll(cx))
                    .map(|raw| State::Reading(Box::new(AccumulatedStream::new(raw, R::Accumulator::default())))),
                State::Reading(stream) => match ready!(Pin::new(&mut **stream).poll_next(cx)) {
                    Some(Ok(event)) => return Poll::Ready(Some(Ok(ToolEvent::Event(event)))),
                    Some(Err(error)) => Err(error),
                    None => {
                        let next = whole::<R>(machine, stream);
                        tell(caller, machine, told);
                        match next {
                            Ok(Next::Calls(calls)) => {
                                *state = State::Calling(Calls::new(calls.clone()));
                                return Poll::Ready(Some(Ok(ToolEvent::Calls(calls))));
                            }
                            Ok(Next::Done) => Ok(State::Over(true)),
                            Ok(Next::Wait) => Err(Error::new(
                                ErrorKind::StreamEnded,
                                "the stream is over, but the assistant's run goes on; retrieve it to see how it ends",
                            )),
                            Err(error) => Err(error),
                        }
                    }
                },
                State::Calling(calls) => match ready!(calls.poll_next(cx, caller)) {
                    Some(Ok((index, record))) => match machine.take(index, &record) {
                        Ok(()) => return Poll::Ready(Some(Ok(ToolEvent::Result(record)))),
                        Err(error) => Err(error),
                    },
                    Some(Err(error)) => Err(error),
                    None => {
                        tell(caller, machine, told);
                        Ok(State::Ready)
                    }
                },
                State::Failing(error, cleaning) => {
                    ready!(cleaning.as_mut().poll(cx));
                    let error = error.take();
                    *state = State::Over(false);
                    return Poll::Ready(error.map(|error| Err(*error)));
                }
                State::Over(_) => return Poll::Ready(None),
            };
            self.state = next.unwrap_or_else(|error| {
                let cleaning = free_thread(&self.client, &self.machine, &self.options);
                let error = described(error, &self.machine).with_transcript(self.machine.transcript().clone());
                State::Failing(Some(Box::new(error)), cleaning)
            });
        }
    }
}

fn open(
    client: &Client,
    request: ToolRequest,
    options: &RequestOptions,
) -> BoxFuture<'static, Result<RawEventStream, Error>> {
    let (client, options) = (client.clone(), options.clone());
    let args = Args::new(request.path, request.arguments.raw().to_owned(), Vec::new());
    Box::pin(async move { client.stream(request.operation, args, options).await })
}

/// Hands the whole reply to the loop.
fn whole<R: StreamedReply>(machine: &mut ToolLoop, stream: &AccumulatedStream<R::Accumulator>) -> Result<Next, Error> {
    let told = |error: Error| error.with_reply(stream.status(), stream.headers()).with_attempts(stream.attempts());
    let reply = R::whole(stream.accumulator()).ok_or_else(|| {
        told(Error::new(ErrorKind::Decode, "the stream ended properly, but told nothing of the model's reply"))
    })?;
    machine.reply(&reply).map_err(told)
}

impl<R: StreamedReply> Stream for ToolStream<R> {
    type Item = Result<Event<R>, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_event(cx)
    }
}

/// The pieces of text of a [`ToolStream`], as a [`Stream`] of `Result<String, Error>`.
#[derive(Debug)]
pub struct ToolTextDeltas<'a, R: StreamedReply>(&'a mut ToolStream<R>);

impl<R: StreamedReply> ToolTextDeltas<'_, R> {
    /// The next piece of text, or `None` when the model has answered.
    ///
    /// # Errors
    /// As [`ToolStream::next`].
    pub async fn next(&mut self) -> Option<Result<String, Error>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl<R: StreamedReply> Stream for ToolTextDeltas<'_, R> {
    type Item = Result<String, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let text = match ready!(self.0.poll_event(cx)) {
                Some(Ok(ToolEvent::Event(event))) => R::Accumulator::text(event).filter(|text| !text.is_empty()),
                Some(Ok(_)) => None,
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            };
            if let Some(text) = text {
                return Poll::Ready(Some(Ok(text)));
            }
        }
    }
}
