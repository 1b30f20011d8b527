//! The file search of runs, its citations, and the code interpreter: sections 15, 17 and 18.

use std::sync::atomic::{AtomicBool, Ordering};

use http::Method;
use serde_json::{Value, json};
use threadline_engine::Settings;
use threadline_engine::model::Ending;

use crate::support::store::Shared;
use crate::support::{Act, Bench, RESTS, calls, end, ends, function, grammar, id, says, text, usage};

fn searches(query: &str) -> Vec<Act> {
    calls(&[("x", "file_search", &json!({"queries": [query]}).to_string())])
}

/// A store with these files, read.
async fn store(bench: &Bench, files: &[(&str, &str)]) -> String {
    let mut ids = Vec::new();
    for (name, text) in files {
        ids.push(id(&bench.upload(name, text.as_bytes()).await));
    }
    let store = id(&bench.post("/v1/vector_stores", json!({ "file_ids": ids })).await);
    bench.indexed(&store).await;
    store
}

fn resources(store: &str) -> Value {
    json!({"file_search": {"vector_store_ids": [store]}})
}

/// Results of the first search of a run.
async fn results(bench: &Bench, run: &Value) -> Vec<Value> {
    let steps = bench.steps(run["thread_id"].as_str().unwrap(), &id(run)).await;
    steps[0]["step_details"]["tool_calls"][0]["file_search"]["results"].as_array().unwrap().clone()
}

#[tokio::test]
async fn the_assistants_and_the_threads_store_are_searched_together() {
    let bench = Bench::new([searches("river"), says("x")]).await;
    let shared = id(&bench.upload("both.md", b"The river Redflow.").await);
    let own = store(&bench, &[("a.md", "The river Blueflow.")]).await;
    let threads = store(&bench, &[("b.md", "The river Greenflow.")]).await;
    for store in [&own, &threads] {
        bench.post(&format!("/v1/vector_stores/{store}/files"), json!({"file_id": shared})).await;
        bench.indexed(store).await;
    }
    let (assistant, thread) =
        bench.ready(json!({"tools": [{"type": "file_search"}], "tool_resources": resources(&own)})).await;
    bench.post(&format!("/v1/threads/{thread}"), json!({"tool_resources": resources(&threads)})).await;
    let run = bench.run(&thread, json!({"assistant_id": assistant})).await;
    assert_eq!(run["status"], "completed");
    let mut names: Vec<String> =
        results(&bench, &run).await.iter().map(|found| found["file_name"].as_str().unwrap().to_owned()).collect();
    names.sort_unstable();
    assert_eq!(names, ["a.md", "b.md", "both.md"], "what is in both is found once");
}

