use serde_json::json;

use super::*;

fn play(events: &[Value]) -> Vec<TurnEvent> {
    let mut translator = Translator::default();
    let mut found: Vec<TurnEvent> = events.iter().flat_map(|event| translator.push(event).unwrap()).collect();
    found.extend(translator.finish().unwrap());
    found
}

fn completed() -> Value {
    json!({"type": "response.completed", "response": {"usage": {"input_tokens": 7, "output_tokens": 3,
        "input_tokens_details": {"cached_tokens": 2}, "output_tokens_details": {"reasoning_tokens": 1}}}})
}

fn text(item: i64, delta: &str) -> Value {
    json!({"type": "response.output_text.delta", "output_index": item, "content_index": 0, "delta": delta})
}

#[test]
fn a_message_with_usage() {
    let events = [
        json!({"type": "response.created", "response": {"id": "resp_1"}}),
        json!({"type": "response.output_item.added", "output_index": 0, "item": {"type": "message", "content": []}}),
        text(0, "Hel"),
        text(0, "lo"),
        json!({"type": "response.output_text.done", "output_index": 0, "content_index": 0, "text": "Hello"}),
        json!({"type": "response.output_item.done", "output_index": 0,
               "item": {"type": "message", "content": [{"type": "output_text", "text": "Hello"}]}}),
        completed(),
    ];
    assert_eq!(
        play(&events),
        [
            TurnEvent::Text { part: 0, text: "Hel".into() },
            TurnEvent::Text { part: 0, text: "lo".into() },
            TurnEvent::MessageEnd,
            TurnEvent::Usage(Usage { prompt: 7, completion: 3, cached: 2, reasoning: 1 }),
            TurnEvent::End(Ending::Stop),
        ]
    );
}

#[test]
fn text_that_came_whole_is_not_lost() {
    let item = json!({"type": "message", "content": [{"type": "output_text", "text": "Hello"}]});
    let events = [json!({"type": "response.output_item.done", "output_index": 0, "item": item}), completed()];
    assert_eq!(play(&events)[0], TurnEvent::Text { part: 0, text: "Hello".into() });
}

#[test]
fn function_calls_keep_the_providers_ids() {
    let item = |arguments: &str| {
        json!({"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f",
                                        "arguments": arguments})
    };
    let events = [
        json!({"type": "response.output_item.added", "output_index": 1, "item": item("")}),
        json!({"type": "response.function_call_arguments.delta", "output_index": 1, "delta": "{\"a\""}),
        json!({"type": "response.function_call_arguments.done", "output_index": 1, "arguments": "{\"a\":1}"}),
        json!({"type": "response.output_item.done", "output_index": 1, "item": item("{\"a\":1}")}),
        completed(),
    ];
    let found = play(&events);
    assert_eq!(
        found[..4],
        [
            TurnEvent::CallStart { call: 0, id: "call_1".into(), callee: Callee::Function("f".into()) },
            TurnEvent::Arguments { call: 0, fragment: "{\"a\"".into() },
            TurnEvent::Arguments { call: 0, fragment: ":1}".into() },
            TurnEvent::CallEnd { call: 0, hosted: None },
        ]
    );
}

#[test]
fn reasoning_is_kept_for_the_next_turn() {
    let item = json!({"type": "reasoning", "id": "rs_1", "status": "completed", "summary": [],
                      "encrypted_content": "secret"});
    let events = [json!({"type": "response.output_item.done", "output_index": 0, "item": item}), completed()];
    let kept = json!({"type": "reasoning", "summary": [], "encrypted_content": "secret"});
    assert_eq!(play(&events)[0], TurnEvent::Private(kept));
}

#[test]
fn citations_of_the_provider_get_a_marker() {
    let events = [
        json!({"type": "response.output_item.added", "output_index": 0,
               "item": {"type": "file_search_call", "id": "fs_1"}}),
        json!({"type": "response.output_item.done", "output_index": 0, "item": {"type": "file_search_call",
               "id": "fs_1", "results": [{"file_id": "file-1", "filename": "a.md", "score": 0.5, "text": "t"}]}}),
        text(1, "So it is"),
        json!({"type": "response.output_text.annotation.added", "output_index": 1, "content_index": 0,
               "annotation": {"type": "file_citation", "file_id": "file-1", "filename": "a.md", "index": 8}}),
        completed(),
    ];
    let found = play(&events);
    let TurnEvent::CallEnd { hosted: Some(hosted), .. } = &found[1] else { panic!("{found:?}") };
    assert_eq!(hosted["results"][0]["file_name"], "a.md");
    let citation = TurnEvent::Citation { part: 0, marker: "【0:8†a.md】".into(), file_id: "file-1".into() };
    assert_eq!(found[3], citation);
}

#[test]
fn failures_are_told_apart() {
    let fails = |error: Value| {
        let event = json!({"type": "response.failed", "response": {"error": error}});
        Translator::default().push(&event).unwrap_err()
    };
    assert_eq!(fails(json!({"code": "rate_limit_exceeded", "message": "m"})).code, ErrorCode::RateLimitExceeded);
    assert_eq!(fails(json!({"code": "invalid_image", "message": "m"})).code, ErrorCode::InvalidPrompt);
    let other = fails(json!({"code": "server_error", "message": "boom"}));
    assert_eq!((other.code, other.retryable), (ErrorCode::ServerError, true));
    assert!(other.message.contains("boom"));
    assert!(Translator::default().finish().unwrap_err().retryable);
}

#[test]
fn incomplete_answers_say_why() {
    let incomplete = |reason: &str| {
        let response = json!({"incomplete_details": {"reason": reason}});
        play(&[json!({"type": "response.incomplete", "response": response})])
    };
    assert_eq!(incomplete("max_output_tokens"), [TurnEvent::End(Ending::Length)]);
    assert_eq!(incomplete("content_filter"), [TurnEvent::End(Ending::ContentFilter)]);
}
