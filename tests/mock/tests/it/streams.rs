//! Event streams of the unscripted service.

use serde_json::{Value, json};
use threadline_mock::MockServer;

use super::support::call;

#[tokio::test]
async fn a_chat_stream_says_the_same_as_the_whole_reply() {
    let server = MockServer::start().await;
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "one two three"}]});
    let whole = call(&server, "POST", "/v1/chat/completions", Some(body.clone())).await.json();
    let mut streaming = body;
    streaming["stream"] = true.into();
    streaming["stream_options"] = json!({"include_usage": true});
    let got = call(&server, "POST", "/v1/chat/completions", Some(streaming)).await;
    let events = got.events();
    let text: String = events.iter().filter_map(|e| e["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(whole["choices"][0]["message"]["content"], text);
    let last = events.last().expect("events");
    assert_eq!((&last["choices"], &last["usage"]), (&json!([]), &whole["usage"]));
    assert_eq!(events[events.len() - 2]["choices"][0]["finish_reason"], "stop");
    assert!(got.text().ends_with("data: [DONE]\n\n"));
    assert_eq!(got.chunks.len(), events.len() + 1, "each event goes out in a chunk of its own");
}

#[tokio::test]
async fn a_streamed_function_call_adds_up_to_its_arguments() {
    let server = MockServer::start().await;
    let properties = json!({"a b": {"type": "string"}, "c": {"type": "integer"}});
    let tool = json!({"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": properties}}});
    let body = json!({"model": "m", "stream": true, "messages": [{"role": "user", "content": "x"}], "tools": [tool]});
    let events = call(&server, "POST", "/v1/chat/completions", Some(body)).await.events();
    let arguments: String = events
        .iter()
        .filter_map(|e| e["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"].as_str())
        .collect();
    assert_eq!(serde_json::from_str::<Value>(&arguments).expect("JSON"), json!({"a b": "a b", "c": 1}));
    assert_eq!(events.last().expect("events")["choices"][0]["finish_reason"], "tool_calls");
}

#[tokio::test]
async fn a_response_stream_has_its_events_in_order_and_numbered() {
    let server = MockServer::start().await;
    let body = json!({"model": "m", "input": "one two", "stream": true});
    let got = call(&server, "POST", "/v1/responses", Some(body)).await;
    let events = got.events();
    let kinds: Vec<_> = events.iter().filter_map(|e| e["type"].as_str()?.strip_prefix("response.")).collect();
    let delta = "output_text.delta";
    assert_eq!(
        kinds,
        [
            "created",
            "in_progress",
            "output_item.added",
            "content_part.added",
            delta,
            delta,
            delta,
            delta,
            "output_text.done",
            "content_part.done",
            "output_item.done",
            "completed"
        ]
    );
    assert!(events.iter().enumerate().all(|(i, e)| e["sequence_number"] == i));
    let text: String = events
        .iter()
        .filter(|e| e["type"] == "response.output_text.delta")
        .filter_map(|e| e["delta"].as_str())
        .collect();
    let last = &events.last().expect("events")["response"];
    assert_eq!(
        (last["output"][0]["content"][0]["text"].as_str(), last["status"].as_str()),
        (Some(&*text), Some("completed"))
    );
    assert_eq!(events[0]["response"]["id"], last["id"]);
    assert!(got.text().starts_with("event: response.created\ndata: {"));
}
