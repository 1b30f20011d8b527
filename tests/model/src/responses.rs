//! `/responses`

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::rules::{Prompt, Reply, Tool, count};
use crate::stream::Frame;

pub(crate) fn prompt(request: &Value) -> Prompt {
    let mut prompt = Prompt { silent_tools: request["tool_choice"] == "none", ..Prompt::default() };
    prompt.only = request["tool_choice"]["name"].as_str().map(str::to_owned);
    prompt.must_call = prompt.only.is_some() || request["tool_choice"] == "required";
    for tool in request["tools"].as_array().into_iter().flatten().filter(|tool| tool["type"] == "function") {
        let name = tool["name"].as_str().unwrap_or_default().to_owned();
        prompt.tools.push(Tool { name, parameters: tool["parameters"].clone() });
    }
    if let Some(question) = request["input"].as_str() {
        question.clone_into(&mut prompt.question);
    }
    let mut names = HashMap::new();
    for item in request["input"].as_array().into_iter().flatten() {
        match item["type"].as_str() {
            Some("function_call") => {
                names.insert(item["call_id"].to_string(), item["name"].as_str().unwrap_or_default().to_owned());
            }
            Some("function_call_output") => {
                let name = names.get(&item["call_id"].to_string()).cloned().unwrap_or_default();
                prompt.answered.push((name, text(&item["output"])));
            }
            _ if item["role"] == "user" => {
                prompt.question = text(&item["content"]);
                prompt.answered.clear();
            }
            _ => {}
        }
    }
    prompt
}

fn text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        parts => {
            let texts = parts.as_array().into_iter().flatten().filter_map(|part| part["text"].as_str());
            texts.collect::<Vec<_>>().join("\n")
        }
    }
}

fn output(reply: &Reply) -> Vec<Value> {
    match reply {
        Reply::Text(text) => vec![json!({
            "id": "msg_1", "type": "message", "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": text, "annotations": []}],
        })],
        Reply::Calls(calls) => {
            let item = |(place, call): (usize, &crate::rules::Called)| {
                json!({"id": format!("fc_{}", place + 1), "type": "function_call", "status": "completed",
                       "call_id": call.id, "name": call.name, "arguments": call.arguments})
            };
            calls.iter().enumerate().map(item).collect()
        }
    }
}

fn usage(request: &Value, reply: &Reply) -> Value {
    let items = request["input"].as_array().into_iter().flatten();
    let texts = items.map(|item| count(&text(&item["content"])) + count(&text(&item["output"])));
    let read = texts.sum::<usize>() + count(request["instructions"].as_str().unwrap_or_default());
    let written = match reply {
        Reply::Text(text) => count(text),
        Reply::Calls(calls) => calls.iter().map(|call| 1 + count(&call.arguments)).sum(),
    };
    json!({"input_tokens": read, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": written,
           "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": read + written})
}

fn response(request: &Value, status: &str, output: Vec<Value>, usage: Value) -> Value {
    json!({
        "id": "resp_1", "object": "response", "created_at": 1, "status": status, "error": null,
        "incomplete_details": null, "instructions": request["instructions"], "model": request["model"],
        "output": output, "parallel_tool_calls": true, "tool_choice": "auto", "tools": [], "usage": usage,
    })
}

pub(crate) fn whole(request: &Value, reply: &Reply) -> Value {
    response(request, "completed", output(reply), usage(request, reply))
}

pub(crate) fn events(request: &Value, reply: &Reply) -> Vec<Frame> {
    let mut writer = Writer::default();
    let begun = response(request, "in_progress", Vec::new(), Value::Null);
    writer.push("response.created", json!({"response": begun}), false);
    writer.push("response.in_progress", json!({"response": begun}), false);
    let items = output(reply);
    for (place, item) in items.iter().enumerate() {
        let mut added = item.clone();
        added["status"] = json!("in_progress");
        if item["type"] == "message" {
            added["content"] = json!([]);
            writer.push("response.output_item.added", json!({"output_index": place, "item": added}), false);
            writer.message(place, item);
        } else {
            added["arguments"] = json!("");
            writer.push("response.output_item.added", json!({"output_index": place, "item": added}), true);
            writer.arguments(place, item);
        }
        writer.push("response.output_item.done", json!({"output_index": place, "item": item}), false);
    }
    let done = response(request, "completed", items, usage(request, reply));
    writer.push("response.completed", json!({"response": done}), false);
    writer.frames
}

#[derive(Default)]
struct Writer {
    frames: Vec<Frame>,
}

impl Writer {
    fn push(&mut self, kind: &str, members: Value, is_word: bool) {
        let mut event = json!({"type": kind, "sequence_number": self.frames.len()});
        for (name, value) in members.as_object().into_iter().flatten() {
            event[name.as_str()] = value.clone();
        }
        self.frames.push(Frame { text: format!("event: {kind}\ndata: {event}\n\n"), is_word });
    }

    fn message(&mut self, place: usize, item: &Value) {
        let part = &item["content"][0];
        let at = |more: Value| {
            let mut event = json!({"item_id": item["id"], "output_index": place, "content_index": 0});
            for (name, value) in more.as_object().into_iter().flatten() {
                event[name.as_str()] = value.clone();
            }
            event
        };
        let empty = json!({"type": "output_text", "text": "", "annotations": []});
        self.push("response.content_part.added", at(json!({ "part": empty })), false);
        for word in part["text"].as_str().unwrap_or_default().split_inclusive(' ') {
            self.push("response.output_text.delta", at(json!({"delta": word, "logprobs": []})), true);
        }
        self.push("response.output_text.done", at(json!({"text": part["text"], "logprobs": []})), false);
        self.push("response.content_part.done", at(json!({ "part": part })), false);
    }

    fn arguments(&mut self, place: usize, item: &Value) {
        let at = json!({"item_id": item["id"], "output_index": place, "delta": item["arguments"]});
        self.push("response.function_call_arguments.delta", at, true);
        let at = json!({"item_id": item["id"], "output_index": place, "name": item["name"],
                        "arguments": item["arguments"]});
        self.push("response.function_call_arguments.done", at, false);
    }
}
