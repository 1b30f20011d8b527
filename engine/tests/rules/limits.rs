//! How much of everything there may be: section 5.

use http::Method;
use serde_json::{Value, json};
use threadline_engine::Settings;

use crate::support::store::Shared;
use crate::support::{Bench, calls, function, id, says};

/// Codes of bodies that must be refused.
async fn refused(bench: &Bench, path: &str, bodies: Vec<(Value, &str)>) {
    for (body, code) in bodies {
        let error = bench.refused(400, Method::POST, path, Some(body.clone())).await;
        assert_eq!(error["code"], code, "{error} for {}", body.to_string().chars().take(200).collect::<String>());
    }
}

#[tokio::test]
async fn of_runs() {
    let bench = Bench::new([]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    let path = format!("/v1/threads/{thread}/runs");
    let run = |name: &str, value: Value| json!({"assistant_id": assistant, name: value});
    let long = "i".repeat(256_001);
    refused(
        &bench,
        &path,
        vec![
            (run("instructions", json!(long)), "string_above_max_length"),
            (run("additional_instructions", json!(long)), "string_above_max_length"),
            (run("tools", json!(vec![json!({"type": "file_search"}); 129])), "array_above_max_length"),
            (run("temperature", json!(2.01)), "decimal_above_max_value"),
            (run("temperature", json!(-0.01)), "decimal_below_min_value"),
            (run("top_p", json!(1.01)), "decimal_above_max_value"),
            (run("max_prompt_tokens", json!(255)), "integer_below_min_value"),
            (run("max_completion_tokens", json!(255)), "integer_below_min_value"),
            (run("max_prompt_tokens", json!(1.5)), "invalid_type"),
            (
                run("truncation_strategy", json!({"type": "last_messages", "last_messages": 0})),
                "integer_below_min_value",
            ),
            (run("truncation_strategy", json!({"type": "last_messages"})), "missing_required_parameter"),
            (run("truncation_strategy", json!({"type": "first"})), "invalid_value"),
            (
                run("additional_messages", json!(vec![json!({"role": "user", "content": "x"}); 101])),
                "array_above_max_length",
            ),
            (run("stream", json!("yes")), "invalid_type"),
        ],
    )
    .await;
    assert_eq!(bench.get(&path).await["data"], json!([]), "nothing was made on the way");
}

#[tokio::test]
async fn of_tools() {
    let bench = Bench::new([]).await;
    let tool = |tool: Value| json!({"model": "m", "tools": [tool]});
    let named = |name: String| tool(json!({"type": "function", "function": {"name": name}}));
    bench.post("/v1/assistants", named("a".repeat(64))).await;
    bench.post("/v1/assistants", named("Some_name-9".into())).await;
    let search = |settings: Value| tool(json!({"type": "file_search", "file_search": settings}));
    for good in [
        json!({"max_num_results": 50, "ranking_options": {"ranker": "auto", "score_threshold": 1}}),
        json!({"max_num_results": 1, "ranking_options": {"score_threshold": 0}}),
    ] {
        bench.post("/v1/assistants", search(good)).await;
    }
    refused(
        &bench,
        "/v1/assistants",
        vec![
            (named("a".repeat(65)), "string_above_max_length"),
            (named(String::new()), "invalid_value"),
            (named("a.b".into()), "invalid_value"),
            (named("größe".into()), "invalid_value"),
            (search(json!({"max_num_results": 0})), "integer_below_min_value"),
            (search(json!({"max_num_results": 51})), "integer_above_max_value"),
            (search(json!({"ranking_options": {"score_threshold": 1.1}})), "decimal_above_max_value"),
            (search(json!({"ranking_options": {"score_threshold": -0.1}})), "decimal_below_min_value"),
            (search(json!({"ranking_options": {"ranker": "best", "score_threshold": 0}})), "invalid_value"),
        ],
    )
    .await;
}

#[tokio::test]
async fn of_messages() {
    let mut settings = Settings::default();
    settings.max_messages = 3;
    let bench = Bench::with(settings, []).await;
    let thread = id(&bench.post("/v1/threads", json!({})).await);
    let path = format!("/v1/threads/{thread}/messages");
    let user = |content: Value| json!({"role": "user", "content": content});
    let image = json!({"type": "image_url", "image_url": {"url": "https://x.example/a.png"}});
    bench.post(&path, user(json!("ü".repeat(256_000)))).await;
    bench.post(&path, user(json!(vec![image.clone(); 10]))).await;
    refused(
        &bench,
        &path,
        vec![
            (user(json!("ü".repeat(256_001))), "string_above_max_length"),
            (user(json!([{"type": "text", "text": "x".repeat(256_001)}])), "string_above_max_length"),
            (user(json!([])), "array_below_min_length"),
            (user(json!(vec![image; 11])), "array_above_max_length"),
            (user(json!("")), "invalid_value"),
        ],
    )
    .await;
    let messages = |count| json!({"messages": vec![user(json!("x")); count]});
    bench.post("/v1/threads", messages(3)).await;
    refused(&bench, "/v1/threads", vec![(messages(4), "array_above_max_length")]).await;
}

#[tokio::test]
async fn of_a_threads_messages() {
    let store = Shared::new().await;
    let bench = Bench::on(&store.url, Settings::default(), [says("Still."), says("never")]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    store.sql(&format!("update threads set next_message = 100000 where id = '{thread}'")).await;
    let path = format!("/v1/threads/{thread}");
    let message = json!({"role": "user", "content": "the last"});
    bench.post(&format!("{path}/messages"), message.clone()).await;
    let error = bench.refused(400, Method::POST, &format!("{path}/messages"), Some(message.clone())).await;
    assert_eq!(error["message"], format!("Thread {thread} has reached the maximum of 100000 messages."));
    let more = json!({"assistant_id": assistant, "additional_messages": [message]});
    bench.refused(400, Method::POST, &format!("{path}/runs"), Some(more)).await;
    let run = bench.run(&thread, json!({"assistant_id": assistant})).await;
    assert_eq!(run["status"], "completed", "what a run writes always finds a place");
}

#[tokio::test]
async fn of_files_for_tools() {
    let bench = Bench::new([]).await;
    let mut files = Vec::new();
    for number in 0..21 {
        files.push(id(&bench.upload(&format!("{number}.txt"), b"x").await));
    }
    let code = |count: usize| json!({"code_interpreter": {"file_ids": files[..count]}});
    bench.post("/v1/assistants", json!({"model": "m", "tool_resources": code(20)})).await;
    bench.post("/v1/threads", json!({"tool_resources": code(20)})).await;
    let body = json!({"model": "m", "tool_resources": code(21)});
    refused(&bench, "/v1/assistants", vec![(body, "array_above_max_length")]).await;
    refused(&bench, "/v1/threads", vec![(json!({"tool_resources": code(21)}), "array_above_max_length")]).await;
    let thread = id(&bench.post("/v1/threads", json!({"tool_resources": code(20)})).await);
    let attached = |file: &str| {
        json!({"role": "user", "content": "x", "attachments": [{"file_id": file,
               "tools": [{"type": "code_interpreter"}]}]})
    };
    let path = format!("/v1/threads/{thread}/messages");
    bench.post(&path, attached(&files[0])).await;
    refused(&bench, &path, vec![(attached(&files[20]), "array_above_max_length")]).await;
    let (a, b) = (id(&bench.post("/v1/vector_stores", json!({})).await), "vs_other");
    let two = json!({"file_search": {"vector_store_ids": [a, b]}});
    refused(
        &bench,
        "/v1/assistants",
        vec![
            (json!({"model": "m", "tool_resources": two}), "array_above_max_length"),
            (
                json!({"model": "m", "tool_resources": {"file_search": {"vector_stores": [{}, {}]}}}),
                "array_above_max_length",
            ),
            (
                json!({"model": "m",
                       "tool_resources": {"file_search": {"vector_stores": [{}], "vector_store_ids": [a]}}}),
                "invalid_value",
            ),
        ],
    )
    .await;
    refused(&bench, "/v1/threads", vec![(json!({ "tool_resources": two }), "array_above_max_length")]).await;
}

#[tokio::test]
async fn of_vector_stores() {
    let bench = Bench::new([]).await;
    let ids = |count: usize| -> Vec<String> { (0..count).map(|i| format!("file-{i}")).collect() };
    let chunks = |size: i64, overlap: i64| {
        json!({"chunking_strategy": {"type": "static",
               "static": {"max_chunk_size_tokens": size, "chunk_overlap_tokens": overlap}}})
    };
    bench.post("/v1/vector_stores", chunks(100, 50)).await;
    bench.post("/v1/vector_stores", chunks(4096, 0)).await;
    let days = |days: i64| json!({"expires_after": {"anchor": "last_active_at", "days": days}});
    bench.post("/v1/vector_stores", days(365)).await;
    refused(
        &bench,
        "/v1/vector_stores",
        vec![
            (json!({"file_ids": ids(501)}), "array_above_max_length"),
            (chunks(99, 0), "integer_below_min_value"),
            (chunks(4097, 0), "integer_above_max_value"),
            (chunks(800, 401), "integer_above_max_value"),
            (chunks(800, -1), "integer_below_min_value"),
            (days(0), "integer_below_min_value"),
            (days(366), "integer_above_max_value"),
            (json!({"expires_after": {"anchor": "created_at", "days": 1}}), "invalid_value"),
        ],
    )
    .await;
    let store = id(&bench.post("/v1/vector_stores", json!({})).await);
    let batches = format!("/v1/vector_stores/{store}/file_batches");
    refused(&bench, &batches, vec![(json!({"file_ids": ids(2001)}), "array_above_max_length")]).await;
    let file = id(&bench.upload("a.txt", b"x").await);
    let attributes = |attributes: Value| json!({"file_id": file, "attributes": attributes});
    let many: serde_json::Map<String, Value> = (0..17).map(|i| (format!("k{i}"), json!(1))).collect();
    refused(
        &bench,
        &format!("/v1/vector_stores/{store}/files"),
        vec![
            (attributes(many.into()), "object_above_max_properties"),
            (attributes(json!({"k".repeat(65): 1})), "property_name_above_max_length"),
            (attributes(json!({"k": "v".repeat(513)})), "string_above_max_length"),
            (attributes(json!({"k": []})), "invalid_type"),
        ],
    )
    .await;
    let search = |name: &str, value: Value| json!({"query": "x", name: value});
    refused(
        &bench,
        &format!("/v1/vector_stores/{store}/search"),
        vec![
            (search("max_num_results", json!(51)), "integer_above_max_value"),
            (search("max_num_results", json!(0)), "integer_below_min_value"),
            (search("filters", json!({"type": "near"})), "invalid_value"),
            (json!({"query": []}), "array_below_min_length"),
        ],
    )
    .await;
}

#[tokio::test]
async fn of_file_sizes_and_their_tokens() {
    let mut settings = Settings::default();
    settings.max_file = 2000;
    settings.max_file_tokens = 100;
    let bench = Bench::with(settings, []).await;
    let (status, error) =
        bench.upload_form(&[("purpose", None, b"assistants"), ("file", Some("a"), &[b'x'; 2001])]).await;
    assert_eq!((status.as_u16(), &error["error"]["code"]), (413, &json!("file_too_large")));
    assert_eq!(bench.get("/v1/files").await["data"], json!([]));
    let (fits, long) = ("word ".repeat(90), "word ".repeat(300));
    let files = [bench.upload("a.txt", fits.as_bytes()).await, bench.upload("b.txt", long.as_bytes()).await];
    let store = id(&bench.post("/v1/vector_stores", json!({"file_ids": [id(&files[0]), id(&files[1])]})).await);
    bench.indexed(&store).await;
    let entry = |file: &Value| format!("/v1/vector_stores/{store}/files/{}", id(file));
    assert_eq!(bench.get(&entry(&files[0])).await["status"], "completed");
    let failed = bench.get(&entry(&files[1])).await;
    assert_eq!((&failed["status"], &failed["last_error"]["code"]), (&json!("failed"), &json!("invalid_file")));
    assert_eq!(failed["last_error"]["message"], "The file has more than 100 tokens.");
}

#[tokio::test]
async fn of_tool_outputs() {
    let mut settings = Settings::default();
    (settings.max_tool_output, settings.max_tool_outputs) = (100, 150);
    let bench = Bench::with(settings, [calls(&[("a", "f", "{}"), ("b", "f", "{}")]), says("x")]).await;
    let (assistant, thread) = bench.ready(json!({"tools": [function("f")]})).await;
    let run = id(&bench.run(&thread, json!({"assistant_id": assistant})).await);
    let path = format!("/v1/threads/{thread}/runs/{run}/submit_tool_outputs");
    let outputs = |a: usize, b: usize| {
        json!({"tool_outputs": [{"tool_call_id": "a", "output": "x".repeat(a)},
                                {"tool_call_id": "b", "output": "x".repeat(b)}]})
    };
    refused(
        &bench,
        &path,
        vec![(outputs(101, 0), "string_above_max_length"), (outputs(80, 80), "string_above_max_length")],
    )
    .await;
    bench.post(&path, outputs(100, 50)).await;
}
