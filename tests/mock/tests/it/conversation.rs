//! The assistants' conversation, remembered.

use serde_json::{Value, json};
use threadline_mock::MockServer;

use super::support::{call, get};

async fn post(server: &MockServer, target: &str, body: Value) -> Value {
    let got = call(server, "POST", target, Some(body)).await;
    assert_eq!(got.status, 200, "{target}: {}", got.text());
    got.json()
}

fn id(value: &Value) -> &str {
    value["id"].as_str().expect("an id")
}

/// An assistant with a function, and a thread with a message.
async fn begin(server: &MockServer) -> (Value, Value) {
    let parameters = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    let tool = json!({"type": "function", "function": {"name": "weather", "parameters": parameters}});
    let assistant = post(server, "/v1/assistants", json!({"model": "m", "name": "Ada", "tools": [tool]})).await;
    let thread = post(server, "/v1/threads", json!({"metadata": {"k": "v"}})).await;
    let message = json!({"role": "user", "content": "Is it warm?"});
    post(server, &format!("/v1/threads/{}/messages", id(&thread)), message).await;
    (assistant, thread)
}

#[tokio::test]
async fn a_run_asks_for_its_function_and_completes_with_its_answer() {
    let server = MockServer::start().await;
    let (assistant, thread) = begin(&server).await;
    assert_eq!(get(&server, &format!("/v1/assistants/{}", id(&assistant))).await.json(), assistant);
    assert_eq!((&assistant["name"], &thread["metadata"]), (&json!("Ada"), &json!({"k": "v"})));
    let runs = format!("/v1/threads/{}/runs", id(&thread));
    let run = post(&server, &runs, json!({"assistant_id": id(&assistant)})).await;
    assert_eq!((&run["status"], &run["model"], &run["tools"]), (&json!("queued"), &json!("m"), &assistant["tools"]));
    let at = format!("{runs}/{}", id(&run));
    let run = get(&server, &at).await.json();
    assert_eq!(run["status"], "requires_action");
    let asked = &run["required_action"]["submit_tool_outputs"]["tool_calls"][0];
    assert_eq!(asked["function"], json!({"name": "weather", "arguments": "{\"city\":\"city\"}"}));
    let outputs = json!({"tool_outputs": [{"tool_call_id": asked["id"], "output": "21 degrees"}]});
    assert_eq!(post(&server, &format!("{at}/submit_tool_outputs"), outputs).await["status"], "queued");
    let run = get(&server, &at).await.json();
    assert_eq!((&run["status"], &run["required_action"]), (&json!("completed"), &Value::Null));
    assert!(run.get("tool_outputs").is_none());
    let messages = get(&server, &format!("/v1/threads/{}/messages", id(&thread))).await.json()["data"].clone();
    assert_eq!(messages[0]["content"][0]["text"]["value"], "The function answered: 21 degrees");
    assert_eq!((&messages[0]["role"], &messages[1]["role"]), (&json!("assistant"), &json!("user")));
    let steps = get(&server, &format!("{at}/steps?order=asc")).await.json()["data"].clone();
    assert_eq!(steps[0]["step_details"]["tool_calls"][0]["function"]["output"], "21 degrees");
    assert_eq!((&steps[0]["status"], &steps[1]["type"]), (&json!("completed"), &json!("message_creation")));
}

#[tokio::test]
async fn streamed_runs_tell_the_same_story() {
    let server = MockServer::start().await;
    let (assistant, thread) = begin(&server).await;
    let runs = format!("/v1/threads/{}/runs", id(&thread));
    let got = call(&server, "POST", &runs, Some(json!({"assistant_id": id(&assistant), "stream": true}))).await;
    let text = got.text();
    let names: Vec<_> = text.lines().filter_map(|l| l.strip_prefix("event: ")).collect();
    assert_eq!(
        names,
        [
            "thread.run.created",
            "thread.run.queued",
            "thread.run.in_progress",
            "thread.run.step.created",
            "thread.run.step.in_progress",
            "thread.run.requires_action",
            "done"
        ]
    );
    let run = got.events().last().expect("events").clone();
    let call_id = &run["required_action"]["submit_tool_outputs"]["tool_calls"][0]["id"];
    let outputs = json!({"tool_outputs": [{"tool_call_id": call_id, "output": "warm"}], "stream": true});
    let got = call(&server, "POST", &format!("{runs}/{}/submit_tool_outputs", id(&run)), Some(outputs)).await;
    let said: String = got
        .events()
        .iter()
        .filter_map(|e| e["delta"]["content"][0]["text"]["value"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(said, "The function answered: warm");
    assert!(
        got.text().contains("event: thread.run.completed\n") && got.text().ends_with("event: done\ndata: [DONE]\n\n")
    );
    assert_eq!(get(&server, &format!("{runs}/{}", id(&run))).await.json()["status"], "completed");
}

#[tokio::test]
async fn what_was_created_is_listed_page_by_page_changed_and_deleted() {
    let server = MockServer::start().await;
    for name in ["one", "two", "three"] {
        post(&server, "/v1/assistants", json!({"model": "m", "name": name})).await;
    }
    let page = get(&server, "/v1/assistants?limit=2").await.json();
    assert_eq!(
        (&page["data"][0]["name"], &page["data"][1]["name"], &page["has_more"]),
        (&json!("three"), &json!("two"), &json!(true))
    );
    let after = page["last_id"].as_str().expect("an id");
    let page = get(&server, &format!("/v1/assistants?limit=2&after={after}")).await.json();
    assert_eq!((page["data"].as_array().map(Vec::len), &page["has_more"]), (Some(1), &json!(false)));
    let one = format!("/v1/assistants/{}", id(&page["data"][0]));
    assert_eq!(post(&server, &one, json!({"name": "uno"})).await["name"], "uno");
    assert_eq!(get(&server, &one).await.json()["name"], "uno");
    assert_eq!(call(&server, "DELETE", &one, None).await.json()["object"], "assistant.deleted");
    assert_eq!(get(&server, &one).await.status, 404);
}

#[tokio::test]
async fn create_and_run_makes_the_thread_too() {
    let server = MockServer::start().await;
    let thread = json!({"messages": [{"role": "user", "content": "Hello"}]});
    let run = post(&server, "/v1/threads/runs", json!({"assistant_id": "asst_x", "thread": thread})).await;
    let thread = run["thread_id"].as_str().expect("an id");
    assert_eq!(get(&server, &format!("/v1/threads/{thread}/runs/{}", id(&run))).await.json()["status"], "completed");
    let messages = get(&server, &format!("/v1/threads/{thread}/messages")).await.json();
    assert_eq!(messages["data"][0]["content"][0]["text"]["value"], "You said: Hello");
}
