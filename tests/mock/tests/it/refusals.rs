//! Requests that break the description are refused, by place, and recorded.

use serde_json::{Value, json};
use threadline_mock::MockServer;

use super::support::{Client, call, get, request};

async fn refused(verb: &str, target: &str, headers: &str, body: &[u8]) -> (u16, Value, Vec<String>) {
    let server = MockServer::start().await;
    let got = Client::connect(&server).await.call(verb, target, headers, body).await;
    let seen = server.requests().pop().expect("it was seen");
    assert_eq!(seen.reply.as_ref().map(|r| r.source), Some("refused"));
    let violations = seen.violations.iter().map(|v| format!("{} {}", v.path, v.message)).collect();
    (got.status, got.json()["error"].clone(), violations)
}

const JSON: &str = "content-type: application/json\r\n";

#[tokio::test]
async fn a_wrong_member_is_named_by_path() {
    let body = json!({"model": "m", "messages": [{"role": "user", "content": 4}], "temprature": 1, "n": 0}).to_string();
    let (status, error, violations) = refused("POST", "/v1/chat/completions", JSON, body.as_bytes()).await;
    assert_eq!(
        (status, &error["code"], &error["type"]),
        (400, &json!("mock_validation"), &json!("invalid_request_error"))
    );
    assert_eq!(error["param"], "messages[0].content");
    assert!(error["message"].as_str().expect("a text").ends_with("(and 2 more)"), "{error}");
    assert!(violations[0].starts_with("body.messages[0].content fits no kind of "), "{violations:?}");
    assert_eq!(violations[1..], ["body.n must be at least 1, is 0", "body.temprature is not a known member"]);
}

#[tokio::test]
async fn missing_body_broken_json_and_wrong_content_type_are_refused() {
    let (_, _, violations) = refused("POST", "/v1/embeddings", JSON, b"").await;
    assert_eq!(violations, ["body.input is required", "body.model is required"]);
    let (_, _, violations) = refused("POST", "/v1/embeddings", JSON, b"{").await;
    assert!(violations[0].starts_with("body is not JSON: "), "{violations:?}");
    let (_, _, violations) =
        refused("POST", "/v1/embeddings", "content-type: text/plain\r\n", br#"{"model":"m","input":"x"}"#).await;
    assert_eq!(violations, ["header.content-type must be application/json, is \"text/plain\""]);
    let (_, _, violations) = refused("GET", "/v1/models", "", b"x").await;
    assert_eq!(violations, ["body must be empty, has 1 bytes"]);
}

#[tokio::test]
async fn query_headers_and_path_are_checked() {
    let beta = "openai-beta: assistants=v2\r\n";
    let (_, error, violations) = refused("GET", "/v1/assistants?limit=many&ordr=asc&after[]=a", beta, b"").await;
    assert_eq!(error["param"], "after");
    assert_eq!(violations.len(), 3, "{violations:?}");
    assert!(violations.contains(&"query.limit must be a whole number, is \"many\"".to_owned()), "{violations:?}");
    let (_, _, violations) = refused("GET", "/v1/assistants", "", b"").await;
    assert_eq!(violations, ["header.openai-beta must be \"assistants=v2\", is \"\""]);
    let (_, _, violations) = refused("GET", "/v1/models/", "", b"").await;
    assert_eq!(violations, ["path.model must not be empty"]);
    let (_, _, violations) = refused("GET", "/v1/models/%2e%2E", "", b"").await;
    assert_eq!(violations, ["path.model must not be a step to another folder"]);
}

#[tokio::test]
async fn forms_are_checked_part_by_part() {
    let headers = "content-type: multipart/form-data; boundary=B\r\n";
    let part = |head: &str, data: &str| format!("--B\r\nContent-Disposition: form-data; {head}\r\n\r\n{data}\r\n");
    let body = part("name=\"purpose\"", "fine-tune")
        + &part("name=\"file\"", "text")
        + &part("name=\"extra\"", "")
        + "--B--\r\n";
    let (_, _, violations) = refused("POST", "/v1/files", headers, body.as_bytes()).await;
    assert_eq!(
        violations,
        ["body.file must be a file part with a file name, is \"text\"", "body.extra is not a known member"]
    );
    let (_, _, violations) = refused("POST", "/v1/files", headers, b"--B\r\n\r\n").await;
    assert_eq!(violations.len(), 1, "{violations:?}");
    let (_, _, violations) = refused("POST", "/v1/files", JSON, b"{}").await;
    assert_eq!(violations, ["header.content-type must be multipart/form-data, is \"application/json\""]);
}

#[tokio::test]
async fn unknown_routes_and_missing_credentials_have_their_own_answers() {
    let (status, error, _) = refused("PATCH", "/v1/models", "", b"").await;
    assert_eq!((status, &error["code"]), (404, &json!("mock_no_route")));
    let server = MockServer::start().await;
    let mut client = Client::connect(&server).await;
    client.send(b"GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let got = client.reply().await.expect("a reply");
    assert_eq!((got.status, got.json()["error"]["code"].clone()), (401, json!("invalid_api_key")));
    client.send(b"GET /v1/models HTTP/1.1\r\nauthorization: Bearer \r\n\r\n").await;
    assert_eq!(client.reply().await.expect("a reply").status, 401);
}

#[tokio::test]
async fn unknown_members_pass_where_the_request_says_so() {
    let server = MockServer::start().await;
    let body = br#"{"model":"m","messages":[{"role":"user","content":"x"}],"provider":{"order":["a"]}}"#;
    let headers = "content-type: application/json\r\nx-mock-allow: unknown\r\n";
    let got = Client::connect(&server).await.call("POST", "/v1/chat/completions", headers, body).await;
    assert_eq!(got.status, 200, "{}", got.text());
}

#[tokio::test]
async fn malformed_http_is_answered_with_400_and_recorded() {
    let server = MockServer::start().await;
    let mut client = Client::connect(&server).await;
    client.send(b"GET /v1/models\r\n\r\n").await;
    assert_eq!(client.reply().await.expect("a reply").status, 400);
    assert_eq!(server.requests()[0].violations[0].path, "head");
    let mut client = Client::connect(&server).await;
    client
        .send(b"POST /v1/embeddings HTTP/1.1\r\nauthorization: Bearer k\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n")
        .await;
    assert_eq!(client.reply().await.expect("a reply").status, 400);
    assert_eq!(server.requests()[1].violations.last().map(|v| v.path.as_str()), Some("body"));
}

#[tokio::test]
async fn the_version_prefix_is_optional_and_keys_of_any_kind_are_taken() {
    let server = MockServer::start().await;
    assert_eq!(get(&server, "/models/m").await.json()["id"], "m");
    assert_eq!(get(&server, "/v1/organization/projects").await.status, 200);
    let chunked = b"POST /v1/embeddings HTTP/1.1\r\nauthorization: Bearer k\r\ncontent-type: application/json\r\n\
        transfer-encoding: chunked\r\n\r\n5;x=y\r\n{\"mod\r\n16\r\nel\":\"m\",\"input\":\"x\"}  \r\n0\r\ntrailer: 1\r\n\r\n";
    let mut client = Client::connect(&server).await;
    client.send(chunked).await;
    let got = client.reply().await.expect("a reply");
    assert_eq!(got.status, 200, "{}", got.text());
    // The connection is still in step.
    client.send(&request("GET", "/v1/models/n", "", b"")).await;
    assert_eq!(client.reply().await.expect("a reply").json()["id"], "n");
    assert_eq!(call(&server, "DELETE", "/v1/models/m", None).await.json()["deleted"], true);
}
