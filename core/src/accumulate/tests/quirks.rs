//! Streams of servers that do it in their own way.

use serde_json::{Value, json};

use super::chat;

fn delta(delta: Value) -> Value {
    json!({"choices": [{"index": 0, "delta": delta}]})
}

fn message(chunks: &[Value]) -> Value {
    chat(chunks)["choices"][0]["message"].clone()
}

fn calls(deltas: &[Value]) -> Vec<(Value, Value, Value)> {
    let chunks: Vec<_> = deltas.iter().map(|call| delta(json!({"tool_calls": [call]}))).collect();
    let message = message(&chunks);
    let calls = message["tool_calls"].as_array().unwrap();
    calls
        .iter()
        .map(|call| (call["id"].clone(), call["function"]["name"].clone(), call["function"]["arguments"].clone()))
        .collect()
}

fn call(id: &str, name: &str, arguments: &str) -> (Value, Value, Value) {
    (json!(id), json!(name), json!(arguments))
}

#[test]
fn calls_without_an_index_are_told_apart_by_id() {
    let found = calls(&[
        json!({"id": "a", "function": {"name": "f", "arguments": "{"}}),
        json!({"function": {"arguments": "}"}}),
        json!({"id": "b", "function": {"name": "f", "arguments": "1"}}),
        json!({"id": "a", "function": {"arguments": " "}}),
    ]);
    assert_eq!(found, [call("a", "f", "{} "), call("b", "f", "1")]);
}

#[test]
fn calls_without_index_and_id_are_told_apart_by_name_and_whole_arguments() {
    let whole = |name: &str| json!({"function": {"name": name, "arguments": "{}"}});
    let found = calls(&[whole("f"), whole("f"), whole("g")]);
    assert_eq!(
        found,
        [
            (Value::Null, json!("f"), json!("{}")),
            (Value::Null, json!("f"), json!("{}")),
            (Value::Null, json!("g"), json!("{}"))
        ]
    );
}

#[test]
fn several_whole_calls_in_one_chunk_stay_several() {
    let both = delta(json!({"tool_calls": [
        {"id": "a", "function": {"name": "f", "arguments": "{}"}}, {"id": "b", "function": {"name": "f", "arguments": "{}"}}]}));
    assert_eq!(message(&[both])["tool_calls"].as_array().unwrap().len(), 2);
}

#[test]
fn calls_that_all_have_index_0_are_told_apart_by_id_and_name() {
    let whole =
        |id: &str| json!({"index": 0, "id": id, "type": "function", "function": {"name": "f", "arguments": "{}"}});
    let more = json!({"index": 0, "function": {"arguments": " "}});
    assert_eq!(calls(&[whole("a"), whole("b"), more]), [call("a", "f", "{}"), call("b", "f", "{} ")]);
}

