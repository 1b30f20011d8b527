//! Paths, headers, ids and times: sections 1 and 2.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use http::{Method, Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use threadline_engine::Settings;

use crate::support::{Bench, calls, function, gate, id, says, text};

async fn body(reply: http::Response<axum::body::Body>) -> Value {
    let bytes = reply.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test]
async fn every_reply_names_its_request() {
    let bench = Bench::new([]).await;
    let mut seen = std::collections::HashSet::new();
    for (method, path) in [
        (Method::GET, "/v1/assistants"),
        (Method::GET, "/v1/threads/undefined"),
        (Method::GET, "/v1/threads/thread_none"),
        (Method::PUT, "/v1/assistants"),
        (Method::GET, "/nowhere"),
        (Method::POST, "/v1/files"),
    ] {
        let reply = bench.send(method, path, None).await;
        let named = reply.headers()["x-request-id"].to_str().unwrap().to_owned();
        assert!(seen.insert(named), "{path}");
    }
}

#[tokio::test]
async fn bodies_are_json_except_for_files() {
    let bench = Bench::new([]).await;
    let form = Request::post("/v1/assistants").header("content-type", "multipart/form-data; boundary=x");
    let reply = bench.request(form.body("--x--".into()).unwrap()).await;
    assert_eq!(reply.status(), 415);
    assert_eq!(body(reply).await["error"]["code"], "unsupported_content_type");
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", "image/png"] {
        let other = Request::post("/v1/assistants").header("content-type", kind);
        let reply = bench.request(other.body(json!({"model": "m"}).to_string().into()).unwrap()).await;
        assert_eq!(reply.status(), 415, "{kind}");
        assert!(body(reply).await["error"]["message"].as_str().unwrap().contains(kind));
    }
    for kind in ["application/json; charset=UTF-8", "Application/JSON;charset=\"utf-8\"", "application/vnd.x+json"] {
        let json = Request::post("/v1/assistants").header("content-type", kind);
        let reply = bench.request(json.body(json!({"model": "m"}).to_string().into()).unwrap()).await;
        assert_eq!(reply.status(), 200, "{kind}");
    }
    let json = Request::post("/v1/files").header("content-type", "application/json");
    let reply = bench.request(json.body("{}".into()).unwrap()).await;
    assert_eq!(reply.status(), 415);
    // A body that says nothing of itself is taken for what it is.
    let plain = Request::post("/v1/assistants").body(json!({"model": "m"}).to_string().into()).unwrap();
    let reply = bench.request(plain).await;
    assert_eq!(reply.status(), 200);
    assert_eq!(reply.headers()["content-type"], "application/json");
}

