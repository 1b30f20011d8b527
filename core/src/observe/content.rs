//! Prompts and outputs in the form of the OpenTelemetry conventions: messages with a role and parts. Only for clients that
//! ask for it. Pictures, sounds and files are named with their size, not shown.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Content;
use crate::json::Node;

/// Most text of a stream that is kept, in bytes.
const MAX_TEXT: usize = 1 << 20;

/// What a call says: its instructions and its messages, as far as the arguments hold any.
pub(super) fn asked(fields: &[u8]) -> Content {
    let args: Value = serde_json::from_slice(fields).unwrap_or_default();
    let instructions = args["instructions"].as_str().map(|words| json!([text(words)]));
    let mut messages = Vec::new();
    // A run brings additional messages, a new thread its first ones.
    for list in [&args["messages"], &args["additional_messages"], &args["thread"]["messages"]] {
        messages.extend(list.as_array().into_iter().flatten().map(message));
    }
    for spoken in [&args["input"], &args["prompt"]] {
        match spoken {
            Value::String(words) => messages.push(json!({"role": "user", "parts": [text(words)]})),
            Value::Array(items) => messages.extend(items.iter().map(item)),
            _ => {}
        }
    }
    if args["role"].is_string() {
        messages.push(message(&args));
    }
    Content {
        system_instructions: instructions.map(|list| list.to_string()),
        input: (!messages.is_empty()).then(|| Value::Array(messages).to_string()),
        output: None,
    }
}

/// What a whole reply says: the messages of its choices or output items.
pub(super) fn answered(body: &[u8]) -> Option<String> {
    let reply: Value = serde_json::from_slice(body).ok()?;
    let messages = outputs(&reply);
    (!messages.is_empty()).then(|| Value::Array(messages).to_string())
}

fn outputs(reply: &Value) -> Vec<Value> {
    let choices = reply["choices"].as_array().into_iter().flatten().map(|choice| {
        let mut said = match &choice["text"] {
            Value::String(words) => json!({"role": "assistant", "parts": [text(words)]}),
            _ => message(&choice["message"]),
        };
        said["finish_reason"] = choice["finish_reason"].clone();
        said
    });
    let items = reply["output"].as_array().into_iter().flatten().map(item);
    let mut messages: Vec<Value> = choices.chain(items).collect();
    if let Value::String(words) = &reply["text"] {
        messages.push(json!({"role": "assistant", "parts": [text(words)]}));
    }
    messages
}

fn text(words: &str) -> Value {
    json!({"type": "text", "content": words})
}

/// A message of a chat or a thread.
fn message(message: &Value) -> Value {
    let role = message["role"].as_str().unwrap_or("assistant");
    let mut parts = match (&message["content"], message["tool_call_id"].as_str()) {
        (content, Some(id)) => {
            let words: Vec<Value> = content_parts(content);
            let response = match words.as_slice() {
                [only] => only["content"].clone(),
                _ => Value::Array(words),
            };
            vec![json!({"type": "tool_call_response", "id": id, "response": response})]
        }
        (content, None) => content_parts(content),
    };
    if let Value::String(words) = &message["refusal"] {
        parts.push(text(words));
    }
    parts.extend(message["tool_calls"].as_array().into_iter().flatten().map(|call| {
        let function = if call["function"].is_object() { &call["function"] } else { &call["custom"] };
        tool_call(&call["id"], &function["name"], function.get("arguments").or(function.get("input")))
    }));
    json!({"role": role, "parts": parts})
}

fn tool_call(id: &Value, name: &Value, arguments: Option<&Value>) -> Value {
    // Arguments are JSON inside of a text; what is no JSON stays the text.
    let arguments = match arguments {
        Some(Value::String(words)) => serde_json::from_str(words).unwrap_or_else(|_| words.clone().into()),
        other => other.cloned().unwrap_or_default(),
    };
    json!({"type": "tool_call", "id": id, "name": name, "arguments": arguments})
}

fn content_parts(content: &Value) -> Vec<Value> {
    match content {
        Value::String(words) => vec![text(words)],
        Value::Array(parts) => parts.iter().map(part).collect(),
        _ => Vec::new(),
    }
}

