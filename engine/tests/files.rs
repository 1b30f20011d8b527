//! Files, vector stores, attachments and the file search: sections 15 to 17 and 19.

#![allow(clippy::unwrap_used)]

mod support;

use http::{Method, Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use support::{Bench, calls, ends, names, says, text, usage};
use threadline_engine::Settings;
use threadline_engine::model::Ending;

async fn upload(bench: &Bench, name: &str, bytes: &[u8]) -> Value {
    let mut body = Vec::new();
    body.extend(b"--x\r\ncontent-disposition: form-data; name=\"purpose\"\r\n\r\nassistants\r\n".as_slice());
    body.extend(
        format!("--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n").as_bytes(),
    );
    body.extend(bytes);
    body.extend(b"\r\n--x--\r\n");
    let request = Request::post("/v1/files").header("content-type", "multipart/form-data; boundary=x");
    let reply = bench.request(request.body(body.into()).unwrap()).await;
    let status = reply.status();
    let bytes = reply.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&bytes));
    serde_json::from_slice(&bytes).unwrap()
}

fn id(object: &Value) -> String {
    object["id"].as_str().unwrap().to_owned()
}

/// Waits until nothing of a store is being read.
async fn ready(bench: &Bench, store: &str) -> Value {
    for _ in 0..2000 {
        let found = bench.get(&format!("/v1/vector_stores/{store}")).await;
        if found["file_counts"]["in_progress"] == 0 {
            return found;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("the store is never ready");
}

const FACTS: &str = "Threadline facts.\n\nThe capital of Freedonia is Fredville.\nIts river is the Blueflow.\n";
const OTHER: &str = "Recipes.\n\nTo bake bread, mix flour, water, salt and yeast.\n";

#[tokio::test]
async fn files_come_back_byte_for_byte() {
    let bench = Bench::new([]).await;
    let bytes: Vec<u8> = (0..3_000_000u32).map(|i| (i % 251) as u8).collect();
    let file = upload(&bench, "data.bin", &bytes).await;
    assert_eq!(
        (&file["bytes"], &file["purpose"], &file["status"]),
        (&json!(3_000_000), &json!("assistants"), &json!("processed"))
    );
    let path = format!("/v1/files/{}", id(&file));
    let reply = bench.send(Method::GET, &format!("{path}/content"), None).await;
    assert_eq!(reply.into_body().collect().await.unwrap().to_bytes(), bytes);
    assert_eq!(bench.get("/v1/files?purpose=assistants").await["data"][0], file);
    assert_eq!(bench.get("/v1/files?purpose=batch").await["data"], json!([]));
    assert_eq!(bench.delete(&path).await, json!({"id": id(&file), "object": "file", "deleted": true}));
    bench.refused(404, Method::GET, &format!("{path}/content"), None).await;
}

#[tokio::test]
async fn a_vector_store_is_searched_and_filtered() {
    let bench = Bench::new([]).await;
    let (facts, other) =
        (upload(&bench, "facts.md", FACTS.as_bytes()).await, upload(&bench, "bread.txt", OTHER.as_bytes()).await);
    let store = bench.post("/v1/vector_stores", json!({"name": "s", "file_ids": [id(&facts)]})).await;
    assert_eq!((&store["status"], &store["file_counts"]["total"]), (&json!("in_progress"), &json!(1)));
    let path = format!("/v1/vector_stores/{}", id(&store));
    let added =
        bench.post(&format!("{path}/files"), json!({"file_id": id(&other), "attributes": {"kind": "food"}})).await;
    assert_eq!(added["chunking_strategy"]["static"]["max_chunk_size_tokens"], 800);
    let store = ready(&bench, &id(&store)).await;
    assert_eq!((&store["status"], &store["file_counts"]["completed"]), (&json!("completed"), &json!(2)));
    assert!(store["usage_bytes"].as_i64().unwrap() > 50);
    let found = bench.post(&format!("{path}/search"), json!({"query": "capital of Freedonia"})).await;
    assert_eq!(found["data"][0]["filename"], "facts.md");
    assert_eq!(found["search_query"], json!(["capital of Freedonia"]));
    let score = found["data"][0]["score"].as_f64().unwrap();
    assert!(score > 0.0 && score <= 1.0);
    let food = json!({"type": "eq", "key": "kind", "value": "food"});
    let found = bench.post(&format!("{path}/search"), json!({"query": ["capital", "bread"], "filters": food})).await;
    assert_eq!(found["data"].as_array().unwrap().len(), 1);
    let content = bench.get(&format!("{path}/files/{}/content", id(&facts))).await;
    assert!(content["data"][0]["text"].as_str().unwrap().contains("Fredville"));
    bench.delete(&format!("{path}/files/{}", id(&facts))).await;
    let found = bench.post(&format!("{path}/search"), json!({"query": "capital of Freedonia"})).await;
    assert_eq!(found["data"], json!([]));
    bench.get(&format!("/v1/files/{}", id(&facts))).await;
}

#[tokio::test]
async fn a_batch_tells_which_files_could_not_be_read() {
    let bench = Bench::new([]).await;
    let (good, bad) = (upload(&bench, "a.txt", b"words").await, upload(&bench, "a.bin", &[0, 159, 146, 150]).await);
    let store = id(&bench.post("/v1/vector_stores", json!({})).await);
    let path = format!("/v1/vector_stores/{store}/file_batches");
    let batch = bench.post(&path, json!({"file_ids": [id(&good), id(&bad)]})).await;
    assert_eq!((&batch["object"], &batch["status"]), (&json!("vector_store.files_batch"), &json!("in_progress")));
    ready(&bench, &store).await;
    let batch = bench.get(&format!("{path}/{}", id(&batch))).await;
    assert_eq!(batch["status"], "completed");
    assert_eq!(
        batch["file_counts"],
        json!({"in_progress": 0, "completed": 1, "failed": 1, "cancelled": 0, "total": 2})
    );
    let failed = bench.get(&format!("{path}/{}/files?filter=failed", id(&batch))).await;
    assert_eq!(failed["data"][0]["last_error"]["code"], "unsupported_file");
}

#[tokio::test]
async fn a_run_searches_and_cites() {
    let search = calls(&[("x", "file_search", "{\"queries\": [\"capital of Freedonia\"]}")]);
    let answer = vec![text("It is Fredville 【0:0"), text("†facts.md】."), usage(5, 5), ends(Ending::Stop)];
    let bench = Bench::new([search, answer]).await;
    let file = upload(&bench, "facts.md", FACTS.as_bytes()).await;
    let (assistant, _) = bench.ready(json!({"tools": [{"type": "file_search"}]})).await;
    let attached = json!([{"file_id": id(&file), "tools": [{"type": "file_search"}]}]);
    let messages = json!([{"role": "user", "content": "Which capital?", "attachments": attached}]);
    let thread = bench.post("/v1/threads", json!({ "messages": messages })).await;
    let store = thread["tool_resources"]["file_search"]["vector_store_ids"][0].as_str().unwrap().to_owned();
    let made = bench.get(&format!("/v1/vector_stores/{store}")).await;
    assert_eq!(made["expires_after"], json!({"anchor": "last_active_at", "days": 7}));
    let path = format!("/v1/threads/{}/runs", id(&thread));
    let events = bench.stream(&path, json!({"assistant_id": assistant, "stream": true})).await;
    let at = |name: &str| events.iter().position(|event| event.name == name).unwrap();
    let step = &events[at("thread.run.step.completed")].data;
    let result = &step["step_details"]["tool_calls"][0]["file_search"]["results"][0];
    assert_eq!((&result["file_id"], &result["file_name"]), (&file["id"], &json!("facts.md")));
    assert!(result.get("content").is_none(), "texts come only where they are asked for");
    let message = &events[at("thread.message.completed")].data;
    let part = &message["content"][0]["text"];
    assert_eq!(part["value"], "It is Fredville 【0:0†facts.md】.");
    assert_eq!(
        part["annotations"],
        json!([{"type": "file_citation", "text": "【0:0†facts.md】", "start_index": 16, "end_index": 30,
                "file_citation": {"file_id": file["id"]}}])
    );
    assert_eq!(names(&events).last(), Some(&"done"));
    let told = &bench.script.asked()[1].turns[0].calls[0];
    assert!(told.output.contains("【0:0†facts.md】") && told.output.contains("Fredville"));
    let run = events[0].data["id"].as_str().unwrap();
    let include = "include[]=step_details.tool_calls[*].file_search.results[*].content&order=asc";
    let steps = bench.get(&format!("{path}/{run}/steps?{include}")).await;
    let content = &steps["data"][0]["step_details"]["tool_calls"][0]["file_search"]["results"][0]["content"];
    assert!(content[0]["text"].as_str().unwrap().contains("Fredville"));
}

#[tokio::test]
async fn r9_searches_and_functions_in_one_turn() {
    let mut turn = calls(&[("x", "file_search", "{\"queries\": [\"bread\"]}"), ("call_b", "f", "{}")]);
    turn.insert(0, text("Both."));
    let bench = Bench::new([turn, says("Done.")]).await;
    let file = upload(&bench, "bread.txt", OTHER.as_bytes()).await;
    let resources = json!({"file_search": {"vector_stores": [{"file_ids": [id(&file)]}]}});
    let tools = json!([{"type": "file_search"}, {"type": "function", "function": {"name": "f"}}]);
    let (assistant, thread) = bench.ready(json!({"tools": tools, "tool_resources": resources})).await;
    let store =
        bench.get(&format!("/v1/assistants/{assistant}")).await["tool_resources"]["file_search"]["vector_store_ids"][0]
            .as_str()
            .unwrap()
            .to_owned();
    ready(&bench, &store).await;
    let run = bench.run(&thread, json!({"assistant_id": assistant})).await;
    assert_eq!(run["status"], "requires_action");
    let asked = run["required_action"]["submit_tool_outputs"]["tool_calls"].as_array().unwrap();
    assert_eq!(asked.len(), 1);
    let path = format!("/v1/threads/{thread}/runs/{}", run["id"].as_str().unwrap());
    let outputs = json!({"tool_outputs": [{"tool_call_id": "call_b", "output": "ok"}]});
    bench.post(&format!("{path}/submit_tool_outputs"), outputs).await;
    bench.wait(&thread, run["id"].as_str().unwrap(), &["completed"]).await;
    let turn = &bench.script.asked()[1].turns[0];
    assert!(turn.calls[0].output.contains("yeast"));
    assert_eq!((turn.calls[1].output.as_str(), turn.text.as_str()), ("ok", "Both."));
}

#[tokio::test]
async fn attachments_and_resources_must_be_there() {
    let bench = Bench::new([]).await;
    let thread = id(&bench.post("/v1/threads", json!({})).await);
    let path = format!("/v1/threads/{thread}/messages");
    let message = |tools: Value| json!({"role": "user", "content": "x", "attachments": [{"file_id": "file-none", "tools": tools}]});
    let search = json!([{"type": "file_search"}]);
    let error = bench.refused(404, Method::POST, &path, Some(message(search))).await;
    assert_eq!(error["message"], "No file found with id 'file-none'.");
    bench.refused(400, Method::POST, &path, Some(message(json!([])))).await;
    let resources = json!({"file_search": {"vector_store_ids": ["vs_none"]}});
    let body = json!({"model": "m", "tool_resources": resources});
    let error = bench.refused(404, Method::POST, "/v1/assistants", Some(body)).await;
    assert_eq!(error["message"], "No vector store found with id 'vs_none'.");
    let file = upload(&bench, "a.txt", b"x").await;
    let code = json!([{"type": "code_interpreter"}]);
    let attached = json!([{"file_id": id(&file), "tools": code}]);
    bench.post(&path, json!({"role": "user", "content": "x", "attachments": attached})).await;
    let found = bench.get(&format!("/v1/threads/{thread}")).await;
    assert_eq!(found["tool_resources"], json!({"code_interpreter": {"file_ids": [file["id"]]}}));
    bench.delete(&format!("/v1/files/{}", id(&file))).await;
    let found = bench.get(&format!("/v1/threads/{thread}")).await;
    assert_eq!(found["tool_resources"], json!({"code_interpreter": {"file_ids": []}}));
}

#[tokio::test]
async fn an_expired_store_fails_the_run() {
    let folder = std::env::temp_dir().join(format!("threadline-expiry-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("engine.db");
    let bench = Bench::on(&format!("sqlite:{}", path.display()), Settings::default(), [says("never")]).await;
    let store = id(&bench.post("/v1/vector_stores", json!({})).await);
    let resources = json!({"file_search": {"vector_store_ids": [store]}});
    let (assistant, thread) =
        bench.ready(json!({"tools": [{"type": "file_search"}], "tool_resources": resources})).await;
    let after = json!({"expires_after": {"anchor": "last_active_at", "days": 1}});
    bench.post(&format!("/v1/vector_stores/{store}"), after).await;
    // A day passes.
    let database = rusqlite::Connection::open(&path).unwrap();
    database.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    let aged = "update vector_stores set expires_at = 1, body = json_set(body, '$.expires_at', 1)";
    assert_eq!(database.execute(aged, []).unwrap(), 1);
    let run = bench.run(&thread, json!({"assistant_id": assistant})).await;
    assert_eq!((&run["status"], &run["last_error"]["code"]), (&json!("failed"), &json!("server_error")));
    assert_eq!(run["last_error"]["message"], format!("Vector store '{store}' has expired"));
    assert_eq!(bench.get(&format!("/v1/vector_stores/{store}")).await["status"], "expired");
    assert!(bench.script.asked().is_empty());
    drop((bench, database));
    std::fs::remove_dir_all(&folder).unwrap();
}
