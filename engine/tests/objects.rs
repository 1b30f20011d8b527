//! Assistants, threads, messages and lists: section 23, "Objects and lists".

#![allow(clippy::unwrap_used)]

mod support;

use http::Method;
use serde_json::{Value, json};
use support::Bench;

#[tokio::test]
async fn a1_an_assistant_of_a_model_alone_has_the_defaults() {
    let bench = Bench::new([]).await;
    let made = bench.post("/v1/assistants", json!({"model": "gpt-4o"})).await;
    let id = made["id"].as_str().unwrap();
    assert!(id.starts_with("asst_") && id.len() == 29);
    let expected = json!({
        "id": id, "object": "assistant", "created_at": made["created_at"], "name": null, "description": null,
        "model": "gpt-4o", "instructions": null, "tools": [], "tool_resources": {}, "metadata": {},
        "temperature": 1.0, "top_p": 1.0, "reasoning_effort": null, "response_format": "auto"
    });
    assert_eq!(made, expected);
    assert_eq!(bench.get(&format!("/v1/assistants/{id}")).await, expected);
    assert_eq!(bench.get(&format!("/assistants/{id}")).await, expected, "the prefix may be left out");
}

#[tokio::test]
async fn a2_a3_modify_keeps_what_is_absent_and_clears_what_is_null() {
    let bench = Bench::new([]).await;
    let made = bench
        .post(
            "/v1/assistants",
            json!({"model": "m", "name": "n", "instructions": "i", "temperature": 0.5, "metadata": {"a": "b"},
                   "tools": [{"type": "file_search"}], "response_format": {"type": "json_object"}}),
        )
        .await;
    let path = format!("/v1/assistants/{}", made["id"].as_str().unwrap());
    let changed = bench.post(&path, json!({"name": "new"})).await;
    let mut expected = made.clone();
    expected["name"] = json!("new");
    assert_eq!(changed, expected);
    let cleared = bench
        .post(
            &path,
            json!({"name": null, "instructions": null, "temperature": null, "metadata": null,
                            "response_format": null}),
        )
        .await;
    assert_eq!(
        (&cleared["name"], &cleared["instructions"], &cleared["temperature"], &cleared["metadata"]),
        (&Value::Null, &Value::Null, &json!(1.0), &json!({}))
    );
    assert_eq!(cleared["response_format"], "auto");
    assert_eq!(cleared["tools"], json!([{"type": "file_search"}]));
    assert_eq!(cleared["tool_resources"], json!({"file_search": {"vector_store_ids": []}}));
}

#[tokio::test]
async fn a4_a5_a6_limits_are_the_services_own() {
    let bench = Bench::new([]).await;
    let pairs = |count: usize| -> Value {
        (0..count).map(|i| (format!("k{i}"), json!("v"))).collect::<serde_json::Map<_, _>>().into()
    };
    let tools = |count: usize| vec![json!({"type": "code_interpreter"}); count];
    let good = [
        json!({"metadata": pairs(16)}),
        json!({"metadata": {"k".repeat(64): "v".repeat(512)}}),
        json!({"name": "n".repeat(256), "description": "d".repeat(512)}),
        json!({"instructions": "i".repeat(256_000)}),
        json!({"tools": tools(128)}),
    ];
    for mut body in good {
        body["model"] = json!("m");
        bench.post("/v1/assistants", body).await;
    }
    let bad = [
        (json!({"metadata": pairs(17)}), "object_above_max_properties"),
        (json!({"metadata": {"k".repeat(65): "v"}}), "property_name_above_max_length"),
        (json!({"metadata": {"k": "v".repeat(513)}}), "string_above_max_length"),
        (json!({"metadata": {"k": 1}}), "invalid_type"),
        (json!({"name": "n".repeat(257)}), "string_above_max_length"),
        (json!({"description": "d".repeat(513)}), "string_above_max_length"),
        (json!({"instructions": "i".repeat(256_001)}), "string_above_max_length"),
        (json!({"tools": tools(129)}), "array_above_max_length"),
        (json!({"temperature": 2.1}), "decimal_above_max_value"),
        (json!({"top_p": -0.1}), "decimal_below_min_value"),
        (json!({"foo": 1}), "unknown_parameter"),
        (json!({"tools": [{"type": "web"}]}), "invalid_value"),
        (json!({"tools": [{"type": "function", "function": {"name": "a b"}}]}), "invalid_value"),
    ];
    for (mut body, code) in bad {
        body["model"] = json!("m");
        let error = bench.refused(400, Method::POST, "/v1/assistants", Some(body)).await;
        assert_eq!(error["code"], code, "{error}");
        assert_eq!(error["type"], "invalid_request_error");
    }
}