#[test]
fn an_id_made_up_for_each_piece_does_not_split_the_call() {
    let found = calls(&[
        json!({"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}}),
        json!({"index": 0, "id": "b", "function": {"arguments": "{"}}),
        json!({"index": 0, "id": "c", "type": "function", "function": {"name": null, "arguments": "}"}}),
    ]);
    assert_eq!(found, [call("a", "f", "{}")]);
}

#[test]
fn a_name_repeated_or_cut_is_one_name() {
    let repeated = calls(&[
        json!({"index": 0, "id": "a", "function": {"name": "f", "arguments": "{"}}),
        json!({"index": 0, "id": "a", "function": {"name": "f", "arguments": "}"}}),
    ]);
    assert_eq!(repeated, [call("a", "f", "{}")]);
    let cut = calls(&[
        json!({"index": 0, "id": "a", "function": {"name": "get_"}}),
        json!({"index": 0, "id": "", "function": {"name": "weather", "arguments": null}}),
        json!({"index": 0, "function": {"name": "", "arguments": "{}"}}),
    ]);
    assert_eq!(cut, [call("a", "get_weather", "{}")]);
}

#[test]
fn a_call_that_begins_at_index_1_is_the_first() {
    assert_eq!(
        calls(&[json!({"index": 1, "id": "a", "function": {"name": "f", "arguments": "{}"}})]),
        [call("a", "f", "{}")]
    );
}

#[test]
fn what_other_providers_add_to_a_call_is_kept() {
    let found = message(&[delta(json!({"tool_calls": [{"index": 0, "id": "a", "type": "function",
        "function": {"name": "f", "arguments": "{}", "x": 1}, "extra_content": {"google": {"thought_signature": "s"}}}]}))]);
    assert_eq!(found["tool_calls"][0]["extra_content"], json!({"google": {"thought_signature": "s"}}));
    assert_eq!(found["tool_calls"][0]["function"]["x"], 1);
}

#[test]
fn a_first_chunk_that_says_nothing_of_the_completion_is_filled_by_the_next() {
    let whole = chat(&[
        json!({"id": "", "object": "", "created": 0, "model": "", "choices": [], "prompt_filter_results": [{"prompt_index": 0}]}),
        json!({"id": "c", "object": "chat.completion.chunk", "created": 5, "model": "m", "system_fingerprint": "fp",
            "choices": [{"index": 0, "delta": {"content": "x"}, "finish_reason": null, "content_filter_results": {"hate": {"filtered": false}}}]}),
        json!({"id": "d", "created": 6, "model": "m", "system_fingerprint": null, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop", "content_filter_results": {}}]}),
    ]);
    assert_eq!((&whole["id"], &whole["created"], &whole["model"]), (&json!("c"), &json!(5), &json!("m")));
    assert_eq!((&whole["system_fingerprint"], &whole["object"]), (&json!("fp"), &json!("chat.completion")));
    assert_eq!(whole["prompt_filter_results"], json!([{"prompt_index": 0}]));
}

#[test]
fn an_empty_finish_reason_is_none_and_usage_of_every_chunk_is_that_of_the_last() {
    let chunk = |text: &str, reason: Value, tokens: i64| json!({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": reason}], "usage": {"total_tokens": tokens}});
    let whole = chat(&[chunk("a", json!(""), 1), chunk("b", json!(""), 2)]);
    assert_eq!(whole["choices"][0]["finish_reason"], Value::Null);
    let whole = chat(&[chunk("a", json!(""), 1), chunk("b", json!("stop"), 2), chunk("", Value::Null, 3)]);
    assert_eq!((&whole["choices"][0]["finish_reason"], &whole["usage"]), (&json!("stop"), &json!({"total_tokens": 3})));
}

#[test]
fn a_role_in_every_chunk_is_one_role() {
    let piece = |text: &str| delta(json!({"role": "assistant", "content": text}));
    assert_eq!(message(&[piece("a"), piece("b")]), json!({"role": "assistant", "content": "ab", "refusal": null}));
    assert_eq!(
        message(&[delta(json!({"role": null, "content": "a"})), delta(json!({"role": "", "content": "b"}))])["role"],
        "assistant"
    );
}

#[test]
fn lists_of_reasoning_keep_their_index_and_repeated_words() {
    let piece = |text: &str| {
        delta(json!({"content": "", "reasoning": text, "reasoning_details": [
        {"type": "reasoning.text", "text": text, "format": "unknown", "index": 0}]}))
    };
    let want = json!([{"type": "reasoning.text", "text": "abc", "format": "unknown", "index": 0}]);
    let found = message(&[piece("ab"), piece("c")]);
    assert_eq!((&found["reasoning_details"], &found["reasoning"]), (&want, &json!("abc")));
}

#[test]
fn a_message_repeated_whole_beside_the_delta_is_not_counted_twice() {
    let chunk = |piece: &str, so_far: &str| {
        json!({"citations": ["u"], "choices": [{"index": 0,
        "delta": {"role": "assistant", "content": piece}, "message": {"role": "assistant", "content": so_far}}]})
    };
    let whole = chat(&[chunk("a", "a"), chunk("b", "ab"), chunk("", "ab")]);
    assert_eq!(whole["choices"][0]["message"], json!({"role": "assistant", "content": "ab", "refusal": null}));
    assert_eq!(whole["citations"], json!(["u"]));
}

#[test]
fn a_completion_sent_whole_is_that_completion() {
    let whole = json!({"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [{"index": 0, "logprobs": null,
        "finish_reason": "tool_calls", "message": {"role": "assistant", "content": null, "refusal": null, "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}}], "usage": {"total_tokens": 1}});
    assert_eq!(chat(std::slice::from_ref(&whole)), whole);
}

#[test]
fn a_function_call_of_old_is_put_together() {
    let found = message(&[
        delta(json!({"role": "assistant", "content": null, "function_call": {"name": "f", "arguments": ""}})),
        delta(json!({"function_call": {"arguments": "{\"a\""}})),
        delta(json!({"function_call": {"arguments": ":1}"}})),
    ]);
    let want = json!({"role": "assistant", "content": null, "refusal": null, "function_call": {"name": "f", "arguments": "{\"a\":1}"}});
    assert_eq!(found, want);
}

#[test]
fn spoken_answers_are_put_together() {
    let found = message(&[
        delta(
            json!({"role": "assistant", "content": null, "refusal": null, "audio": {"id": "audio_1", "transcript": "He"}}),
        ),
        delta(json!({"audio": {"transcript": "llo"}})),
        delta(json!({"audio": {"data": "AQI="}})),
        delta(json!({"audio": {"data": "AwQF"}})),
        delta(json!({"audio": {"expires_at": 9}})),
    ]);
    let want = json!({"id": "audio_1", "transcript": "Hello", "data": "AQIDBAU=", "expires_at": 9});
    assert_eq!(found["audio"], want);
}

#[test]
fn unknown_members_follow_the_rules_of_the_known() {
    let found = message(&[
        delta(json!({"x_text": "a", "x_count": 1, "x_object": {"t": "c"}, "x_id": "i", "x_null": null})),
        delta(json!({"x_text": "b", "x_count": 2, "x_object": {"t": "d", "n": null}, "x_id": "i", "x_null": null})),
    ]);
    let want = json!({"role": "assistant", "content": null, "refusal": null, "x_text": "ab", "x_count": 2,
        "x_object": {"t": "cd", "n": null}, "x_id": "i", "x_null": null});
    assert_eq!(found, want);
}

#[test]
fn numbers_of_tokens_come_piece_by_piece() {
    let chunk = |ids: Value| json!({"choices": [{"index": 0, "delta": {"content": "x"}, "token_ids": ids, "stop_reason": null}]});
    let whole = chat(&[chunk(json!([1, 2])), chunk(json!([3]))]);
    assert_eq!(
        (&whole["choices"][0]["token_ids"], &whole["choices"][0]["stop_reason"]),
        (&json!([1, 2, 3]), &Value::Null)
    );
}

#[test]
fn what_a_later_chunk_leaves_empty_is_not_taken_back() {
    let first = json!({"choices": [{"index": 0, "delta": {"content": "a"}, "content_filter_results": {"hate": {"filtered": false, "severity": "safe"}}}]});
    let last = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop", "content_filter_results": {}}]});
    let whole = chat(&[first, last]);
    assert_eq!(whole["choices"][0]["content_filter_results"]["hate"]["severity"], "safe");
}
