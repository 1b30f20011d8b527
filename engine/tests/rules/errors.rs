//! Every refusal by its status, code, parameter and words: section 3.

use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use threadline_engine::Settings;

use crate::support::store::Shared;
use crate::support::{Bench, calls, function, id, says};

fn refusal(message: &str, param: Value, code: Value) -> Value {
    json!({"message": message, "type": "invalid_request_error", "param": param, "code": code})
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let bench = Bench::new([says("x")]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    let run = id(&bench.run(&thread, json!({"assistant_id": assistant})).await);
    let store = id(&bench.post("/v1/vector_stores", json!({})).await);
    for (path, noun, absent) in [
        ("/v1/assistants/asst_x".to_owned(), "assistant", "asst_x"),
        ("/v1/threads/thread_x".to_owned(), "thread", "thread_x"),
        ("/v1/threads/thread_x/messages".to_owned(), "thread", "thread_x"),
        (format!("/v1/threads/{thread}/messages/msg_x"), "message", "msg_x"),
        (format!("/v1/threads/{thread}/runs/run_x"), "run", "run_x"),
        (format!("/v1/threads/{thread}/runs/run_x/steps"), "run", "run_x"),
        (format!("/v1/threads/{thread}/runs/{run}/steps/step_x"), "run step", "step_x"),
        ("/v1/vector_stores/vs_x".to_owned(), "vector store", "vs_x"),
        (format!("/v1/vector_stores/{store}/files/file-x"), "file", "file-x"),
        (format!("/v1/vector_stores/{store}/file_batches/vsfb_x"), "vector store file batch", "vsfb_x"),
        ("/v1/files/file-x".to_owned(), "file", "file-x"),
        ("/v1/files/file-x/content".to_owned(), "file", "file-x"),
    ] {
        let error = bench.refused(404, Method::GET, &path, None).await;
        let message = format!("No {noun} found with id '{absent}'.");
        assert_eq!(error, refusal(&message, Value::Null, Value::Null), "{path}");
    }
}

#[tokio::test]
async fn what_belongs_to_another_is_not_there() {
    let bench = Bench::new([says("x"), says("y")]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    let run = id(&bench.run(&thread, json!({"assistant_id": assistant})).await);
    let step = id(&bench.steps(&thread, &run).await[0]);
    let message = id(&bench.messages(&thread, 2).await[0]);
    let (_, other) = bench.ready(json!({})).await;
    let foreign = id(&bench.run(&other, json!({"assistant_id": assistant})).await);
    for path in [
        format!("/v1/threads/{other}/messages/{message}"),
        format!("/v1/threads/{other}/runs/{run}"),
        format!("/v1/threads/{other}/runs/{run}/steps"),
        format!("/v1/threads/{other}/runs/{run}/steps/{step}"),
        format!("/v1/threads/{other}/runs/{foreign}/steps/{step}"),
    ] {
        bench.refused(404, Method::GET, &path, None).await;
    }
    bench.refused(404, Method::POST, &format!("/v1/threads/{other}/runs/{run}/cancel"), None).await;
    bench.refused(404, Method::DELETE, &format!("/v1/threads/{other}/messages/{message}"), None).await;
}

#[tokio::test]
async fn ids_with_a_wrong_prefix_are_a_mistake_of_the_caller() {
    let bench = Bench::new([]).await;
    for (path, param, found, prefix) in [
        ("/v1/threads/undefined", "thread_id", "undefined", "thread"),
        ("/v1/assistants/new", "assistant_id", "new", "asst"),
        ("/v1/threads/thread_x/messages/null", "message_id", "null", "msg"),
        ("/v1/threads/thread_x/runs/thread_x", "run_id", "thread_x", "run"),
        ("/v1/threads/thread_x/runs/run_x/steps/x", "step_id", "x", "step"),
        ("/v1/vector_stores/x", "vector_store_id", "x", "vs"),
        ("/v1/vector_stores/vs_x/file_batches/x", "batch_id", "x", "vsfb"),
        ("/v1/files/x", "file_id", "x", "file"),
    ] {
        let error = bench.refused(400, Method::GET, path, None).await;
        let message = format!("Invalid '{param}': '{found}'. Expected an ID that begins with '{prefix}'.");
        assert_eq!(error, refusal(&message, json!(param), json!("invalid_value")));
    }
    let run = json!({"assistant_id": "undefined"});
    let error = bench.refused(400, Method::POST, "/v1/threads/thread_x/runs", Some(run)).await;
    assert_eq!(error["param"], "assistant_id");
    let asked = "/v1/threads/thread_x/messages?run_id=undefined";
    assert_eq!(bench.refused(400, Method::GET, asked, None).await["param"], "run_id");
    let resources = |tool: &str, list: &str| json!({ "tool_resources": { tool: { list: ["file-x", "none"] } } });
    let message = |more: Value| json!({"messages": [{"role": "user", "content": [more]}]});
    let attached =
        json!({"role": "user", "content": "x", "attachments": [{"file_id": "x", "tools": [{"type": "file_search"}]}]});
    for (path, body, param) in [
        ("/v1/threads", resources("code_interpreter", "file_ids"), "tool_resources.code_interpreter.file_ids[1]"),
        (
            "/v1/threads",
            json!({"tool_resources": {"file_search": {"vector_store_ids": ["x"]}}}),
            "tool_resources.file_search.vector_store_ids[0]",
        ),
        (
            "/v1/threads",
            message(json!({"type": "image_file", "image_file": {"file_id": "x"}})),
            "messages[0].content[0].image_file.file_id",
        ),
        (
            "/v1/threads",
            message(json!({"type": "image_url", "image_url": {"url": "x.png"}})),
            "messages[0].content[0].image_url.url",
        ),
        ("/v1/threads", json!({ "messages": [attached] }), "messages[0].attachments[0].file_id"),
        ("/v1/vector_stores", json!({"file_ids": ["x"]}), "file_ids[0]"),
        ("/v1/vector_stores/vs_x/file_batches", json!({"files": [{"file_id": "x"}]}), "files[0].file_id"),
    ] {
        let error = bench.refused(400, Method::POST, path, Some(body)).await;
        assert_eq!((&error["param"], &error["code"]), (&json!(param), &json!("invalid_value")), "{error}");
    }
}

#[tokio::test]
async fn mistakes_in_bodies_have_their_words() {
    let bench = Bench::new([]).await;
    let many = |count: usize| -> Value {
        (0..count).map(|i| (format!("k{i}"), json!("v"))).collect::<serde_json::Map<_, _>>().into()
    };
    for (body, param, code, message) in [
        (json!({}), "model", "missing_required_parameter", "Missing required parameter: 'model'.".to_owned()),
        (json!({"model": "m", "foo": 1}), "foo", "unknown_parameter", "Unknown parameter: 'foo'.".to_owned()),
        (
            json!({"model": "m", "name": 5}),
            "name",
            "invalid_type",
            "Invalid type for 'name': expected a string, but got an integer instead.".to_owned(),
        ),
        (
            json!({"model": "m", "tools": {}}),
            "tools",
            "invalid_type",
            "Invalid type for 'tools': expected an array, but got an object instead.".to_owned(),
        ),
        (
            json!({"model": "m", "reasoning_effort": "huge"}),
            "reasoning_effort",
            "invalid_value",
            "Invalid value: 'huge'. Supported values are: 'none', 'minimal', 'low', 'medium', 'high', 'xhigh', and \
             'max'."
                .to_owned(),
        ),
        (
            json!({"model": "m", "name": "n".repeat(257)}),
            "name",
            "string_above_max_length",
            "Invalid 'name': string too long. Expected a string with maximum length 256, but got a string with length \
             257 instead."
                .to_owned(),
        ),
        (
            json!({"model": "m", "tools": vec![json!({"type": "file_search"}); 129]}),
            "tools",
            "array_above_max_length",
            "Invalid 'tools': array too long. Expected an array with maximum length 128, but got an array with length \
             129 instead."
                .to_owned(),
        ),
        (
            json!({"model": "m", "temperature": 2.5}),
            "temperature",
            "decimal_above_max_value",
            "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 2.5 instead.".to_owned(),
        ),
        (
            json!({"model": "m", "top_p": -1}),
            "top_p",
            "decimal_below_min_value",
            "Invalid 'top_p': decimal below minimum value. Expected a value >= 0, but got -1 instead.".to_owned(),
        ),
        (
            json!({"model": "m", "metadata": many(17)}),
            "metadata",
            "object_above_max_properties",
            "Invalid 'metadata': too many properties. Expected an object with at most 16 properties, but got an object \
             with 17 properties instead."
                .to_owned(),
        ),
        (
            json!({"model": "m", "metadata": {"k".repeat(65): "v"}}),
            "metadata",
            "property_name_above_max_length",
            "Invalid 'metadata': property name too long. Expected a property name with maximum length 64, but got a \
             property name with length 65 instead."
                .to_owned(),
        ),
        (
            json!({"model": "m", "metadata": {"k": "v".repeat(513)}}),
            "metadata.k",
            "string_above_max_length",
            "Invalid 'metadata.k': string too long. Expected a string with maximum length 512, but got a string with \
             length 513 instead."
                .to_owned(),
        ),
        (
            json!({"model": "m", "metadata": {"k": true}}),
            "metadata.k",
            "invalid_type",
            "Invalid type for 'metadata.k': expected a string, but got a boolean instead.".to_owned(),
        ),
    ] {
        let error = bench.refused(400, Method::POST, "/v1/assistants", Some(body)).await;
        assert_eq!(error, refusal(&message, json!(param), json!(code)));
    }
    let empty = json!({"role": "user", "content": []});
    let thread = id(&bench.post("/v1/threads", json!({})).await);
    let error = bench.refused(400, Method::POST, &format!("/v1/threads/{thread}/messages"), Some(empty)).await;
    assert_eq!(error["code"], "array_below_min_length");
    let error = bench.refused(400, Method::GET, "/v1/assistants?limit=101", None).await;
    let message = "Invalid 'limit': integer above maximum value. Expected a value <= 100, but got 101 instead.";
    assert_eq!(error, refusal(message, json!("limit"), json!("integer_above_max_value")));
    let error = bench.refused(400, Method::GET, "/v1/assistants?order=x", None).await;
    let message = "Invalid value: 'x'. Supported values are: 'asc' and 'desc'.";
    assert_eq!(error, refusal(message, json!("order"), json!("invalid_value")));
}

#[tokio::test]
async fn models_without_a_way_to_them_are_refused() {
    let mut settings = Settings::default();
    settings.models = vec!["known".into()];
    let bench = Bench::with(settings, [says("x")]).await;
    let expected = refusal("The requested model 'other' does not exist.", json!("model"), json!("model_not_found"));
    let error = bench.refused(400, Method::POST, "/v1/assistants", Some(json!({"model": "other"}))).await;
    assert_eq!(error, expected);
    let made = bench.post("/v1/assistants", json!({"model": "known"})).await;
    let run = json!({"assistant_id": id(&made), "model": "other"});
    let error = bench.refused(400, Method::POST, "/v1/threads/runs", Some(run)).await;
    assert_eq!(error, expected);
    // There is no way to a model without a name, whatever the operator lists.
    let open = Bench::new([]).await;
    for model in ["", " "] {
        let error = open.refused(400, Method::POST, "/v1/assistants", Some(json!({"model": model}))).await;
        assert_eq!((&error["code"], &error["param"]), (&json!("model_not_found"), &json!("model")));
    }
}

#[tokio::test]
async fn states_that_do_not_allow_a_thing_say_so() {
    let bench = Bench::new([calls(&[("call_a", "f", "{}"), ("call_b", "f", "{}")])]).await;
    let (assistant, thread) = bench.ready(json!({"tools": [function("f")]})).await;
    let run = id(&bench.run(&thread, json!({"assistant_id": assistant})).await);
    let path = format!("/v1/threads/{thread}");
    let message = json!({"role": "user", "content": "x"});
    let error = bench.refused(400, Method::POST, &format!("{path}/messages"), Some(message)).await;
    let words = format!("Can't add messages to {thread} while a run {run} is active.");
    assert_eq!(error, refusal(&words, Value::Null, Value::Null));
    let error =
        bench.refused(400, Method::POST, &format!("{path}/runs"), Some(json!({"assistant_id": assistant}))).await;
    let words = format!("Thread {thread} already has an active run {run}.");
    assert_eq!(error, refusal(&words, Value::Null, Value::Null));
    let submit = format!("{path}/runs/{run}/submit_tool_outputs");
    let one = json!({"tool_outputs": [{"tool_call_id": "call_a", "output": "x"}]});
    let error = bench.refused(400, Method::POST, &submit, Some(one.clone())).await;
    let words = "Expected tool outputs for call_ids ['call_a', 'call_b'], got ['call_a']";
    assert_eq!(error, refusal(words, Value::Null, Value::Null));
    bench.post(&format!("{path}/runs/{run}/cancel"), json!({})).await;
    let error = bench.refused(400, Method::POST, &format!("{path}/runs/{run}/cancel"), None).await;
    assert_eq!(error, refusal("Cannot cancel run with status 'cancelled'.", Value::Null, Value::Null));
    let error = bench.refused(400, Method::POST, &submit, Some(one)).await;
    let words = "Runs in status \"cancelled\" do not accept tool outputs.";
    assert_eq!(error, refusal(words, Value::Null, Value::Null));
}

#[tokio::test]
async fn bodies_that_cannot_be_read_are_refused() {
    let mut settings = Settings::default();
    settings.max_body = 1000;
    let bench = Bench::with(settings, []).await;
    for (body, status, code) in [
        ("{\"model\": ".to_owned(), 400, Value::Null),
        ("nothing".to_owned(), 400, Value::Null),
        ("[]".to_owned(), 400, json!("invalid_type")),
        ("{}{}".to_owned(), 400, Value::Null),
        (format!("{}{}", "[".repeat(400), "]".repeat(400)), 400, Value::Null),
        (json!({"model": "m".repeat(1000)}).to_string(), 413, json!("request_too_large")),
    ] {
        let reply = bench.request(Request::post("/v1/assistants").body(body.into()).unwrap()).await;
        assert_eq!(reply.status(), status);
        let bytes = reply.into_body().collect().await.unwrap().to_bytes();
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!((&value["error"]["type"], &value["error"]["code"]), (&json!("invalid_request_error"), &code));
    }
    let reply = bench.request(Request::post("/v1/assistants").body(vec![0xff, 0xfe, 0x7b].into()).unwrap()).await;
    assert_eq!(reply.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn unknown_paths_and_methods_are_named() {
    let bench = Bench::new([]).await;
    let error = bench.refused(404, Method::GET, "/v1/assistant", None).await;
    assert_eq!(error, refusal("Invalid URL (GET /v1/assistant)", Value::Null, json!("unknown_url")));
    // There is no list of all threads.
    let error = bench.refused(405, Method::GET, "/v1/threads", None).await;
    assert_eq!(error["code"], "method_not_supported");
    for method in [Method::PUT, Method::PATCH] {
        bench.refused(405, method, "/v1/assistants/asst_x", None).await;
    }
}

#[tokio::test]
async fn what_comes_first_is_said_first() {
    let bench = Bench::new([]).await;
    let first = |path: &'static str, body: Value| bench.call(Method::POST, path, Some(body));
    // The path's ids before the body, the body before what is there, both before states.
    let (status, error) = first("/v1/threads/undefined/messages", json!({"foo": 1})).await;
    assert_eq!((status.as_u16(), &error["error"]["param"]), (400, &json!("thread_id")));
    let (status, error) = first("/v1/threads/thread_x/messages", json!({"foo": 1})).await;
    assert_eq!((status.as_u16(), &error["error"]["param"]), (400, &json!("foo")));
    let (status, error) = first("/v1/threads/thread_x/messages", json!({"role": "user"})).await;
    assert_eq!((status.as_u16(), &error["error"]["param"]), (400, &json!("content")));
    let (status, error) = first("/v1/threads/thread_x/messages", json!({"role": "x", "content": "x"})).await;
    assert_eq!((status.as_u16(), &error["error"]["param"]), (400, &json!("role")));
    let (status, _) = first("/v1/threads/thread_x/messages", json!({"role": "user", "content": "x"})).await;
    assert_eq!(status, 404);
    let (status, _) =
        first("/v1/threads/thread_x/runs", json!({"assistant_id": "asst_x", "max_prompt_tokens": 1})).await;
    assert_eq!(status, 400);
    let error = bench.refused(400, Method::GET, "/v1/threads/thread_x/messages?limit=0", None).await;
    assert_eq!(error["param"], "limit");
}

#[tokio::test]
async fn a_store_that_fails_is_nobodys_business() {
    let store = Shared::new().await;
    let bench = Bench::on(&store.url, Settings::default(), []).await;
    let made = id(&bench.post("/v1/assistants", json!({"model": "m"})).await);
    store.sql(&format!("update assistants set body = 'broken' where id = '{made}'")).await;
    let error = bench.refused(500, Method::GET, &format!("/v1/assistants/{made}"), None).await;
    assert_eq!(
        error,
        json!({"message": "The server had an error while processing your request.", "type": "server_error",
               "param": null, "code": null})
    );
}
