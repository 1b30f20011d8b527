//! Streams put together.

use std::sync::{Arc, Mutex, PoisonError};

use threadline::accumulate::{
    AssistantAccumulator, ChatCompletionAccumulator, CompletionAccumulator, ResponseAccumulator,
};
use threadline::{Error, Json};

use crate::error::CallError;

/// Puts the events of a stream together.
#[derive(uniffi::Object)]
pub struct Accumulator(Mutex<Kind>);

enum Kind {
    Chat(Box<ChatCompletionAccumulator>),
    Completion(Box<CompletionAccumulator>),
    Response(Box<ResponseAccumulator>),
    Assistant(Box<AssistantAccumulator>),
}

impl std::fmt::Debug for Accumulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Accumulator")
    }
}

#[uniffi::export]
impl Accumulator {
    /// `kind`: `chat`, `completion`, `response` or `assistant`. `starting_after`: the number of the event after which a response's
    /// stream was taken up.
    #[uniffi::constructor]
    pub fn new(kind: &str, starting_after: Option<i64>) -> Result<Arc<Self>, CallError> {
        let kind = match kind {
            "chat" => Kind::Chat(Box::default()),
            "completion" => Kind::Completion(Box::default()),
            "response" => {
                let accumulator = ResponseAccumulator::new();
                Kind::Response(Box::new(match starting_after {
                    Some(number) => accumulator.starting_after(number),
                    None => accumulator,
                }))
            }
            "assistant" => Kind::Assistant(Box::default()),
            other => return Err(CallError::usage(format!("there is no accumulator of {other}"))),
        };
        Ok(Arc::new(Self(Mutex::new(kind))))
    }

    /// Takes an event (of an assistant's stream, its name and data); the events of a higher level that it makes, as a JSON list.
    pub fn push(&self, name: &str, data: Vec<u8>) -> Result<String, CallError> {
        let made = match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Kind::Chat(accumulator) => accumulator.push_json(&data),
            Kind::Completion(accumulator) => accumulator.push_json(&data),
            Kind::Response(accumulator) => accumulator.push_json(&data).map(|event| event.into_iter().collect()),
            Kind::Assistant(accumulator) => accumulator.push_json(name, &data),
        };
        list(made)
    }

    /// The stream has ended properly: the events that are left, as a JSON list.
    pub fn finish(&self) -> Result<String, CallError> {
        let left = match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Kind::Chat(accumulator) => accumulator.finish_json(),
            Kind::Completion(accumulator) => accumulator.finish_json(),
            Kind::Response(_) | Kind::Assistant(_) => Vec::new(),
        };
        list(Ok(left))
    }

    /// What the events have come to so far, as JSON.
    pub fn snapshot(&self) -> String {
        let snapshot = match &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Kind::Chat(accumulator) => accumulator.snapshot_json(),
            Kind::Completion(accumulator) => accumulator.snapshot_json(),
            Kind::Response(accumulator) => accumulator.snapshot_json(),
            Kind::Assistant(accumulator) => accumulator.snapshot_json(),
        };
        snapshot.raw().to_owned()
    }
}

fn list(events: Result<Vec<Json>, Error>) -> Result<String, CallError> {
    let events = events?;
    let texts: Vec<&str> = events.iter().map(Json::raw).collect();
    Ok(format!("[{}]", texts.join(",")))
}
