//! Streams with anything in any place: they are refused or put together, and never panic.

use serde_json::{Value, json};

use crate::accumulate::{AssistantAccumulator, ChatCompletionAccumulator, CompletionAccumulator, ResponseAccumulator};
use crate::json::Json;

const ROUNDS: u64 = 400;

/// Replaces, takes away or doubles parts of a value.
fn mangle(value: &mut Value, random: &mut fastrand::Rng) {
    if random.u8(0..12) == 0 {
        let odd = [
            json!(null),
            json!(true),
            json!(-1),
            json!(3),
            json!(1e300),
            json!(""),
            json!("x"),
            json!([]),
            json!({}),
            json!([[null]]),
        ];
        *value = odd[random.usize(0..odd.len())].clone();
        return;
    }
    match value {
        Value::Object(members) => {
            if random.u8(0..8) == 0
                && let Some(name) = members.keys().nth(random.usize(0..members.len().max(1))).cloned()
            {
                members.remove(&name);
            }
            members.values_mut().for_each(|value| mangle(value, random));
        }
        Value::Array(items) => {
            if random.u8(0..8) == 0 && !items.is_empty() {
                items.push(items[0].clone());
            }
            items.iter_mut().for_each(|value| mangle(value, random));
        }
        _ => {}
    }
}

fn streams(samples: &[Value], mut push: impl FnMut(u64, &[Value])) {
    for seed in 0..ROUNDS {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut stream = samples.to_vec();
        random.shuffle(&mut stream);
        stream.iter_mut().for_each(|event| mangle(event, &mut random));
        push(seed, &stream);
    }
}

fn valid(json: &Json) {
    assert!(serde_json::from_str::<Value>(json.raw()).is_ok(), "{json}");
}

#[test]
fn mangled_chunks_do_no_harm() {
    let choice = |delta: Value| {
        json!({"id": "c", "created": 1, "model": "m", "usage": null, "choices": [{"index": 0, "delta": delta, "finish_reason": null,
            "text": "t", "logprobs": {"content": [{"token": "a"}], "refusal": null}}]})
    };
    let samples = [
        choice(json!({"role": "assistant", "content": "a", "refusal": "r", "reasoning": "x"})),
        choice(json!({"content": [{"type": "text", "text": "a"}], "audio": {"id": "a", "data": "AA=="}})),
        choice(
            json!({"tool_calls": [{"index": 0, "id": "i", "type": "function", "function": {"name": "f", "arguments": "{"}}]}),
        ),
        choice(
            json!({"tool_calls": [{"index": 0, "custom": {"name": "f", "input": "{"}}, {"function": {"arguments": "}"}}]}),
        ),
        choice(
            json!({"function_call": {"name": "f", "arguments": "{"}, "list": [{"index": 1, "type": "t", "x": "y"}]}),
        ),
        json!({"choices": [{"index": 0, "message": {"content": "whole", "tool_calls": [{"function": {"name": "f"}}]}, "finish_reason": "stop"}]}),
    ];
    streams(&samples, |seed, stream| {
        let (mut typed, mut untyped) = (ChatCompletionAccumulator::new(), ChatCompletionAccumulator::new());
        let mut legacy = CompletionAccumulator::new();
        for chunk in stream {
            let text = chunk.to_string();
            let (events, jsons) = (typed.push_bytes(text.as_bytes()), untyped.push_json(text.as_bytes()));
            assert_eq!(events.as_ref().map(Vec::len).ok(), jsons.as_ref().map(Vec::len).ok(), "seed {seed}");
            jsons.iter().flatten().for_each(valid);
            legacy.push_json(text.as_bytes()).iter().flatten().for_each(valid);
        }
        assert_eq!(typed.finish().len(), untyped.finish_json().len());
        legacy.finish_json().iter().for_each(valid);
        assert_eq!(typed.snapshot_json(), untyped.snapshot_json(), "seed {seed}");
        assert_eq!(Json::from_serialize(&typed.snapshot()).unwrap(), typed.snapshot_json(), "seed {seed}");
        assert_eq!(Json::from_serialize(&legacy.snapshot()).unwrap(), legacy.snapshot_json(), "seed {seed}");
    });
}

#[test]
fn mangled_events_of_responses_do_no_harm() {
    let at = |kind: &str, mut members: Value| {
        for (name, value) in [("output_index", json!(0)), ("content_index", json!(0)), ("item_id", json!("i"))] {
            members[name] = value;
        }
        members["type"] = json!(format!("response.{kind}"));
        members
    };
    let samples = [
        json!({"type": "response.created", "response": {"id": "r", "output": [{"id": "i", "content": []}]}}),
        at(
            "output_item.added",
            json!({"item": {"id": "i", "type": "message", "content": [{"type": "output_text", "text": "a"}]}}),
        ),
        at("content_part.added", json!({"part": {"type": "output_text", "text": ""}})),
        at("output_text.delta", json!({"delta": "a", "logprobs": [{"token": "a"}]})),
        at("output_text.annotation.added", json!({"annotation_index": 0, "annotation": {"type": "x"}})),
        at("reasoning_summary_text.delta", json!({"delta": "a", "summary_index": 0})),
        at("function_call_arguments.done", json!({"arguments": "{}"})),
        at("shell_call_command.delta", json!({"command_index": 0, "delta": "a"})),
        at("shell_call_output_content.delta", json!({"command_index": 0, "delta": {"stdout": "a"}})),
        at("file_search_call.searching", json!({})),
        json!({"type": "response.completed", "response": {"id": "r", "output": null}}),
    ];
    streams(&samples, |seed, stream| {
        let mut accumulator = ResponseAccumulator::new();
        for event in stream {
            accumulator.push_json(event.to_string().as_bytes()).iter().flatten().for_each(valid);
            let _ = (accumulator.delta_snapshot(), accumulator.output_text());
        }
        assert_eq!(Json::from_serialize(&accumulator.snapshot()).unwrap(), accumulator.snapshot_json(), "seed {seed}");
    });
}

#[test]
fn mangled_events_of_runs_do_no_harm() {
    let samples = [
        json!(["thread.message.created", {"id": "m", "content": []}]),
        json!(["thread.message.delta", {"id": "m", "delta": {"content": [{"index": 0, "type": "text", "text": {"value": "a",
            "annotations": [{"index": 0, "type": "file_path", "file_path": {"file_id": "f"}}]}}]}}]),
        json!(["thread.message.completed", {"id": "m", "content": [{"type": "image_file", "image_file": {"file_id": "f"}}]}]),
        json!(["thread.run.step.created", {"id": "s", "step_details": {"type": "tool_calls", "tool_calls": []}}]),
        json!(["thread.run.step.delta", {"id": "s", "delta": {"step_details": {"type": "tool_calls", "tool_calls": [
            {"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": "{"}}]}}}]),
        json!(["thread.run.step.completed", {"id": "s", "step_details": {"tool_calls": [{"id": "c"}]}}]),
        json!(["thread.run.requires_action", {"id": "r"}]),
    ];
    streams(&samples, |_, stream| {
        let mut accumulator = AssistantAccumulator::new();
        for event in stream {
            let (Some(name), Some(data)) = (event[0].as_str(), event.get(1)) else { continue };
            accumulator.push_json(name, data.to_string().as_bytes()).iter().flatten().for_each(valid);
            let _ = (accumulator.run(), accumulator.messages(), accumulator.run_steps());
            let _ = (accumulator.current_text(), accumulator.current_tool_call());
        }
        valid(&accumulator.snapshot_json());
    });
}