#[tokio::test]
async fn the_model_is_offered_one_function_that_nobody_else_sees() {
    let bench = Bench::new([searches("capital"), says("x")]).await;
    let own = store(&bench, &[("a.md", "The capital is Fredville.")]).await;
    let (assistant, thread) = bench
        .ready(json!({"tools": [{"type": "file_search"}, function("file_search")], "tool_resources": resources(&own)}))
        .await;
    let run = bench.run(&thread, json!({"assistant_id": assistant})).await;
    let offered: Vec<String> = bench.script.asked()[0]
        .tools
        .iter()
        .map(|tool| tool["function"]["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(offered, ["file_search_2", "file_search"], "the user's function keeps its name");
    assert_eq!(run["status"], "requires_action", "it was the user's that was called");
    let queries = &bench.script.asked()[0].tools[0]["function"]["parameters"]["properties"]["queries"];
    assert_eq!((&queries["minItems"], &queries["maxItems"]), (&json!(1), &json!(5)));
    assert_eq!(run["tools"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn results_are_cut_by_score_number_and_tokens() {
    let files: Vec<(String, String)> =
        (0..30).map(|n| (format!("{n}.md"), format!("apple {}", "pear ".repeat(n)))).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    for (model, settings, expected) in [
        ("m", json!(null), 20),
        ("gpt-3.5-turbo", json!(null), 5),
        ("m", json!({"max_num_results": 3}), 3),
        ("m", json!({"max_num_results": 50}), 30),
        ("m", json!({"ranking_options": {"ranker": "auto", "score_threshold": 1}}), 0),
    ] {
        let bench = Bench::new([searches("apple"), says("x")]).await;
        let own = store(&bench, &files).await;
        let mut tool = json!({"type": "file_search"});
        if !settings.is_null() {
            tool["file_search"] = settings.clone();
        }
        let (assistant, thread) =
            bench.ready(json!({"model": model, "tools": [tool], "tool_resources": resources(&own)})).await;
        let run = bench.run(&thread, json!({"assistant_id": assistant})).await;
        let found = results(&bench, &run).await;
        assert_eq!(found.len(), expected, "{model} {settings}");
        let scores: Vec<f64> = found.iter().map(|one| one["score"].as_f64().unwrap()).collect();
        assert!(scores.is_sorted_by(|a, b| a >= b) && scores.iter().all(|score| (0.0..=1.0).contains(score)));
    }
    let bench = Bench::new([searches("apple"), says("x"), searches("apple"), says("x")]).await;
    let long: Vec<(String, String)> =
        (0..20).map(|n| (format!("{n}.md"), format!("apple {n} {}", "pear ".repeat(3000)))).collect();
    let long: Vec<(&str, &str)> = long.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let chunks = json!({"type": "static", "static": {"max_chunk_size_tokens": 4096, "chunk_overlap_tokens": 0}});
    let own = id(&bench.post("/v1/vector_stores", json!({})).await);
    for (name, text) in long {
        let file = id(&bench.upload(name, text.as_bytes()).await);
        bench
            .post(&format!("/v1/vector_stores/{own}/files"), json!({"file_id": file, "chunking_strategy": chunks}))
            .await;
    }
    bench.indexed(&own).await;
    let (assistant, thread) =
        bench.ready(json!({"tools": [{"type": "file_search"}], "tool_resources": resources(&own)})).await;
    let run = bench.run(&thread, json!({"assistant_id": assistant})).await;
    assert_eq!(results(&bench, &run).await.len(), 5, "16,000 tokens of about 3,000 each");
    let run = bench.run(&thread, json!({"assistant_id": assistant, "model": "gpt-3.5-turbo"})).await;
    assert_eq!(results(&bench, &run).await.len(), 1, "4,000 tokens");
}

#[tokio::test]
async fn vectors_find_what_words_do_not() {
    let bench = Bench::new([searches("automobile"), says("x")]).await;
    // Two meanings: cars and everything else.
    bench.script.embeds(|text| {
        let car = ["car", "automobile"].iter().any(|word| text.contains(word));
        Some(if car { vec![1.0, 0.0] } else { vec![0.0, 1.0] })
    });
    let own = store(&bench, &[("a.md", "My car is red."), ("b.md", "My bread is white.")]).await;
    let (assistant, thread) =
        bench.ready(json!({"tools": [{"type": "file_search"}], "tool_resources": resources(&own)})).await;
    let run = bench.run(&thread, json!({"assistant_id": assistant})).await;
    let found = results(&bench, &run).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["file_name"], "a.md");
}

#[tokio::test]
async fn without_vectors_words_do() {
    let bench = Bench::new([searches("bread"), says("x"), searches("bread"), says("x")]).await;
    bench.script.embeds(|_| None);
    let own = store(&bench, &[("a.md", "My car is red."), ("b.md", "My bread is white.")]).await;
    let (assistant, thread) =
        bench.ready(json!({"tools": [{"type": "file_search"}], "tool_resources": resources(&own)})).await;
    let run = bench.run(&thread, json!({"assistant_id": assistant})).await;
    assert_eq!((&run["status"], &results(&bench, &run).await[0]["file_name"]), (&json!("completed"), &json!("b.md")));
    // Vectors of files that the query has none for.
    bench.script.embeds(|text| text.contains("white").then(|| vec![1.0]));
    let file = id(&bench.upload("c.md", b"white bread").await);
    bench.post(&format!("/v1/vector_stores/{own}/files"), json!({"file_id": file})).await;
    bench.indexed(&own).await;
    let run = bench.run(&thread, json!({"assistant_id": assistant})).await;
    assert_eq!((&run["status"], results(&bench, &run).await.len()), (&json!("completed"), 2));
}

#[tokio::test]
async fn a_run_waits_for_the_files_of_its_thread_and_not_for_ever() {
    let shared = Shared::new().await;
    let bench = Bench::on(&shared.url, Settings::default(), [searches("capital"), says("x")]).await;
    let file = id(&bench.upload("a.md", b"The capital is Fredville.").await);
    let (assistant, _) = bench.ready(json!({"tools": [{"type": "file_search"}]})).await;
    let attached = json!([{"file_id": file, "tools": [{"type": "file_search"}]}]);
    let message = json!({"role": "user", "content": "?", "attachments": attached});
    let thread = bench.post("/v1/threads", json!({"messages": [message]})).await;
    let run = bench.run(&id(&thread), json!({"assistant_id": assistant})).await;
    assert_eq!(results(&bench, &run).await.len(), 1, "found although it was added a moment before");
    let mut settings = Settings::default();
    settings.index_wait = std::time::Duration::from_millis(50);
    let bench = Bench::on(&shared.url, settings, [searches("capital"), says("x")]).await;
    let stuck = thread["tool_resources"]["file_search"]["vector_store_ids"][0].as_str().unwrap();
    shared.sql(&format!("update vector_store_files set status = 'in_progress' where store_id = '{stuck}'")).await;
    let run = bench.run(&id(&thread), json!({"assistant_id": assistant})).await;
    assert_eq!(run["status"], "completed");
}

#[tokio::test]
async fn a_store_whose_time_is_over_fails_the_run_and_one_that_is_used_stays() {
    let shared = Shared::new().await;
    let bench = Bench::on(&shared.url, Settings::default(), [searches("x"), says("x"), says("never")]).await;
    let own = store(&bench, &[("a.md", "x y z")]).await;
    let after = json!({"expires_after": {"anchor": "last_active_at", "days": 1}});
    bench.post(&format!("/v1/vector_stores/{own}"), after).await;
    let (assistant, thread) =
        bench.ready(json!({"tools": [{"type": "file_search"}], "tool_resources": resources(&own)})).await;
    let old = 1_700_000_000;
    shared.edit("vector_stores", &own, |store| store["last_active_at"] = json!(old)).await;
    bench.run(&thread, json!({"assistant_id": assistant})).await;
    let used = bench.get(&format!("/v1/vector_stores/{own}")).await;
    assert!(used["last_active_at"].as_i64().unwrap() > old);
    assert_eq!(used["expires_at"].as_i64().unwrap(), used["last_active_at"].as_i64().unwrap() + 86_400);
    shared.edit("vector_stores", &own, |store| store["expires_at"] = json!(5)).await;
    shared.sql(&format!("update vector_stores set expires_at = 5 where id = '{own}'")).await;
    let run = bench.run(&thread, json!({"assistant_id": assistant})).await;
    assert_eq!((&run["status"], &run["last_error"]["code"]), (&json!("failed"), &json!("server_error")));
    assert_eq!(run["last_error"]["message"], format!("Vector store '{own}' has expired"));
    assert_eq!(bench.script.asked().len(), 2);
}

#[tokio::test]
async fn citations_are_marks_in_the_text() {
    let answer =
        vec![text("Grüße 👋: Fredville 【0:0†a"), text(".md】, or 【9:9†b.md】?"), usage(5, 5), ends(Ending::Stop)];
    let bench = Bench::new([searches("capital"), answer]).await;
    let own = store(&bench, &[("a.md", "The capital is Fredville.")]).await;
    let (assistant, thread) =
        bench.ready(json!({"tools": [{"type": "file_search"}], "tool_resources": resources(&own)})).await;
    let path = format!("/v1/threads/{thread}/runs");
    let events = bench.stream(&path, json!({"assistant_id": assistant, "stream": true})).await;
    grammar::check(&events);
    let told = &bench.script.asked()[1].turns[0].calls[0].output;
    assert!(told.contains("【0:0†a.md】\nThe capital is Fredville."));
    let message = &events.iter().find(|event| event.name == "thread.message.completed").unwrap().data;
    let part = &message["content"][0]["text"];
    assert_eq!(part["value"], "Grüße 👋: Fredville 【0:0†a.md】, or 【9:9†b.md】?");
    let [annotation] = part["annotations"].as_array().unwrap().as_slice() else { panic!("{part}") };
    let file = &results(&bench, &bench.get(&path).await["data"][0]).await[0]["file_id"];
    assert_eq!(
        *annotation,
        json!({"type": "file_citation", "text": "【0:0†a.md】", "start_index": 19, "end_index": 29,
               "file_citation": {"file_id": file}})
    );
    let delta = events.iter().find(|event| event.data["delta"]["content"][0]["text"]["annotations"][0].is_object());
    let delta = &delta.unwrap().data["delta"]["content"][0];
    let mut indexed = annotation.clone();
    indexed["index"] = json!(0);
    assert_eq!(delta["text"], json!({"value": "【0:0†a.md】", "annotations": [indexed]}));
}

#[tokio::test]
async fn unreadable_calls_of_the_search_are_answered_twice() {
    let unreadable = || calls(&[("x", "file_search", "{\"queries\": [")]);
    let bench = Bench::new([unreadable(), unreadable(), says("x"), unreadable(), unreadable(), unreadable()]).await;
    let (assistant, thread) = bench.ready(json!({"tools": [{"type": "file_search"}]})).await;
    assert_eq!(bench.run(&thread, json!({"assistant_id": assistant})).await["status"], "completed");
    let told = &bench.script.asked()[2].turns;
    assert!(told.iter().all(|turn| turn.calls[0].output.contains("JSON object")), "the model is told how");
    let run = bench.run(&thread, json!({"assistant_id": assistant})).await;
    assert_eq!((&run["status"], &run["last_error"]["code"]), (&json!("failed"), &json!("server_error")));
    assert_eq!(bench.script.asked().len(), 6);
}

#[tokio::test]
async fn searches_and_functions_of_one_turn_share_a_step() {
    let both = calls(&[("x", "file_search", "{\"queries\": [\"capital\"]}"), ("a", "f", "{}")]);
    let bench = Bench::new([both, says("x")]).await;
    let own = store(&bench, &[("a.md", "The capital is Fredville.")]).await;
    let (assistant, thread) = bench
        .ready(json!({"tools": [{"type": "file_search"}, function("f")], "tool_resources": resources(&own)}))
        .await;
    let run = bench.run(&thread, json!({"assistant_id": assistant})).await;
    let waits = run["required_action"]["submit_tool_outputs"]["tool_calls"].as_array().unwrap();
    assert_eq!((waits.len(), &waits[0]["id"]), (1, &json!("a")), "only functions wait");
    bench.answer(&thread, &id(&run), &[("a", "42")]).await;
    let run = bench.wait(&thread, &id(&run), &["completed"]).await;
    let steps = bench.steps(&thread, &id(&run)).await;
    let kinds: Vec<&str> = steps[0]["step_details"]["tool_calls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|call| call["type"].as_str().unwrap())
        .collect();
    assert_eq!((kinds, steps.len()), (vec!["file_search", "function"], 2));
    let outputs: Vec<usize> = bench.script.asked()[1].turns[0].calls.iter().map(|call| call.output.len()).collect();
    assert!(outputs[0] > 20 && outputs[1] == 2);
}

#[tokio::test]
async fn code_needs_somebody_to_run_it() {
    let tools = json!({"tools": [{"type": "code_interpreter"}, function("f")]});
    let bench = Bench::new([says("x")]).await;
    let (assistant, thread) = bench.ready(tools.clone()).await;
    let path = format!("/v1/threads/{thread}/runs");
    let error = bench.refused(400, Method::POST, &path, Some(json!({"assistant_id": assistant}))).await;
    assert_eq!((&error["code"], &error["param"]), (&json!("tool_not_available"), &json!("tools")));
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("'code_interpreter'") && message.contains("'hosted_tools'"));
    let without = json!({"assistant_id": assistant, "tools": [function("f")]});
    assert_eq!(bench.run(&thread, without).await["status"], "completed");
    let mut settings = Settings::default();
    settings.ignore_unavailable_tools = true;
    let bench = Bench::with(settings, [says("x")]).await;
    let (assistant, thread) = bench.ready(tools.clone()).await;
    let run = bench.run(&thread, json!({"assistant_id": assistant})).await;
    assert_eq!((&run["status"], run["tools"].as_array().unwrap().len()), (&json!("completed"), 2));
    assert_eq!(bench.script.asked()[0].tools.len(), 1, "the model is not offered it");
    let bench = Bench::new([vec![text("x"), end()]]).await;
    bench.script.hosts(&["code_interpreter"]);
    let (assistant, thread) = bench.ready(tools).await;
    assert_eq!(bench.run(&thread, json!({"assistant_id": assistant})).await["status"], "completed");
    assert_eq!(bench.script.asked()[0].tools.len(), 2);
}

#[tokio::test]
async fn a_search_whose_server_died_is_made_again() {
    static DEAD: AtomicBool = AtomicBool::new(false);
    let shared = Shared::new().await;
    let turns = [searches("ferry"), says("At noon.")];
    let bench = Bench::on(&shared.url, Settings::default(), turns).await;
    bench.script.embeds(|text| {
        // A worker that breaks leaves its run as a server that dies.
        assert!(text != "ferry" || DEAD.swap(true, Ordering::SeqCst), "the worker breaks here");
        Some(vec![1.0, 0.0])
    });
    let own = store(&bench, &[("a.md", "The ferry leaves at noon.")]).await;
    let (assistant, thread) =
        bench.ready(json!({"tools": [{"type": "file_search"}], "tool_resources": resources(&own)})).await;
    let run = bench.begin(&thread, json!({"assistant_id": assistant})).await;
    while !DEAD.load(Ordering::SeqCst) {
        tokio::task::yield_now().await;
    }
    shared.orphan(&run).await;
    let run = bench.wait(&thread, &run, RESTS).await;
    assert_eq!(run["status"], "completed", "{run}");
    assert_eq!(results(&bench, &run).await.len(), 1);
    assert_eq!(bench.script.asked().len(), 2, "the model was not asked again for what it had said");
    assert_eq!(bench.script.asked()[1].turns[0].calls[0].name, "file_search");
    let steps = bench.steps(&thread, &id(&run)).await;
    let spent: i64 = steps.iter().map(|step| step["usage"]["total_tokens"].as_i64().unwrap()).sum();
    assert_eq!(run["usage"]["total_tokens"].as_i64(), Some(spent));
    grammar::check(&bench.follow(&format!("/v1/threads/{thread}/runs/{}/events", id(&run))).await);
}
