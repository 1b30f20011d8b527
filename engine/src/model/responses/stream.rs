//! The stream of `/responses` as events of a turn.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::model::{Callee, Ending, ErrorCode, ModelError, TurnEvent, Usage};

/// A call of the turn, by its place in the provider's output.
#[derive(Debug)]
struct Asked {
    number: usize,
    arguments: String,
}

/// What has been seen of a stream.
#[derive(Debug, Default)]
pub(in crate::model) struct Translator {
    calls: HashMap<i64, Asked>,
    /// Text so far of each part, by item and part.
    texts: HashMap<(i64, i64), String>,
    /// Number of each part in the order of appearance, by item and part.
    parts: HashMap<(i64, i64), usize>,
    searches: usize,
    ended: bool,
}

impl Translator {
    /// Takes in one event.
    pub(in crate::model) fn push(&mut self, event: &Value) -> Result<Vec<TurnEvent>, ModelError> {
        let mut events = Vec::new();
        let item = event["output_index"].as_i64().unwrap_or(0);
        match event["type"].as_str().unwrap_or_default() {
            "response.output_item.added" => self.begin(item, &event["item"], &mut events),
            "response.output_item.done" => self.complete(item, &event["item"], &mut events),
            "response.output_text.delta" => self.text(item, event, &mut events),
            "response.output_text.done" => self.rest_of_text(item, event, &mut events),
            "response.refusal.delta" => {
                let part = self.part(item, event);
                let text = event["delta"].as_str().unwrap_or_default().to_owned();
                self.texts.entry(key(item, event)).or_default().push_str(&text);
                events.push(TurnEvent::Refusal { part, text });
            }
            "response.refusal.done" => self.rest_of_refusal(item, event, &mut events),
            "response.output_text.annotation.added" => self.annotate(item, event, &mut events),
            "response.function_call_arguments.delta" | "response.code_interpreter_call_code.delta" => {
                self.more(item, event["delta"].as_str().unwrap_or_default(), &mut events);
            }
            "response.completed" => self.end(&event["response"], Ending::Stop, &mut events),
            "response.incomplete" => {
                let reason = event["response"]["incomplete_details"]["reason"].as_str();
                let ending = if reason == Some("content_filter") { Ending::ContentFilter } else { Ending::Length };
                self.end(&event["response"], ending, &mut events);
            }
            "response.failed" => return Err(failure(&event["response"]["error"])),
            "error" => return Err(failure(if event["error"].is_object() { &event["error"] } else { event })),
            // Everything else tells of progress, or of tools that are never offered.
            _ => {}
        }
        Ok(events)
    }

    /// The stream has ended.
    pub(in crate::model) fn finish(&self) -> Result<Vec<TurnEvent>, ModelError> {
        if self.ended {
            return Ok(Vec::new());
        }
        let message = "The provider's answer ended before it was complete.";
        Err(ModelError { retryable: true, ..ModelError::new(ErrorCode::ServerError, message) })
    }

    fn begin(&mut self, place: i64, item: &Value, events: &mut Vec<TurnEvent>) {
        if self.calls.contains_key(&place) {
            return;
        }
        let (id, callee) = match item["type"].as_str() {
            Some("function_call") => {
                let name = item["name"].as_str().unwrap_or_default();
                (item["call_id"].as_str(), Callee::Function(name.to_owned()))
            }
            Some("file_search_call") => {
                self.searches += 1;
                (item["id"].as_str(), Callee::FileSearch)
            }
            Some("code_interpreter_call") => {
                if let Some(container) = item["container_id"].as_str().filter(|id| !id.is_empty()) {
                    events.push(TurnEvent::Container(container.to_owned()));
                }
                (item["id"].as_str(), Callee::CodeInterpreter)
            }
            _ => return,
        };
        let number = self.calls.len();
        self.calls.insert(place, Asked { number, arguments: String::new() });
        events.push(TurnEvent::CallStart { call: number, id: id.unwrap_or_default().to_owned(), callee });
        // Some send the arguments whole with the item.
        let whole = item["arguments"].as_str().or_else(|| item["code"].as_str()).unwrap_or_default();
        self.more(place, whole, events);
    }