/// One part of a message's content.
fn part(part: &Value) -> Value {
    let kind = part["type"].as_str().unwrap_or("text");
    let words = part["text"].as_str().or(part["text"]["value"].as_str()).or(part["refusal"].as_str());
    if let Some(words) = words.or(part.as_str()) {
        return text(words);
    }
    let modality = ["image", "audio", "file"].into_iter().find(|what| kind.contains(what)).unwrap_or(kind);
    let source = [
        &part["image_url"]["url"],
        &part["image_url"],
        &part["input_audio"]["data"],
        &part["file"]["file_data"],
        &part["file_data"],
        &part["file_url"],
    ];
    match source.into_iter().find_map(Value::as_str) {
        Some(uri) if uri.starts_with("http") => json!({"type": "uri", "modality": modality, "uri": uri}),
        Some(data) => json!({"type": "blob", "modality": modality, "base64_bytes": data.len()}),
        None => {
            let id = part["file_id"].as_str().or(part["file"]["file_id"].as_str());
            let id = id.or(part["image_file"]["file_id"].as_str());
            json!({"type": "file", "modality": modality, "file_id": id})
        }
    }
}

/// One item of a response's input or output; also a plain text in a list.
fn item(item: &Value) -> Value {
    let one = |role: &str, part: Value| json!({"role": role, "parts": [part]});
    match item["type"].as_str().unwrap_or("message") {
        _ if item.is_string() => one("user", text(item.as_str().unwrap_or_default())),
        "message" => message(item),
        "function_call" | "custom_tool_call" => {
            let arguments = item.get("arguments").or(item.get("input"));
            one("assistant", tool_call(&item["call_id"], &item["name"], arguments))
        }
        "function_call_output" | "custom_tool_call_output" => {
            let response = json!({"type": "tool_call_response", "id": item["call_id"], "response": item["output"]});
            one("tool", response)
        }
        "reasoning" => {
            let summary = item["summary"].as_array().into_iter().flatten().map(part);
            let parts: Vec<Value> =
                summary.map(|part| json!({"type": "reasoning", "content": part["content"]})).collect();
            json!({"role": "assistant", "parts": parts})
        }
        other => one("assistant", json!({"type": other, "id": item["id"]})),
    }
}

/// What a stream has said so far.
#[derive(Debug, Default)]
pub(super) struct Spoken {
    choices: BTreeMap<i64, Choice>,
    /// Messages of a complete response, which its last event holds.
    whole: Vec<Value>,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Choice {
    text: String,
    calls: BTreeMap<i64, Map<String, Value>>,
    finish_reason: Option<String>,
}

impl Spoken {
    /// Takes in one event.
    pub(super) fn event(&mut self, name: &str, data: Node<'_>) {
        // Content is shown to people who look for faults, not in production: parsing again is cheap enough.
        let Ok(event) = serde_json::from_str::<Value>(data.raw()) else { return };
        let kind = event["type"].as_str().unwrap_or(name);
        match kind {
            "response.completed" | "response.incomplete" | "response.failed" => {
                self.whole = outputs(&event["response"])
            }
            "transcript.text.done" => self.whole = outputs(&event),
            "thread.message.delta" => {
                for part in event["delta"]["content"].as_array().into_iter().flatten() {
                    self.say(0, part["text"]["value"].as_str());
                }
            }
            _ => {
                for choice in event["choices"].as_array().into_iter().flatten() {
                    self.choice(choice);
                }
            }
        }
    }

    fn choice(&mut self, choice: &Value) {
        let index = choice["index"].as_i64().unwrap_or_default();
        self.say(index, choice["delta"]["content"].as_str().or(choice["text"].as_str()));
        for call in choice["delta"]["tool_calls"].as_array().into_iter().flatten() {
            let arguments = call["function"]["arguments"].as_str().unwrap_or_default();
            self.bytes += arguments.len();
            if self.bytes > MAX_TEXT {
                return;
            }
            let calls = &mut self.choices.entry(index).or_default().calls;
            let known = calls.entry(call["index"].as_i64().unwrap_or_default()).or_default();
            for (name, value) in [("id", &call["id"]), ("name", &call["function"]["name"])] {
                if value.is_string() {
                    known.insert(name.to_owned(), value.clone());
                }
            }
            let so_far = known.get("arguments").and_then(Value::as_str).unwrap_or_default();
            known.insert("arguments".to_owned(), format!("{so_far}{arguments}").into());
        }
        if let Some(reason) = choice["finish_reason"].as_str() {
            self.choices.entry(index).or_default().finish_reason = Some(reason.to_owned());
        }
    }

