//! Whole objects cut into streams at random and put together again.

use serde_json::{Map, Value, json};

use super::{chat, response};

/// Cuts a text at random characters; with some pieces empty.
fn pieces(text: &str, random: &mut fastrand::Rng) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for letter in text.chars() {
        if random.u8(0..4) == 0 {
            pieces.push(String::new());
        }
        if let Some(last) = pieces.last_mut() {
            last.push(letter);
        }
    }
    pieces
}

fn text(random: &mut fastrand::Rng) -> String {
    const LETTERS: &[char] = &['a', 'é', '"', '\\', '\n', '😀', '{', '}', '\u{7}', '中', ' '];
    (0..random.usize(0..40)).map(|_| LETTERS[random.usize(0..LETTERS.len())]).collect()
}

fn token_logprob(random: &mut fastrand::Rng) -> Value {
    json!({"token": text(random), "logprob": -0.25, "bytes": [1, 2], "top_logprobs": [{"token": "x", "logprob": -1.5, "bytes": null}]})
}

/// A chat completion as the API returns it.
fn completion(random: &mut fastrand::Rng) -> Value {
    let choices: Vec<_> = (0..random.i64(1..4))
        .map(|index| {
            let mut message = json!({"role": "assistant", "content": text(random), "refusal": null});
            let mut finish = "stop";
            match random.u8(0..4) {
                0 => {
                    message["content"] = Value::Null;
                    let calls = (0..random.usize(1..4)).map(|n| match random.u8(0..3) {
                        0 => json!({"id": format!("call_{n}"), "type": "custom", "custom": {"name": "c", "input": text(random)}}),
                        _ => json!({"id": format!("call_{n}"), "type": "function",
                            "function": {"name": format!("f{n}"), "arguments": json!({"a": text(random)}).to_string()}}),
                    });
                    message["tool_calls"] = calls.collect();
                    finish = "tool_calls";
                }
                1 => {
                    message["content"] = Value::Null;
                    message["refusal"] = json!(text(random));
                }
                2 => {
                    message["reasoning_content"] = json!(text(random));
                    message["annotations"] = json!([{"type": "url_citation", "url_citation":
                        {"start_index": 1, "end_index": 2, "title": "t", "url": "u"}}]);
                }
                _ => {}
            }
            let logprobs = match random.bool() {
                true => json!({"content": (0..3).map(|_| token_logprob(random)).collect::<Vec<_>>(), "refusal": null}),
                false => Value::Null,
            };
            json!({"index": index, "message": message, "logprobs": logprobs, "finish_reason": finish, "x_choice": {"n": [1]}})
        })
        .collect();
    json!({"id": "chatcmpl-1", "object": "chat.completion", "created": 1_700_000_000, "model": "gpt-x", "choices": choices,
        "service_tier": "default", "system_fingerprint": null, "x_new": {"a": [1, {"b": null}]},
        "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3,
            "completion_tokens_details": {"reasoning_tokens": 0}}})
}

/// The chunks of one choice as the API sends them.
fn deltas(choice: &Value, random: &mut fastrand::Rng) -> Vec<Value> {
    let message = &choice["message"];
    let mut first = json!({"role": "assistant", "content": null, "refusal": null});
    let mut deltas = Vec::new();
    for name in ["reasoning_content", "content", "refusal"] {
        if let Some(text) = message[name].as_str() {
            if name != "reasoning_content" {
                first[name] = json!("");
            }
            deltas.extend(pieces(text, random).into_iter().map(|piece| json!({name: piece})));
        }
    }
    for (index, call) in message["tool_calls"].as_array().into_iter().flatten().enumerate() {
        let kind = call["type"].as_str().unwrap();
        let member = if kind == "function" { "arguments" } else { "input" };
        let mut opening = call.clone();
        opening["index"] = json!(index);
        opening[kind][member] = json!("");
        deltas.push(json!({"tool_calls": [opening]}));
        for piece in pieces(call[kind][member].as_str().unwrap(), random) {
            deltas.push(json!({"tool_calls": [{"index": index, kind: {member: piece}}]}));
        }
    }
    if !message["annotations"].is_null() {
        deltas.push(json!({"annotations": message["annotations"]}));
    }
    let mut chunks: Vec<_> = std::iter::once(first)
        .chain(deltas)
        .map(|delta| json!({"index": choice["index"], "delta": delta, "logprobs": null, "finish_reason": null}))
        .collect();
    for (at, entry) in choice["logprobs"]["content"].as_array().into_iter().flatten().enumerate() {
        let at = at.min(chunks.len() - 1);
        match &mut chunks[at]["logprobs"] {
            Value::Null => chunks[at]["logprobs"] = json!({"content": [entry], "refusal": null}),
            list => list["content"].as_array_mut().unwrap().push(entry.clone()),
        }
    }
    chunks.push(
        json!({"index": choice["index"], "delta": {}, "logprobs": null, "finish_reason": choice["finish_reason"],
        "x_choice": choice["x_choice"]}),
    );
    chunks
}

