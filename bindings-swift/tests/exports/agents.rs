//! Turns of agents.

use serde_json::{Value, json};
use threadline_ffi::ToolAnswer;

use super::{client, kinds, read, record, server};

fn session(status: &str, actions: Value) -> Value {
    json!({"id": "s1", "object": "agent.session", "status": status, "agent": {"id": "a1", "model": "m"}, "created_at": 1,
        "environment": {"type": "none"}, "last_active_at": 1, "metadata": {}, "required_actions": actions, "vault_ids": [],
        "error": null, "usage": null})
}

fn turn(status: &str) -> Value {
    json!({"id": "t1", "object": "agent.session.turn", "agent_id": "a1", "created_at": 1, "session_id": "s1", "status": status,
        "completed_at": null, "error": null, "started_at": 1, "subagent_id": null, "usage": null})
}

fn script() -> Value {
    let action = json!([{"type": "function_call", "id": "i1", "call_id": "c1", "name": "f", "arguments": "{\"a\":1}", "turn_id": "t1"}]);
    let events = json!([
        {"type": "agent.session.turn.created", "event_id": "e9", "session_id": "s1", "turn_id": "t1", "turn": turn("in_progress")},
        {"type": "agent.session.turn.item.added", "event_id": "e10", "session_id": "s1", "turn_id": "t1", "output_index": 0,
            "item": {"id": "i1", "type": "function_call", "turn_id": "t1", "call_id": "c1", "name": "f", "status": "in_progress", "arguments": "{\"a\":1}"}},
        {"type": "agent.session.requires_action", "event_id": "e11", "session": session("requires_action", action)},
        {"type": "agent.session.in_progress", "event_id": "e12", "session": session("in_progress", json!([]))},
        {"type": "agent.session.turn.item.done", "event_id": "e13", "session_id": "s1", "turn_id": "t1", "output_index": 0,
            "item": {"id": "m1", "type": "message", "role": "assistant", "status": "completed", "turn_id": "t1", "phase": "final_answer",
                "content": [{"type": "output_text", "text": "Done."}]}},
        {"type": "agent.session.turn.completed", "event_id": "e14", "session_id": "s1", "turn_id": "t1", "turn": turn("completed")},
        {"type": "agent.session.idle", "event_id": "e15", "session": session("idle", json!([]))}]);
    json!([
        {"for": "GET /agents/sessions/{session_id}", "json": session("idle", json!([]))},
        {"for": "GET /agents/sessions/{session_id}/events", "sse": events, "last_chunk": false, "end": "hold"},
        {"for": "POST /agents/sessions/{session_id}/events", "status": 204, "times": 2}])
}

const FUNCTIONS: &str = r#"[{"name":"f"}]"#;

#[tokio::test]
async fn a_turn_is_followed_and_its_result_told_when_asked_for() {
    let server = server(script()).await;
    let turn = client(&server).agent_turn("s1".into(), "\"hi\"".into(), FUNCTIONS.into(), String::new()).unwrap();
    let events = read(&turn, |turn, news| {
        if news["type"] == "call" {
            assert_eq!(news["arguments"], "{\"a\":1}");
            turn.answer(news["number"].as_u64().unwrap(), ToolAnswer::Value { json: r#"{"n":2}"#.into() });
        }
    })
    .await
    .unwrap();
    assert_eq!(kinds(&events).iter().filter(|kind| **kind == "event").count(), 7);
    assert_eq!(events.last().unwrap()["event"]["event_id"], "e15");
    turn.finish();
    let rest = read(&turn, |_, _| {}).await.unwrap();
    assert_eq!(kinds(&rest), ["done"]);
    assert_eq!((&rest[0]["output_text"], &rest[0]["turn"]["status"]), (&json!("Done."), &json!("completed")));
    assert_eq!(rest[0]["messages"][0]["id"], "m1");
    let sent = server.requests().last().unwrap().body.json().unwrap();
    assert!(sent.to_string().contains(r#"{\"n\":2}"#), "{sent}");
}

#[tokio::test]
async fn a_function_that_fails_is_told_to_the_host() {
    let server = server(script()).await;
    let turn = client(&server).agent_turn("s1".into(), "\"hi\"".into(), FUNCTIONS.into(), String::new()).unwrap();
    turn.finish();
    let news = read(&turn, |turn, news| {
        if news["type"] == "call" {
            turn.answer(news["number"].as_u64().unwrap(), ToolAnswer::Failed { message: "no such city".into() });
        }
    })
    .await
    .unwrap();
    let failure = news.iter().find(|news| news["type"] == "tool_error").unwrap();
    assert_eq!((&failure["call"]["name"], &failure["call"]["call_id"]), (&json!("f"), &json!("c1")));
    assert!(failure["message"].as_str().unwrap().contains("no such city"), "{failure}");
    assert_eq!(news.last().unwrap()["output_text"], "Done.");
}

#[tokio::test]
async fn a_turn_that_waits_for_a_function_that_is_not_there_has_no_result() {
    let server = server(script()).await;
    let turn = client(&server).agent_turn("s1".into(), "\"hi\"".into(), String::new(), String::new()).unwrap();
    turn.finish();
    let error = record(read(&turn, |_, _| {}).await.unwrap_err());
    assert_eq!(error.kind, "tool");
    assert!(error.message.contains("`f`"), "{}", error.message);
}

#[tokio::test]
async fn files_are_put_into_environments() {
    let file = json!({"id": "file-1", "object": "file", "bytes": 3, "created_at": 1, "filename": "a.txt", "purpose": "assistants", "status": "processed"});
    let server = server(json!([{"for": "POST /files", "json": file}])).await;
    let path = std::env::temp_dir().join(format!("threadline-ffi-{}.txt", std::process::id()));
    std::fs::write(&path, "abc").unwrap();
    let arguments = json!({"files": {"/workspace/a.txt": path}}).to_string();
    let client = client(&server);
    let made = client.agent_files("prepare".into(), arguments, String::new(), None).await;
    std::fs::remove_file(&path).unwrap();
    let made: Value = serde_json::from_str(&made.unwrap()).unwrap();
    assert_eq!(made["uploaded_file_ids"], json!(["file-1"]));
    assert!(
        record(client.agent_files("paint".into(), "{}".into(), String::new(), None).await.unwrap_err())
            .message
            .contains("paint")
    );
}
