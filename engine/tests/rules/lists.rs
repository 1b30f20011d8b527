//! Lists of every kind: section 4.

use http::Method;
use serde_json::{Value, json};

use crate::support::{Bench, calls, function, id, says};

fn ids(list: &Value) -> Vec<String> {
    list["data"].as_array().unwrap().iter().map(id).collect()
}

/// Checks a list of five objects, oldest first, at this path.
async fn check(bench: &Bench, path: &str, made: &[String], most: i64) {
    assert_eq!(made.len(), 5, "{path}");
    let sign = if path.contains('?') { '&' } else { '?' };
    let get = |query: String| async move { bench.get(&format!("{path}{sign}{query}")).await };
    let newest: Vec<String> = made.iter().rev().cloned().collect();
    let all = get("limit=100".into()).await;
    assert_eq!(ids(&all), newest, "newest first: {path}");
    assert_eq!((&all["object"], &all["has_more"]), (&json!("list"), &json!(false)));
    assert_eq!((&all["first_id"], &all["last_id"]), (&json!(newest[0]), &json!(newest[4])));
    assert_eq!(ids(&get("order=asc".into()).await), made);
    let page = get("limit=2".into()).await;
    assert_eq!((ids(&page), &page["has_more"]), (newest[..2].to_vec(), &json!(true)));
    let page = get(format!("limit=2&after={}", newest[1])).await;
    assert_eq!((ids(&page), &page["has_more"]), (newest[2..4].to_vec(), &json!(true)));
    let page = get(format!("limit=2&after={}", newest[3])).await;
    assert_eq!((ids(&page), &page["has_more"]), (newest[4..].to_vec(), &json!(false)));
    let page = get(format!("after={}", newest[4])).await;
    let none = json!({"object": "list", "first_id": null, "last_id": null, "has_more": false, "data": []});
    assert_eq!(page, none);
    assert_eq!(ids(&get(format!("before={}", newest[2])).await), newest[..2]);
    assert_eq!(ids(&get(format!("before={}&limit=1", newest[1])).await), newest[..1]);
    assert_eq!(ids(&get(format!("before={}&limit=2", newest[4])).await), newest[..2], "the first of those listed");
    assert_eq!(ids(&get(format!("order=asc&before={}", made[2])).await), made[..2]);
    assert_eq!(ids(&get(format!("after={}&before={}", newest[0], newest[4])).await), newest[1..4]);
    for (query, code) in [
        ("limit=0".to_owned(), "integer_below_min_value"),
        (format!("limit={}", most + 1), "integer_above_max_value"),
        ("limit=ten".to_owned(), "invalid_type"),
        ("order=newest".to_owned(), "invalid_value"),
    ] {
        let error = bench.refused(400, Method::GET, &format!("{path}{sign}{query}"), None).await;
        assert_eq!(error["code"], code, "{path}");
    }
    get(format!("limit={most}")).await;
    for cursor in ["after", "before"] {
        bench.refused(404, Method::GET, &format!("{path}{sign}{cursor}=none"), None).await;
    }
}

#[tokio::test]
async fn assistants_are_listed() {
    let bench = Bench::new([]).await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(id(&bench.post("/v1/assistants", json!({"model": "m"})).await));
    }
    check(&bench, "/v1/assistants", &made, 100).await;
}

#[tokio::test]
async fn messages_are_listed() {
    let bench = Bench::new([]).await;
    let thread = id(&bench.post("/v1/threads", json!({})).await);
    let path = format!("/v1/threads/{thread}/messages");
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(id(&bench.post(&path, json!({"role": "user", "content": "x"})).await));
    }
    check(&bench, &path, &made, 100).await;
    let other = id(&bench.post("/v1/threads", json!({})).await);
    let error = bench.refused(404, Method::GET, &format!("/v1/threads/{other}/messages?after={}", made[0]), None).await;
    assert_eq!(error["message"], format!("No message found with id '{}'.", made[0]), "a cursor of another thread");
}

