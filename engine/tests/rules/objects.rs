//! What objects look like and what can be done to them: sections 6 and 7.

use http::Method;
use serde_json::{Value, json};
use threadline_engine::Settings;
use threadline_engine::model::{TurnEvent, Usage};

use crate::support::{Act, Bench, calls, end, function, gate, id, says, text};

#[tokio::test]
async fn an_assistant_shows_what_it_was_given() {
    let bench = Bench::new([]).await;
    let schema =
        json!({"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}, "strict": true}});
    let body = json!({
        "model": "m", "name": "n", "description": "d", "instructions": "i", "temperature": 0, "top_p": 0.5,
        "reasoning_effort": "low", "metadata": {"a": "b"}, "response_format": schema,
        "tools": [
            {"type": "code_interpreter"},
            {"type": "file_search", "file_search": {"max_num_results": 7,
             "ranking_options": {"ranker": "auto", "score_threshold": 0.3}}},
            {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"},
             "strict": true}},
            {"type": "function", "function": {"name": "g"}},
        ],
    });
    let made = bench.post("/v1/assistants", body.clone()).await;
    let tools = json!([
        {"type": "code_interpreter"},
        {"type": "file_search", "file_search": {"max_num_results": 7,
         "ranking_options": {"ranker": "default_2024_08_21", "score_threshold": 0.3}}},
        {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"},
         "strict": true}},
        {"type": "function", "function": {"name": "g", "strict": false}},
    ]);
    assert_eq!(made["tools"], tools);
    let resources = json!({"code_interpreter": {"file_ids": []}, "file_search": {"vector_store_ids": []}});
    assert_eq!(made["tool_resources"], resources);
    assert_eq!((made["temperature"].as_f64(), made["top_p"].as_f64()), (Some(0.0), Some(0.5)));
    for name in ["name", "description", "instructions", "reasoning_effort", "metadata", "response_format"] {
        assert_eq!(made[name], body[name]);
    }
    for effort in ["none", "minimal", "low", "medium", "high", "xhigh", "max"] {
        bench.post("/v1/assistants", json!({"model": "m", "reasoning_effort": effort})).await;
    }
}

#[tokio::test]
async fn modifying_replaces_lists_whole_and_resources_by_tool() {
    let bench = Bench::new([]).await;
    let file = id(&bench.upload("a.txt", b"x").await);
    let stores =
        [id(&bench.post("/v1/vector_stores", json!({})).await), id(&bench.post("/v1/vector_stores", json!({})).await)];
    let resources = json!({"code_interpreter": {"file_ids": [file]}, "file_search": {"vector_store_ids": [stores[0]]}});
    let body = json!({"model": "m", "metadata": {"a": "1", "b": "2"}, "tool_resources": resources,
                      "tools": [{"type": "file_search"}, {"type": "code_interpreter"}], "reasoning_effort": "low",
                      "top_p": 0.5});
    let path = format!("/v1/assistants/{}", id(&bench.post("/v1/assistants", body).await));
    let changed = json!({"metadata": {"c": "3"}, "tools": [{"type": "file_search"}], "model": "n",
                         "tool_resources": {"file_search": {"vector_store_ids": [stores[1]]}}});
    let changed = bench.post(&path, changed).await;
    assert_eq!((&changed["metadata"], &changed["model"]), (&json!({"c": "3"}), &json!("n")));
    assert_eq!(changed["tools"], json!([{"type": "file_search"}]));
    assert_eq!(
        changed["tool_resources"],
        json!({"code_interpreter": {"file_ids": [file]}, "file_search": {"vector_store_ids": [stores[1]]}})
    );
    assert_eq!(changed["top_p"], 0.5);
    let cleared = json!({"reasoning_effort": null, "top_p": null, "description": null});
    let cleared = bench.post(&path, cleared).await;
    assert_eq!((&cleared["reasoning_effort"], &cleared["top_p"]), (&Value::Null, &json!(1.0)));
    assert_eq!(bench.get(&path).await, cleared);
    bench.refused(400, Method::POST, &path, Some(json!({"model": null}))).await;
    bench.refused(400, Method::POST, &path, Some(json!({"id": "asst_other"}))).await;
}

