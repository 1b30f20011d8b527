//! Runs of tools.

use serde_json::{Value, json};
use threadline_ffi::{ToolAnswer, ToolRun};

use super::{client, kinds, read, record, server};

fn calls() -> Value {
    json!({"json": {"id": "c1", "object": "chat.completion", "created": 1, "model": "m", "choices": [
        {"index": 0, "finish_reason": "tool_calls", "message": {"role": "assistant", "content": null, "refusal": null, "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": "add", "arguments": "{\"a\":1}"}},
            {"id": "2", "type": "function", "function": {"name": "crash", "arguments": "{}"}},
            {"id": "3", "type": "function", "function": {"name": "fail", "arguments": "{}"}}]}}]}})
}

fn answer() -> Value {
    json!({"json": {"id": "c2", "object": "chat.completion", "created": 2, "model": "m", "choices": [
        {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "done", "refusal": null}}]}})
}

const FIELDS: &[u8] = br#"{"model":"m","messages":[{"role":"user","content":"hi"}]}"#;
const TOOLS: &str = r#"[{"name":"add","strict":true,"description":"adds","schema":{"type":"object","properties":{"a":{"type":"integer"}},
    "required":["a"]}},{"name":"crash"},{"name":"fail"}]"#;

fn perform(run: &ToolRun, news: &Value) {
    if news["type"] != "call" {
        return;
    }
    let number = news["number"].as_u64().unwrap();
    run.answer(
        number,
        match news["name"].as_str().unwrap() {
            "add" => ToolAnswer::Value { json: r#"{"sum":2}"#.into() },
            "crash" => ToolAnswer::Crashed,
            _ => ToolAnswer::Failed { message: "disk full".into() },
        },
    );
}

#[tokio::test]
async fn functions_of_the_host_are_performed_and_the_run_ends_with_its_transcript() {
    let server = server(json!([calls(), answer()])).await;
    let run = client(&server).run_tools(
        "chat".into(),
        vec![],
        FIELDS.into(),
        TOOLS.into(),
        r#"{"messages":true}"#.into(),
        String::new(),
    );
    let news = read(&run.unwrap(), perform).await.unwrap();
    assert_eq!(kinds(&news).iter().filter(|kind| **kind == "call").count(), 3);
    let done = news.last().unwrap();
    assert_eq!(done["reply"]["choices"][0]["message"]["content"], "done");
    let made = &done["transcript"]["steps"][0]["calls"];
    assert_eq!((&made[0]["outcome"], &made[0]["output"]), (&json!("ok"), &json!("{\"sum\":2}")));
    assert_eq!(made[1]["outcome"], "failed");
    assert!(made[2]["output"].as_str().unwrap().contains("disk full"), "{made}");
    assert_eq!(kinds(&news).iter().filter(|kind| **kind == "tool_result").count(), 3);
    // The model's message with its calls, three results, the answer.
    assert_eq!(kinds(&news).iter().filter(|kind| **kind == "message").count(), 5);
    let requests = server.requests();
    let sent = requests[0].body.json().unwrap();
    assert_eq!(sent["tools"][0]["function"]["strict"], true);
    assert_eq!(sent["tools"].as_array().unwrap().len(), 3);
    assert_eq!(requests[1].body.json().unwrap()["messages"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn the_host_decides_about_calls() {
    let server = server(json!([calls(), answer()])).await;
    let settings = r#"{"before_call":true,"on_error":"abort"}"#.to_owned();
    let run =
        client(&server).run_tools("chat".into(), vec![], FIELDS.into(), TOOLS.into(), settings, String::new()).unwrap();
    let outcome = read(&run, |run, news| {
        if news["type"] == "decide" {
            let answer = match news["name"].as_str().unwrap() {
                "add" => ToolAnswer::Instead { text: "no".into() },
                "crash" => ToolAnswer::Value { json: String::new() },
                _ => ToolAnswer::Abort { why: "too dear".into() },
            };
            run.answer(news["number"].as_u64().unwrap(), answer);
        }
    })
    .await;
    let record = record(outcome.unwrap_err());
    assert_eq!(record.kind, "tool");
    assert!(record.message.contains("too dear") && record.more.contains("transcript"), "{}", record.message);
    assert!(run.next_batch(None).await.unwrap().is_none());
}

#[tokio::test]
async fn a_streamed_run_tells_events_calls_and_results() {
    let stream = |chunks: Value| json!({"sse": chunks});
    let first = stream(json!([
        {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [{"index": 0, "finish_reason": null,
            "delta": {"role": "assistant", "tool_calls": [{"index": 0, "id": "1", "type": "function", "function": {"name": "add", "arguments": "{\"a\":1}"}}]}}]},
        {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [{"index": 0, "finish_reason": "tool_calls", "delta": {}}]},
        "[DONE]"]));
    let second = stream(json!([
        {"id": "c2", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [{"index": 0, "finish_reason": "stop", "delta": {"role": "assistant", "content": "done"}}]},
        "[DONE]"]));
    let server = server(json!([first, second])).await;
    let run = client(&server).run_tools(
        "chat".into(),
        vec![],
        FIELDS.into(),
        TOOLS.into(),
        r#"{"stream":true}"#.into(),
        String::new(),
    );
    let news = read(&run.unwrap(), perform).await.unwrap();
    let told: Vec<_> = kinds(&news).into_iter().filter(|kind| *kind != "event").collect();
    assert_eq!(told, ["tool_calls", "call", "tool_result", "done"]);
    assert!(news.iter().any(|news| news["event"]["type"] == "content.delta"), "{news:?}");
    assert_eq!(news.last().unwrap()["reply"]["choices"][0]["message"]["content"], "done");
}

#[tokio::test]
async fn what_cannot_run_is_refused_by_name() {
    let server = server(json!([])).await;
    let client = client(&server);
    let refused = |api: &str, tools: &str, settings: &str| {
        let made = client.run_tools(api.into(), vec![], FIELDS.into(), tools.into(), settings.into(), String::new());
        record(made.unwrap_err()).message
    };
    assert!(refused("mail", "", "").contains("mail"));
    assert!(refused("runs", "", "").contains("thread"));
    assert!(refused("chat", r#"[{"nome":"x"}]"#, "").contains("nome"));
    assert!(refused("chat", "", r#"{"steps":1}"#).contains("steps"));
}

#[tokio::test]
async fn a_run_that_is_shut_asks_nothing_more() {
    let server = server(json!([calls(), answer()])).await;
    let run = client(&server)
        .run_tools("chat".into(), vec![], FIELDS.into(), TOOLS.into(), String::new(), String::new())
        .unwrap();
    assert!(run.next_batch(None).await.unwrap().is_some());
    run.shut();
    while run.next_batch(None).await.unwrap().is_some() {}
    // To a question that nobody asks any more.
    run.answer(1, ToolAnswer::Crashed);
    assert_eq!(server.requests().len(), 1);
}
