//! How runs are made, and how they hold their thread: sections 8 and 9.

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};
use threadline_engine::Settings;

use crate::support::store::Shared;
use crate::support::{Bench, RESTS, calls, end, function, gate, id, names, says, text};

#[tokio::test]
async fn what_a_run_leaves_out_is_the_assistants() {
    let bench = Bench::new([says("x"), says("x"), says("x")]).await;
    let (assistant, thread) = bench
        .ready(json!({"instructions": "A.", "temperature": 0.2, "top_p": 0.3, "reasoning_effort": "low",
                      "response_format": {"type": "json_object"}, "metadata": {"a": "b"}, "tools": [function("f")]}))
        .await;
    let run = bench.run(&thread, json!({"assistant_id": assistant})).await;
    for (name, expected) in [
        ("model", json!("m")),
        ("instructions", json!("A.")),
        ("temperature", json!(0.2)),
        ("top_p", json!(0.3)),
        ("reasoning_effort", json!("low")),
        ("response_format", json!({"type": "json_object"})),
        ("metadata", json!({})),
    ] {
        assert_eq!(run[name], expected, "{name}");
    }
    assert_eq!(run["tools"][0]["function"]["name"], "f");
    let asked = &bench.script.asked()[0];
    assert_eq!((asked.temperature, asked.top_p), (Some(0.2), Some(0.3)));
    assert_eq!(asked.reasoning_effort.as_deref(), Some("low"));
    assert_eq!(asked.response_format, json!({"type": "json_object"}));
    let own = json!({"assistant_id": assistant, "model": "n", "instructions": "B.", "additional_instructions": "C.",
                     "temperature": 1.5, "top_p": 1, "reasoning_effort": "high", "response_format": {"type": "text"},
                     "tools": [], "metadata": {"c": "d"}, "parallel_tool_calls": false});
    let run = bench.run(&thread, own.clone()).await;
    assert_eq!((&run["model"], &run["instructions"]), (&json!("n"), &json!("B.\nC.")));
    for name in ["temperature", "reasoning_effort", "response_format", "tools", "metadata", "parallel_tool_calls"] {
        assert_eq!(run[name], own[name], "{name}");
    }
    let asked = &bench.script.asked()[1];
    assert!(asked.tools.is_empty() && !asked.parallel_tool_calls);
    let nulls = json!({"assistant_id": assistant, "temperature": null, "instructions": null, "model": null,
                       "tools": null, "reasoning_effort": null, "response_format": null, "metadata": null});
    let run = bench.run(&thread, nulls).await;
    assert_eq!((&run["temperature"], &run["instructions"], &run["model"]), (&json!(0.2), &json!("A."), &json!("m")));
    assert_eq!((&run["tools"][0]["type"], &run["metadata"]), (&json!("function"), &json!({})));
}

#[tokio::test]
async fn later_changes_of_the_assistant_are_not_the_runs() {
    let bench = Bench::new([calls(&[("a", "f", "{}")]), says("x")]).await;
    let (assistant, thread) = bench.ready(json!({"instructions": "Old.", "tools": [function("f")]})).await;
    let run = id(&bench.run(&thread, json!({"assistant_id": assistant})).await);
    let change = json!({"instructions": "New.", "tools": [], "model": "n"});
    bench.post(&format!("/v1/assistants/{assistant}"), change).await;
    bench.answer(&thread, &run, &[("a", "x")]).await;
    let run = bench.wait(&thread, &run, &["completed"]).await;
    assert_eq!((&run["instructions"], &run["model"]), (&json!("Old."), &json!("m")));
    let asked = &bench.script.asked()[1];
    assert_eq!((asked.instructions.as_str(), asked.tools.len()), ("Old.", 1));
}

#[tokio::test]
async fn a_choice_of_tools_needs_them() {
    let bench = Bench::new([]).await;
    let (assistant, thread) = bench.ready(json!({"tools": [function("f")]})).await;
    let path = format!("/v1/threads/{thread}/runs");
    for (choice, tools) in [
        (json!("required"), json!([])),
        (json!({"type": "function", "function": {"name": "g"}}), json!([function("f")])),
        (json!({"type": "file_search"}), json!([function("f")])),
        (json!({"type": "code_interpreter"}), json!([])),
        (json!("sometimes"), json!([function("f")])),
        (json!({"type": "function"}), json!([function("f")])),
    ] {
        let body = json!({"assistant_id": assistant, "tool_choice": choice, "tools": tools});
        let error = bench.refused(400, Method::POST, &path, Some(body)).await;
        assert!(error["param"].as_str().unwrap().starts_with("tool_choice"), "{error}");
    }
    assert_eq!(bench.get(&path).await["data"], json!([]));
}

