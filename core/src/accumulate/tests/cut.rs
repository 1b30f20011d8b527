//! Whole chat completions cut into streams at random and put together again.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::chat;

/// Cuts a text at random characters; with some pieces empty.
pub(super) fn pieces(text: &str, random: &mut fastrand::Rng) -> Vec<String> {
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

pub(super) fn text(random: &mut fastrand::Rng) -> String {
    const LETTERS: &[char] = &['a', 'é', '"', '\\', '\n', '😀', '{', '}', '\u{7}', '中', ' '];
    (0..random.usize(0..40)).map(|_| LETTERS[random.usize(0..LETTERS.len())]).collect()
}

pub(super) fn token_logprob(random: &mut fastrand::Rng) -> Value {
    json!({"token": text(random), "logprob": -0.25, "bytes": [1, 2], "top_logprobs": [{"token": "x", "logprob": -1.5, "bytes": null}]})
}

/// A chat completion as the API returns it.
fn completion(random: &mut fastrand::Rng) -> Value {
    let choices: Vec<_> = (0..random.i64(1..5))
        .map(|index| {
            let mut message = json!({"role": "assistant", "content": text(random), "refusal": null});
            let mut finish = "stop";
            match random.u8(0..6) {
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
                3 => {
                    message["content"] = Value::Null;
                    message["audio"] = json!({"id": "audio_1", "expires_at": 1_700_003_600, "transcript": text(random),
                        "data": STANDARD.encode(text(random))});
                }
                4 => {
                    message["content"] = Value::Null;
                    message["function_call"] = json!({"name": "f", "arguments": json!({"a": text(random)}).to_string()});
                    finish = "function_call";
                }
                _ => {}
            }
            let mut tokens = |wanted: bool| match wanted {
                true => json!((0..3).map(|_| token_logprob(random)).collect::<Vec<_>>()),
                false => Value::Null,
            };
            let logprobs = match index % 4 {
                0 => Value::Null,
                which => json!({"content": tokens(which != 2), "refusal": tokens(which != 1)}),
            };
            json!({"index": index, "message": message, "logprobs": logprobs, "finish_reason": finish,
                "x_choice": {"n": [1]}})
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
    if !message["function_call"].is_null() {
        deltas.push(json!({"function_call": {"name": message["function_call"]["name"], "arguments": ""}}));
        let arguments = pieces(message["function_call"]["arguments"].as_str().unwrap(), random);
        deltas.extend(arguments.into_iter().map(|piece| json!({"function_call": {"arguments": piece}})));
    }
    if !message["audio"].is_null() {
        deltas.extend(audio(&message["audio"], random));
    }
    if !message["annotations"].is_null() {
        deltas.push(json!({"annotations": message["annotations"]}));
    }
    let mut chunks: Vec<_> = std::iter::once(first)
        .chain(deltas)
        .map(|delta| json!({"index": choice["index"], "delta": delta, "logprobs": null, "finish_reason": null}))
        .collect();
    for name in ["content", "refusal"] {
        for (at, entry) in choice["logprobs"][name].as_array().into_iter().flatten().enumerate() {
            let at = at.min(chunks.len() - 1);
            let logprobs = &mut chunks[at]["logprobs"];
            if logprobs.is_null() {
                *logprobs = json!({"content": null, "refusal": null});
            }
            match &mut logprobs[name] {
                Value::Array(list) => list.push(entry.clone()),
                list => *list = json!([entry]),
            }
        }
    }
    chunks.push(
        json!({"index": choice["index"], "delta": {}, "logprobs": null, "finish_reason": choice["finish_reason"],
        "x_choice": choice["x_choice"]}),
    );
    chunks
}

/// Audio comes as its id, its transcript and its data in pieces, and when it expires.
fn audio(audio: &Value, random: &mut fastrand::Rng) -> Vec<Value> {
    let mut parts = vec![json!({"id": audio["id"], "transcript": ""})];
    parts.extend(pieces(audio["transcript"].as_str().unwrap(), random).iter().map(|text| json!({"transcript": text})));
    let data = audio["data"].as_str().unwrap();
    if random.bool() {
        parts.extend(pieces(data, random).iter().map(|data| json!({"data": data})));
    } else {
        // Each piece a text of its own, with padding.
        let bytes = STANDARD.decode(data).unwrap();
        parts.push(json!({"data": ""}));
        parts.extend(bytes.chunks(random.usize(1..8)).map(|piece| json!({"data": STANDARD.encode(piece)})));
    }
    parts.push(json!({"expires_at": audio["expires_at"]}));
    parts.into_iter().map(|part| json!({"audio": part})).collect()
}

fn chunks(completion: &Value, random: &mut fastrand::Rng) -> Vec<Value> {
    let mut queues: Vec<std::collections::VecDeque<Value>> =
        completion["choices"].as_array().unwrap().iter().map(|choice| deltas(choice, random).into()).collect();
    let mut head: Map<String, Value> = completion.as_object().unwrap().clone();
    head.insert("object".into(), json!("chat.completion.chunk"));
    head.insert("usage".into(), Value::Null);
    let mut chunks = Vec::new();
    if random.u8(0..4) == 0 {
        // What Azure sends first.
        chunks.push(json!({"id": "", "object": "", "created": 0, "model": "", "choices": []}));
    }
    let alone = queues.len() == 1 && random.bool();
    while queues.iter().any(|queue| !queue.is_empty()) {
        let at = random.usize(0..queues.len());
        let Some(mut choice) = queues[at].pop_front() else { continue };
        if alone {
            // Some servers that give one answer do not number it.
            choice.as_object_mut().unwrap().remove("index");
        }
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
    for seed in 0..500 {
        let mut random = fastrand::Rng::with_seed(seed);
        let whole = completion(&mut random);
        let cut = chunks(&whole, &mut random);
        assert_eq!(chat(&cut), whole, "seed {seed}");
    }
}