fn chunks(completion: &Value, random: &mut fastrand::Rng) -> Vec<Value> {
    let mut queues: Vec<std::collections::VecDeque<Value>> =
        completion["choices"].as_array().unwrap().iter().map(|choice| deltas(choice, random).into()).collect();
    let mut head: Map<String, Value> = completion.as_object().unwrap().clone();
    head.insert("object".into(), json!("chat.completion.chunk"));
    head.insert("usage".into(), Value::Null);
    let mut chunks = Vec::new();
    while queues.iter().any(|queue| !queue.is_empty()) {
        let at = random.usize(0..queues.len());
        let Some(choice) = queues[at].pop_front() else { continue };
        let mut chunk = head.clone();
        chunk.insert("choices".into(), json!([choice]));
        chunk.insert("obfuscation".into(), json!("xyz"));
        chunks.push(Value::Object(chunk));
    }
    head.insert("choices".into(), json!([]));
    head.insert("usage".into(), completion["usage"].clone());
    chunks.push(Value::Object(head));
    chunks
}

#[test]
fn a_completion_cut_anywhere_is_the_completion() {
    for seed in 0..300 {
        let mut random = fastrand::Rng::with_seed(seed);
        let whole = completion(&mut random);
        let cut = chunks(&whole, &mut random);
        assert_eq!(chat(&cut), whole, "seed {seed}");
    }
}

/// A response as the API returns it.
fn whole_response(random: &mut fastrand::Rng) -> Value {
    let output: Vec<_> = (0..random.usize(1..5))
        .map(|n| {
            let id = format!("item_{n}");
            match random.u8(0..6) {
                0 => json!({"id": id, "type": "function_call", "status": "completed", "call_id": "c", "name": "f", "arguments": text(random)}),
                1 => json!({"id": id, "type": "reasoning", "summary": [{"type": "summary_text", "text": text(random)},
                    {"type": "summary_text", "text": text(random)}], "content": [{"type": "reasoning_text", "text": text(random)}]}),
                2 => json!({"id": id, "type": "custom_tool_call", "call_id": "c", "name": "t", "input": text(random)}),
                3 => json!({"id": id, "type": "code_interpreter_call", "status": "completed", "container_id": "k", "code": text(random), "outputs": null}),
                4 => json!({"id": id, "type": "mcp_call", "server_label": "s", "name": "m", "arguments": text(random), "output": null, "error": null}),
                _ => json!({"id": id, "type": "message", "role": "assistant", "status": "completed", "content": [
                    {"type": "output_text", "text": text(random), "annotations": [{"type": "file_citation", "index": 3, "file_id": "f", "filename": "n"}], "logprobs": []},
                    {"type": "refusal", "refusal": text(random)}]}),
            }
        })
        .collect();
    json!({"id": "resp_1", "object": "response", "status": "completed", "model": "m", "created_at": 1, "output": output,
        "usage": {"input_tokens": 1}, "x_new": [1, null]})
}

