//! Whole runs, messages and steps, told as events and put together again.

use serde_json::{Value, json};

use super::cut::{pieces, text};
use crate::accumulate::AssistantAccumulator;
use crate::json::{self, Json};
use crate::types::AssistantStreamEvent;

type Events = Vec<(&'static str, Value)>;

/// A message as the API returns it.
fn message(id: &str, random: &mut fastrand::Rng) -> Value {
    let content: Vec<_> = (0..random.usize(1..4))
        .map(|_| match random.u8(0..5) {
            0 => json!({"type": "image_file", "image_file": {"file_id": "file_1", "detail": "low"}}),
            1 => json!({"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "auto"}}),
            2 => json!({"type": "refusal", "refusal": text(random)}),
            _ => json!({"type": "text", "text": {"value": text(random), "annotations": [
                {"type": "file_citation", "text": "[0]", "start_index": 0, "end_index": 3, "file_citation": {"file_id": "f"}},
                {"type": "file_path", "text": "sandbox:/a", "start_index": 4, "end_index": 9, "file_path": {"file_id": "g"}}]}}),
        })
        .collect();
    json!({"id": id, "object": "thread.message", "created_at": 1, "thread_id": "thread_1", "run_id": "run_1", "assistant_id": "asst_1",
        "role": "assistant", "status": "completed", "incomplete_details": null, "incomplete_at": null, "completed_at": 2,
        "content": content, "attachments": [], "metadata": {"a": "b"}, "x_new": [1]})
}

/// The pieces of a message's content.
fn message_deltas(message: &Value, random: &mut fastrand::Rng) -> Events {
    let mut deltas = Vec::new();
    for (index, part) in message["content"].as_array().unwrap().iter().enumerate() {
        let kind = part["type"].as_str().unwrap();
        match kind {
            "text" => {
                deltas.push(json!({"index": index, "type": kind, "text": {"value": "", "annotations": []}}));
                for piece in pieces(part["text"]["value"].as_str().unwrap(), random) {
                    deltas.push(json!({"index": index, "type": kind, "text": {"value": piece}}));
                }
                for (n, annotation) in part["text"]["annotations"].as_array().unwrap().iter().enumerate() {
                    let mut annotation = annotation.clone();
                    annotation["index"] = json!(n);
                    deltas.push(json!({"index": index, "type": kind, "text": {"annotations": [annotation]}}));
                }
            }
            "refusal" => {
                for piece in pieces(part["refusal"].as_str().unwrap(), random) {
                    deltas.push(json!({"index": index, "type": kind, "refusal": piece}));
                }
            }
            _ => {
                let mut part = part.clone();
                part["index"] = json!(index);
                deltas.push(part);
            }
        }
    }
    let event = |delta| json!({"id": message["id"], "object": "thread.message.delta", "delta": {"content": [delta]}});
    deltas.into_iter().map(|delta| ("thread.message.delta", event(delta))).collect()
}

/// A step as the API returns it.
fn step(id: &str, random: &mut fastrand::Rng) -> Value {
    let calls: Vec<_> = (0..random.usize(1..4))
        .map(|n| match random.u8(0..3) {
            0 => json!({"id": format!("call_{n}"), "type": "function",
                "function": {"name": format!("f{n}"), "arguments": text(random), "output": null}}),
            1 => json!({"id": format!("call_{n}"), "type": "code_interpreter", "code_interpreter": {"input": text(random),
                "outputs": [{"type": "logs", "logs": text(random)}, {"type": "image", "image": {"file_id": "f"}}]}}),
            _ => json!({"id": format!("call_{n}"), "type": "file_search", "file_search": {"ranking_options": {"ranker": "auto", "score_threshold": 0.5}}}),
        })
        .collect();
    json!({"id": id, "object": "thread.run.step", "created_at": 1, "run_id": "run_1", "assistant_id": "asst_1", "thread_id": "thread_1",
        "type": "tool_calls", "status": "completed", "cancelled_at": null, "completed_at": 2, "expired_at": null, "failed_at": null,
        "last_error": null, "step_details": {"type": "tool_calls", "tool_calls": calls}, "usage": null, "metadata": {}})
}

/// The pieces of a step's calls.
fn step_deltas(step: &Value, random: &mut fastrand::Rng) -> Events {
    let mut deltas = Vec::new();
    for (index, call) in step["step_details"]["tool_calls"].as_array().unwrap().iter().enumerate() {
        let kind = call["type"].as_str().unwrap();
        let mut opening = call.clone();
        opening["index"] = json!(index);
        let mut push = |members: Value| deltas.push(json!({"index": index, "type": kind, kind: members}));
        match kind {
            "function" => {
                opening[kind]["arguments"] = json!("");
                push(opening[kind].clone());
                for piece in pieces(call[kind]["arguments"].as_str().unwrap(), random) {
                    push(json!({"arguments": piece}));
                }
            }
            "code_interpreter" => {
                opening[kind] = json!({"input": "", "outputs": []});
                for piece in pieces(call[kind]["input"].as_str().unwrap(), random) {
                    push(json!({"input": piece}));
                }
                for piece in pieces(call[kind]["outputs"][0]["logs"].as_str().unwrap(), random) {
                    push(json!({"outputs": [{"index": 0, "type": "logs", "logs": piece}]}));
                }
                push(json!({"outputs": [{"index": 1, "type": "image", "image": {"file_id": "f"}}]}));
            }
            _ => push(call[kind].clone()),
        }
        // The first piece has the call's id.
        let first = deltas.iter().position(|delta| delta["index"] == json!(index)).unwrap();
        deltas[first]["id"] = call["id"].clone();
        if kind == "function" {
            deltas[first] = opening;
        }
    }
    let event = |delta| {
        json!({"id": step["id"], "object": "thread.run.step.delta",
            "delta": {"step_details": {"type": "tool_calls", "tool_calls": [delta]}}})
    };
    deltas.into_iter().map(|delta| ("thread.run.step.delta", event(delta))).collect()
}

/// What an object is when nothing of it has been written.
fn begun(whole: &Value) -> Value {
    let mut begun = whole.clone();
    begun["status"] = json!("in_progress");
    begun["completed_at"] = Value::Null;
    if whole["content"].is_array() {
        begun["content"] = json!([]);
    } else {
        begun["step_details"]["tool_calls"] = json!([]);
    }
    begun
}

/// What it is when all of it has been written, and its end not told.
fn written(whole: &Value) -> Value {
    let mut written = begun(whole);
    for name in ["content", "step_details"] {
        if !whole[name].is_null() {
            written[name] = whole[name].clone();
        }
    }
    written
}

fn run(status: &str) -> Value {
    json!({"id": "run_1", "object": "thread.run", "thread_id": "thread_1", "assistant_id": "asst_1", "status": status,
        "required_action": null, "usage": null, "tools": [{"type": "code_interpreter"}], "metadata": {}})
}

/// The events of a run with these messages and steps; `ends` says whether their ends are told.
fn told(messages: &[Value], steps: &[Value], ends: bool, random: &mut fastrand::Rng) -> Events {
    let mut events = vec![
        ("thread.created", json!({"id": "thread_1", "object": "thread", "metadata": {}})),
        ("thread.run.created", run("queued")),
        ("thread.run.in_progress", run("in_progress")),
    ];
    for step in steps {
        events.push(("thread.run.step.created", begun(step)));
        events.push(("thread.run.step.in_progress", begun(step)));
        events.extend(step_deltas(step, random));
        if ends {
            events.push(("thread.run.step.completed", step.clone()));
        }
    }
    for message in messages {
        events.push(("thread.message.created", begun(message)));
        events.push(("thread.message.in_progress", begun(message)));
        events.extend(message_deltas(message, random));
        if ends {
            events.push(("thread.message.completed", message.clone()));
        }
    }
    events.push(("thread.run.completed", run("completed")));
    events
}

/// What these events come to.
fn put_together(events: &Events) -> Value {
    let (mut accumulator, mut typed) = (AssistantAccumulator::new(), AssistantAccumulator::new());
    for (name, data) in events {
        accumulator.push_json(name, data.to_string().as_bytes()).unwrap();
        let event = json!({"event": name, "data": data}).to_string();
        let event: AssistantStreamEvent = json::decode(event.as_bytes()).unwrap();
        typed.push(&event).unwrap();
    }
    let snapshot = accumulator.snapshot_json();
    assert_eq!(typed.snapshot_json(), snapshot);
    let objects = json!({"thread": accumulator.thread(), "run": accumulator.run(), "messages": accumulator.messages(),
        "run_steps": accumulator.run_steps()});
    assert_eq!(Json::from_serialize(&objects).unwrap(), snapshot, "the typed objects are the whole snapshot");
    snapshot.to_value()
}

#[test]
fn a_run_is_what_its_events_say_with_and_without_the_ends_of_its_parts() {
    for seed in 0..400 {
        let mut random = fastrand::Rng::with_seed(seed);
        let messages: Vec<_> = (0..random.usize(0..3)).map(|n| message(&format!("msg_{n}"), &mut random)).collect();
        let steps: Vec<_> = (0..random.usize(0..3)).map(|n| step(&format!("step_{n}"), &mut random)).collect();
        let ends = random.bool();
        let events = told(&messages, &steps, ends, &mut random);
        let as_told = |list: &[Value]| if ends { list.to_vec() } else { list.iter().map(written).collect::<Vec<_>>() };
        let want = json!({"thread": {"id": "thread_1", "object": "thread", "metadata": {}}, "run": run("completed"),
            "messages": as_told(&messages), "run_steps": as_told(&steps)});
        assert_eq!(put_together(&events), want, "seed {seed}");
    }
}
