//! Events of chat completions, and snapshots of streams that are not whole.

use serde_json::{Value, json};

use super::{chat, chat_events};
use crate::accumulate::{ChatCompletionAccumulator, ChatCompletionStreamEvent, CompletionAccumulator};
use crate::error::ErrorKind;

fn chunk(delta: Value, finish_reason: Value) -> Value {
    json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]})
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

#[test]
fn a_text_is_told_piece_by_piece_and_whole() {
    let events = chat_events(&[
        chunk(json!({"role": "assistant", "content": "", "refusal": null}), Value::Null),
        chunk(json!({"content": "Hel"}), Value::Null),
        chunk(json!({"content": "lo"}), Value::Null),
        chunk(json!({}), json!("stop")),
    ]);
    let want = json!([
        {"type": "content.delta", "delta": "", "snapshot": ""},
        {"type": "content.delta", "delta": "Hel", "snapshot": "Hel"},
        {"type": "content.delta", "delta": "lo", "snapshot": "Hello"},
        {"type": "content.done", "content": "Hello"},
    ]);
    assert_eq!(Value::Array(events), want);
}

#[test]
fn a_call_is_done_when_the_next_one_begins_and_the_last_one_at_the_end() {
    let call = |index, id: &str, name: &str| json!({"tool_calls": [{"index": index, "id": id, "type": "function", "function": {"name": name, "arguments": ""}}]});
    let piece = |index, text: &str| json!({"tool_calls": [{"index": index, "function": {"arguments": text}}]});
    let events = chat_events(&[
        chunk(call(0, "a", "f"), Value::Null),
        chunk(piece(0, "{\"x\""), Value::Null),
        chunk(piece(0, ":1}"), Value::Null),
        chunk(call(1, "b", "g"), Value::Null),
        chunk(piece(1, "{}"), json!("tool_calls")),
    ]);
    let want = json!([
        {"type": "tool_calls.function.arguments.delta", "name": "f", "index": 0, "arguments": "", "arguments_delta": ""},
        {"type": "tool_calls.function.arguments.delta", "name": "f", "index": 0, "arguments": "{\"x\"", "arguments_delta": "{\"x\""},
        {"type": "tool_calls.function.arguments.delta", "name": "f", "index": 0, "arguments": "{\"x\":1}", "arguments_delta": ":1}"},
        {"type": "tool_calls.function.arguments.delta", "name": "g", "index": 1, "arguments": "", "arguments_delta": ""},
        {"type": "tool_calls.function.arguments.done", "name": "f", "index": 0, "arguments": "{\"x\":1}"},
        {"type": "tool_calls.function.arguments.delta", "name": "g", "index": 1, "arguments": "{}", "arguments_delta": "{}"},
        {"type": "tool_calls.function.arguments.done", "name": "g", "index": 1, "arguments": "{}"},
    ]);
    assert_eq!(Value::Array(events), want);
}

#[test]
fn calls_that_come_interleaved_are_done_when_their_arguments_are_whole() {
    let piece = |index, text: &str| {
        chunk(
            json!({"tool_calls": [{"index": index, "id": format!("{index}"), "function": {"name": "f", "arguments": text}}]}),
            Value::Null,
        )
    };
    let events = chat_events(&[
        piece(0, "{"),
        piece(1, "{"),
        piece(0, "}"),
        piece(1, "}"),
        chunk(json!({}), json!("tool_calls")),
    ]);
    let done: Vec<_> = events.iter().filter(|event| event["type"] == "tool_calls.function.arguments.done").collect();
    assert_eq!(done.len(), 2);
    assert!(done.iter().all(|event| event["arguments"] == "{}"));
}

#[test]
fn reasoning_ends_where_the_answer_begins() {
    let events = chat_events(&[
        chunk(json!({"role": "assistant", "content": null, "reasoning_content": "th"}), Value::Null),
        chunk(json!({"content": "", "reasoning_content": "ink", "reasoning": "ink"}), Value::Null),
        chunk(json!({"content": "yes"}), json!("stop")),
    ]);
    let want = json!([
        {"type": "reasoning.delta", "delta": "th", "snapshot": "th"},
        {"type": "reasoning.delta", "delta": "ink", "snapshot": "think"},
        {"type": "content.delta", "delta": "", "snapshot": ""},
        {"type": "reasoning.done", "reasoning": "think"},
        {"type": "content.delta", "delta": "yes", "snapshot": "yes"},
        {"type": "content.done", "content": "yes"},
    ]);
    assert_eq!(Value::Array(events), want);
}