#[tokio::test]
async fn what_a_caller_leaves_in_the_middle_is_finished() {
    let bench = Bench::new([says("Still here.")]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    let runs = format!("/v1/threads/{thread}/runs");
    {
        let mut left = pin!(bench.send(Method::POST, &runs, Some(json!({"assistant_id": assistant}))));
        assert!(left.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    let said = bench.messages(&thread, 2).await.remove(0);
    let run = said["run_id"].as_str().unwrap();
    bench.wait(&thread, run, &["completed"]).await;
    bench.post(&format!("/v1/threads/{thread}/messages"), json!({"role": "user", "content": "x"})).await;
}

#[tokio::test]
async fn the_beta_header_is_asked_for_only_where_it_is_required() {
    let mut settings = Settings::default();
    settings.require_beta_header = true;
    let bench = Bench::with(settings, []).await;
    let error = bench.refused(400, Method::GET, "/v1/assistants", None).await;
    assert_eq!(error["code"], "invalid_beta");
    assert!(error["message"].as_str().unwrap().contains("OpenAI-Beta: assistants=v2"));
    bench.refused(400, Method::POST, "/threads", Some(json!({}))).await;
    bench.get("/v1/files").await;
    bench.get("/v1/vector_stores").await;
    let with = Request::get("/v1/assistants").header("openai-beta", "assistants=v2");
    assert_eq!(bench.request(with.body(axum::body::Body::empty()).unwrap()).await.status(), 200);
    Bench::new([]).await.get("/v1/assistants").await;
}

#[tokio::test]
async fn unknown_members_pass_where_the_operator_says_so() {
    let mut settings = Settings::default();
    settings.lenient = true;
    let bench = Bench::with(settings, []).await;
    let made = bench.post("/v1/assistants", json!({"model": "m", "foo": 1, "metadata": {"a": "b"}})).await;
    assert!(made.get("foo").is_none());
    bench.post("/v1/threads", json!({"messages": [{"role": "user", "content": "x", "foo": 1}]})).await;
    bench.refused(400, Method::POST, "/v1/assistants", Some(json!({"foo": 1}))).await;
    let strict = Bench::new([]).await;
    let message = json!({"messages": [{"role": "user", "content": "x", "foo": 1}]});
    let error = strict.refused(400, Method::POST, "/v1/threads", Some(message)).await;
    assert_eq!(error["message"], "Unknown parameter: 'messages[0].foo'.");
}

#[tokio::test]
async fn lists_in_queries_come_with_and_without_brackets() {
    let bench = Bench::new([says("x")]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    let run = bench.run(&thread, json!({"assistant_id": assistant})).await;
    let steps = format!("/v1/threads/{thread}/runs/{}/steps", id(&run));
    let content = "step_details.tool_calls[*].file_search.results[*].content";
    for name in ["include[]", "include", "include%5B%5D", "include[0]"] {
        bench.get(&format!("{steps}?{name}={content}")).await;
        bench.refused(400, Method::GET, &format!("{steps}?{name}=other"), None).await;
    }
}

#[tokio::test]
async fn pollers_are_told_how_soon_to_ask_again() {
    let (gate, wait) = gate();
    let mut settings = Settings::default();
    settings.poll_after_ms = 70;
    let bench = Bench::with(settings, [vec![wait, text("x"), crate::support::end()]]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    let run = bench.begin(&thread, json!({"assistant_id": assistant})).await;
    let path = format!("/v1/threads/{thread}/runs/{run}");
    let reply = bench.send(Method::GET, &path, None).await;
    assert_eq!(reply.headers()["openai-poll-after-ms"], "70");
    gate.notify_one();
    bench.wait(&thread, &run, &["completed"]).await;
    let reply = bench.send(Method::GET, &path, None).await;
    assert!(!reply.headers().contains_key("openai-poll-after-ms"));
    let file = id(&bench.upload("a.txt", b"words").await);
    let store = id(&bench.post("/v1/vector_stores", json!({})).await);
    let added = bench.post(&format!("/v1/vector_stores/{store}/files"), json!({"file_id": file})).await;
    assert_eq!(added["status"], "in_progress");
    bench.indexed(&store).await;
    let reply = bench.send(Method::GET, &format!("/v1/vector_stores/{store}/files/{file}"), None).await;
    assert!(!reply.headers().contains_key("openai-poll-after-ms"));
}

#[tokio::test]
async fn a_key_holds_for_every_kind_of_post() {
    let bench = Bench::new([says("One."), says("Two.")]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    let send = |path: String, key: &'static str, body: Value| {
        let request = Request::post(path).header("idempotency-key", key);
        bench.request(request.body(body.to_string().into()).unwrap())
    };
    let messages = format!("/v1/threads/{thread}/messages");
    let message = json!({"role": "user", "content": "once"});
    let first = body(send(messages.clone(), "a", message.clone()).await).await;
    assert_eq!(body(send(messages.clone(), "a", message).await).await, first);
    let other = send(messages.clone(), "a", json!({"role": "user", "content": "other"})).await;
    assert_eq!(other.status(), 400);
    assert_eq!(body(other).await["error"]["code"], "idempotency_key_reused");
    assert_eq!(bench.messages(&thread, 2).await.len(), 2);
    // A stream that is asked for again is the same run's stream.
    let runs = format!("/v1/threads/{thread}/runs");
    let run = json!({"assistant_id": assistant, "stream": true});
    let read = |reply: http::Response<axum::body::Body>| async {
        let bytes = reply.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(bytes.to_vec()).unwrap()
    };
    let first = read(send(runs.clone(), "b", run.clone()).await).await;
    let again = read(send(runs.clone(), "b", run).await).await;
    assert_eq!(first, again);
    assert_eq!(bench.get(&runs).await["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_holds_for_uploads_whose_forms_are_written_anew() {
    let bench = Bench::new([]).await;
    let send = |boundary: &'static str, purpose: &'static str| {
        let form = format!(
            "--{boundary}\r\ncontent-disposition: form-data; name=\"purpose\"\r\n\r\n{purpose}\r\n--{boundary}\r\n\
             content-disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nwords\r\n--{boundary}--\r\n"
        );
        let request = Request::post("/v1/files").header("idempotency-key", "once");
        let request = request.header("content-type", format!("multipart/form-data; boundary={boundary}"));
        bench.request(request.body(form.into()).unwrap())
    };
    let first = body(send("x", "assistants").await).await;
    assert_eq!(body(send("y", "assistants").await).await, first);
    let (one, other) = tokio::join!(send("z", "assistants"), send("w", "assistants"));
    assert_eq!((body(one).await, body(other).await), (first.clone(), first.clone()));
    assert_eq!(bench.get("/v1/files").await["data"], json!([first]));
    let content = bench.send(Method::GET, &format!("/v1/files/{}/content", id(&first)), None).await;
    assert_eq!(content.into_body().collect().await.unwrap().to_bytes(), "words");
    let other = send("x", "vision").await;
    assert_eq!(other.status(), 400);
    assert_eq!(body(other).await["error"]["code"], "idempotency_key_reused");
}

#[tokio::test]
async fn a_conflict_is_a_400_which_packages_do_not_repeat() {
    let (gate, wait) = gate();
    let bench = Bench::new([vec![wait]]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    bench.begin(&thread, json!({"assistant_id": assistant})).await;
    let runs = format!("/v1/threads/{thread}/runs");
    bench.refused(400, Method::POST, &runs, Some(json!({"assistant_id": assistant}))).await;
    let message = json!({"role": "user", "content": "x"});
    bench.refused(400, Method::POST, &format!("/v1/threads/{thread}/messages"), Some(message)).await;
    gate.notify_one();
}

#[tokio::test]
async fn ids_have_the_prefix_of_their_kind() {
    let bench = Bench::new([calls(&[("", "f", "{}")]), says("x")]).await;
    let (assistant, thread) = bench.ready(json!({"tools": [function("f")]})).await;
    let run = bench.run(&thread, json!({"assistant_id": assistant})).await;
    let call = &run["required_action"]["submit_tool_outputs"]["tool_calls"][0];
    let step = bench.steps(&thread, &id(&run)).await.remove(0);
    let message = bench.messages(&thread, 1).await.remove(0);
    let file = bench.upload("a.txt", b"a").await;
    let store = bench.post("/v1/vector_stores", json!({})).await;
    let batches = format!("/v1/vector_stores/{}/file_batches", id(&store));
    let batch = bench.post(&batches, json!({"file_ids": [id(&file)]})).await;
    for (found, prefix) in [
        (assistant, "asst_"),
        (thread, "thread_"),
        (id(&run), "run_"),
        (id(call), "call_"),
        (id(&step), "step_"),
        (id(&message), "msg_"),
        (id(&file), "file-"),
        (id(&store), "vs_"),
        (id(&batch), "vsfb_"),
    ] {
        let rest = found.strip_prefix(prefix).unwrap_or_else(|| panic!("{found} is no {prefix}"));
        assert!(rest.len() == 24 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{found}");
    }
    for object in [&run, &step, &message, &file, &store, &batch] {
        let created = object["created_at"].as_i64().unwrap();
        assert!((1_600_000_000..10_000_000_000).contains(&created), "seconds: {object}");
    }
}

#[tokio::test]
async fn ids_of_other_lengths_are_taken_too() {
    let bench = Bench::new([]).await;
    let mut done = Default::default();
    for object in [
        json!({"id": "asst_1", "object": "assistant", "model": "m"}),
        json!({"id": format!("thread_{}", "x".repeat(60)), "object": "thread"}),
    ] {
        bench.engine.import("", &object, &mut done).await.unwrap();
    }
    assert_eq!(bench.get("/v1/assistants/asst_1").await["model"], "m");
    bench.get(&format!("/v1/threads/thread_{}", "x".repeat(60))).await;
    let error = bench.refused(404, Method::GET, "/v1/files/file_x", None).await;
    assert_eq!(error["message"], "No file found with id 'file-x'.");
    let file = id(&bench.upload("a.txt", b"a").await);
    let other = file.replacen('-', "_", 1);
    assert_eq!(bench.get(&format!("/v1/files/{other}")).await["id"], json!(file));
    let store = bench.post("/v1/vector_stores", json!({ "file_ids": [other] })).await;
    let listed = format!("/v1/vector_stores/{}/files", id(&store));
    assert_eq!(bench.get(&listed).await["data"][0]["id"], json!(file));
    assert_eq!(bench.get(&format!("{listed}/{other}")).await["id"], json!(file));
    assert_eq!(bench.get(&format!("{listed}?after={other}")).await["data"], json!([]));
    let image = json!({"role": "user", "content": [{"type": "image_file", "image_file": {"file_id": other}}],
                       "attachments": [{"file_id": other, "tools": [{"type": "file_search"}]}]});
    let thread = bench
        .post(
            "/v1/threads",
            json!({"messages": [image],
                            "tool_resources": {"code_interpreter": {"file_ids": [other]}}}),
        )
        .await;
    assert_eq!(thread["tool_resources"]["code_interpreter"]["file_ids"], json!([file]));
    let messages = bench.get(&format!("/v1/threads/{}/messages", id(&thread))).await;
    assert_eq!(messages["data"][0]["attachments"][0]["file_id"], json!(file));
    assert_eq!(messages["data"][0]["content"][0]["image_file"]["file_id"], json!(file));
}

#[tokio::test]
async fn objects_of_one_second_keep_their_order() {
    let bench = Bench::new([]).await;
    let messages: Vec<Value> = (0..100).map(|i| json!({"role": "user", "content": format!("{i}")})).collect();
    let thread = id(&bench.post("/v1/threads", json!({ "messages": messages })).await);
    let listed = bench.get(&format!("/v1/threads/{thread}/messages?order=asc&limit=100")).await;
    let texts: Vec<&str> =
        listed["data"].as_array().unwrap().iter().map(|m| m["content"][0]["text"]["value"].as_str().unwrap()).collect();
    assert_eq!(texts, (0..100).map(|i| i.to_string()).collect::<Vec<_>>());
    assert_eq!(listed["data"][0]["created_at"], listed["data"][99]["created_at"]);
}
