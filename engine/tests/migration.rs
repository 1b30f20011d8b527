//! Stores that older versions wrote go on in this one, and stores of newer ones are left alone.

#![allow(clippy::unwrap_used)]

mod support;

use http::Method;
use serde_json::json;
use support::store::Shared;
use support::{Bench, calls, id, names, says};
use threadline_engine::{Engine, Settings};

/// A key that the store of version 1 knows.
const KEY: &str = "tl-SwrFY11eCgEadCJyH8vJcntD";

/// A store as version 1 left it.
async fn version_1() -> Shared {
    let store = Shared::new().await;
    let text = include_str!("fixtures/version-1.sql");
    let (before, after) = if store.url.starts_with("sqlite:") { ("X'", "'") } else { ("'\\x", "'::bytea") };
    for statement in text.lines().filter(|line| !line.starts_with("--")) {
        let mut whole = String::new();
        let mut rest = statement;
        while let Some((head, tail)) = rest.split_once("{hex:") {
            let (bytes, tail) = tail.split_once('}').unwrap();
            whole.push_str(&format!("{head}{before}{bytes}{after}"));
            rest = tail;
        }
        whole.push_str(rest);
        store.sql(&whole).await;
    }
    store
}

#[tokio::test]
async fn a_store_of_version_1_goes_on() {
    let store = version_1().await;
    let search = calls(&[("s", "file_search", "{\"queries\": [\"capital of Freedonia\"]}")]);
    let late = "insert into files (id, tenant, seq, purpose, body) select 'file-late', tenant, seq + 1, purpose, body from files";
    store.sql(late).await;
    store.edit("files", "file-late", |file| file["expires_at"] = json!(5)).await;
    let bench = Bench::on(&store.url, Settings::default(), [says("Sunny."), search, says("Fredville.")]).await;
    // Version 2 knows when a file's time is over.
    assert_eq!(store.sql("select version from engine_version").await, [["2"]]);
    bench.refused(404, Method::GET, "/v1/files/file-late", None).await;
    let assistant = bench.get("/v1/assistants/asst_ofVersion1").await;
    assert_eq!((&assistant["name"], &assistant["temperature"]), (&json!("Größe"), &json!(0.5)));
    let done = bench.get("/v1/threads/thread_done").await;
    assert_eq!(done["metadata"], json!({"t": "1"}));
    let messages = bench.messages("thread_done", 2).await;
    let texts: Vec<&str> =
        messages.iter().map(|message| message["content"][0]["text"]["value"].as_str().unwrap()).collect();
    assert_eq!(texts, ["Hello from version 1.", "Hi 👋"]);
    let run = bench.get("/v1/threads/thread_done/runs/run_done").await;
    assert_eq!((&run["status"], &run["usage"]["total_tokens"]), (&json!("completed"), &json!(16)));
    let events = bench.follow("/v1/threads/thread_done/runs/run_done/events").await;
    assert_eq!(names(&events)[events.len() - 2..], ["thread.run.completed", "done"]);
    // A run that waited for its outputs still does.
    let waiting = bench.get("/v1/threads/thread_waiting/runs/run_waiting").await;
    assert_eq!(waiting["status"], "requires_action");
    let message = json!({"role": "user", "content": "x"});
    bench.refused(400, Method::POST, "/v1/threads/thread_waiting/messages", Some(message)).await;
    bench.answer("thread_waiting", "run_waiting", &[("call_weather", "sunny")]).await;
    let ended = bench.wait("thread_waiting", "run_waiting", &["completed"]).await;
    assert_eq!(ended["usage"]["total_tokens"], 16 + 15);
    assert_eq!(bench.script.asked()[0].turns[0].calls[0].output, "sunny");
    // Files and what was read of them are there.
    let found = bench.post("/v1/vector_stores/vs_facts/search", json!({"query": "capital"})).await;
    assert_eq!(found["data"][0]["filename"], "facts.md");
    let content = bench.send(Method::GET, "/v1/files/file-facts/content", None).await;
    let content = http_body_util::BodyExt::collect(content.into_body()).await.unwrap().to_bytes();
    assert_eq!(content, "The capital of Freedonia is Fredville, größer than Blueflow.\n".as_bytes());
    let run = bench.run("thread_done", json!({"assistant_id": "asst_ofVersion1"})).await;
    assert_eq!(run["status"], "completed");
    let steps = bench.steps("thread_done", &id(&run)).await;
    assert_eq!(steps[0]["step_details"]["tool_calls"][0]["file_search"]["results"][0]["file_id"], "file-facts");
    assert_eq!(bench.messages("thread_done", 3).await.len(), 3);
}

#[tokio::test]
async fn keys_of_version_1_open_this_one() {
    let store = version_1().await;
    let bench = Bench::on(&store.url, Settings::default(), []).await;
    let names: Vec<String> = bench.engine.keys().await.unwrap().into_iter().map(|key| key.name).collect();
    assert_eq!(names, ["app"]);
    let hash = store.sql("select hash from api_keys").await.remove(0).remove(0);
    let digest = <sha2::Sha256 as sha2::Digest>::digest(KEY.as_bytes());
    assert_eq!(hash, digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
}

#[tokio::test]
async fn a_store_of_a_newer_version_is_left_alone() {
    let store = version_1().await;
    store.sql("update engine_version set version = 999").await;
    let before = store.sql("select count(*) from runs").await;
    let refused = Engine::open(&store.url, support::Script::default(), Settings::default()).await.unwrap_err();
    let said = refused.to_string();
    assert!(said.contains("version 999") && said.contains("use a newer one"), "{said}");
    assert_eq!(store.sql("select version from engine_version").await, [["999"]]);
    assert_eq!(store.sql("select count(*) from runs").await, before);
}

#[tokio::test]
async fn servers_that_start_at_once_make_one_set_of_tables() {
    let store = Shared::new().await;
    let open = || Engine::open(&store.url, support::Script::default(), Settings::default());
    let (a, b, c) = tokio::join!(open(), open(), open());
    for engine in [a, b, c] {
        engine.unwrap();
    }
    let versions: Vec<Vec<String>> = store.sql("select count(*) from engine_version").await;
    assert_eq!(versions, [["1"]]);
}