#[test]
fn log_probabilities_are_told_with_those_before() {
    let with = |token: &str, reason| {
        let mut chunk = chunk(json!({"content": token}), reason);
        chunk["choices"][0]["logprobs"] = json!({"content": [{"token": token, "logprob": -1.0}], "refusal": null});
        chunk
    };
    let events = chat_events(&[with("a", Value::Null), with("b", json!("stop"))]);
    let names = [
        "content.delta",
        "logprobs.content.delta",
        "content.delta",
        "logprobs.content.delta",
        "content.done",
        "logprobs.content.done",
    ];
    assert_eq!(kinds(&events), names);
    assert_eq!(events[3]["content"].as_array().unwrap().len(), 1);
    assert_eq!(events[3]["snapshot"].as_array().unwrap().len(), 2);
    assert_eq!(events[5]["content"], events[3]["snapshot"]);
}

#[test]
fn events_of_further_choices_name_them() {
    let mut second = chunk(json!({"content": "x"}), json!("stop"));
    second["choices"][0]["index"] = json!(2);
    let events = chat_events(&[chunk(json!({"content": "y"}), Value::Null), second]);
    assert_eq!(events[0].get("choice"), None);
    assert_eq!((&events[1]["choice"], &events[2]["choice"]), (&json!(2), &json!(2)));
}

#[test]
fn a_stream_that_ends_without_a_reason_closes_what_is_open() {
    let events = chat_events(&[chunk(json!({"content": "a", "refusal": "b"}), Value::Null)]);
    assert_eq!(kinds(&events), ["content.delta", "refusal.delta", "content.done", "refusal.done"]);
}

#[test]
fn snapshots_can_be_left_out_of_the_events() {
    let mut accumulator = ChatCompletionAccumulator::new().without_snapshots();
    let delta = json!({"content": "a", "tool_calls": [{"index": 0, "function": {"name": "f", "arguments": "{"}}]});
    let events = accumulator.push_json(chunk(delta, Value::Null).to_string().as_bytes()).unwrap();
    for event in events {
        let event = event.to_value();
        assert!(event.get("snapshot").is_none() && event.get("arguments").is_none(), "{event}");
    }
    assert_eq!(accumulator.content(0).as_deref(), Some("a"));
}

#[test]
fn typed_events_say_the_same_as_json() {
    let mut accumulator = ChatCompletionAccumulator::new();
    let delta = json!({"role": "assistant", "content": "a\n"});
    let events = accumulator.push_bytes(chunk(delta, json!("stop")).to_string().as_bytes()).unwrap();
    let [ChatCompletionStreamEvent::Chunk(first), delta, done] = &events[..] else { panic!("{events:?}") };
    assert_eq!(first.id, "c");
    assert_eq!(*delta, ChatCompletionStreamEvent::ContentDelta { choice: 0, delta: "a\n".into() });
    assert_eq!(*done, ChatCompletionStreamEvent::ContentDone { choice: 0, content: "a\n".into() });
    let mut again = ChatCompletionAccumulator::new();
    assert_eq!(again.push(first).unwrap(), events);
}

#[test]
fn members_that_the_api_requires_are_there_and_null() {
    let whole =
        chat(&[chunk(json!({"tool_calls": [{"index": 0, "id": "i", "function": {"name": "f"}}]}), Value::Null)]);
    let want = json!({"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [{"index": 0,
        "message": {"role": "assistant", "content": null, "refusal": null, "tool_calls": [
            {"id": "i", "type": "function", "function": {"name": "f", "arguments": ""}}]},
        "logprobs": null, "finish_reason": null}]});
    assert_eq!(whole, want);
}