/// The events of one item: with its last event, or without it, when the deltas must say all.
fn item_events(at: usize, item: &Value, random: &mut fastrand::Rng, last: bool) -> Vec<Value> {
    let (mut opening, mut events) = (item.clone(), Vec::new());
    let mut emit = |kind: &str, mut members: Value| {
        members["type"] = json!(format!("response.{kind}"));
        members["output_index"] = json!(at);
        members["item_id"] = item["id"].clone();
        events.push(members);
    };
    let mut grow = |emit: &mut dyn FnMut(&str, Value), kind: &str, text: &Value, place: Value| {
        for piece in pieces(text.as_str().unwrap(), random) {
            let mut event = place.clone();
            event["delta"] = json!(piece);
            emit(&format!("{kind}.delta"), event);
        }
    };
    for name in ["arguments", "input", "code"] {
        if item[name].is_string() {
            opening[name] = json!("");
        }
    }
    for name in ["content", "summary"] {
        if item[name].is_array() {
            opening[name] = json!([]);
        }
    }
    emit("output_item.added", json!({"item": opening}));
    match item["type"].as_str().unwrap() {
        "function_call" => grow(&mut emit, "function_call_arguments", &item["arguments"], json!({})),
        "mcp_call" => grow(&mut emit, "mcp_call_arguments", &item["arguments"], json!({})),
        "custom_tool_call" => grow(&mut emit, "custom_tool_call_input", &item["input"], json!({})),
        "code_interpreter_call" => {
            grow(&mut emit, "code_interpreter_call_code", &item["code"], json!({}));
            emit("code_interpreter_call.completed", json!({}));
        }
        _ => {}
    }
    for (index, part) in item["summary"].as_array().into_iter().flatten().enumerate() {
        emit(
            "reasoning_summary_part.added",
            json!({"summary_index": index, "part": {"type": "summary_text", "text": ""}}),
        );
        grow(&mut emit, "reasoning_summary_text", &part["text"], json!({"summary_index": index}));
    }
    for (index, part) in item["content"].as_array().into_iter().flatten().enumerate() {
        let place = json!({"content_index": index});
        match part["type"].as_str().unwrap() {
            "reasoning_text" => grow(&mut emit, "reasoning_text", &part["text"], place),
            "refusal" => {
                emit("content_part.added", json!({"content_index": index, "part": {"type": "refusal", "refusal": ""}}));
                grow(&mut emit, "refusal", &part["refusal"], place);
            }
            _ => {
                let empty = json!({"type": "output_text", "text": "", "annotations": [], "logprobs": []});
                emit("content_part.added", json!({"content_index": index, "part": empty}));
                grow(&mut emit, "output_text", &part["text"], place);
                for (n, annotation) in part["annotations"].as_array().unwrap().iter().enumerate() {
                    let event = json!({"content_index": index, "annotation_index": n, "annotation": annotation});
                    emit("output_text.annotation.added", event);
                }
            }
        }
    }
    if last {
        emit("output_item.done", json!({"item": item}));
    }
    events
}

#[test]
fn a_response_is_what_its_events_say_even_if_the_last_one_says_nothing_of_the_output() {
    for seed in 0..300 {
        let mut random = fastrand::Rng::with_seed(seed);
        let whole = whole_response(&mut random);
        let mut begun = whole.clone();
        begun["output"] = json!([]);
        begun["status"] = json!("in_progress");
        begun["usage"] = Value::Null;
        let mut events = vec![
            json!({"type": "response.created", "response": begun}),
            json!({"type": "response.in_progress", "response": begun}),
        ];
        for (at, item) in whole["output"].as_array().unwrap().iter().enumerate() {
            let last = random.bool();
            events.extend(item_events(at, item, &mut random, last));
        }
        let mut silent = whole.clone();
        match random.u8(0..3) {
            0 => silent["output"] = json!([]),
            1 => silent["output"] = Value::Null,
            _ => drop(silent.as_object_mut().unwrap().remove("output")),
        }
        events.push(json!({"type": "response.completed", "response": silent}));
        assert_eq!(response(&events), whole, "seed {seed}");
    }
}
