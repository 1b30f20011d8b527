//! Accumulators whose events are JSON, for language bindings.

use super::{Accumulate, AssistantAccumulator, ChatCompletionAccumulator, CompletionAccumulator, ResponseAccumulator};
use crate::client::{Args, sealed};
use crate::error::Error;
use crate::json::{Context, DecodeError, DecodeErrorKind, Encode, Json, Node, Writer};

/// The accumulator `A` with the events of its `push_json`.
#[derive(Debug, Default)]
pub struct JsonEvents<A>(A);

impl<A> JsonEvents<A> {
    pub(crate) fn inner(&self) -> &A {
        &self.0
    }
}

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
    ($accumulator:ty, |$inner:ident, $name:ident, $data:ident| $push:expr, |$end:ident| $finish:expr) => {
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

            fn for_call(args: &mut Args) -> Self {
                Self(<$accumulator>::for_call(args))
            }
        }
    };
}

as_json! { ChatCompletionAccumulator, |inner, _name, data| inner.push_json(data), |inner| inner.finish_json() }
as_json! { CompletionAccumulator, |inner, _name, data| inner.push_json(data), |inner| inner.finish_json() }
as_json! { ResponseAccumulator, |inner, _name, data| inner.push_json(data), |_inner| Vec::new() }
as_json! { AssistantAccumulator, |inner, name, data| inner.push_json(name, data), |_inner| Vec::new() }