#[tokio::test]
async fn deleting_an_assistant_leaves_its_stores_and_files() {
    let bench = Bench::new([]).await;
    let file = id(&bench.upload("a.txt", b"x").await);
    let store = id(&bench.post("/v1/vector_stores", json!({"file_ids": [file]})).await);
    let resources = json!({"code_interpreter": {"file_ids": [file]}, "file_search": {"vector_store_ids": [store]}});
    let made = bench.post("/v1/assistants", json!({"model": "m", "tool_resources": resources})).await;
    bench.delete(&format!("/v1/assistants/{}", id(&made))).await;
    bench.get(&format!("/v1/files/{file}")).await;
    bench.get(&format!("/v1/vector_stores/{store}/files/{file}")).await;
}

#[tokio::test]
async fn threads_take_an_empty_body_and_change_little() {
    let bench = Bench::new([]).await;
    let (status, thread) = bench.call(Method::POST, "/v1/threads", None).await;
    assert_eq!(status, 200);
    assert_eq!((&thread["metadata"], &thread["tool_resources"]), (&json!({}), &json!({})));
    let path = format!("/v1/threads/{}", id(&thread));
    assert_eq!(bench.post(&path, json!({"metadata": {"a": "b"}})).await["metadata"], json!({"a": "b"}));
    assert_eq!(bench.post(&path, json!({})).await["metadata"], json!({"a": "b"}));
    let store = id(&bench.post("/v1/vector_stores", json!({})).await);
    let resources = json!({"file_search": {"vector_store_ids": [store]}});
    assert_eq!(bench.post(&path, json!({"tool_resources": resources})).await["tool_resources"], resources);
    assert_eq!(bench.post(&path, json!({"metadata": null})).await["metadata"], json!({}));
    bench.refused(400, Method::POST, &path, Some(json!({"messages": []}))).await;
    assert_eq!(bench.get(&path).await["tool_resources"], resources);
}

#[tokio::test]
async fn parts_of_messages_are_shown_as_objects() {
    let bench = Bench::new([]).await;
    let file = id(&bench.upload("a.png", b"\x89PNG").await);
    let thread = id(&bench.post("/v1/threads", json!({})).await);
    let path = format!("/v1/threads/{thread}/messages");
    let parts = json!([
        {"type": "text", "text": "Look\nhere: 👀"},
        {"type": "image_file", "image_file": {"file_id": file, "detail": "low"}},
        {"type": "image_url", "image_url": {"url": "https://x.example/a.png"}},
    ]);
    let made = bench.post(&path, json!({"role": "user", "content": parts, "metadata": {"k": "v"}})).await;
    assert_eq!(
        made["content"],
        json!([
            {"type": "text", "text": {"value": "Look\nhere: 👀", "annotations": []}},
            {"type": "image_file", "image_file": {"file_id": file, "detail": "low"}},
            {"type": "image_url", "image_url": {"url": "https://x.example/a.png", "detail": "auto"}},
        ])
    );
    for part in [
        json!({"type": "text", "text": {"value": "x"}}),
        json!({"type": "refusal", "refusal": "x"}),
        json!({"type": "image_url", "image_url": {"url": "x", "detail": "much"}}),
        json!({"type": "image_file"}),
        json!("x"),
    ] {
        bench.refused(400, Method::POST, &path, Some(json!({"role": "user", "content": [part]}))).await;
    }
    let absent = json!([{"type": "image_file", "image_file": {"file_id": "file-none"}}]);
    bench.refused(404, Method::POST, &path, Some(json!({"role": "user", "content": absent}))).await;
}

