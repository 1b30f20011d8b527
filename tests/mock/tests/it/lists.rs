//! Lists page in every style.

use serde_json::{Value, json};
use threadline_mock::{MockServer, api::Api, sample};

use super::support::Client;

/// Walks all pages as a client of that style would; the number of items on each.
async fn walk(server: &MockServer, style: &str) -> Vec<usize> {
    let api = Api::shared().expect("the workspace has an api/");
    let in_style = |op: &&threadline_mock::api::Operation| {
        op.verb == "GET" && op.page.as_ref().is_some_and(|p| p.style == style) && !op.id.contains("assistants")
    };
    let op = api.operations().iter().find(in_style).expect("an operation of that style");
    let request = sample::smallest(&api, op);
    let headers: String = request.headers.iter().skip(1).map(|(k, v)| format!("{k}: {v}\r\n")).collect();
    let mut client = Client::connect(server).await;
    let (mut sizes, mut query) = (Vec::new(), String::new());
    let mut ids: Vec<Value> = Vec::new();
    while sizes.len() < 5 {
        let target = if query.is_empty() || !request.target.contains('?') {
            format!("/v1{}{}", request.target, query.replacen('&', "?", 1))
        } else {
            format!("/v1{}{query}", request.target)
        };
        let got = client.call(&op.verb, &target, &headers, b"").await;
        assert_eq!(got.status, 200, "{}: {}", op.id, got.text());
        let page = got.json();
        let items = page["data"].as_array().expect("items").clone();
        sizes.push(items.len());
        ids.extend(items.iter().map(|i| i["id"].clone()));
        let next = match style {
            "cursor" if page["has_more"] == true => items.last().map(|i| ("after", i["id"].clone())),
            "last_id" if page["has_more"] == true => Some(("after", page["last_id"].clone())),
            "token" => Some(("page", page["next_page"].clone())),
            "next" => Some(("after", page["next"].clone())),
            _ => None,
        };
        match next {
            Some((name, Value::String(cursor))) => query = format!("&{name}={cursor}"),
            _ => break,
        }
    }
    let distinct =
        ids.iter().filter(|id| !id.is_null()).map(Value::to_string).collect::<std::collections::HashSet<_>>();
    assert_eq!(distinct.len(), ids.iter().filter(|id| !id.is_null()).count(), "{}: an item came twice", op.id);
    sizes
}

#[tokio::test]
async fn a_list_has_a_page_of_two_and_a_page_of_one_in_each_style() {
    let server = MockServer::start().await;
    for style in ["cursor", "last_id", "next"] {
        assert_eq!(walk(&server, style).await, [2, 1], "{style}");
    }
    assert_eq!(walk(&server, "single").await, [2]);
}

#[tokio::test]
async fn a_token_pages_by_its_next_page() {
    let server = MockServer::start().await;
    let api = Api::shared().expect("the workspace has an api/");
    let op = api.operations().iter().find(|op| op.page.as_ref().is_some_and(|p| p.style == "token")).expect("one");
    let request = sample::smallest(&api, op);
    let headers: String = request.headers.iter().skip(1).map(|(k, v)| format!("{k}: {v}\r\n")).collect();
    let mut client = Client::connect(&server).await;
    let first = client.call(&op.verb, &format!("/v1{}", request.target), &headers, &request.body).await.json();
    assert_eq!((first["data"].as_array().map(Vec::len), &first["next_page"]), (Some(2), &json!("page_2")), "{first}");
    let joint = if request.target.contains('?') { '&' } else { '?' };
    let target = format!("/v1{}{joint}page=page_2", request.target);
    let second = client.call(&op.verb, &target, &headers, &request.body).await.json();
    assert_eq!((second["data"].as_array().map(Vec::len), &second["next_page"]), (Some(1), &Value::Null), "{second}");
}

#[tokio::test]
async fn a_limit_of_one_is_kept() {
    let server = MockServer::start().await;
    let page = super::support::get(&server, "/v1/files?limit=1").await.json();
    assert_eq!((page["data"].as_array().map(Vec::len), &page["has_more"]), (Some(1), &json!(true)));
}
