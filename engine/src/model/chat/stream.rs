//! The stream of `/chat/completions` as events of a turn, with the habits of many providers.

use serde_json::Value;

use crate::model::{Callee, Ending, ErrorCode, ModelError, TurnEvent, Usage};

/// Place of refusals among the parts, behind the text.
const REFUSAL: usize = 1;

#[derive(Debug, Default)]
struct Asked {
    index: Option<i64>,
    id: String,
    name: String,
    /// Arguments that came before the call was announced.
    held: String,
    announced: bool,
}

/// What has been seen of a stream.
#[derive(Debug, Default)]
pub(in crate::model) struct Translator {
    calls: Vec<Asked>,
    speaks: bool,
    output: bool,
    usage: Option<Usage>,
    ending: Option<Ending>,
}

impl Translator {
    /// Takes in one chunk.
    pub(in crate::model) fn push(&mut self, chunk: &Value) -> Vec<TurnEvent> {
        let mut events = Vec::new();
        if chunk["usage"].is_object() {
            self.usage = Some(usage(&chunk["usage"]));
        }
        // Others are not asked for; a choice without an index is the first.
        let first = |choice: &&Value| choice["index"].as_i64().unwrap_or(0) == 0;
        let Some(choice) = chunk["choices"].as_array().into_iter().flatten().find(first) else { return events };
        // Some send a whole message in place of a delta.
        let delta = if choice["delta"].is_object() { &choice["delta"] } else { &choice["message"] };
        for text in texts(&delta["content"]) {
            self.speaks = true;
            self.output = true;
            events.push(TurnEvent::Text { part: 0, text });
        }
        if let Some(refusal) = delta["refusal"].as_str().filter(|text| !text.is_empty()) {
            self.speaks = true;
            self.output = true;
            events.push(TurnEvent::Refusal { part: REFUSAL, text: refusal.to_owned() });
        }
        for (place, entry) in delta["tool_calls"].as_array().into_iter().flatten().enumerate() {
            self.take_call(place, entry, &mut events);
        }
        if delta["function_call"].is_object() {
            let entry = serde_json::json!({"index": 0, "function": delta["function_call"]});
            self.take_call(0, &entry, &mut events);
        }
        if let Some(reason) = choice["finish_reason"].as_str() {
            self.ending = Some(match reason {
                "length" => Ending::Length,
                "content_filter" => Ending::ContentFilter,
                _ => Ending::Stop,
            });
            self.announce_all(&mut events);
        }
        events
    }

    /// The stream has ended properly.
    pub(in crate::model) fn finish(&mut self) -> Result<Vec<TurnEvent>, ModelError> {
        let mut events = Vec::new();
        self.announce_all(&mut events);
        let ending = match self.ending {
            Some(ending) => ending,
            None if self.output || !self.calls.is_empty() => Ending::Stop,
            None => {
                let message = "The provider's answer ended without saying anything.";
                return Err(ModelError { retryable: true, ..ModelError::new(ErrorCode::ServerError, message) });
            }
        };
        // Calls that were cut off are nobody's to answer.
        if ending == Ending::Stop {
            events.extend((0..self.calls.len()).map(|call| TurnEvent::CallEnd { call, hosted: None }));
        }
        if self.speaks {
            events.push(TurnEvent::MessageEnd);
        }
        events.extend(self.usage.map(TurnEvent::Usage));
        events.push(TurnEvent::End(ending));
        Ok(events)
    }

    fn take_call(&mut self, place: usize, entry: &Value, events: &mut Vec<TurnEvent>) {
        let index = entry["index"].as_i64();
        let id = entry["id"].as_str().unwrap_or_default();
        let name = entry["function"]["name"].as_str().unwrap_or_default();
        let call = self.find(place, index, id, name);
        let asked = &mut self.calls[call];
        if asked.id.is_empty() {
            id.clone_into(&mut asked.id);
        }
        // A name may come in pieces, or whole with every chunk.
        if !asked.announced && asked.name != name {
            asked.name.push_str(name);
        }
        let arguments = match &entry["function"]["arguments"] {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            // Some send the arguments as an object.
            other => other.to_string(),
        };
        if arguments.is_empty() {
            return;
        }
        if asked.announced {
            events.push(TurnEvent::Arguments { call, fragment: arguments });
            return;
        }
        asked.held.push_str(&arguments);
        self.announce(call, events);
    }

    /// The call that an entry belongs to; a new one if it belongs to none.
    fn find(&mut self, place: usize, index: Option<i64>, id: &str, name: &str) -> usize {
        let known = match index {
            Some(index) => self.calls.iter().rposition(|call| call.index == Some(index)),
            None if !id.is_empty() => self.calls.iter().rposition(|call| call.id == id),
            None if !name.is_empty() && self.calls.iter().all(|call| call.name != name) => None,
            None if name.is_empty() => self.calls.len().checked_sub(1),
            // A second call of a function that was called before: whole entries come side by side.
            None if place > 0 || self.calls.last().is_some_and(|call| !call.held.is_empty()) => None,
            None => self.calls.len().checked_sub(1),
        };
        // Some count every call as the first: another id means another call.
        let other = |call: &Asked| !id.is_empty() && !call.id.is_empty() && call.id != id && !name.is_empty();
        match known.filter(|known| !other(&self.calls[*known])) {
            Some(known) => known,
            None => {
                self.calls.push(Asked { index, ..Asked::default() });
                self.calls.len() - 1
            }
        }
    }

    /// Tells of a call, and of those before it.
    fn announce(&mut self, last: usize, events: &mut Vec<TurnEvent>) {
        if self.speaks {
            events.push(TurnEvent::MessageEnd);
            self.speaks = false;
        }
        for (call, asked) in self.calls.iter_mut().enumerate().take(last + 1).filter(|(_, asked)| !asked.announced) {
            asked.announced = true;
            self.output = true;
            let callee = Callee::Function(asked.name.clone());
            events.push(TurnEvent::CallStart { call, id: asked.id.clone(), callee });
            if !asked.held.is_empty() {
                events.push(TurnEvent::Arguments { call, fragment: asked.held.clone() });
            }
        }
    }

    fn announce_all(&mut self, events: &mut Vec<TurnEvent>) {
        if let Some(last) = self.calls.len().checked_sub(1)
            && self.calls.iter().any(|call| !call.announced)
        {
            self.announce(last, events);
        }
    }
}

/// Text that is there: a text, or a list of parts as some send it.
fn texts(content: &Value) -> Vec<String> {
    let parts: Vec<String> = match content {
        Value::String(text) => vec![text.clone()],
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    parts.into_iter().filter(|text| !text.is_empty()).collect()
}

fn usage(usage: &Value) -> Usage {
    let read = |value: &Value| value.as_i64().unwrap_or(0);
    Usage {
        prompt: read(&usage["prompt_tokens"]),
        completion: read(&usage["completion_tokens"]),
        cached: read(&usage["prompt_tokens_details"]["cached_tokens"]),
        reasoning: read(&usage["completion_tokens_details"]["reasoning_tokens"]),
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