    fn more(&mut self, place: i64, fragment: &str, events: &mut Vec<TurnEvent>) {
        if let Some(asked) = self.calls.get_mut(&place).filter(|_| !fragment.is_empty()) {
            asked.arguments.push_str(fragment);
            events.push(TurnEvent::Arguments { call: asked.number, fragment: fragment.to_owned() });
        }
    }

    fn complete(&mut self, place: i64, item: &Value, events: &mut Vec<TurnEvent>) {
        match item["type"].as_str() {
            Some("message") => {
                self.whole_message(place, item, events);
                events.push(TurnEvent::MessageEnd);
            }
            Some("reasoning") => events.extend(reasoning(item).map(TurnEvent::Private)),
            Some("function_call" | "file_search_call" | "code_interpreter_call") => {
                self.begin(place, item, events);
                let whole = item["arguments"].as_str().or_else(|| item["code"].as_str()).unwrap_or_default();
                let Some(asked) = self.calls.get(&place) else { return };
                let rest = whole.strip_prefix(asked.arguments.as_str()).unwrap_or_default().to_owned();
                self.more(place, &rest, events);
                let Some(asked) = self.calls.get(&place) else { return };
                events.push(TurnEvent::CallEnd { call: asked.number, hosted: hosted(item) });
            }
            _ => {}
        }
    }

    /// Text of a message that came without deltas.
    fn whole_message(&mut self, place: i64, item: &Value, events: &mut Vec<TurnEvent>) {
        for (index, part) in item["content"].as_array().into_iter().flatten().enumerate() {
            let event = json!({"content_index": index, "text": part["text"]});
            if part["type"] == "output_text" {
                self.rest_of_text(place, &event, events);
            } else if part["type"] == "refusal" {
                let event = json!({"content_index": index, "refusal": part["refusal"]});
                self.rest_of_refusal(place, &event, events);
            }
        }
    }

    fn text(&mut self, item: i64, event: &Value, events: &mut Vec<TurnEvent>) {
        let part = self.part(item, event);
        let text = event["delta"].as_str().unwrap_or_default();
        self.texts.entry(key(item, event)).or_default().push_str(text);
        events.push(TurnEvent::Text { part, text: text.to_owned() });
    }

    /// The whole text of a part: what the deltas left out. Where it is another text than theirs, theirs holds: it has
    /// been shown.
    fn rest_of_text(&mut self, item: i64, event: &Value, events: &mut Vec<TurnEvent>) {
        let Some(text) = self.rest(item, event, "text") else { return };
        let part = self.part(item, event);
        events.push(TurnEvent::Text { part, text });
    }

    /// The same of a refusal.
    fn rest_of_refusal(&mut self, item: i64, event: &Value, events: &mut Vec<TurnEvent>) {
        let Some(text) = self.rest(item, event, "refusal") else { return };
        let part = self.part(item, event);
        events.push(TurnEvent::Refusal { part, text });
    }

    fn rest(&mut self, item: i64, event: &Value, member: &str) -> Option<String> {
        let whole = event[member].as_str().unwrap_or_default();
        let known = self.texts.entry(key(item, event)).or_default();
        let rest = whole.strip_prefix(known.as_str()).filter(|rest| !rest.is_empty())?.to_owned();
        whole.clone_into(known);
        Some(rest)
    }

