//! `/chat/completions`

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::rules::{Called, Prompt, Reply, Tool, count};
use crate::stream::Frame;

pub(crate) fn prompt(request: &Value) -> Prompt {
    let mut prompt = Prompt { silent_tools: request["tool_choice"] == "none", ..Prompt::default() };
    prompt.only = request["tool_choice"]["function"]["name"].as_str().map(str::to_owned);
    prompt.must_call = prompt.only.is_some() || request["tool_choice"] == "required";
    for tool in request["tools"].as_array().into_iter().flatten() {
        let function = &tool["function"];
        let name = function["name"].as_str().unwrap_or_default().to_owned();
        prompt.tools.push(Tool { name, parameters: function["parameters"].clone() });
    }
    let mut names = HashMap::new();
    for message in request["messages"].as_array().into_iter().flatten() {
        match message["role"].as_str() {
            Some("user") => {
                prompt.question = text(&message["content"]);
                prompt.answered.clear();
            }
            Some("assistant") => {
                for call in message["tool_calls"].as_array().into_iter().flatten() {
                    names.insert(
                        call["id"].to_string(),
                        call["function"]["name"].as_str().unwrap_or_default().to_owned(),
                    );
                }
            }
            Some("tool") => {
                let name = names.get(&message["tool_call_id"].to_string()).cloned().unwrap_or_default();
                prompt.answered.push((name, text(&message["content"])));
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

fn usage(request: &Value, reply: &Reply) -> Value {
    let messages = request["messages"].as_array().into_iter().flatten();
    let read: usize = messages.map(|message| count(&text(&message["content"]))).sum();
    let written = match reply {
        Reply::Text(text) => count(text),
        Reply::Calls(calls) => calls.iter().map(|call| 1 + count(&call.arguments)).sum(),
    };
    json!({"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written})
}

fn tool_call(call: &Called) -> Value {
    json!({"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}})
}

pub(crate) fn whole(request: &Value, reply: &Reply) -> Value {
    let (message, reason) = match reply {
        Reply::Text(text) => (json!({"role": "assistant", "content": text, "refusal": null}), "stop"),
        Reply::Calls(calls) => {
            let calls: Vec<Value> = calls.iter().map(tool_call).collect();
            (json!({"role": "assistant", "content": null, "refusal": null, "tool_calls": calls}), "tool_calls")
        }
    };
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": request["model"],
        "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": reason}],
        "usage": usage(request, reply),
    })
}

pub(crate) fn events(request: &Value, reply: &Reply) -> Vec<Frame> {
    let chunk = |choices: Value, usage: Value| {
        json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": request["model"],
               "choices": choices, "usage": usage})
    };
    let frame = |data: &Value, is_word| Frame { text: format!("data: {data}\n\n"), is_word };
    let choice = |delta: Value, reason: Value| {
        chunk(json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": reason}]), Value::Null)
    };
    let mut frames = vec![frame(&choice(json!({"role": "assistant", "content": ""}), Value::Null), false)];
    let reason = match reply {
        Reply::Text(text) => {
            let words = text.split_inclusive(' ');
            frames.extend(words.map(|word| frame(&choice(json!({"content": word}), Value::Null), true)));
            "stop"
        }
        Reply::Calls(calls) => {
            for (index, call) in calls.iter().enumerate() {
                let mut begun = tool_call(call);
                begun["index"] = json!(index);
                begun["function"]["arguments"] = json!("");
                frames.push(frame(&choice(json!({"tool_calls": [begun]}), Value::Null), true));
                let more = json!({"index": index, "function": {"arguments": call.arguments}});
                frames.push(frame(&choice(json!({"tool_calls": [more]}), Value::Null), true));
            }
            "tool_calls"
        }
    };
    frames.push(frame(&choice(json!({}), json!(reason)), false));
    if request["stream_options"]["include_usage"] == true {
        frames.push(frame(&chunk(json!([]), usage(request, reply)), false));
    }
    frames.push(Frame { text: "data: [DONE]\n\n".into(), is_word: false });
    frames
}
