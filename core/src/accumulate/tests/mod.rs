//! Streams and the objects that they come to.

mod assistant;
mod chat;
mod cut;
mod cut_response;
mod cut_run;
mod mangled;
mod quirks;
mod response;

use serde_json::Value;

use super::{ChatCompletionAccumulator, ResponseAccumulator};
use crate::json::{self, Json};

/// The completion that these chunks come to.
fn chat(chunks: &[Value]) -> Value {
    let mut accumulator = ChatCompletionAccumulator::new();
    let mut typed = ChatCompletionAccumulator::new();
    for chunk in chunks {
        let text = chunk.to_string();
        accumulator.push_json(text.as_bytes()).unwrap();
        typed.push(&json::decode(text.as_bytes()).unwrap()).unwrap();
    }
    assert_eq!(typed.snapshot_json(), accumulator.snapshot_json());
    assert_eq!(Json::from_serialize(&accumulator.snapshot()).unwrap(), accumulator.snapshot_json());
    accumulator.snapshot_json().to_value()
}

/// All events of these chunks but the chunks themselves.
fn chat_events(chunks: &[Value]) -> Vec<Value> {
    let mut accumulator = ChatCompletionAccumulator::new();
    let mut events: Vec<Json> = Vec::new();
    for chunk in chunks {
        events.extend(accumulator.push_json(chunk.to_string().as_bytes()).unwrap());
    }
    events.extend(accumulator.finish_json());
    events.iter().map(Json::to_value).filter(|event| event["type"] != "chunk").collect()
}

/// The response that these events come to.
fn response(events: &[Value]) -> Value {
    let mut accumulator = ResponseAccumulator::new();
    let mut typed = ResponseAccumulator::new();
    for event in events {
        let text = event.to_string();
        accumulator.push_json(text.as_bytes()).unwrap();
        typed.push(&json::decode(text.as_bytes()).unwrap()).unwrap();
    }
    assert_eq!(typed.snapshot_json(), accumulator.snapshot_json());
    assert_eq!(Json::from_serialize(&accumulator.snapshot()).unwrap(), accumulator.snapshot_json());
    accumulator.snapshot_json().to_value()
}
