//! Runs: messages, steps and calls from their pieces.

use serde_json::{Value, json};

use crate::accumulate::{AssistantAccumulator, AssistantEvent};
use crate::json::Json;
use crate::types::AssistantStreamEvent;

fn push(accumulator: &mut AssistantAccumulator, name: &str, data: Value) -> Vec<Value> {
    let events = accumulator.push_json(name, data.to_string().as_bytes()).unwrap();
    assert_eq!(events[0].to_value(), json!({"type": "event", "event": {"event": name, "data": data}}));
    events[1..].iter().map(Json::to_value).collect()
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

fn text(id: &str, index: i64, text: Value) -> Value {
    json!({"id": id, "object": "thread.message.delta", "delta": {"content": [{"index": index, "type": "text", "text": text}]}})
}

fn message(status: &str, content: Value) -> Value {
    json!({"id": "msg", "object": "thread.message", "role": "assistant", "status": status, "content": content, "run_id": "run", "metadata": {}})
}

#[test]
fn a_message_is_what_its_pieces_say() {
    let mut a = AssistantAccumulator::new();
    assert_eq!(kinds(&push(&mut a, "thread.message.created", message("in_progress", json!([])))), ["message_created"]);
    assert!(push(&mut a, "thread.message.in_progress", message("in_progress", json!([]))).is_empty());
    let events = push(&mut a, "thread.message.delta", text("msg", 0, json!({"value": "Hi ", "annotations": []})));
    assert_eq!(kinds(&events), ["text_created", "text_delta", "message_delta"]);
    let mark = json!({"index": 0, "type": "file_citation", "text": "[0]", "start_index": 3, "end_index": 6, "file_citation": {"file_id": "f"}});
    let events = push(&mut a, "thread.message.delta", text("msg", 0, json!({"value": "[0]", "annotations": [mark]})));
    assert_eq!(kinds(&events), ["text_delta", "message_delta"]);
    let whole = json!([{"type": "text", "text": {"value": "Hi [0]", "annotations": [
        {"type": "file_citation", "text": "[0]", "start_index": 3, "end_index": 6, "file_citation": {"file_id": "f"}}]}}]);
    assert_eq!(events[0]["snapshot"], whole[0]["text"]);
    assert_eq!(events[1]["snapshot"], message("in_progress", whole.clone()));
    let events = push(
        &mut a,
        "thread.message.delta",
        json!({"id": "msg", "delta": {"content": [{"index": 1, "type": "image_file", "image_file": {"file_id": "g"}}]}}),
    );
    assert_eq!(kinds(&events), ["text_done", "message_delta"]);
    let mut all = whole.as_array().unwrap().clone();
    all.push(json!({"type": "image_file", "image_file": {"file_id": "g"}}));
    assert_eq!(a.snapshot_json().to_value()["messages"][0], message("in_progress", json!(all)));
    let events = push(&mut a, "thread.message.completed", message("completed", json!(all)));
    assert_eq!(kinds(&events), ["image_file_done", "message_done"]);
    assert_eq!(a.messages()[0].content.len(), 2);
}

#[test]
fn calls_of_a_step_are_told_as_they_come() {
    let mut a = AssistantAccumulator::new();
    let step = json!({"id": "step", "object": "thread.run.step", "status": "in_progress", "step_details": {"type": "tool_calls", "tool_calls": []}});
    let delta = |calls: Value| json!({"id": "step", "object": "thread.run.step.delta", "delta": {"step_details": {"type": "tool_calls", "tool_calls": calls}}});
    assert_eq!(kinds(&push(&mut a, "thread.run.step.created", step)), ["run_step_created"]);
    let first = json!([{"index": 0, "id": "c0", "type": "function", "function": {"name": "f", "arguments": "", "output": null}}]);
    assert_eq!(kinds(&push(&mut a, "thread.run.step.delta", delta(first))), ["tool_call_created", "run_step_delta"]);
    let events = push(
        &mut a,
        "thread.run.step.delta",
        delta(json!([{"index": 0, "type": "function", "function": {"arguments": "{}"}}])),
    );
    assert_eq!(kinds(&events), ["tool_call_delta", "run_step_delta"]);
    assert_eq!(
        events[0]["snapshot"],
        json!({"id": "c0", "type": "function", "function": {"name": "f", "arguments": "{}", "output": null}})
    );
    let code = json!([{"index": 1, "id": "c1", "type": "code_interpreter", "code_interpreter": {"input": "1", "outputs": []}}]);
    assert_eq!(
        kinds(&push(&mut a, "thread.run.step.delta", delta(code))),
        ["tool_call_done", "tool_call_created", "run_step_delta"]
    );
    let outputs = json!([{"index": 1, "type": "code_interpreter", "code_interpreter": {"outputs": [{"index": 0, "type": "logs", "logs": "a"}]}}]);
    push(&mut a, "thread.run.step.delta", delta(outputs.clone()));
    push(&mut a, "thread.run.step.delta", delta(outputs));
    let details = &a.snapshot_json().to_value()["run_steps"][0]["step_details"];
    assert_eq!(
        details["tool_calls"][1],
        json!({"id": "c1", "type": "code_interpreter", "code_interpreter": {"input": "1", "outputs": [{"type": "logs", "logs": "aa"}]}})
    );
    let run = json!({"id": "run", "object": "thread.run", "status": "requires_action"});
    assert_eq!(kinds(&push(&mut a, "thread.run.requires_action", run)), ["tool_call_done"]);
    assert_eq!(a.run().unwrap().id, "run");
}

#[test]
fn a_step_that_ends_closes_its_call_once() {
    let mut a = AssistantAccumulator::new();
    let call = json!({"index": 0, "id": "c", "type": "file_search", "file_search": {}});
    push(
        &mut a,
        "thread.run.step.delta",
        json!({"id": "s", "delta": {"step_details": {"type": "tool_calls", "tool_calls": [call]}}}),
    );
    let whole = json!({"id": "s", "object": "thread.run.step", "status": "completed", "step_details": {"type": "tool_calls", "tool_calls": [
        {"id": "c", "type": "file_search", "file_search": {"results": [1]}}]}});
    let events = push(&mut a, "thread.run.step.completed", whole.clone());
    assert_eq!(kinds(&events), ["tool_call_done", "run_step_done"]);
    assert_eq!(events[0]["tool_call"]["file_search"], json!({"results": [1]}));
    assert!(push(&mut a, "thread.run.completed", json!({"id": "run"})).is_empty());
    assert_eq!(a.snapshot_json().to_value()["run_steps"], json!([whole]));
}

#[test]
fn pieces_of_what_was_not_created_begin_it() {
    let mut a = AssistantAccumulator::new();
    push(&mut a, "thread.message.delta", text("m", 0, json!({"value": "x"})));
    let want = json!({"id": "m", "object": "thread.message", "content": [{"type": "text", "text": {"value": "x"}}]});
    assert_eq!(a.snapshot_json().to_value()["messages"], json!([want]));
    assert!(a.run().is_none());
}

#[test]
fn typed_events_are_those_of_an_event_handler() {
    let mut a = AssistantAccumulator::new();
    let event = json!({"event": "thread.message.delta", "data": text("m", 0, json!({"value": "x"}))});
    let event: AssistantStreamEvent = serde_json::from_value(event).unwrap();
    let events = a.push(&event).unwrap();
    let [
        AssistantEvent::Event(same),
        AssistantEvent::TextCreated(_),
        AssistantEvent::TextDelta(delta),
        AssistantEvent::MessageDelta { message_id, .. },
    ] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!((&**same, delta.value.as_deref(), message_id.as_str()), (&event, Some("x"), "m"));
}

#[test]
fn hostile_indices_are_refused() {
    let mut a = AssistantAccumulator::new();
    for bad in [-1, 10_000, i64::MAX] {
        let data = text("m", bad, json!({"value": "x"})).to_string();
        assert!(a.push_json("thread.message.delta", data.as_bytes()).is_err());
        let call = json!({"id": "s", "delta": {"step_details": {"tool_calls": [{"index": bad}]}}}).to_string();
        assert!(a.push_json("thread.run.step.delta", call.as_bytes()).is_err());
    }
}