#[test]
fn hostile_indices_are_refused_and_what_came_before_stays() {
    for (place, bad) in
        [("choice", "-1"), ("choice", "4294967296"), ("call", "-1"), ("call", "1e15"), ("call", "\"x\"")]
    {
        let mut accumulator = ChatCompletionAccumulator::new();
        accumulator.push_json(chunk(json!({"content": "kept"}), Value::Null).to_string().as_bytes()).unwrap();
        let text = match place {
            "choice" => format!(r#"{{"choices":[{{"index":{bad},"delta":{{}}}}]}}"#),
            _ => format!(r#"{{"choices":[{{"index":0,"delta":{{"tool_calls":[{{"index":{bad}}}]}}}}]}}"#),
        };
        let error = accumulator.push_json(text.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(
            error.message().starts_with("chunk 2 of the stream") && error.message().contains("$.choices[0]"),
            "{error}"
        );
        assert_eq!(accumulator.content(0).as_deref(), Some("kept"));
    }
}

#[test]
fn indices_may_leave_gaps_and_come_in_any_order() {
    let piece = |choice: i64, index: i64, text: &str| json!({"choices": [{"index": choice, "delta": {"tool_calls": [{"index": index, "id": format!("{index}"), "function": {"name": "f", "arguments": text}}]}}]});
    let whole = chat(&[piece(7, 9_000, "a"), piece(2, 5, "b"), piece(7, 1, "c"), piece(7, 9_000, "d")]);
    let choices = whole["choices"].as_array().unwrap();
    assert_eq!(choices.iter().map(|choice| choice["index"].as_i64().unwrap()).collect::<Vec<_>>(), [2, 7]);
    let calls = choices[1]["message"]["tool_calls"].as_array().unwrap();
    let arguments: Vec<_> = calls.iter().map(|call| call["function"]["arguments"].as_str().unwrap()).collect();
    assert_eq!(arguments, ["c", "ad"]);
    assert!(calls.iter().all(|call| call.get("index").is_none()));
}

#[test]
fn nothing_that_is_no_chunk_makes_it_panic() {
    for text in [
        "1",
        "[]",
        "null",
        "{}",
        r#"{"choices":null}"#,
        r#"{"choices":[null,1,{}]}"#,
        r#"{"choices":[{"delta":3}]}"#,
        r#"{"choices":[{"delta":{"tool_calls":[null,{}],"content":{"a":1},"audio":3,"function_call":[1]},"logprobs":7}]}"#,
    ] {
        let mut accumulator = ChatCompletionAccumulator::new();
        accumulator.push_json(text.as_bytes()).unwrap();
        accumulator.push_bytes(text.as_bytes()).unwrap();
        accumulator.finish();
        let _ = (accumulator.snapshot(), accumulator.snapshot_json());
    }
    assert!(ChatCompletionAccumulator::new().push_json(b"{").is_err());
}

#[test]
fn a_legacy_completion_is_put_together() {
    let chunk = |text: &str, logprobs: Value, finish: Value| {
        json!({"id": "cmpl", "object": "text_completion", "created": 1, "model": "m",
            "choices": [{"index": 0, "text": text, "logprobs": logprobs, "finish_reason": finish}]})
    };
    let logprobs = |token: &str, at: i64| json!({"tokens": [token], "token_logprobs": [-0.5], "top_logprobs": [{token: -0.5}], "text_offset": [at]});
    let mut accumulator = CompletionAccumulator::new();
    let mut events = Vec::new();
    for chunk in [
        chunk("He", logprobs("He", 0), Value::Null),
        chunk("llo", logprobs("llo", 2), Value::Null),
        chunk("", Value::Null, json!("stop")),
    ] {
        events.extend(accumulator.push_json(chunk.to_string().as_bytes()).unwrap());
    }
    let want = json!({"id": "cmpl", "object": "text_completion", "created": 1, "model": "m", "choices": [{"index": 0, "text": "Hello",
        "logprobs": {"tokens": ["He", "llo"], "token_logprobs": [-0.5, -0.5], "top_logprobs": [{"He": -0.5}, {"llo": -0.5}], "text_offset": [0, 2]},
        "finish_reason": "stop"}]});
    assert_eq!(accumulator.snapshot_json().to_value(), want);
    let events: Vec<_> = events.iter().map(crate::json::Json::to_value).collect();
    assert_eq!(kinds(&events), ["chunk", "text.delta", "chunk", "text.delta", "chunk", "text.done"]);
    assert_eq!(events[5], json!({"type": "text.done", "text": "Hello"}));
}