#[tokio::test]
async fn what_comes_with_a_run_is_there_before_it() {
    let bench = Bench::new([crate::support::fails(threadline_engine::model::ErrorCode::ServerError, "boom")]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    let file = id(&bench.upload("a.txt", b"x").await);
    let attached = json!([{"file_id": file, "tools": [{"type": "file_search"}]}]);
    let more =
        json!([{"role": "user", "content": "1", "attachments": attached}, {"role": "assistant", "content": "2"}]);
    let run = bench.run(&thread, json!({"assistant_id": assistant, "additional_messages": more})).await;
    assert_eq!(run["status"], "failed");
    let listed = bench.get(&format!("/v1/threads/{thread}/messages?order=asc")).await;
    let roles: Vec<&str> = listed["data"].as_array().unwrap().iter().map(|m| m["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["user", "user", "assistant"]);
    assert_eq!(listed["data"][1]["run_id"], Value::Null);
    let seen = &bench.script.asked()[0].messages;
    assert_eq!(seen.len(), 3);
    let thread = bench.get(&format!("/v1/threads/{thread}")).await;
    assert_eq!(thread["tool_resources"]["file_search"]["vector_store_ids"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_run_may_have_no_end_of_its_time() {
    let mut settings = Settings::default();
    settings.run_ttl_seconds = 0;
    let bench = Bench::with(settings, [calls(&[("a", "f", "{}")])]).await;
    let (assistant, thread) = bench.ready(json!({"tools": [function("f")]})).await;
    let run = bench.run(&thread, json!({"assistant_id": assistant})).await;
    assert_eq!((&run["status"], &run["expires_at"]), (&json!("requires_action"), &Value::Null));
    let mut settings = Settings::default();
    settings.run_ttl_seconds = 77;
    let bench = Bench::with(settings, [calls(&[("a", "f", "{}")])]).await;
    let (assistant, thread) = bench.ready(json!({"tools": [function("f")]})).await;
    let run = bench.run(&thread, json!({"assistant_id": assistant})).await;
    assert_eq!(run["expires_at"].as_i64().unwrap(), run["created_at"].as_i64().unwrap() + 77);
}

#[tokio::test]
async fn a_thread_and_a_run_are_made_together_or_not_at_all() {
    let store = Shared::new().await;
    let search = calls(&[("x", "file_search", "{\"queries\": [\"river\"]}")]);
    let bench = Bench::on(&store.url, Settings::default(), [says("a"), search, says("b")]).await;
    let (assistant, _) = bench.ready(json!({"tools": [{"type": "file_search"}]})).await;
    let count = || async { store.sql("select count(*) from threads").await[0][0].clone() };
    let before = count().await;
    for body in [
        json!({"assistant_id": assistant, "thread": {"messages": [{"role": "user", "content": []}]}}),
        json!({"assistant_id": assistant, "thread": {"foo": 1}}),
        json!({"assistant_id": assistant, "additional_messages": []}),
        json!({"assistant_id": assistant, "temperature": 3}),
        json!({"assistant_id": assistant, "tools": [], "tool_choice": "required"}),
        json!({"assistant_id": assistant, "tools": [{"type": "code_interpreter"}]}),
    ] {
        bench.refused(400, Method::POST, "/v1/threads/runs", Some(body)).await;
    }
    let absent = json!({"file_search": {"vector_store_ids": ["vs_none"]}});
    for body in [
        json!({"assistant_id": "asst_none"}),
        json!({"assistant_id": assistant, "tool_resources": absent}),
        json!({"assistant_id": assistant, "thread": {"tool_resources": absent}}),
    ] {
        bench.refused(404, Method::POST, "/v1/threads/runs", Some(body)).await;
    }
    assert_eq!(count().await, before);
    // No thread, and no thread to speak of.
    let events = bench.stream("/v1/threads/runs", json!({"assistant_id": assistant, "stream": true})).await;
    assert_eq!(names(&events)[..3], ["thread.created", "thread.run.created", "thread.run.queued"]);
    assert_eq!(events[0].data["id"], events[1].data["thread_id"]);
    let file = id(&bench.upload("river.md", b"The river is the Blueflow.").await);
    let vectors = id(&bench.post("/v1/vector_stores", json!({"file_ids": [file]})).await);
    bench.indexed(&vectors).await;
    let resources = json!({"file_search": {"vector_store_ids": [vectors]}});
    let run = json!({"assistant_id": assistant, "thread": {}, "tool_resources": resources, "reasoning_effort": "low"});
    let run = bench.post("/v1/threads/runs", run).await;
    assert_eq!((&run["tool_resources"], &run["reasoning_effort"]), (&resources, &json!("low")));
    let thread = run["thread_id"].as_str().unwrap().to_owned();
    assert_eq!(bench.wait(&thread, &id(&run), RESTS).await["status"], "completed");
    let found = &bench.steps(&thread, &id(&run)).await[0]["step_details"]["tool_calls"][0]["file_search"]["results"][0];
    assert_eq!(found["file_name"], "river.md", "the run's own store is searched");
    assert_eq!(
        bench.get(&format!("/v1/assistants/{assistant}")).await["tool_resources"]["file_search"]["vector_store_ids"],
        json!([])
    );
}

#[tokio::test]
async fn the_thread_is_held_in_every_active_state() {
    let store = Shared::new().await;
    let (gate, wait) = gate();
    let bench = Bench::on(&store.url, Settings::default(), [vec![wait, end()], calls(&[("a", "f", "{}")])]).await;
    let (assistant, thread) = bench.ready(json!({"tools": [function("f")]})).await;
    let path = format!("/v1/threads/{thread}");
    let held = |run: String| {
        let (bench, path, assistant) = (&bench, path.clone(), assistant.clone());
        async move {
            let message = json!({"role": "user", "content": "x"});
            let error = bench.refused(400, Method::POST, &format!("{path}/messages"), Some(message)).await;
            assert!(error["message"].as_str().unwrap().contains(&run), "{error}");
            let body = json!({"assistant_id": assistant});
            let error = bench.refused(400, Method::POST, &format!("{path}/runs"), Some(body)).await;
            assert!(error["message"].as_str().unwrap().contains(&run), "{error}");
        }
    };
    let run = bench.begin(&thread, json!({"assistant_id": assistant})).await;
    bench.wait(&thread, &run, &["in_progress"]).await;
    held(run.clone()).await;
    gate.notify_one();
    bench.wait(&thread, &run, &["completed"]).await;
    let run = id(&bench.run(&thread, json!({"assistant_id": assistant})).await);
    held(run.clone()).await;
    for status in ["queued", "cancelling"] {
        store.strand(&run).await;
        store.edit("runs", &run, |run| run["status"] = json!(status)).await;
        store.sql(&format!("update runs set status = '{status}' where id = '{run}'")).await;
        held(run.clone()).await;
    }
    let second = format!(
        "insert into runs (id, tenant, thread_id, seq, status, body, plan, fence, attempt, not_before, next_event, changed)
         select 'run_second', tenant, thread_id, seq + 1, 'queued', body, plan, 1, 1, 0, 1, 0 from runs where id = '{run}'"
    );
    let url = store.url.clone();
    let refused = tokio::spawn(async move {
        Shared::at(&url).sql(&second).await;
    });
    assert!(refused.await.is_err(), "the database itself keeps to one active run a thread");
}

#[tokio::test]
async fn of_many_requests_at_once_one_makes_a_run() {
    let (gate, wait) = gate();
    let bench = Arc::new(Bench::new([vec![wait, text("x"), end()]]).await);
    let (assistant, thread) = bench.ready(json!({})).await;
    let mut tasks = Vec::new();
    for _ in 0..100 {
        let (bench, assistant, path) = (Arc::clone(&bench), assistant.clone(), format!("/v1/threads/{thread}/runs"));
        tasks.push(tokio::spawn(async move {
            bench.call(Method::POST, &path, Some(json!({"assistant_id": assistant}))).await.0.as_u16()
        }));
    }
    let mut statuses = Vec::new();
    for task in tasks {
        statuses.push(task.await.unwrap());
    }
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1);
    assert!(statuses.iter().all(|status| *status == 200 || *status == 400));
    gate.notify_one();
}

#[tokio::test]
async fn the_thread_is_free_before_the_end_is_told() {
    for turn in [
        says("x"),
        vec![text("x"), crate::support::ends(threadline_engine::model::Ending::Length)],
        crate::support::fails(threadline_engine::model::ErrorCode::InvalidPrompt, "no"),
    ] {
        let bench = Bench::new([turn]).await;
        let (assistant, thread) = bench.ready(json!({})).await;
        let path = format!("/v1/threads/{thread}");
        let body = json!({"assistant_id": assistant, "stream": true});
        let reply = bench.send(Method::POST, &format!("{path}/runs"), Some(body)).await;
        let mut pieces = reply.into_body().into_data_stream();
        let mut seen = String::new();
        let ended = ["thread.run.completed", "thread.run.incomplete", "thread.run.failed"];
        while let Some(piece) = futures_util::StreamExt::next(&mut pieces).await {
            seen.push_str(std::str::from_utf8(&piece.unwrap()).unwrap());
            if ended.iter().any(|name| seen.contains(name)) {
                break;
            }
        }
        bench.post(&format!("{path}/messages"), json!({"role": "user", "content": "at once"})).await;
    }
}
