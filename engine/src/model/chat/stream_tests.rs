use serde_json::json;

use super::*;

/// The events of a whole stream, arguments joined.
fn play(chunks: &[Value]) -> Vec<TurnEvent> {
    let mut translator = Translator::default();
    let mut events: Vec<TurnEvent> = chunks.iter().flat_map(|chunk| translator.push(chunk)).collect();
    events.extend(translator.finish().unwrap());
    events
}

fn delta(delta: Value) -> Value {
    json!({"choices": [{"index": 0, "delta": delta, "finish_reason": null}]})
}

fn finish(reason: &str) -> Value {
    json!({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
}

fn calls(entries: Value) -> Value {
    delta(json!({ "tool_calls": entries }))
}

/// Name, id and arguments of each call.
fn asked(events: &[TurnEvent]) -> Vec<(String, String, String)> {
    let mut found: Vec<(String, String, String)> = Vec::new();
    for event in events {
        match event {
            TurnEvent::CallStart { call, id, callee: Callee::Function(name) } => {
                assert_eq!(*call, found.len());
                found.push((name.clone(), id.clone(), String::new()));
            }
            TurnEvent::Arguments { call, fragment } => found[*call].2.push_str(fragment),
            _ => {}
        }
    }
    found
}

fn call(name: &str, id: &str, arguments: &str) -> (String, String, String) {
    (name.into(), id.into(), arguments.into())
}

#[test]
fn text_with_usage_behind_the_finish() {
    let usage = json!({"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2,
        "prompt_tokens_details": {"cached_tokens": 3}, "completion_tokens_details": {"reasoning_tokens": 1}}});
    let chunks =
        [delta(json!({"role": "assistant", "content": ""})), delta(json!({"content": "Hi"})), finish("stop"), usage];
    assert_eq!(
        play(&chunks),
        [
            TurnEvent::Text { part: 0, text: "Hi".into() },
            TurnEvent::MessageEnd,
            TurnEvent::Usage(Usage { prompt: 5, completion: 2, cached: 3, reasoning: 1 }),
            TurnEvent::End(Ending::Stop),
        ]
    );
}

#[test]
fn text_then_calls_in_pieces() {
    let chunks = [
        delta(json!({"content": "Looking."})),
        calls(json!([{"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": ""}}])),
        calls(json!([{"index": 0, "function": {"arguments": "{\"x\""}}])),
        calls(json!([{"index": 0, "function": {"arguments": ":1}"}}])),
        calls(json!([{"index": 1, "id": "b", "function": {"name": "g", "arguments": "{}"}}])),
        finish("tool_calls"),
    ];
    let events = play(&chunks);
    assert_eq!(asked(&events), [call("f", "a", "{\"x\":1}"), call("g", "b", "{}")]);
    assert_eq!(events[1], TurnEvent::MessageEnd);
    assert_eq!(events.last(), Some(&TurnEvent::End(Ending::Stop)));
}

#[test]
fn calls_without_index_are_told_apart_by_id_or_name() {
    let chunks = [
        calls(json!([{"id": "a", "function": {"name": "f", "arguments": "{\"x\":"}}])),
        calls(json!([{"function": {"arguments": "1}"}}])),
        calls(json!([{"id": "b", "function": {"name": "f", "arguments": "{}"}}])),
        finish("stop"),
    ];
    assert_eq!(asked(&play(&chunks)), [call("f", "a", "{\"x\":1}"), call("f", "b", "{}")]);
    let whole = [
        calls(json!([{"function": {"name": "f", "arguments": "{\"a\":1}"}},
                     {"function": {"name": "f", "arguments": "{\"a\":2}"}}])),
        finish("stop"),
    ];
    assert_eq!(asked(&play(&whole)), [call("f", "", "{\"a\":1}"), call("f", "", "{\"a\":2}")]);
}

#[test]
fn every_call_counted_as_the_first_is_still_its_own() {
    let chunks = [
        calls(json!([{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}])),
        calls(json!([{"index": 0, "id": "b", "function": {"name": "g", "arguments": "{}"}}])),
        finish("tool_calls"),
    ];
    assert_eq!(asked(&play(&chunks)), [call("f", "a", "{}"), call("g", "b", "{}")]);
}

#[test]
fn a_name_in_pieces_or_repeated_is_one_name() {
    let pieces = [
        calls(json!([{"index": 0, "id": "a", "function": {"name": "get_"}}])),
        calls(json!([{"index": 0, "function": {"name": "time"}}])),
        calls(json!([{"index": 0, "function": {"arguments": "{}"}}])),
        finish("tool_calls"),
    ];
    assert_eq!(asked(&play(&pieces)), [call("get_time", "a", "{}")]);
    let repeated = [
        calls(json!([{"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}}])),
        calls(json!([{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}])),
        finish("tool_calls"),
    ];
    assert_eq!(asked(&play(&repeated)), [call("f", "a", "{}")]);
}

#[test]
fn calls_without_arguments_come_in_order_at_the_end() {
    let chunks = [
        calls(json!([{"index": 0, "id": "a", "function": {"name": "f"}}])),
        calls(json!([{"index": 1, "id": "b", "function": {"name": "g", "arguments": {"x": 1}}}])),
        finish("tool_calls"),
    ];
    assert_eq!(asked(&play(&chunks)), [call("f", "a", ""), call("g", "b", "{\"x\":1}")]);
}

#[test]
fn a_stream_that_only_says_done_needs_output() {
    let mut silent = Translator::default();
    assert!(silent.finish().unwrap_err().retryable);
    let events = play(&[delta(json!({"content": "Hi"}))]);
    assert_eq!(events.last(), Some(&TurnEvent::End(Ending::Stop)));
}

#[test]
fn a_length_leaves_calls_unfinished() {
    let chunks =
        [calls(json!([{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{\"x"}}])), finish("length")];
    let events = play(&chunks);
    assert_eq!(events.last(), Some(&TurnEvent::End(Ending::Length)));
    assert!(!events.iter().any(|event| matches!(event, TurnEvent::CallEnd { .. })));
}

#[test]
fn the_old_function_call_and_whole_messages_are_understood() {
    let chunks = [
        delta(json!({"function_call": {"name": "f", "arguments": "{"}})),
        delta(json!({"function_call": {"arguments": "}"}})),
        finish("function_call"),
    ];
    assert_eq!(asked(&play(&chunks)), [call("f", "", "{}")]);
    let whole = json!({"choices": [{"message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}]});
    assert_eq!(play(&[whole])[0], TurnEvent::Text { part: 0, text: "Hi".into() });
}

#[test]
fn refusals_are_a_part_of_their_own() {
    let events = play(&[delta(json!({"refusal": "I can't."})), finish("stop")]);
    assert_eq!(events[0], TurnEvent::Refusal { part: 1, text: "I can't.".into() });
}
