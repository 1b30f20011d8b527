//! Where accumulated streams begin: methods of the resources, and of streams that there are already.

use super::{
    AccumulatedStream, AssistantAccumulator, AssistantStream, ChatCompletionAccumulator, ChatCompletionStream,
    CompletionAccumulator, CompletionStream, ResponseAccumulator, ResponseStream, stream::Accumulate,
};
use crate::client::{Args, Call, sealed};
use crate::json::{self, Encode, Writer};
use crate::resources::{BetaThreadsRuns, ChatCompletions, Completions, Responses};
use crate::stream::EventStream;
use crate::types::{
    AssistantStreamEvent, ChatCompletionChunk, ChatCompletionCreateParams, Completion, CompletionCreateParams,
    ResponseCreateParams, ResponseRetrieveParams, ResponseStreamEvent, RunCreateParams,
};

/// An event of a stream that can be accumulated.
pub trait Accumulated: sealed::Sealed {
    /// What merges such events.
    type Accumulator: Accumulate;
}

macro_rules! accumulated {
    ($($event:ty => $accumulator:ty;)*) => {
        $(
            impl sealed::Sealed for $event {}

            impl Accumulated for $event {
                type Accumulator = $accumulator;
            }
        )*
    };
}

accumulated! {
    ChatCompletionChunk => ChatCompletionAccumulator;
    Completion => CompletionAccumulator;
    ResponseStreamEvent => ResponseAccumulator;
    AssistantStreamEvent => AssistantAccumulator;
}

impl<E: Accumulated> EventStream<E> {
    /// The stream with its events accumulated from here on.
    pub fn accumulate(self) -> AccumulatedStream<E::Accumulator> {
        AccumulatedStream::new(self.into_raw(), E::Accumulator::default())
    }
}

impl<E: Accumulated> Call<EventStream<E>> {
    /// The same call, whose stream is accumulated.
    ///
    /// ```no_run
    /// # #[allow(deprecated)]
    /// # async fn run(client: threadline::Client, params: threadline::types::ThreadCreateAndRunParams) -> Result<(), threadline::Error> {
    /// let mut stream = client.beta().threads().create_and_run_stream(params).accumulate().await?;
    /// println!("{:?}", stream.get_final_run().await?.status);
    /// # Ok(()) }
    /// ```
    pub fn accumulate(self) -> Call<AccumulatedStream<E::Accumulator>> {
        self.returning()
    }
}

impl ChatCompletions {
    /// Streams a chat completion, with events for whole texts and tool calls, and the completion at the end.
    ///
    /// `POST /chat/completions`. For `usage`, set `stream_options.include_usage`.
    ///
    /// # Errors
    ///
    /// When awaited, any [`Error`](crate::Error) that happens before the first event.
    pub fn stream(&self, params: ChatCompletionCreateParams) -> Call<ChatCompletionStream> {
        self.create_stream(params).accumulate()
    }
}

impl Completions {
    /// Streams a legacy completion, with the completion at the end.
    ///
    /// `POST /completions`
    ///
    /// # Errors
    ///
    /// When awaited, any [`Error`](crate::Error) that happens before the first event.
    pub fn stream(&self, params: CompletionCreateParams) -> Call<CompletionStream> {
        self.create_stream(params).accumulate()
    }
}

impl Responses {
    /// Streams a response, with the response as it grows.
    ///
    /// `POST /responses`. With `background`, a stream that breaks is taken up again where it was.
    ///
    /// # Errors
    ///
    /// When awaited, any [`Error`](crate::Error) that happens before the first event.
    pub fn stream(&self, params: ResponseCreateParams) -> Call<ResponseStream> {
        self.create_stream(params).accumulate()
    }

    /// Streams a response that exists already. Events up to `starting_after` are read too, so that the snapshot is whole, but
    /// not handed out.
    ///
    /// `GET /responses/{response_id}`
    ///
    /// # Errors
    ///
    /// When awaited, any [`Error`](crate::Error) that happens before the first event.
    pub fn stream_existing(&self, response_id: &str, params: ResponseRetrieveParams) -> Call<ResponseStream> {
        self.retrieve_stream(response_id, params).accumulate()
    }
}

impl BetaThreadsRuns {
    /// Starts a run and streams it, with its messages and steps as they grow.
    ///
    /// `POST /threads/{thread_id}/runs`. The twins of `submit_tool_outputs` and `create_and_run` give the same with
    /// `submit_tool_outputs_stream(…).accumulate()` and `create_and_run_stream(…).accumulate()`.
    ///
    /// # Errors
    ///
    /// When awaited, any [`Error`](crate::Error) that happens before the first event.
    #[deprecated(note = "the vendor has deprecated this endpoint")]
    #[allow(deprecated)]
    pub fn stream(&self, thread_id: &str, params: RunCreateParams) -> Call<AssistantStream> {
        self.create_stream(thread_id, params).accumulate()
    }
}

/// The accumulator for a response that is streamed from the middle: all of it is asked for, so that the snapshot is whole.
pub(super) fn catching_up(args: &mut Args) -> ResponseAccumulator {
    // Only a response that exists has a path.
    if args.path.is_empty() {
        return ResponseAccumulator::new();
    }
    let Ok(mut params) = json::decode::<ResponseRetrieveParams>(&args.fields) else {
        return ResponseAccumulator::new();
    };
    let Some(after) = params.starting_after.take() else { return ResponseAccumulator::new() };
    let mut w = Writer::new();
    params.encode(&mut w);
    args.fields = w.text().to_owned().into();
    ResponseAccumulator::new().starting_after(after)
}