    fn say(&mut self, index: i64, words: Option<&str>) {
        let Some(words) = words.filter(|words| !words.is_empty()) else { return };
        self.bytes += words.len();
        if self.bytes <= MAX_TEXT {
            self.choices.entry(index).or_default().text.push_str(words);
        }
    }

    /// All of it, as messages.
    pub(super) fn finish(self) -> Option<String> {
        let choices = self.choices.into_values().map(|choice| {
            let mut parts = Vec::new();
            if !choice.text.is_empty() {
                parts.push(text(&choice.text));
            }
            parts.extend(choice.calls.values().map(|call| {
                let of = |name: &str| call.get(name).cloned().unwrap_or_default();
                tool_call(&of("id"), &of("name"), call.get("arguments"))
            }));
            json!({"role": "assistant", "parts": parts, "finish_reason": choice.finish_reason})
        });
        let messages: Vec<Value> = choices.chain(self.whole).collect();
        (!messages.is_empty()).then(|| Value::Array(messages).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Doc;

    fn value(text: Option<String>) -> Value {
        serde_json::from_str(&text.unwrap_or_default()).unwrap_or_default()
    }

    #[test]
    fn a_chat_becomes_messages_with_parts() {
        let content = asked(
            br#"{"model":"m","messages":[{"role":"system","content":"S"},
                {"role":"user","content":[{"type":"text","text":"U"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]},
                {"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},
                {"role":"tool","tool_call_id":"c1","content":"R"}]}"#,
        );
        let expected = json!([
            {"role": "system", "parts": [{"type": "text", "content": "S"}]},
            {"role": "user", "parts": [{"type": "text", "content": "U"},
                {"type": "blob", "modality": "image", "base64_bytes": 26}]},
            {"role": "assistant", "parts": [{"type": "tool_call", "id": "c1", "name": "f", "arguments": {"a": 1}}]},
            {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "R"}]},
        ]);
        assert_eq!(value(content.input), expected);
    }

    #[test]
    fn a_response_becomes_instructions_and_messages() {
        let content = asked(br#"{"instructions":"I","input":[{"role":"user","content":"U"},{"type":"function_call_output","call_id":"c","output":"O"}]}"#);
        assert_eq!(value(content.system_instructions), json!([{"type": "text", "content": "I"}]));
        let expected = json!([
            {"role": "user", "parts": [{"type": "text", "content": "U"}]},
            {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c", "response": "O"}]},
        ]);
        assert_eq!(value(content.input), expected);
        let body = br#"{"output":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"A"}]},
            {"type":"web_search_call","id":"ws_1"}]}"#;
        let expected = json!([
            {"role": "assistant", "parts": [{"type": "text", "content": "A"}]},
            {"role": "assistant", "parts": [{"type": "web_search_call", "id": "ws_1"}]},
        ]);
        assert_eq!(value(answered(body)), expected);
    }

    #[test]
    fn texts_and_lists_of_texts_are_what_the_user_says() {
        let expected = json!([{"role": "user", "parts": [{"type": "text", "content": "x"}]}]);
        assert_eq!(value(asked(br#"{"input":"x"}"#).input), expected);
        assert_eq!(value(asked(br#"{"prompt":["x"]}"#).input), expected);
        assert_eq!(asked(b"{}"), Content::default());
        assert_eq!(asked(b"").input, None);
    }

    #[test]
    fn a_stream_is_put_together_from_its_pieces() {
        let mut spoken = Spoken::default();
        for json in [
            r#"{"choices":[{"index":0,"delta":{"content":"Hel"}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"content":"lo"}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{\"a\""}}]}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":":2}"}}]},"finish_reason":"tool_calls"}]}"#,
        ] {
            spoken.event("", Doc::parse(json.as_bytes()).unwrap().root());
        }
        let expected = json!([{"role": "assistant", "finish_reason": "tool_calls", "parts": [
            {"type": "text", "content": "Hello"},
            {"type": "tool_call", "id": "c", "name": "f", "arguments": {"a": 2}},
        ]}]);
        assert_eq!(value(spoken.finish()), expected);
    }
}