#[tokio::test]
async fn a7_deleted_is_gone() {
    let bench = Bench::new([]).await;
    let made = bench.post("/v1/assistants", json!({"model": "m"})).await;
    let id = made["id"].as_str().unwrap();
    let path = format!("/v1/assistants/{id}");
    assert_eq!(bench.delete(&path).await, json!({"id": id, "object": "assistant.deleted", "deleted": true}));
    let error = bench.refused(404, Method::GET, &path, None).await;
    assert_eq!(error["message"], format!("No assistant found with id '{id}'."));
    bench.refused(404, Method::DELETE, &path, None).await;
}

/// Ids of a list, in order.
fn ids(list: &Value) -> Vec<String> {
    list["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn l1_l3_l4_lists_are_ranges_of_the_order_of_creation() {
    let bench = Bench::new([]).await;
    let mut made = Vec::new();
    for _ in 0..25 {
        made.push(bench.post("/v1/assistants", json!({"model": "m"})).await["id"].as_str().unwrap().to_owned());
    }
    let newest: Vec<String> = made.iter().rev().cloned().collect();
    let list = bench.get("/v1/assistants").await;
    assert_eq!(ids(&list), newest[..20]);
    assert_eq!((&list["first_id"], &list["last_id"]), (&json!(newest[0]), &json!(newest[19])));
    assert_eq!(list["has_more"], true);
    assert_eq!(list["object"], "list");
    let query = |text: String| {
        let bench = &bench;
        async move { ids(&bench.get(&format!("/v1/assistants?{text}")).await) }
    };
    assert_eq!(query("order=asc&limit=3".into()).await, made[..3]);
    assert_eq!(query(format!("limit=3&after={}", newest[4])).await, newest[5..8]);
    assert_eq!(query(format!("limit=2&before={}", newest[4])).await, newest[..2]);
    assert_eq!(query(format!("limit=100&before={}", newest[2])).await, newest[..2]);
    assert_eq!(query(format!("order=asc&after={}&before={}", made[3], made[7])).await, made[4..7]);
    let last = bench.get(&format!("/v1/assistants?after={}", newest[19])).await;
    assert_eq!((ids(&last).len(), &last["has_more"]), (5, &json!(false)));
}

#[tokio::test]
async fn l2_l5_limits_and_cursors_are_checked() {
    let bench = Bench::new([]).await;
    for (query, code) in [
        ("limit=0", "integer_below_min_value"),
        ("limit=101", "integer_above_max_value"),
        ("limit=99999999999999999999", "integer_above_max_value"),
        ("limit=x", "invalid_type"),
        ("order=up", "invalid_value"),
    ] {
        let error = bench.refused(400, Method::GET, &format!("/v1/assistants?{query}"), None).await;
        assert_eq!(error["code"], code);
    }
    let error = bench.refused(404, Method::GET, "/v1/assistants?after=asst_none", None).await;
    assert_eq!(error["message"], "No assistant found with id 'asst_none'.");
    let empty = bench.get("/v1/assistants").await;
    let expected = json!({"object": "list", "data": [], "first_id": null, "last_id": null, "has_more": false});
    assert_eq!(empty, expected);
}

#[tokio::test]
async fn m1_m2_m3_m4_m5_messages_are_read_as_the_service_reads_them() {
    let bench = Bench::new([]).await;
    let thread = bench.post("/v1/threads", json!({})).await["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/threads/{thread}/messages");
    let made = bench.post(&path, json!({"role": "user", "content": "Größe\n👍"})).await;
    let expected = json!({
        "id": made["id"], "object": "thread.message", "created_at": made["created_at"], "thread_id": thread,
        "status": "completed", "incomplete_details": null, "completed_at": made["created_at"], "incomplete_at": null,
        "role": "user", "content": [{"type": "text", "text": {"value": "Größe\n👍", "annotations": []}}],
        "assistant_id": null, "run_id": null, "attachments": [], "metadata": {}
    });
    assert_eq!(made, expected);
    let parts =
        json!([{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "https://x.example/a.png"}}]);
    let made = bench.post(&path, json!({"role": "assistant", "content": parts, "metadata": {"k": "v"}})).await;
    assert_eq!(
        made["content"],
        json!([{"type": "text", "text": {"value": "a", "annotations": []}},
               {"type": "image_url", "image_url": {"url": "https://x.example/a.png", "detail": "auto"}}])
    );
    let refused = |body: Value| bench.refused(400, Method::POST, &path, Some(body));
    assert_eq!(refused(json!({"role": "user", "content": []})).await["code"], "array_below_min_length");
    assert_eq!(refused(json!({"role": "system", "content": "x"})).await["param"], "role");
    assert_eq!(refused(json!({"content": "x"})).await["message"], "Missing required parameter: 'role'.");
    let error = refused(json!({"role": "user", "content": "x".repeat(256_001)})).await;
    assert_eq!(
        error["message"],
        "Invalid 'content': string too long. Expected a string with maximum length 256000, but got a string with \
         length 256001 instead."
    );
    let changed =
        bench.post(&format!("{path}/{}", made["id"].as_str().unwrap()), json!({"metadata": {"a": "b"}})).await;
    assert_eq!(changed["metadata"], json!({"a": "b"}));
    let deleted = bench.delete(&format!("{path}/{}", made["id"].as_str().unwrap())).await;
    assert_eq!(deleted["object"], "thread.message.deleted");
}