#[tokio::test]
async fn a_run_has_all_its_members() {
    let (gate, wait) = gate();
    let usage = Usage { prompt: 9, completion: 4, cached: 3, reasoning: 2 };
    let turn = vec![text("Hi"), wait, Act::Say(TurnEvent::Usage(usage)), end()];
    let bench = Bench::new([turn]).await;
    let (assistant, thread) = bench.ready(json!({"tools": [{"type": "file_search"}]})).await;
    let run = bench.post(&format!("/v1/threads/{thread}/runs"), json!({"assistant_id": assistant})).await;
    let created = run["created_at"].as_i64().unwrap();
    let mut expected = json!({
        "id": id(&run), "object": "thread.run", "created_at": created, "thread_id": thread, "assistant_id": assistant,
        "status": "queued", "required_action": null, "last_error": null, "expires_at": created + 600,
        "started_at": null, "cancelled_at": null, "failed_at": null, "completed_at": null, "incomplete_details": null,
        "model": "m", "instructions": "", "tools": [{"type": "file_search"}],
        "tool_resources": {"file_search": {"vector_store_ids": []}}, "metadata": {}, "usage": null,
        "temperature": 1.0, "top_p": 1.0, "reasoning_effort": null, "max_prompt_tokens": null,
        "max_completion_tokens": null, "truncation_strategy": {"type": "auto", "last_messages": null},
        "tool_choice": "auto", "parallel_tool_calls": true, "response_format": "auto"
    });
    assert_eq!(run, expected);
    let open = bench.messages(&thread, 2).await.remove(0);
    assert_eq!(
        (&open["status"], &open["completed_at"], &open["run_id"]),
        (&json!("in_progress"), &Value::Null, &run["id"])
    );
    let step = bench.steps(&thread, &id(&run)).await.remove(0);
    assert_eq!(
        (&step["status"], &step["usage"], &step["expires_at"]),
        (&json!("in_progress"), &Value::Null, &run["expires_at"])
    );
    gate.notify_one();
    let done = bench.wait(&thread, &id(&run), &["completed"]).await;
    for name in ["started_at", "completed_at"] {
        assert!(done[name].is_i64());
        expected[name] = done[name].clone();
    }
    expected["status"] = json!("completed");
    expected["expires_at"] = Value::Null;
    expected["usage"] = json!({
        "prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13, "prompt_token_details": {"cached_tokens": 3},
        "completion_tokens_details": {"reasoning_tokens": 2}
    });
    assert_eq!(done, expected);
    let step = bench.steps(&thread, &id(&run)).await.remove(0);
    let message = id(&bench.messages(&thread, 2).await[0]);
    assert_eq!(
        step,
        json!({
            "id": id(&step), "object": "thread.run.step", "created_at": step["created_at"], "run_id": id(&run),
            "assistant_id": assistant, "thread_id": thread, "type": "message_creation", "status": "completed",
            "cancelled_at": null, "completed_at": step["completed_at"], "expired_at": null,
            "expires_at": created + 600, "failed_at": null, "last_error": null,
            "step_details": {"type": "message_creation", "message_creation": {"message_id": message}},
            "metadata": {}, "usage": done["usage"]
        })
    );
}

#[tokio::test]
async fn texts_that_were_found_come_only_when_they_are_asked_for() {
    let search = || calls(&[("x", "file_search", "{\"queries\": [\"capital\"]}")]);
    let bench = Bench::new([search(), says("Fredville."), search(), says("Fredville.")]).await;
    let file = id(&bench.upload("facts.md", b"The capital is Fredville.").await);
    let store = id(&bench.post("/v1/vector_stores", json!({"file_ids": [file]})).await);
    bench.indexed(&store).await;
    let resources = json!({"file_search": {"vector_store_ids": [store]}});
    let (assistant, thread) =
        bench.ready(json!({"tools": [{"type": "file_search"}], "tool_resources": resources})).await;
    let content = "include[]=step_details.tool_calls[*].file_search.results[*].content";
    let runs = format!("/v1/threads/{thread}/runs");
    let run = id(&bench.run(&thread, json!({"assistant_id": assistant})).await);
    let call = |step: &Value| step["step_details"]["tool_calls"][0]["file_search"].clone();
    let listed = bench.get(&format!("{runs}/{run}/steps?order=asc")).await;
    let found = call(&listed["data"][0]);
    assert_eq!(found["ranking_options"], json!({"ranker": "default_2024_08_21", "score_threshold": 0.0}));
    let score = found["results"][0]["score"].clone();
    assert_eq!(found["results"], json!([{"file_id": file, "file_name": "facts.md", "score": score}]));
    let with = json!([{"file_id": file, "file_name": "facts.md", "score": score,
                       "content": [{"type": "text", "text": "The capital is Fredville."}]}]);
    let listed = bench.get(&format!("{runs}/{run}/steps?order=asc&{content}")).await;
    assert_eq!(call(&listed["data"][0])["results"], with);
    let step = format!("{runs}/{run}/steps/{}", id(&listed["data"][0]));
    assert!(call(&bench.get(&step).await)["results"][0].get("content").is_none());
    assert_eq!(call(&bench.get(&format!("{step}?{content}")).await)["results"], with);
    let body = json!({"assistant_id": assistant, "stream": true});
    let events = bench.stream(&format!("{runs}?{content}"), body).await;
    let done = events.iter().find(|event| event.name == "thread.run.step.completed").unwrap();
    assert_eq!(call(&done.data)["results"], with);
}

