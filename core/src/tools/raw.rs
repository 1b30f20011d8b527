//! Streamed runs of tools for language bindings: their events and replies as JSON.

use std::fmt;
use std::marker::PhantomData;

use super::runner::ToolRunner;
use super::stream::{StreamedReply, ToolStream};
use crate::accumulate::{AssistantAccumulator, ChatCompletionAccumulator, JsonEvents, ResponseAccumulator};
use crate::client::sealed;
use crate::error::Error;
use crate::json::{Context, Decode, Encode, Json, Kinds, Node, Writer};
use crate::types::{ChatCompletion, Response, Run};

/// The reply `R` as JSON.
pub struct JsonReply<R>(Json, PhantomData<fn() -> R>);

impl<R> JsonReply<R> {
    /// The JSON.
    pub fn into_json(self) -> Json {
        self.0
    }
}

impl<R> fmt::Debug for JsonReply<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<R> Encode for JsonReply<R> {
    fn encode(&self, w: &mut Writer) {
        self.0.encode(w);
    }
}

impl<R> Decode for JsonReply<R> {
    const KINDS: Kinds = Kinds::ANY;

    fn blank() -> Self {
        Self(Json::NULL, PhantomData)
    }

    fn read(&mut self, node: Node<'_>, cx: &mut Context) -> bool {
        self.0.read(node, cx)
    }
}

macro_rules! as_json {
    ($($reply:ty: $accumulator:ty),*) => {
        $(
            impl sealed::Sealed for JsonReply<$reply> {}

            impl StreamedReply for JsonReply<$reply> {
                type Accumulator = JsonEvents<$accumulator>;

                fn whole(accumulator: &JsonEvents<$accumulator>) -> Option<Json> {
                    <$reply>::whole(accumulator.inner())
                }
            }
        )*
    };
}

as_json! { ChatCompletion: ChatCompletionAccumulator, Response: ResponseAccumulator, Run: AssistantAccumulator }

impl<R: StreamedReply> ToolRunner<R>
where
    JsonReply<R>: StreamedReply,
{
    /// As [`stream`](Self::stream), with the events as JSON objects, which carry the snapshots that the official packages add.
    ///
    /// # Errors
    /// As [`stream`](Self::stream).
    pub fn stream_json(self) -> Result<ToolStream<JsonReply<R>>, Error> {
        self.stream_as()
    }
}