#[tokio::test]
async fn t1_t2_threads_come_with_messages_and_take_them_along() {
    let bench = Bench::new([]).await;
    let messages = json!([{"role": "user", "content": "1"}, {"role": "assistant", "content": "2"}]);
    let thread = bench.post("/v1/threads", json!({"messages": messages, "metadata": {"k": "v"}})).await;
    let id = thread["id"].as_str().unwrap();
    let expected = json!({"id": id, "object": "thread", "created_at": thread["created_at"], "metadata": {"k": "v"},
                          "tool_resources": {}});
    assert_eq!(thread, expected);
    let listed = bench.get(&format!("/v1/threads/{id}/messages?order=asc")).await;
    let texts: Vec<&str> =
        listed["data"].as_array().unwrap().iter().map(|m| m["content"][0]["text"]["value"].as_str().unwrap()).collect();
    assert_eq!(texts, ["1", "2"]);
    assert_eq!(bench.post(&format!("/v1/threads/{id}"), json!({"metadata": {}})).await["metadata"], json!({}));
    assert_eq!(bench.delete(&format!("/v1/threads/{id}")).await["object"], "thread.deleted");
    bench.refused(404, Method::GET, &format!("/v1/threads/{id}/messages"), None).await;
}

#[tokio::test]
async fn e1_e2_e4_refusals_are_the_envelope_of_the_service() {
    let bench = Bench::new([]).await;
    let error = bench.refused(400, Method::GET, "/v1/threads/undefined", None).await;
    assert_eq!(
        error,
        json!({"message": "Invalid 'thread_id': 'undefined'. Expected an ID that begins with 'thread'.",
               "type": "invalid_request_error", "param": "thread_id", "code": "invalid_value"})
    );
    let error = bench.refused(404, Method::GET, "/v1/threads/thread_x", None).await;
    assert_eq!(error["message"], "No thread found with id 'thread_x'.");
    assert_eq!(bench.refused(404, Method::GET, "/v1/nothing", None).await["code"], "unknown_url");
    assert_eq!(bench.refused(405, Method::PUT, "/v1/assistants", None).await["code"], "method_not_supported");
    let request = http::Request::post("/v1/assistants").body("{\"model\": ".into()).unwrap();
    let reply = bench.request(request).await;
    assert_eq!(reply.status(), 400);
    assert!(reply.headers().contains_key("x-request-id"));
    assert_eq!(bench.refused(400, Method::POST, "/v1/assistants", Some(json!([1]))).await["code"], "invalid_type");
    assert_eq!(bench.refused(400, Method::POST, "/v1/assistants", Some(json!({}))).await["param"], "model");
}

#[tokio::test]
async fn a_key_makes_a_request_take_effect_once() {
    let bench = Bench::new([]).await;
    let send = |body: Value| {
        let request = http::Request::post("/v1/assistants").header("idempotency-key", "k1");
        bench.request(request.body(body.to_string().into()).unwrap())
    };
    let read = |reply: http::Response<axum::body::Body>| async {
        let bytes = http_body_util::BodyExt::collect(reply.into_body()).await.unwrap().to_bytes();
        serde_json::from_slice::<Value>(&bytes).unwrap()
    };
    let first = read(send(json!({"model": "m"})).await).await;
    let second = read(send(json!({"model": "m"})).await).await;
    assert_eq!(first, second);
    let other = send(json!({"model": "n"})).await;
    assert_eq!(other.status(), 400);
    assert_eq!(bench.get("/v1/assistants").await["data"].as_array().unwrap().len(), 1);
}
