//! Streams put together: the core's accumulators, fed with events as they came.

use std::sync::Mutex;

use napi::{Error, Result};
use napi_derive::napi;
use threadline::Json;
use threadline::accumulate::{
    AssistantAccumulator, ChatCompletionAccumulator, CompletionAccumulator, ResponseAccumulator,
};

use crate::client::thrown;
use crate::hub::lock;

/// An accumulator of one kind of stream.
#[napi]
pub struct Accumulator(Mutex<Kind>);

enum Kind {
    Chat(Box<ChatCompletionAccumulator>),
    Completion(Box<CompletionAccumulator>),
    Response(Box<ResponseAccumulator>),
    Assistant(Box<AssistantAccumulator>),
}

#[napi]
impl Accumulator {
    /// `kind`: `chat`, `completion`, `response` or `assistant`. `lean`: events carry no snapshots.
    #[napi(constructor)]
    pub fn new(kind: String, starting_after: Option<i64>, lean: Option<bool>) -> Result<Self> {
        let lean = lean.unwrap_or_default();
        macro_rules! boxed {
            ($accumulator:expr) => {
                Box::new(if lean { $accumulator.without_snapshots() } else { $accumulator })
            };
        }
        let kind = match kind.as_str() {
            "chat" => Kind::Chat(boxed!(ChatCompletionAccumulator::new())),
            "completion" => Kind::Completion(boxed!(CompletionAccumulator::new())),
            "response" => {
                let accumulator = ResponseAccumulator::new();
                Kind::Response(boxed!(match starting_after {
                    Some(number) => accumulator.starting_after(number),
                    None => accumulator,
                }))
            }
            "assistant" => Kind::Assistant(boxed!(AssistantAccumulator::new())),
            other => return Err(Error::from_reason(format!("there is no accumulator of {other}"))),
        };
        Ok(Self(Mutex::new(kind)))
    }

    /// Takes an event; the events of a higher level that it makes, as the text of a JSON array.
    #[napi]
    pub fn push(&self, name: String, data: String) -> Result<String> {
        let data = data.as_bytes();
        let made = match &mut *lock(&self.0) {
            Kind::Chat(accumulator) => accumulator.push_json(data),
            Kind::Completion(accumulator) => accumulator.push_json(data),
            Kind::Response(accumulator) => accumulator.push_json(data).map(|event| event.into_iter().collect()),
            Kind::Assistant(accumulator) => accumulator.push_json(&name, data),
        };
        made.map(|events| list(&events)).map_err(|error| thrown(&error))
    }

    /// The stream has ended properly: the events that are left.
    #[napi]
    pub fn finish(&self) -> String {
        match &mut *lock(&self.0) {
            Kind::Chat(accumulator) => list(&accumulator.finish_json()),
            Kind::Completion(accumulator) => list(&accumulator.finish_json()),
            Kind::Response(_) | Kind::Assistant(_) => "[]".to_owned(),
        }
    }

    /// What the events have come to so far, as JSON.
    #[napi]
    pub fn snapshot(&self) -> String {
        let snapshot = match &*lock(&self.0) {
            Kind::Chat(accumulator) => accumulator.snapshot_json(),
            Kind::Completion(accumulator) => accumulator.snapshot_json(),
            Kind::Response(accumulator) => accumulator.snapshot_json(),
            Kind::Assistant(accumulator) => accumulator.snapshot_json(),
        };
        snapshot.raw().to_owned()
    }
}

fn list(events: &[Json]) -> String {
    let events: Vec<&str> = events.iter().map(Json::raw).collect();
    format!("[{}]", events.join(","))
}

impl std::fmt::Debug for Accumulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Accumulator").finish_non_exhaustive()
    }
}