#[tokio::test]
async fn what_does_not_touch_the_conversation_is_allowed_while_a_run_is_active() {
    let (gate, wait) = gate();
    let bench = Bench::new([vec![text("a"), wait, text("b"), end()]]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    let run = bench.begin(&thread, json!({"assistant_id": assistant})).await;
    let messages = bench.messages(&thread, 2).await;
    let (path, user) = (format!("/v1/threads/{thread}"), id(&messages[1]));
    let changed = bench.post(&format!("{path}/messages/{user}"), json!({"metadata": {"k": "v"}})).await;
    assert_eq!(changed["metadata"], json!({"k": "v"}));
    bench.refused(400, Method::POST, &format!("{path}/messages/{user}"), Some(json!({"content": "x"}))).await;
    let open = format!("{path}/messages/{}", id(&messages[0]));
    bench.post(&open, json!({"metadata": {"open": "yes"}})).await;
    bench.post(&format!("{path}/runs/{run}"), json!({"metadata": {"run": "yes"}})).await;
    bench.refused(400, Method::POST, &format!("{path}/runs/{run}"), Some(json!({"model": "n"}))).await;
    bench.post(&path, json!({"metadata": {"thread": "yes"}})).await;
    let deleted = bench.delete(&format!("{path}/messages/{user}")).await;
    assert_eq!(deleted, json!({"id": user, "object": "thread.message.deleted", "deleted": true}));
    gate.notify_one();
    let run = bench.wait(&thread, &run, &["completed"]).await;
    assert_eq!(run["metadata"], json!({"run": "yes"}));
    let message = bench.get(&open).await;
    assert_eq!(message["content"][0]["text"]["value"], "ab");
    assert_eq!(message["metadata"], json!({"open": "yes"}), "the run's own writing keeps it");
    assert_eq!(bench.get(&path).await["metadata"], json!({"thread": "yes"}));
    let ended = bench.post(&format!("{path}/runs/{}", id(&run)), json!({"metadata": {}})).await;
    assert_eq!(ended["metadata"], json!({}));
}

#[tokio::test]
async fn a_thread_takes_everything_along() {
    let bench = Bench::new([calls(&[("a", "f", "{}")])]).await;
    let (assistant, thread) = bench.ready(json!({"tools": [function("f")]})).await;
    let run = id(&bench.run(&thread, json!({"assistant_id": assistant})).await);
    let path = format!("/v1/threads/{thread}");
    let deleted = bench.delete(&path).await;
    assert_eq!(deleted, json!({"id": thread, "object": "thread.deleted", "deleted": true}));
    for rest in ["", "/messages", "/runs", &format!("/runs/{run}"), &format!("/runs/{run}/steps")] {
        bench.refused(404, Method::GET, &format!("{path}{rest}"), None).await;
    }
    bench.refused(404, Method::DELETE, &path, None).await;
}

#[tokio::test]
async fn keys_see_the_objects_of_their_tenant() {
    let bench = Bench::with(Settings::default(), []).await;
    let mut done = Default::default();
    let other = json!({"id": "asst_other", "object": "assistant", "model": "m"});
    bench.engine.import("somebody", &other, &mut done).await.unwrap();
    bench.refused(404, Method::GET, "/v1/assistants/asst_other", None).await;
    assert_eq!(bench.get("/v1/assistants").await["data"], json!([]));
}