    fn annotate(&mut self, item: i64, event: &Value, events: &mut Vec<TurnEvent>) {
        let annotation = &event["annotation"];
        if annotation["type"] == "container_file_citation" {
            let text = |name: &str| annotation[name].as_str().unwrap_or_default().to_owned();
            let place = |name: &str| annotation[name].as_u64().and_then(|at| usize::try_from(at).ok()).unwrap_or(0);
            events.push(TurnEvent::Produced {
                part: self.part(item, event),
                container_id: text("container_id"),
                file_id: text("file_id"),
                filename: text("filename"),
                start: place("start_index"),
                end: place("end_index"),
            });
            return;
        }
        let Some(file) = annotation["file_id"].as_str().filter(|_| annotation["type"] == "file_citation") else {
            return;
        };
        let part = self.part(item, event);
        let name = annotation["filename"].as_str().unwrap_or("source");
        let place = annotation["index"].as_i64().unwrap_or(0);
        // The provider cites without a mark in the text; programs replace marks.
        let marker = format!("【{}:{place}†{name}】", self.searches.saturating_sub(1));
        events.push(TurnEvent::Citation { part, marker, file_id: file.to_owned() });
    }

    /// Places of parts within their message, which begins anew with every item.
    fn part(&mut self, item: i64, event: &Value) -> usize {
        let known = self.parts.keys().filter(|(of, _)| *of == item).count();
        *self.parts.entry(key(item, event)).or_insert(known)
    }

    fn end(&mut self, response: &Value, ending: Ending, events: &mut Vec<TurnEvent>) {
        self.ended = true;
        let usage = &response["usage"];
        if usage.is_object() {
            let read = |value: &Value| value.as_i64().unwrap_or(0);
            events.push(TurnEvent::Usage(Usage {
                prompt: read(&usage["input_tokens"]),
                completion: read(&usage["output_tokens"]),
                cached: read(&usage["input_tokens_details"]["cached_tokens"]),
                reasoning: read(&usage["output_tokens_details"]["reasoning_tokens"]),
            }));
        }
        events.push(TurnEvent::End(ending));
    }
}

fn key(item: i64, event: &Value) -> (i64, i64) {
    (item, event["content_index"].as_i64().unwrap_or(0))
}

/// Reasoning as it is sent back: the provider reads it from its encrypted form. Without one it cannot be sent back: the
/// provider has kept nothing that its id would name.
fn reasoning(item: &Value) -> Option<Value> {
    item["encrypted_content"].as_str()?;
    let mut item = item.clone();
    if let Some(members) = item.as_object_mut() {
        members.shift_remove("status");
        members.shift_remove("id");
    }
    Some(item)
}

/// What a tool of the provider found, as run steps show it.
fn hosted(item: &Value) -> Option<Value> {
    match item["type"].as_str() {
        Some("file_search_call") => {
            let results: Vec<Value> = item["results"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|result| {
                    json!({
                        "file_id": result["file_id"],
                        "file_name": result["filename"],
                        "score": result["score"],
                        "content": [{"type": "text", "text": result["text"]}],
                    })
                })
                .collect();
            let ranking = json!({"ranker": "default_2024_08_21", "score_threshold": 0.0});
            Some(json!({"ranking_options": ranking, "results": results}))
        }
        Some("code_interpreter_call") => {
            let outputs = item["outputs"].as_array().into_iter().flatten();
            let shown = outputs.filter_map(|output| match output["type"].as_str()? {
                "logs" => Some(json!({"type": "logs", "logs": output["logs"]})),
                "image" => Some(json!({"type": "image", "image": {"url": output["url"]}})),
                _ => None,
            });
            Some(shown.collect())
        }
        _ => None,
    }
}

fn failure(error: &Value) -> ModelError {
    let code = error["code"].as_str().or_else(|| error["type"].as_str()).unwrap_or_default();
    let kind = match code {
        "rate_limit_exceeded" | "insufficient_quota" => ErrorCode::RateLimitExceeded,
        "invalid_prompt" => ErrorCode::InvalidPrompt,
        code if code.contains("image") || code.contains("context_length") => ErrorCode::InvalidPrompt,
        _ => ErrorCode::ServerError,
    };
    let message = error["message"].as_str().unwrap_or("no reason given");
    ModelError {
        retryable: matches!(code, "server_error" | "rate_limit_exceeded"),
        context_overflow: code.contains("context_length"),
        ..ModelError::new(kind, format!("The provider failed: {message}"))
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
