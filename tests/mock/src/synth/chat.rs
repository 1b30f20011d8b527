//! Chat and text completions that read well.

use serde_json::{Map, Value, json};

use super::{Asked, streams, text, values};

const CREATED: u64 = 1_767_225_600;

/// What the model says: a text, or a call of a function.
pub(super) enum Saying {
    Text(String),
    Call { id: String, name: String, arguments: String },
}

/// The text in a message's content, be it a text or a list of parts.
pub(super) fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts = parts.iter().filter_map(|p| match &p["text"] {
                Value::String(text) => Some(text.as_str()),
                nested => nested["value"].as_str(),
            });
            texts.collect::<Vec<_>>().join(" ")
        }
        _ => String::new(),
    }
}

/// What to say to the last of `messages`, with these tools at hand.
pub(super) fn saying(messages: &[Value], args: &Map<String, Value>, seed: u64) -> Saying {
    let last = messages.last().cloned().unwrap_or_default();
    let said = text_of(if last["content"].is_null() { &last["output"] } else { &last["content"] });
    let from_tool = last["role"] == "tool" || last["role"] == "function" || last["type"] == "function_call_output";
    if from_tool {
        return Saying::Text(format!("The function answered: {said}"));
    }
    if let Some(call) = call(args, seed) {
        return call;
    }
    let format = args.get("response_format").or_else(|| args.get("text").and_then(|t| t.get("format")));
    match format.and_then(|f| f["type"].as_str()) {
        Some("json_object") => Saying::Text(json!({"answer": format!("You said: {said}")}).to_string()),
        Some("json_schema") => {
            let format = format.unwrap_or(&Value::Null);
            let schema = format.get("schema").or_else(|| format["json_schema"].get("schema"));
            Saying::Text(values::of_schema(schema).to_string())
        }
        _ => Saying::Text(format!("You said: {said}")),
    }
}

/// A call of the function that `tool_choice` names, else of the first function there is.
fn call(args: &Map<String, Value>, seed: u64) -> Option<Saying> {
    let choice = args.get("tool_choice");
    if choice.and_then(Value::as_str) == Some("none") {
        return None;
    }
    let forced = choice.and_then(|c| c["function"]["name"].as_str().or(c["name"].as_str()));
    let functions = args.get("tools").and_then(Value::as_array).into_iter().flatten();
    // Chat nests the function, responses do not.
    let mut functions = functions.filter(|t| t["type"] == "function").map(|t| t.get("function").unwrap_or(t));
    let function = functions.find(|f| forced.is_none_or(|name| f["name"] == name))?;
    Some(Saying::Call {
        id: text::id("call", seed),
        name: function["name"].as_str().unwrap_or_default().to_owned(),
        arguments: values::of_schema(function.get("parameters")).to_string(),
    })
}

fn messages(asked: &Asked<'_>) -> Vec<Value> {
    asked.args.get("messages").and_then(Value::as_array).cloned().unwrap_or_default()
}

fn head(asked: &Asked<'_>, object: &str, prefix: &str) -> Value {
    json!({"id": text::id(prefix, asked.seed).replacen('_', "-", 1), "object": object, "created": CREATED, "model": asked.model()})
}

fn choices(asked: &Asked<'_>) -> u64 {
    asked.args.get("n").and_then(Value::as_u64).unwrap_or(1)
}

fn prompt(messages: &[Value]) -> String {
    messages.iter().map(|m| text_of(&m["content"])).collect::<Vec<_>>().join(" ")
}

/// A chat completion.
pub(super) fn completion(asked: &Asked<'_>) -> Value {
    let messages = messages(asked);
    let (message, reason, said) = match saying(&messages, asked.args, asked.seed) {
        Saying::Text(text) => {
            (json!({"role": "assistant", "content": text, "refusal": null, "annotations": []}), "stop", text)
        }
        Saying::Call { id, name, arguments } => {
            let call = json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}});
            (
                json!({"role": "assistant", "content": null, "refusal": null, "tool_calls": [call]}),
                "tool_calls",
                arguments,
            )
        }
    };
    let mut value = head(asked, "chat.completion", "chatcmpl");
    value["choices"] = (0..choices(asked))
        .map(|i| json!({"index": i, "message": message, "logprobs": null, "finish_reason": reason}))
        .collect();
    value["usage"] = streams::usage(&prompt(&messages), &said);
    if let Some(metadata) = asked.args.get("metadata") {
        value["metadata"] = metadata.clone();
    }
    value
}

