//! Attachments, tool resources, files and vector stores: sections 16 and 19.

use http::Method;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use threadline_engine::Settings;

use crate::support::store::Shared;
use crate::support::{Bench, id, says};

fn attached(file: &str, tools: &[&str]) -> Value {
    let tools: Vec<Value> = tools.iter().map(|tool| json!({ "type": tool })).collect();
    json!({"role": "user", "content": "x", "attachments": [{"file_id": file, "tools": tools}]})
}

fn stores(object: &Value) -> Vec<String> {
    let found = object["tool_resources"]["file_search"]["vector_store_ids"].as_array();
    found.into_iter().flatten().map(|store| store.as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn attached_files_join_the_threads_own_store() {
    let bench = Bench::new([]).await;
    let files = [id(&bench.upload("a.txt", b"a").await), id(&bench.upload("b.txt", b"b").await)];
    let thread = bench.post("/v1/threads", json!({"messages": [attached(&files[0], &["file_search"])]})).await;
    let [store] = stores(&thread).try_into().unwrap();
    let made = bench.get(&format!("/v1/vector_stores/{store}")).await;
    assert_eq!(made["expires_after"], json!({"anchor": "last_active_at", "days": 7}));
    let path = format!("/v1/threads/{}", id(&thread));
    let message =
        bench.post(&format!("{path}/messages"), attached(&files[1], &["file_search", "code_interpreter"])).await;
    assert_eq!(
        message["attachments"],
        json!([{"file_id": files[1], "tools": [{"type": "file_search"}, {"type": "code_interpreter"}]}])
    );
    let thread = bench.get(&path).await;
    assert_eq!(stores(&thread), std::slice::from_ref(&store), "the same store");
    assert_eq!(thread["tool_resources"]["code_interpreter"]["file_ids"], json!([files[1]]));
    bench.post(&format!("{path}/messages"), attached(&files[1], &["code_interpreter"])).await;
    let thread = bench.get(&path).await;
    assert_eq!(thread["tool_resources"]["code_interpreter"]["file_ids"], json!([files[1]]), "no doubles");
    assert_eq!(bench.indexed(&store).await["file_counts"]["completed"], 2);
}

#[tokio::test]
async fn attachments_come_with_everything_that_makes_messages() {
    let bench = Bench::new([says("x"), says("y")]).await;
    let file = id(&bench.upload("a.txt", b"a").await);
    let (assistant, thread) = bench.ready(json!({})).await;
    let thread_of = |run: Value| async move { run["thread_id"].as_str().unwrap().to_owned() };
    let more = json!({"assistant_id": assistant, "additional_messages": [attached(&file, &["file_search"])]});
    let first = thread_of(bench.run(&thread, more).await).await;
    let both = json!({"assistant_id": assistant, "thread": {"messages": [attached(&file, &["file_search"])]}});
    let second = thread_of(bench.post("/v1/threads/runs", both).await).await;
    for thread in [first, second] {
        assert_eq!(stores(&bench.get(&format!("/v1/threads/{thread}")).await).len(), 1);
    }
}

#[tokio::test]
async fn what_is_referred_to_must_be_there() {
    let bench = Bench::new([]).await;
    let (_, thread) = bench.ready(json!({})).await;
    let path = format!("/v1/threads/{thread}/messages");
    let error = bench.refused(404, Method::POST, &path, Some(attached("file-none", &["file_search"]))).await;
    assert_eq!(error["message"], "No file found with id 'file-none'.");
    let file = id(&bench.upload("a.txt", b"a").await);
    bench.refused(400, Method::POST, &path, Some(attached(&file, &[]))).await;
    bench.refused(400, Method::POST, &path, Some(attached(&file, &["web_search"]))).await;
    let bare = json!({"role": "user", "content": "x", "attachments": [{"file_id": file}]});
    bench.refused(400, Method::POST, &path, Some(bare)).await;
    let absent = json!({"file_search": {"vector_store_ids": ["vs_none"]}});
    let error = bench.refused(404, Method::POST, "/v1/threads", Some(json!({ "tool_resources": absent }))).await;
    assert_eq!(error["message"], "No vector store found with id 'vs_none'.");
    let absent = json!({"code_interpreter": {"file_ids": ["file-none"]}});
    bench.refused(404, Method::POST, "/v1/assistants", Some(json!({"model": "m", "tool_resources": absent}))).await;
    let absent = json!({"file_search": {"vector_stores": [{"file_ids": ["file-none"]}]}});
    bench.refused(404, Method::POST, "/v1/threads", Some(json!({ "tool_resources": absent }))).await;
    assert_eq!(bench.get("/v1/vector_stores").await["data"], json!([]), "nothing is left of what was refused");
}

#[tokio::test]
async fn stores_are_made_on_the_way() {
    let bench = Bench::new([says("x")]).await;
    let file = id(&bench.upload("a.txt", b"a").await);
    let chunks = json!({"type": "static", "static": {"max_chunk_size_tokens": 200, "chunk_overlap_tokens": 50}});
    let new = json!({"file_search": {"vector_stores": [
        {"file_ids": [file], "chunking_strategy": chunks, "metadata": {"a": "b"}}]}});
    let assistant = bench.post("/v1/assistants", json!({"model": "m", "tool_resources": new})).await;
    let thread = bench.post("/v1/threads", json!({ "tool_resources": new })).await;
    let both = json!({"assistant_id": id(&assistant), "thread": {"tool_resources": new}});
    let run = bench.post("/v1/threads/runs", both).await;
    let other = bench.get(&format!("/v1/threads/{}", run["thread_id"].as_str().unwrap())).await;
    let week = json!({"anchor": "last_active_at", "days": 7});
    for (owner, expiry) in [(assistant, Value::Null), (thread, week.clone()), (other, week)] {
        let [store] = stores(&owner).try_into().unwrap();
        assert!(owner["tool_resources"]["file_search"].get("vector_stores").is_none());
        let made = bench.get(&format!("/v1/vector_stores/{store}")).await;
        assert_eq!((&made["metadata"], &made["expires_after"]), (&json!({"a": "b"}), &expiry));
        let entry = bench.get(&format!("/v1/vector_stores/{store}/files/{file}")).await;
        assert_eq!(entry["chunking_strategy"], chunks);
    }
}

#[tokio::test]
async fn files_are_kept_as_they_are() {
    let bench = Bench::new([]).await;
    let bytes: Vec<u8> = (0..3_000_000u32).map(|i| (i % 251) as u8).collect();
    for purpose in ["assistants", "batch", "fine-tune", "vision", "user_data", "evals"] {
        let (status, file) =
            bench.upload_form(&[("purpose", None, purpose.as_bytes()), ("file", Some("größe.bin"), &bytes)]).await;
        assert_eq!(status, 200);
        let expected = json!({
            "id": id(&file), "object": "file", "bytes": 3_000_000, "created_at": file["created_at"],
            "filename": "größe.bin", "purpose": purpose, "status": "processed", "status_details": null
        });
        assert_eq!(file, expected);
        assert_eq!(bench.get(&format!("/v1/files/{}", id(&file))).await, expected);
        assert_eq!(bench.get(&format!("/v1/files?purpose={purpose}")).await["data"], json!([expected]));
        let reply = bench.send(Method::GET, &format!("/v1/files/{}/content", id(&file)), None).await;
        assert_eq!(reply.headers()["content-length"], "3000000");
        assert_eq!(reply.into_body().collect().await.unwrap().to_bytes(), bytes);
    }
    let expiring: &[(&str, Option<&str>, &[u8])] = &[
        ("file", Some("a.txt"), b"x"),
        ("purpose", None, b"user_data"),
        ("expires_after[anchor]", None, b"created_at"),
        ("expires_after[seconds]", None, b"3600"),
    ];
    let (_, file) = bench.upload_form(expiring).await;
    assert_eq!(file["expires_at"].as_i64().unwrap(), file["created_at"].as_i64().unwrap() + 3600);
}

#[tokio::test]
async fn a_file_goes_when_its_time_is_over() {
    let shared = Shared::new().await;
    let bench = Bench::on(&shared.url, Settings::default(), []).await;
    let expiring: &[(&str, Option<&str>, &[u8])] = &[
        ("file", Some("a.txt"), b"The ferry leaves at noon."),
        ("purpose", None, b"assistants"),
        ("expires_after[anchor]", None, b"created_at"),
        ("expires_after[seconds]", None, b"3600"),
    ];
    let (_, file) = bench.upload_form(expiring).await;
    let stays = id(&bench.upload("b.txt", b"stays").await);
    let store = id(&bench.post("/v1/vector_stores", json!({"file_ids": [id(&file)]})).await);
    bench.indexed(&store).await;
    let path = format!("/v1/files/{}", id(&file));
    assert_eq!(bench.get(&path).await, file);
    shared.sql(&format!("update files set expires_at = 5 where id = '{}'", id(&file))).await;
    for (method, path) in
        [(Method::GET, path.clone()), (Method::GET, format!("{path}/content")), (Method::DELETE, path)]
    {
        bench.refused(404, method, &path, None).await;
    }
    let listed = bench.get("/v1/files").await;
    assert_eq!((listed["data"].as_array().unwrap().len(), &listed["first_id"]), (1, &json!(stays)));
    // Its content goes with the next look around, and what was read of it.
    while shared.sql("select count(*) from file_parts").await != [["1"]] {
        tokio::task::yield_now().await;
    }
    let left = bench.get(&format!("/v1/vector_stores/{store}")).await;
    assert_eq!((&left["file_counts"]["total"], &left["usage_bytes"]), (&json!(0), &json!(0)));
    assert_eq!(shared.sql("select count(*) from chunks").await, [["0"]]);
}

#[tokio::test]
async fn uploads_that_make_no_sense_are_refused() {
    let bench = Bench::new([]).await;
    let file: (&str, Option<&str>, &[u8]) = ("file", Some("a.txt"), b"x");
    let purpose: (&str, Option<&str>, &[u8]) = ("purpose", None, b"assistants");
    let long = vec![b'x'; 100_000];
    for (form, param) in [
        (vec![file], json!("purpose")),
        (vec![purpose], json!("file")),
        (vec![file, ("purpose", None, b"assistants_output")], json!("purpose")),
        (vec![file, purpose, ("foo", None, b"x")], json!("foo")),
        (vec![file, file, purpose], Value::Null),
        (vec![file, ("purpose", None, &long)], Value::Null),
        (vec![file, ("purpose", None, &[0xff])], Value::Null),
        (vec![file, purpose, ("expires_after[seconds]", None, b"soon")], json!("expires_after[seconds]")),
        (
            vec![file, purpose, ("expires_after[seconds]", None, b"9223372036854775807")],
            json!("expires_after[seconds]"),
        ),
        (vec![file, purpose, ("expires_after[anchor]", None, b"now")], json!("expires_after[anchor]")),
        (vec![file, purpose, ("expires_after[anchor]", None, b"created_at")], json!("expires_after[seconds]")),
        (vec![file, purpose, ("expires_after[seconds]", None, b"3600")], json!("expires_after[anchor]")),
    ] {
        let (status, answer) = bench.upload_form(&form).await;
        assert_eq!((status.as_u16(), &answer["error"]["param"]), (400, &param), "{answer}");
    }
    assert_eq!(bench.get("/v1/files").await["data"], json!([]));
}

#[tokio::test]
async fn a_deleted_file_is_gone_from_everywhere() {
    let bench = Bench::new([]).await;
    let file = id(&bench.upload("a.txt", b"some words").await);
    let store = id(&bench.post("/v1/vector_stores", json!({"file_ids": [file]})).await);
    bench.indexed(&store).await;
    let resources = json!({"code_interpreter": {"file_ids": [file]}});
    let assistant = id(&bench.post("/v1/assistants", json!({"model": "m", "tool_resources": resources})).await);
    let thread = id(&bench.post("/v1/threads", json!({ "tool_resources": resources })).await);
    assert_eq!(
        bench.delete(&format!("/v1/files/{file}")).await,
        json!({"id": file, "object": "file", "deleted": true})
    );
    for path in [format!("/v1/assistants/{assistant}"), format!("/v1/threads/{thread}")] {
        assert_eq!(bench.get(&path).await["tool_resources"]["code_interpreter"]["file_ids"], json!([]));
    }
    assert_eq!(bench.get(&format!("/v1/vector_stores/{store}/files")).await["data"], json!([]));
    let found = bench.post(&format!("/v1/vector_stores/{store}/search"), json!({"query": "words"})).await;
    assert_eq!(found["data"], json!([]));
    bench.refused(404, Method::GET, &format!("/v1/files/{file}/content"), None).await;
}

#[tokio::test]
async fn a_vector_store_lives_its_life() {
    let store = Shared::new().await;
    let bench = Bench::on(&store.url, Settings::default(), []).await;
    let after = json!({"anchor": "last_active_at", "days": 3});
    let file = id(&bench.upload("a.txt", b"x").await);
    let made = json!({"name": "n", "metadata": {"a": "b"}, "expires_after": after, "file_ids": [file]});
    let made = bench.post("/v1/vector_stores", made).await;
    let created = made["created_at"].as_i64().unwrap();
    let counts = |waiting: i64, done: i64| json!({"in_progress": waiting, "completed": done, "failed": 0, "cancelled": 0, "total": waiting + done});
    let expected = json!({
        "id": id(&made), "object": "vector_store", "created_at": created, "name": "n", "usage_bytes": 0,
        "file_counts": counts(1, 0), "status": "in_progress", "expires_after": after, "expires_at": created + 3 * 86_400,
        "last_active_at": created, "metadata": {"a": "b"}
    });
    assert_eq!(made, expected);
    let path = format!("/v1/vector_stores/{}", id(&made));
    let done = bench.indexed(&id(&made)).await;
    assert_eq!(
        (&done["status"], &done["file_counts"], &done["usage_bytes"]),
        (&json!("completed"), &counts(0, 1), &json!(1))
    );
    assert_eq!(bench.get("/v1/vector_stores").await["data"][0], done);
    let changed = bench.post(&path, json!({"name": null, "expires_after": null, "metadata": {"c": "d"}})).await;
    assert_eq!(
        (&changed["name"], &changed["expires_after"], &changed["expires_at"], &changed["metadata"]),
        (&Value::Null, &Value::Null, &Value::Null, &json!({"c": "d"}))
    );
    let kept = bench.post(&path, json!({"expires_after": after})).await;
    assert_eq!((&kept["metadata"], &kept["expires_after"]), (&json!({"c": "d"}), &after));
    store.edit("vector_stores", &id(&made), |store| store["expires_at"] = json!(5)).await;
    assert_eq!(bench.get(&path).await["status"], "expired");
    let error = bench.refused(400, Method::POST, &format!("{path}/search"), Some(json!({"query": "x"}))).await;
    assert_eq!(error["message"], format!("Vector store '{}' has expired", id(&made)));
    let gone = bench.delete(&path).await;
    assert_eq!(gone, json!({"id": id(&made), "object": "vector_store.deleted", "deleted": true}));
    bench.refused(404, Method::GET, &path, None).await;
    bench.refused(404, Method::GET, &format!("{path}/files"), None).await;
    bench.get(&format!("/v1/files/{file}")).await;
}

#[tokio::test]
async fn files_of_a_store_tell_how_far_they_are() {
    let bench = Bench::new([]).await;
    let file = id(&bench.upload("a.txt", b"some words").await);
    let store = id(&bench.post("/v1/vector_stores", json!({})).await);
    let path = format!("/v1/vector_stores/{store}/files");
    let attributes = json!({"a": "b", "n": 1.5, "y": true});
    let added = bench.post(&path, json!({"file_id": file, "attributes": attributes})).await;
    let mut expected = json!({
        "id": file, "object": "vector_store.file", "usage_bytes": 0, "created_at": added["created_at"],
        "vector_store_id": store, "status": "in_progress", "last_error": null,
        "chunking_strategy": {"type": "static", "static": {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400}},
        "attributes": attributes
    });
    assert_eq!(added, expected);
    bench.indexed(&store).await;
    (expected["status"], expected["usage_bytes"]) = (json!("completed"), json!(10));
    assert_eq!(bench.get(&format!("{path}/{file}")).await, expected);
    expected["attributes"] = json!({"c": "d"});
    assert_eq!(bench.post(&format!("{path}/{file}"), json!({"attributes": {"c": "d"}})).await, expected);
    assert_eq!(bench.get(&format!("{path}?filter=completed")).await["data"], json!([expected]));
    assert_eq!(bench.get(&format!("{path}?filter=failed")).await["data"], json!([]));
    bench.refused(400, Method::GET, &format!("{path}?filter=lost"), None).await;
    let content = bench.get(&format!("{path}/{file}/content")).await;
    assert_eq!(content["data"], json!([{"type": "text", "text": "some words"}]));
    let gone = bench.delete(&format!("{path}/{file}")).await;
    assert_eq!(gone, json!({"id": file, "object": "vector_store.file.deleted", "deleted": true}));
    bench.refused(404, Method::GET, &format!("{path}/{file}"), None).await;
    bench.get(&format!("/v1/files/{file}")).await;
    assert_eq!(bench.get(&format!("/v1/vector_stores/{store}")).await["usage_bytes"], 0);
    bench.refused(404, Method::POST, &path, Some(json!({"file_id": "file-none"}))).await;
}

#[tokio::test]
async fn what_cannot_be_read_fails_with_its_reason() {
    let bench = Bench::new([]).await;
    let wide: Vec<u8> = [0xfeffu16].into_iter().chain("Grüße".encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let files: [(&str, &[u8], &str); 6] = [
        ("plain.txt", b"words", ""),
        ("wide.txt", &wide, ""),
        ("noname", b"words", ""),
        ("broken.txt", &[0xff, 0x00, 0x80], "invalid_file"),
        ("picture.png", b"\x89PNG\r\n\x1a\n", "unsupported_file"),
        ("data.bin", &[0, 159, 146, 150], "unsupported_file"),
    ];
    let mut ids = Vec::new();
    for (name, bytes, _) in &files {
        ids.push(id(&bench.upload(name, bytes).await));
    }
    let store = id(&bench.post("/v1/vector_stores", json!({ "file_ids": ids })).await);
    let counts = bench.indexed(&store).await["file_counts"].clone();
    assert_eq!((&counts["completed"], &counts["failed"]), (&json!(3), &json!(3)));
    for ((name, _, code), file) in files.iter().zip(&ids) {
        let entry = bench.get(&format!("/v1/vector_stores/{store}/files/{file}")).await;
        if code.is_empty() {
            assert_eq!((&entry["status"], &entry["last_error"]), (&json!("completed"), &Value::Null), "{name}");
        } else {
            assert_eq!((&entry["status"], &entry["last_error"]["code"]), (&json!("failed"), &json!(code)), "{name}");
            assert!(!entry["last_error"]["message"].as_str().unwrap().is_empty());
        }
    }
}

#[tokio::test]
async fn batches_count_their_files_and_can_be_stopped() {
    let bench = Bench::new([]).await;
    let mut files = Vec::new();
    for number in 0..3 {
        files.push(id(&bench.upload(&format!("{number}.txt"), b"words").await));
    }
    let store = id(&bench.post("/v1/vector_stores", json!({})).await);
    let path = format!("/v1/vector_stores/{store}/file_batches");
    let batch = bench.post(&path, json!({"file_ids": files, "attributes": {"a": "b"}})).await;
    let counts = json!({"in_progress": 3, "completed": 0, "failed": 0, "cancelled": 0, "total": 3});
    assert_eq!(
        batch,
        json!({"id": id(&batch), "object": "vector_store.files_batch", "created_at": batch["created_at"],
               "vector_store_id": store, "status": "in_progress", "file_counts": counts})
    );
    bench.indexed(&store).await;
    let done = bench.get(&format!("{path}/{}", id(&batch))).await;
    assert_eq!((&done["status"], &done["file_counts"]["completed"]), (&json!("completed"), &json!(3)));
    let listed = bench.get(&format!("{path}/{}/files", id(&batch))).await;
    assert_eq!(listed["data"][0]["attributes"], json!({"a": "b"}));
    // Who adds a file that is there already finds it counted, and with what it was given last.
    let each = json!({"files": [{"file_id": files[0], "attributes": {"own": 1}}]});
    let again = bench.post(&path, each).await;
    assert_eq!((&again["status"], &again["file_counts"]["completed"]), (&json!("completed"), &json!(1)));
    let listed = bench.get(&format!("{path}/{}/files", id(&again))).await;
    assert_eq!((&listed["data"][0]["id"], &listed["data"][0]["attributes"]), (&json!(files[0]), &json!({"own": 1})));
    assert_eq!(bench.get(&format!("/v1/vector_stores/{store}")).await["file_counts"]["total"], 3);
    bench.refused(400, Method::POST, &path, Some(json!({}))).await;
    bench.refused(404, Method::POST, &path, Some(json!({"file_ids": ["file-none"]}))).await;
    // A batch that is over stays as it is; one that is not is stopped where it stands.
    let same = bench.post(&format!("{path}/{}/cancel", id(&batch)), json!({})).await;
    assert_eq!(same["status"], "completed");
    let many: Vec<String> = {
        let mut many = Vec::new();
        for number in 0..20 {
            many.push(id(&bench.upload(&format!("m{number}.txt"), "words ".repeat(2000).as_bytes()).await));
        }
        many
    };
    let batch = id(&bench.post(&path, json!({ "file_ids": many })).await);
    let stopped = bench.post(&format!("{path}/{batch}/cancel"), json!({})).await;
    let counts = &stopped["file_counts"];
    assert_eq!((&counts["in_progress"], &counts["total"]), (&json!(0), &json!(20)));
    assert!(counts["cancelled"].as_i64().unwrap() > 0 && stopped["status"] == "cancelled");
    let count = counts["cancelled"].clone();
    bench.indexed(&store).await;
    assert_eq!(bench.get(&format!("{path}/{batch}")).await["file_counts"]["cancelled"], count);
    // What was not read is read when it is added once more.
    let batch = id(&bench.post(&path, json!({ "file_ids": many })).await);
    bench.indexed(&store).await;
    assert_eq!(bench.get(&format!("{path}/{batch}")).await["file_counts"]["completed"], 20);
}

#[tokio::test]
async fn a_search_in_a_store_has_its_shape() {
    let bench = Bench::new([]).await;
    let facts = id(&bench.upload("facts.md", b"The capital of Freedonia is Fredville.").await);
    let bread = id(&bench.upload("bread.md", b"Bread needs flour and water.").await);
    let store = id(&bench.post("/v1/vector_stores", json!({})).await);
    let path = format!("/v1/vector_stores/{store}");
    bench.post(&format!("{path}/files"), json!({"file_id": facts, "attributes": {"year": 2020, "kind": "fact"}})).await;
    bench.post(&format!("{path}/files"), json!({"file_id": bread, "attributes": {"year": 2024}})).await;
    bench.indexed(&store).await;
    let search = |body: Value| {
        let (bench, path) = (&bench, format!("{path}/search"));
        async move { bench.post(&path, body).await }
    };
    let found = search(json!({"query": "capital", "rewrite_query": true})).await;
    let score = found["data"][0]["score"].as_f64().unwrap();
    assert!(score > 0.0 && score <= 1.0);
    assert_eq!(
        found,
        json!({"object": "vector_store.search_results.page", "search_query": ["capital"], "data": [
            {"file_id": facts, "filename": "facts.md", "score": score, "attributes": {"year": 2020, "kind": "fact"},
             "content": [{"type": "text", "text": "The capital of Freedonia is Fredville."}]}],
            "has_more": false, "next_page": null})
    );
    let names = |found: Value| -> Vec<String> {
        found["data"].as_array().unwrap().iter().map(|one| one["filename"].as_str().unwrap().to_owned()).collect()
    };
    let both = json!(["capital", "bread"]);
    assert_eq!(names(search(json!({"query": both})).await).len(), 2);
    assert_eq!(names(search(json!({"query": both, "max_num_results": 1})).await).len(), 1);
    assert!(names(search(json!({"query": both, "ranking_options": {"score_threshold": 1}})).await).is_empty());
    let filtered = |filter: Value| {
        let body = json!({"query": both, "filters": filter});
        let search = &search;
        async move { names(search(body).await) }
    };
    let one = |kind: &str, value: Value| json!({"type": kind, "key": "year", "value": value});
    for (filter, expected) in [
        (one("eq", json!(2020)), vec!["facts.md"]),
        (one("ne", json!(2020)), vec!["bread.md"]),
        (one("gt", json!(2020)), vec!["bread.md"]),
        (one("gte", json!(2024)), vec!["bread.md"]),
        (one("lt", json!(2024)), vec!["facts.md"]),
        (one("lte", json!(2020)), vec!["facts.md"]),
        (one("in", json!([1, 2020])), vec!["facts.md"]),
        (one("nin", json!([2020])), vec!["bread.md"]),
        (json!({"type": "and", "filters": [one("gt", json!(2000)), one("lt", json!(2021))]}), vec!["facts.md"]),
        (json!({"type": "or", "filters": [one("eq", json!(1)), one("eq", json!(2024))]}), vec!["bread.md"]),
    ] {
        assert_eq!(filtered(filter.clone()).await, expected, "{filter}");
    }
}

#[tokio::test]
async fn documents_are_read_for_what_they_say() {
    let bench = Bench::new([]).await;
    let page = b"<html><head><style>p {}</style></head><body><p>The river is the <b>Blueflow</b>.</p></body></html>";
    let files: [(&str, &[u8], Option<&str>); 5] = [
        ("facts.html", page, None),
        ("facts.pdf", include_bytes!("../fixtures/facts.pdf"), None),
        ("facts.docx", include_bytes!("../fixtures/facts.docx"), None),
        ("broken.pdf", b"%PDF-1.7 and nothing", Some("The PDF is damaged.")),
        ("broken.docx", b"PK and nothing", Some("The file is not a DOCX document.")),
    ];
    let mut ids = Vec::new();
    for (name, bytes, _) in &files {
        ids.push(id(&bench.upload(name, bytes).await));
    }
    let store = id(&bench.post("/v1/vector_stores", json!({ "file_ids": ids })).await);
    bench.indexed(&store).await;
    for ((name, _, refused), file) in files.iter().zip(&ids) {
        let entry = bench.get(&format!("/v1/vector_stores/{store}/files/{file}")).await;
        match refused {
            None => assert_eq!(entry["status"], "completed", "{name}: {entry}"),
            Some(message) => {
                let expected = json!({"code": "invalid_file", "message": message});
                assert_eq!((&entry["status"], &entry["last_error"]), (&json!("failed"), &expected), "{name}");
            }
        }
    }
    let search = format!("/v1/vector_stores/{store}/search");
    for (query, name) in [("river", "facts.html"), ("capital", "facts.pdf"), ("mountain", "facts.docx")] {
        let found = bench.post(&search, json!({"query": query})).await;
        assert_eq!(found["data"][0]["filename"], name, "{found}");
    }
}
