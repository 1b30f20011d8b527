//! Streamed runs of tools for language bindings: their events and replies as JSON.

use std::fmt;
use std::marker::PhantomData;

use super::runner::ToolRunner;
use super::stream::{StreamedReply, ToolStream};
use crate::accumulate::{Accumulate, AssistantAccumulator, ChatCompletionAccumulator, ResponseAccumulator};
use crate::client::sealed;
use crate::error::Error;
use crate::json::{Context, Decode, DecodeError, DecodeErrorKind, Encode, Json, Kinds, Node, Writer};
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

/// The accumulator `A` with the events of its `push_json`.
#[derive(Debug, Default)]
pub struct JsonEvents<A>(A);

impl<A: Encode> Encode for JsonEvents<A> {
    fn encode(&self, w: &mut Writer) {
        self.0.encode(w);
    }
}

/// An event that cannot be merged, as streams say it.
fn unreadable(error: &Error) -> DecodeError {
    DecodeError::new(DecodeErrorKind::Type, "$".to_owned(), 0, error.message().to_owned())
}

macro_rules! as_json {
    ($reply:ty, $accumulator:ty, |$inner:ident, $name:ident, $data:ident| $push:expr, |$end:ident| $finish:expr) => {
        impl sealed::Sealed for JsonReply<$reply> {}
        impl sealed::Sealed for JsonEvents<$accumulator> {}

        impl Accumulate for JsonEvents<$accumulator> {
            type Event = Json;

            fn accept(
                &mut self,
                $name: &str,
                data: Node<'_>,
                _: &mut Context,
                out: &mut dyn FnMut(Json),
            ) -> Result<(), DecodeError> {
                let ($inner, $data) = (&mut self.0, data.raw().as_bytes());
                let made = $push.map_err(|error| unreadable(&error))?;
                made.into_iter().for_each(out);
                Ok(())
            }

            fn end(&mut self, out: &mut dyn FnMut(Json)) {
                let $end = &mut self.0;
                let left: Vec<Json> = $finish;
                left.into_iter().for_each(out);
            }

            fn text(_: Json) -> Option<String> {
                None
            }
        }

        impl StreamedReply for JsonReply<$reply> {
            type Accumulator = JsonEvents<$accumulator>;

            fn whole(accumulator: &JsonEvents<$accumulator>) -> Option<Json> {
                <$reply>::whole(&accumulator.0)
            }
        }
    };
}

as_json! { ChatCompletion, ChatCompletionAccumulator, |inner, _name, data| inner.push_json(data), |inner| inner.finish_json() }
as_json! { Response, ResponseAccumulator, |inner, _name, data| inner.push_json(data), |_inner| Vec::new() }
as_json! { Run, AssistantAccumulator, |inner, name, data| inner.push_json(name, data), |_inner| Vec::new() }

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