#[tokio::test]
async fn runs_and_their_steps_are_listed() {
    let mut turns = vec![says("1"), says("2"), says("3"), says("4")];
    turns.extend((0..4).map(|call| calls(&[(["a", "b", "c", "d"][call], "f", "{}")])));
    turns.push(says("Done."));
    let bench = Bench::new(turns).await;
    let (assistant, thread) = bench.ready(json!({"tools": [function("f")]})).await;
    let mut made = Vec::new();
    for _ in 0..4 {
        made.push(id(&bench.run(&thread, json!({"assistant_id": assistant})).await));
    }
    let run = id(&bench.run(&thread, json!({"assistant_id": assistant})).await);
    for call in ["a", "b", "c", "d"] {
        bench.wait(&thread, &run, &["requires_action"]).await;
        bench.answer(&thread, &run, &[(call, "x")]).await;
    }
    bench.wait(&thread, &run, &["completed"]).await;
    made.push(run.clone());
    let path = format!("/v1/threads/{thread}/runs");
    check(&bench, &path, &made, 100).await;
    let steps: Vec<String> = bench.steps(&thread, &run).await.iter().map(id).collect();
    check(&bench, &format!("{path}/{run}/steps"), &steps, 100).await;
    let foreign = id(&bench.steps(&thread, &made[0]).await[0]);
    bench.refused(404, Method::GET, &format!("{path}/{run}/steps?after={foreign}"), None).await;
}

#[tokio::test]
async fn files_and_vector_stores_are_listed() {
    let bench = Bench::new([]).await;
    let (mut files, mut stores) = (Vec::new(), Vec::new());
    for number in 0..5 {
        files.push(id(&bench.upload(&format!("{number}.txt"), b"words").await));
        stores.push(id(&bench.post("/v1/vector_stores", json!({"name": "s"})).await));
    }
    check(&bench, "/v1/files", &files, 10_000).await;
    check(&bench, "/v1/files?purpose=assistants", &files, 10_000).await;
    check(&bench, "/v1/vector_stores", &stores, 100).await;
    let path = format!("/v1/vector_stores/{}", stores[0]);
    let batch = bench.post(&format!("{path}/file_batches"), json!({ "file_ids": files })).await;
    bench.indexed(&stores[0]).await;
    check(&bench, &format!("{path}/files"), &files, 100).await;
    check(&bench, &format!("{path}/files?filter=completed"), &files, 100).await;
    check(&bench, &format!("{path}/file_batches/{}/files", id(&batch)), &files, 100).await;
}

#[tokio::test]
async fn a_page_has_20_unless_it_is_said() {
    let bench = Bench::new([]).await;
    let messages = vec![json!({"role": "user", "content": "x"}); 25];
    let thread = id(&bench.post("/v1/threads", json!({ "messages": messages })).await);
    let path = format!("/v1/threads/{thread}/messages");
    assert_eq!(bench.get(&path).await["data"].as_array().unwrap().len(), 20);
    for name in ["a.txt", "b.txt", "c.txt"].repeat(8) {
        bench.upload(name, b"x").await;
    }
    assert_eq!(bench.get("/v1/files").await["data"].as_array().unwrap().len(), 24, "files: 10,000");
}

#[tokio::test]
async fn pages_follow_each_other_to_the_end() {
    let bench = Bench::new([]).await;
    let thread = id(&bench.post("/v1/threads", json!({})).await);
    let path = format!("/v1/threads/{thread}/messages");
    let mut made = Vec::new();
    for number in 0..250 {
        made.push(id(&bench.post(&path, json!({"role": "user", "content": format!("{number}")})).await));
    }
    for (order, expected) in [("asc", made.clone()), ("desc", made.iter().rev().cloned().collect())] {
        let (mut found, mut after) = (Vec::new(), String::new());
        loop {
            let page = bench.get(&format!("{path}?order={order}&limit=30{after}")).await;
            found.extend(ids(&page));
            after = format!("&after={}", found.last().unwrap());
            if page["has_more"] == false {
                break;
            }
        }
        assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn messages_are_told_apart_by_their_run() {
    let bench = Bench::new([says("one"), says("two")]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    let first = id(&bench.run(&thread, json!({"assistant_id": assistant})).await);
    let more = json!([{"role": "user", "content": "more"}]);
    let second = id(&bench.run(&thread, json!({"assistant_id": assistant, "additional_messages": more})).await);
    for (run, said) in [(first, "one"), (second, "two")] {
        let found = bench.get(&format!("/v1/threads/{thread}/messages?run_id={run}")).await;
        let texts: Vec<&str> = found["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|m| m["content"][0]["text"]["value"].as_str().unwrap())
            .collect();
        assert_eq!(texts, [said], "what came with the run is the user's");
    }
    assert_eq!(bench.get(&format!("/v1/threads/{thread}/messages?run_id=run_none")).await["data"], json!([]));
}
