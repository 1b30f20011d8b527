//! The call protocol, as a program on the other end of the pipes sees it.

use std::process::Stdio;

use serde_json::{Value, json};
use threadline_mock::MockServer;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// A running driver whose input is closed after these lines.
async fn driver(lines: &[String]) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_threadline-call"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the driver is built with this test");
    let mut stdin = child.stdin.take().expect("stdin is piped");
    for line in lines {
        stdin.write_all(format!("{line}\n").as_bytes()).await.expect("the driver reads");
    }
    let stdout = child.stdout.take().expect("stdout is piped");
    (child, BufReader::new(stdout).lines())
}

async fn next(answers: &mut Lines<BufReader<ChildStdout>>) -> Option<Value> {
    let line = answers.next_line().await.expect("answers are UTF-8")?;
    Some(serde_json::from_str(&line).expect("an answer is JSON"))
}

/// The answers to the lines, in the order in which they came.
async fn answers(lines: &[String]) -> Vec<Value> {
    let (mut child, mut answers) = driver(lines).await;
    let mut found = Vec::new();
    while let Some(answer) = next(&mut answers).await {
        found.push(answer);
    }
    assert!(child.wait().await.expect("the driver ends").success());
    found
}

fn retrieve(id: i64, base_url: &str, model: &str) -> String {
    json!({
        "id": id, "client": {"base_url": base_url, "api_key": "k", "max_retries": 0},
        "resource": "models", "method": "retrieve", "args": {"model": model},
    })
    .to_string()
}

#[tokio::test]
async fn every_bad_line_is_answered_with_its_id_if_it_has_one() {
    let lines = [
        "not json".to_owned(),
        r#"{"id": 7}"#.to_owned(),
        r#"{"id": "x", "resource": "models", "method": "conjure", "client": {"api_key": "k"}}"#.to_owned(),
        r#"{"id": [1], "resource": "models", "method": "list", "client": {"api_key": "k", "colour": 1}}"#.to_owned(),
        r#"{"id": 8, "resource": "models", "method": "list", "client": {}}"#.to_owned(),
        r#"{"id": 9, "resource": "completions", "method": "create", "client": {"api_key": "k"},
            "args": {"model": "m", "prompt": "p", "stream": "yes"}}"#
            .replace('\n', " "),
    ];
    let mut found: Vec<(String, Value)> =
        answers(&lines).await.iter().map(|a| (a["id"].to_string(), a["error"]["kind"].clone())).collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    let ids: Vec<&str> = found.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ["\"x\"", "7", "8", "9", "[1]", "null"]);
    assert!(found.iter().all(|(_, kind)| kind == "usage"), "{found:?}");
}

#[tokio::test]
async fn a_line_that_is_not_utf_8_is_answered_and_the_next_one_read() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_threadline-call"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the driver is built with this test");
    child.stdin.take().expect("stdin is piped").write_all(b"\xff\xfe\n{\"id\": 7}\n").await.expect("the driver reads");
    let output = child.wait_with_output().await.expect("the driver ends");
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).expect("answers are UTF-8").lines().count(), 2);
}

#[tokio::test]
async fn a_fast_call_overtakes_a_slow_one_and_the_end_of_input_waits_for_both() {
    let server = MockServer::start().await;
    let replies = json!([
        {"for": "GET /models/slow", "gate": "fast-was-answered", "json": {"id": "slow"}},
        {"for": "GET /models/fast", "json": {"id": "fast"}},
    ]);
    server.script_json(&replies).expect("the script is in the notation");
    let base_url = server.base_url();
    let lines = [retrieve(1, &base_url, "slow"), retrieve(2, &base_url, "fast")];
    let (mut child, mut answers) = driver(&lines).await;
    assert_eq!(next(&mut answers).await.expect("the input's end does not end the calls")["id"], 2);
    server.open("fast-was-answered");
    assert_eq!(next(&mut answers).await.expect("the slow call is answered too")["value"], json!({"id": "slow"}));
    assert_eq!(next(&mut answers).await, None);
    assert!(child.wait().await.expect("the driver ends").success());
}

#[tokio::test]
async fn an_answer_stays_on_one_line_whatever_the_reply_holds() {
    let server = MockServer::start().await;
    let body = "{\n \"id\": \"m\",\r\n \"extra\": {\n\"a\": \"x\\ny\"\n}\n}\n";
    let reply = json!([{"text": body, "headers": {"content-type": "application/json"}}]);
    server.script_json(&reply).expect("the script is in the notation");
    let answers = answers(&[retrieve(1, &server.base_url(), "m")]).await;
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0]["value"], json!({"id": "m", "extra": {"a": "x\ny"}}));
}

#[tokio::test]
async fn equal_clients_share_their_connections() {
    let server = MockServer::start().await;
    server.script_json(&json!([{"json": {"id": "m"}, "times": "always"}])).expect("the script is in the notation");
    let driver = threadline_conformance::driver::Driver::new();
    for id in 0..3 {
        driver.line(&retrieve(id, &server.base_url(), "m")).await;
    }
    assert_eq!(server.connections().len(), 1);
}
