//! Responses: what the end says, what cuts leave, what servers leave out.

use serde_json::{Value, json};

use super::response;
use crate::accumulate::ResponseAccumulator;

fn created() -> Value {
    json!({"type": "response.created", "sequence_number": 0, "response":
        {"id": "r", "object": "response", "status": "in_progress", "output": [], "usage": null}})
}

fn text_delta(text: &str) -> Value {
    json!({"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "item_id": "i", "delta": text, "logprobs": []})
}

#[test]
fn the_last_event_wins_over_all_deltas() {
    for end in ["completed", "incomplete", "failed"] {
        let last = json!({"id": "r", "object": "response", "status": end, "output": [{"type": "message", "id": "i", "content": [{"type": "output_text", "text": "else"}]}], "x": 1});
        let event = json!({"type": format!("response.{end}"), "response": last});
        assert_eq!(response(&[created(), text_delta("a"), event]), last);
    }
}

#[test]
fn a_cut_stream_leaves_what_it_brought() {
    let found = response(&[
        created(),
        text_delta("a\""),
        text_delta("b"),
        json!({"type": "response.refusal.delta", "output_index": 3, "content_index": 1, "item_id": "k", "delta": "no"}),
    ]);
    let want = json!({"id": "r", "object": "response", "status": "in_progress", "usage": null, "output": [
        {"type": "message", "id": "i", "content": [{"type": "output_text", "text": "a\"b"}]},
        {"type": "message", "id": "k", "content": [{"type": "refusal", "refusal": "no"}]}]});
    assert_eq!(found, want);
}

#[test]
fn deltas_carry_what_they_add_up_to() {
    let mut accumulator = ResponseAccumulator::new();
    let mut push = |event: Value| accumulator.push_json(event.to_string().as_bytes()).unwrap().unwrap().to_value();
    push(created());
    push(text_delta("a"));
    assert_eq!(push(text_delta("b"))["snapshot"], "ab");
    let arguments =
        json!({"type": "response.function_call_arguments.delta", "output_index": 1, "item_id": "f", "delta": "{"});
    assert_eq!(push(arguments)["snapshot"], "{");
    let code =
        json!({"type": "response.code_interpreter_call_code.delta", "output_index": 2, "item_id": "c", "delta": "1"});
    assert_eq!(push(code.clone()), code);
    assert_eq!(accumulator.delta_snapshot().as_deref(), Some("1"));
    assert_eq!(accumulator.output_text(), "ab");
}

#[test]
fn an_end_that_lacks_its_output_is_handed_on_with_it() {
    let mut accumulator = ResponseAccumulator::new();
    for event in [created(), text_delta("a")] {
        accumulator.push_json(event.to_string().as_bytes()).unwrap();
    }
    let end = json!({"type": "response.incomplete", "response": {"id": "r", "status": "incomplete"}});
    let event = accumulator.push_json(end.to_string().as_bytes()).unwrap().unwrap().to_value();
    assert_eq!(event["response"]["output"][0]["content"][0]["text"], "a");
    assert!(accumulator.is_ended());
}

#[test]
fn events_before_the_start_are_merged_but_not_handed_on() {
    let mut accumulator = ResponseAccumulator::new().starting_after(1);
    let mut numbered = |number: i64, mut event: Value| {
        event["sequence_number"] = json!(number);
        accumulator.push_json(event.to_string().as_bytes()).unwrap()
    };
    assert!(numbered(0, created()).is_none() && numbered(1, text_delta("a")).is_none());
    let event = numbered(2, text_delta("b")).unwrap().to_value();
    assert_eq!(event["snapshot"], "ab");
}

#[test]
fn items_are_found_by_id_where_the_index_is_left_out() {
    let item = |id: &str| json!({"type": "response.output_item.added", "item": {"type": "function_call", "id": id, "arguments": ""}});
    let delta = |id: &str| json!({"type": "response.function_call_arguments.delta", "item_id": id, "delta": id});
    let found = response(&[created(), item("a"), item("b"), delta("a"), delta("b"), delta("a")]);
    assert_eq!((&found["output"][0]["arguments"], &found["output"][1]["arguments"]), (&json!("aa"), &json!("b")));
}

#[test]
fn a_beginning_that_is_told_again_takes_nothing_back() {
    let found = response(&[created(), text_delta("a"), created()]);
    assert_eq!(found["output"][0]["content"][0]["text"], "a");
}

#[test]
fn done_events_say_the_whole() {
    let found = response(&[
        created(),
        text_delta("x"),
        json!({"type": "response.output_text.done", "output_index": 0, "content_index": 0, "item_id": "i", "text": "whole", "logprobs": [{"token": "t", "logprob": -1.0}]}),
        json!({"type": "response.reasoning_summary_text.done", "output_index": 1, "summary_index": 0, "item_id": "s", "text": "why"}),
    ]);
    assert_eq!(
        found["output"][0]["content"][0],
        json!({"type": "output_text", "text": "whole", "logprobs": [{"token": "t", "logprob": -1.0}]})
    );
    assert_eq!(
        found["output"][1],
        json!({"type": "reasoning", "id": "s", "summary": [{"type": "summary_text", "text": "why"}]})
    );
}

#[test]
fn shell_calls_are_put_together() {
    let found = response(&[
        created(),
        json!({"type": "response.output_item.added", "output_index": 0, "item": {"type": "shell_call", "id": "s", "action": {"commands": []}}}),
        json!({"type": "response.shell_call_command.added", "output_index": 0, "command_index": 0, "command": ""}),
        json!({"type": "response.shell_call_command.delta", "output_index": 0, "command_index": 0, "delta": "l"}),
        json!({"type": "response.shell_call_command.delta", "output_index": 0, "command_index": 0, "delta": "s"}),
        json!({"type": "response.output_item.added", "output_index": 1, "item": {"type": "shell_call_output", "id": "o", "output": []}}),
        json!({"type": "response.shell_call_output_content.delta", "output_index": 1, "item_id": "o", "command_index": 0, "delta": {"stdout": "a"}}),
        json!({"type": "response.shell_call_output_content.delta", "output_index": 1, "item_id": "o", "command_index": 0, "delta": {"stdout": "b"}}),
    ]);
    assert_eq!(found["output"][0]["action"]["commands"], json!(["ls"]));
    assert_eq!(found["output"][1]["output"], json!([{"stdout": "ab"}]));
}

#[test]
fn progress_of_calls_is_their_status() {
    let found = response(&[
        created(),
        json!({"type": "response.output_item.added", "output_index": 0, "item": {"type": "file_search_call", "id": "f", "status": "in_progress"}}),
        json!({"type": "response.file_search_call.searching", "output_index": 0, "item_id": "f"}),
        json!({"type": "response.never_heard_of.delta", "output_index": 0, "item_id": "f", "delta": "x"}),
    ]);
    assert_eq!(found["output"][0]["status"], "searching");
}

#[test]
fn hostile_indices_are_refused() {
    for bad in [json!(-1), json!(10_000), json!(4_294_967_296i64), json!("0")] {
        for name in ["output_index", "content_index"] {
            let mut event = text_delta("a");
            event[name] = bad.clone();
            let mut accumulator = ResponseAccumulator::new();
            accumulator.push_json(created().to_string().as_bytes()).unwrap();
            let error = accumulator.push_json(event.to_string().as_bytes()).unwrap_err();
            assert!(error.message().contains(&format!("$.{name}")), "{error}");
            assert_eq!(accumulator.snapshot().id, "r");
        }
    }
}

#[test]
fn an_item_nested_as_deep_as_can_be_leaves_the_response_whole() {
    let deep = format!("{}{}", "[".repeat(126), "]".repeat(126));
    let event = format!(r#"{{"type":"response.output_item.added","output_index":0,"item":{{"x":{deep}}}}}"#);
    let mut accumulator = ResponseAccumulator::new();
    accumulator.push_json(created().to_string().as_bytes()).unwrap();
    accumulator.push_json(event.as_bytes()).unwrap();
    assert_eq!((accumulator.snapshot().id.as_str(), accumulator.snapshot().output.len()), ("r", 1));
}
