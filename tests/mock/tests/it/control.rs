//! The server driven from outside, as the runners of other languages do.

use serde_json::{Value, json};
use threadline_mock::MockServer;

use super::support::{Client, call, get};

async fn control(server: &MockServer, verb: &str, path: &str, body: Value) -> (u16, Value) {
    let got =
        Client::connect(server).await.call(verb, &format!("/__mock/{path}"), "", body.to_string().as_bytes()).await;
    (got.status, got.json())
}

#[tokio::test]
async fn a_script_is_taken_over_http_and_the_log_tells_what_came() {
    let server = MockServer::start().await;
    let script = json!([{"status": 503, "text": "no"}, {"json": {"ok": true}}]);
    assert_eq!(control(&server, "POST", "script", script).await, (200, json!({"added": 2})));
    assert_eq!(get(&server, "/v1/models?limit=1").await.status, 503);
    assert_eq!(call(&server, "POST", "/v1/embeddings", Some(json!({"input": "ü"}))).await.status, 200);
    let (_, log) = control(&server, "GET", "log?wait=closed", Value::Null).await;
    assert_eq!(log["waited"], true);
    let first = &log["requests"][0];
    assert_eq!(
        (&first["verb"], &first["path"], &first["query"]),
        (&json!("GET"), &json!("/v1/models"), &json!("limit=1"))
    );
    assert_eq!((&first["operation"], &first["reply"]["status"]), (&json!("models.list"), &json!(503)));
    assert_eq!(first["reply"]["body"]["text"], "no");
    let second = &log["requests"][1];
    assert_eq!((&second["body"]["json"], &second["body"]["length"]), (&json!({"input": "ü"}), &json!(14)));
    assert_eq!(second["violations"][0]["path"], "body.model");
    assert_eq!(log["connections"].as_array().map(Vec::len), Some(2), "control connections are not listed: {log}");
    assert_eq!(log["connections"][0]["closed_by"], "client");
}

#[tokio::test]
async fn forms_are_logged_part_by_part() {
    let server = MockServer::start().await;
    let part = |head: &str, data: &str| format!("--B\r\nContent-Disposition: form-data; {head}\r\n\r\n{data}\r\n");
    let file = "name=\"file\"; filename=\"a.jsonl\"\r\nContent-Type: application/jsonl";
    let body = part("name=\"purpose\"", "batch") + &part(file, "{}\n") + "--B--\r\n";
    let headers = "content-type: multipart/form-data; boundary=B\r\n";
    let got = Client::connect(&server).await.call("POST", "/v1/files", headers, body.as_bytes()).await;
    assert_eq!(got.status, 200, "{}", got.text());
    let (_, log) = control(&server, "GET", "log?wait=requests:1", Value::Null).await;
    let parts = &log["requests"][0]["body"]["parts"];
    assert_eq!(
        (&parts[0]["name"], &parts[0]["filename"], &parts[0]["text"]),
        (&json!("purpose"), &Value::Null, &json!("batch"))
    );
    assert_eq!((&parts[1]["filename"], &parts[1]["content_type"]), (&json!("a.jsonl"), &json!("application/jsonl")));
    assert_eq!(parts[1]["sha256"], threadline_mock::sha256(b"{}\n"));
}

#[tokio::test]
async fn what_is_not_understood_is_said() {
    let server = MockServer::start().await;
    let (status, answer) = control(&server, "POST", "script", json!([{"framing": "pigeon"}])).await;
    assert_eq!(status, 400);
    assert!(
        answer["error"]["message"].as_str().expect("a text").starts_with("reply 0: unknown variant `pigeon`"),
        "{answer}"
    );
    assert_eq!(control(&server, "GET", "log?wait=rain", Value::Null).await.0, 400);
    assert_eq!(control(&server, "GET", "nothing", Value::Null).await.0, 404);
}

#[tokio::test]
async fn a_gate_opens_over_http() {
    let server = MockServer::start().await;
    control(&server, "POST", "script", json!({"gate": "g", "text": "x"})).await;
    let mut client = Client::connect(&server).await;
    client.send(&super::support::request("GET", "/v1/models", "", b"")).await;
    control(&server, "POST", "open", json!({"gate": "g"})).await;
    assert_eq!(client.reply().await.expect("a reply").text(), "x");
}

#[tokio::test]
async fn a_reset_forgets_everything_and_closes_what_is_open() {
    let server = MockServer::start().await;
    control(&server, "POST", "script", json!({"nothing": true, "end": "hold"})).await;
    let mut client = Client::connect(&server).await;
    client.send(&super::support::request("GET", "/v1/models", "", b"")).await;
    control(&server, "GET", "log?wait=requests:1", Value::Null).await;
    assert_eq!(control(&server, "POST", "reset", Value::Null).await.0, 200);
    client.rest().await;
    let (_, log) = control(&server, "GET", "log", Value::Null).await;
    assert_eq!((&log["requests"], &log["connections"]), (&json!([]), &json!([])));
    assert_eq!(get(&server, "/v1/models").await.status, 200, "the service is unscripted again");
}

#[tokio::test]
async fn further_servers_are_apart_and_can_be_stopped() {
    let server = MockServer::start().await;
    let (_, started) = control(&server, "POST", "servers", Value::Null).await;
    let address = started["url"].as_str().expect("a URL").trim_start_matches("http://").to_owned();
    let mut socket = tokio::net::TcpStream::connect(&address).await.expect("it listens");
    tokio::io::AsyncWriteExt::write_all(&mut socket, b"GET /v1/models HTTP/1.0\r\nauthorization: Bearer k\r\n\r\n")
        .await
        .expect("sent");
    let mut text = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut socket, &mut text).await.expect("a reply");
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
    assert!(server.requests().is_empty());
    let port = address.rsplit(':').next().expect("a port");
    assert_eq!(control(&server, "DELETE", &format!("servers?port={port}"), Value::Null).await.0, 200);
    assert_eq!(control(&server, "DELETE", &format!("servers?port={port}"), Value::Null).await.0, 400);
}