/// The chunks of a streamed chat completion.
pub(super) fn chunks(asked: &Asked<'_>) -> Vec<Value> {
    let messages = messages(asked);
    let saying = saying(&messages, asked.args, asked.seed);
    let with_usage = asked.args.get("stream_options").is_some_and(|o| o["include_usage"] == true);
    let base = head(asked, "chat.completion.chunk", "chatcmpl");
    let mut out = Vec::new();
    let mut push = |choices: Value, usage: Option<Value>| {
        let mut chunk = base.clone();
        chunk["choices"] = choices;
        if with_usage {
            chunk["usage"] = usage.unwrap_or(Value::Null);
        }
        out.push(chunk);
    };
    let said = match &saying {
        Saying::Text(text) => text.clone(),
        Saying::Call { arguments, .. } => arguments.clone(),
    };
    for i in 0..choices(asked) {
        let mut delta = |delta: Value, reason: Option<&str>| {
            push(json!([{"index": i, "delta": delta, "logprobs": null, "finish_reason": reason}]), None);
        };
        match &saying {
            Saying::Text(text) => {
                delta(json!({"role": "assistant", "content": "", "refusal": null}), None);
                for piece in streams::pieces(text) {
                    delta(json!({"content": piece}), None);
                }
                delta(json!({}), Some("stop"));
            }
            Saying::Call { id, name, arguments } => {
                let function = json!({"name": name, "arguments": ""});
                let call = json!({"index": 0, "id": id, "type": "function", "function": function});
                delta(json!({"role": "assistant", "content": null, "tool_calls": [call]}), None);
                for piece in streams::pieces(arguments) {
                    delta(json!({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}), None);
                }
                delta(json!({}), Some("tool_calls"));
            }
        }
    }
    if with_usage {
        push(json!([]), Some(streams::usage(&prompt(&messages), &said)));
    }
    out
}

/// The prompts of a text completion: each gets its answers.
fn prompts(asked: &Asked<'_>) -> Vec<String> {
    match asked.args.get("prompt") {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(list)) if !list.iter().all(Value::is_number) => list.iter().map(text_of).collect(),
        _ => vec![String::new()],
    }
}

/// A text completion, from a `value` that has what the description asks for.
pub(super) fn text_completion(asked: &Asked<'_>, mut value: Value) -> Value {
    for (key, member) in head(asked, "text_completion", "cmpl").as_object().into_iter().flatten() {
        value[key] = member.clone();
    }
    let prompts = prompts(asked);
    let texts = prompts.iter().flat_map(|p| (0..choices(asked)).map(move |_| format!("You said: {p}")));
    value["choices"] = texts
        .enumerate()
        .map(|(i, text)| json!({"index": i, "text": text, "logprobs": null, "finish_reason": "stop"}))
        .collect();
    value["usage"] = streams::usage(&prompts.join(" "), "You said:");
    value
}

/// The chunks of a streamed text completion.
pub(super) fn text_chunks(asked: &Asked<'_>) -> Vec<Value> {
    let base = head(asked, "text_completion", "cmpl");
    let mut out = Vec::new();
    for (i, prompt) in prompts(asked).iter().enumerate() {
        let pieces = streams::pieces(&format!("You said: {prompt}"));
        for (n, piece) in pieces.iter().enumerate() {
            let reason = (n + 1 == pieces.len()).then_some("stop");
            let mut chunk = base.clone();
            chunk["choices"] = json!([{"index": i, "text": piece, "logprobs": null, "finish_reason": reason}]);
            out.push(chunk);
        }
    }
    out
}
