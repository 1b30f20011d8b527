//! Streams put together again: the object that a call without a stream would have returned, and events of a higher level on
//! the way there.
//!
//! - `client.chat().completions().stream(params)`, `client.completions().stream(params)`, `client.responses().stream(params)`,
//!   `client.beta().threads().runs().stream(…)` give an [`AccumulatedStream`].
//! - The accumulators are plain values without a connection: bytes of a chunk in, events out, snapshot at any time. The other
//!   languages use them as they are, through `push_json`.
//!
//! Members that the API may add are merged by the rules that hold for the known ones, so that nothing is lost.

mod assistant;
mod assistant_events;
mod call;
mod chat;
mod chat_events;
mod completion;
mod head;
mod json_events;
mod merge;
#[cfg(feature = "bindings")]
mod raw;
mod resources;
mod response;
mod response_delta;
mod stream;
mod tree;

#[cfg(test)]
mod tests;

pub use self::assistant::AssistantAccumulator;
pub use self::assistant_events::AssistantEvent;
pub use self::chat::ChatCompletionAccumulator;
pub use self::chat_events::ChatCompletionStreamEvent;
pub use self::completion::{CompletionAccumulator, CompletionStreamEvent};
pub use self::json_events::JsonEvents;
#[cfg(feature = "bindings")]
pub use self::raw::{RawAccumulatedStream, accumulate_raw};
pub use self::response::ResponseAccumulator;
pub use self::stream::{
    Accumulate, AccumulatedStream, AssistantStream, ChatCompletionStream, CompletionStream, ResponseStream, TextDeltas,
};

use crate::error::{Error, ErrorKind};
use crate::json::{self, Decode, DecodeError, Encode, Json, Writer};

fn json(value: &dyn Encode) -> Json {
    let mut w = Writer::new();
    value.encode(&mut w);
    Json::valid(w.text())
}

fn typed<T: Decode>(value: &dyn Encode) -> T {
    let mut w = Writer::new();
    value.encode(&mut w);
    // What was written is an object, and an object always decodes.
    json::decode_joined(w.text()).unwrap_or_else(T::blank)
}

fn unreadable(what: &str, number: u64, error: &DecodeError) -> Error {
    Error::new(ErrorKind::Decode, format!("{what} {number} of the stream cannot be read: {error}"))
}
