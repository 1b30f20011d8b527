//! Runs: section 23, "Runs" and "Streaming".

#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};
use support::{Act, Bench, RESTS, calls, ends, fails, names, says, text, usage};
use threadline_engine::Settings;
use threadline_engine::model::{Ending, ErrorCode, TurnEvent};

fn function(name: &str) -> Value {
    json!({"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}})
}

#[tokio::test]
async fn r1_a_run_ends_with_message_step_and_usage() {
    let bench = Bench::new([says("Hello you there")]).await;
    let (assistant, thread) = bench.ready(json!({"instructions": "Be kind."})).await;
    let run = bench.run(&thread, json!({"assistant_id": assistant})).await;
    assert_eq!(run["status"], "completed", "{run}");
    assert_eq!(run["usage"], json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}));
    assert_eq!((&run["expires_at"], &run["required_action"]), (&Value::Null, &Value::Null));
    assert!(run["started_at"].is_i64() && run["completed_at"].is_i64());
    let path = format!("/v1/threads/{thread}");
    let messages = bench.get(&format!("{path}/messages")).await;
    let message = &messages["data"][0];
    assert_eq!(message["content"][0]["text"]["value"], "Hello you there");
    assert_eq!((&message["run_id"], &message["assistant_id"]), (&run["id"], &json!(assistant)));
    assert_eq!(message["status"], "completed");
    let steps = bench.get(&format!("{path}/runs/{}/steps", run["id"].as_str().unwrap())).await;
    let step = &steps["data"][0];
    assert_eq!(step["step_details"]["message_creation"]["message_id"], message["id"]);
    assert_eq!((&step["status"], &step["usage"]), (&json!("completed"), &run["usage"]));
    let by_run = bench.get(&format!("{path}/messages?run_id={}", run["id"].as_str().unwrap())).await;
    assert_eq!(by_run["data"].as_array().unwrap().len(), 1);
    let asked = &bench.script.asked()[0];
    assert_eq!((asked.model.as_str(), asked.instructions.as_str()), ("m", "Be kind."));
    assert_eq!(asked.messages[0]["content"][0]["text"]["value"], "Hello");
    assert_eq!(asked.temperature, None, "what nobody set is not sent");
}

#[tokio::test]
async fn r2_r3_overrides_hold_and_additional_messages_stay() {
    let bench = Bench::new([fails(ErrorCode::ServerError, "boom")]).await;
    let (assistant, thread) = bench.ready(json!({"instructions": "A.", "temperature": 0.2})).await;
    let run = bench
        .run(
            &thread,
            json!({"assistant_id": assistant, "model": "other", "additional_instructions": "B.",
                             "temperature": 0.7, "metadata": {"k": "v"},
                             "additional_messages": [{"role": "user", "content": "x"},
                                                     {"role": "assistant", "content": "y"}]}),
        )
        .await;
    assert_eq!((&run["status"], &run["last_error"]["code"]), (&json!("failed"), &json!("server_error")));
    assert_eq!(
        (&run["model"], &run["instructions"], &run["temperature"]),
        (&json!("other"), &json!("A.\nB."), &json!(0.7))
    );
    assert!(run["last_error"]["message"].as_str().unwrap().contains("boom"));
    assert_eq!(run["usage"], json!({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}));
    let messages = bench.get(&format!("/v1/threads/{thread}/messages?order=asc")).await;
    let texts: Vec<&str> = messages["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["content"][0]["text"]["value"].as_str().unwrap())
        .collect();
    assert_eq!(texts, ["Hello", "x", "y"]);
    bench.post(&format!("/v1/assistants/{assistant}"), json!({"instructions": "C."})).await;
    let kept = bench.get(&format!("/v1/threads/{thread}/runs/{}", run["id"].as_str().unwrap())).await;
    assert_eq!(kept["instructions"], "A.\nB.");
}

#[tokio::test]
async fn r4_a_run_holds_its_thread_until_it_ends() {
    let gate = Arc::new(tokio::sync::Notify::new());
    let turn = vec![text("a"), Act::Wait(Arc::clone(&gate)), text("b"), ends(Ending::Stop)];
    let bench = Bench::new([turn]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    let path = format!("/v1/threads/{thread}");
    let run = bench.post(&format!("{path}/runs"), json!({"assistant_id": assistant})).await;
    let id = run["id"].as_str().unwrap();
    let message = json!({"role": "user", "content": "more"});
    let error = bench.refused(400, Method::POST, &format!("{path}/messages"), Some(message.clone())).await;
    assert_eq!(error["message"], format!("Can't add messages to {thread} while a run {id} is active."));
    let error =
        bench.refused(400, Method::POST, &format!("{path}/runs"), Some(json!({"assistant_id": assistant}))).await;
    assert_eq!(error["message"], format!("Thread {thread} already has an active run {id}."));
    gate.notify_one();
    bench.wait(&thread, id, &["completed"]).await;
    bench.post(&format!("{path}/messages"), message).await;
}

#[tokio::test]
async fn r5_of_many_runs_at_once_one_is_made() {
    let bench = Arc::new(Bench::new([says("x")]).await);
    let (assistant, thread) = bench.ready(json!({})).await;
    let mut tasks = Vec::new();
    for _ in 0..50 {
        let (bench, assistant, path) = (Arc::clone(&bench), assistant.clone(), format!("/v1/threads/{thread}/runs"));
        tasks.push(tokio::spawn(async move {
            bench.call(Method::POST, &path, Some(json!({"assistant_id": assistant, "metadata": {"a": "b"}}))).await.0
        }));
    }
    let mut made = 0;
    for task in tasks {
        let status = task.await.unwrap();
        assert!(status == 200 || status == 400);
        made += usize::from(status == 200);
    }
    let runs = bench.get(&format!("/v1/threads/{thread}/runs?limit=100")).await;
    assert_eq!(runs["data"].as_array().unwrap().len(), made);
    assert!(made >= 1);
}

#[tokio::test]
async fn r6_r7_r8_functions_are_answered_all_at_once() {
    let turns =
        [calls(&[("call_a", "f", "{\"x\":1}"), ("call_b", "g", "")]), calls(&[("call_c", "f", "{}")]), says("Done.")];
    let bench = Bench::new(turns).await;
    let (assistant, thread) = bench.ready(json!({"tools": [function("f"), function("g")]})).await;
    let run = bench.run(&thread, json!({"assistant_id": assistant})).await;
    assert_eq!(run["status"], "requires_action");
    let asked = &run["required_action"]["submit_tool_outputs"]["tool_calls"];
    assert_eq!(
        *asked,
        json!([{"id": "call_a", "type": "function", "function": {"name": "f", "arguments": "{\"x\":1}"}},
               {"id": "call_b", "type": "function", "function": {"name": "g", "arguments": ""}}])
    );
    let id = run["id"].as_str().unwrap();
    let path = format!("/v1/threads/{thread}/runs/{id}/submit_tool_outputs");
    let submit = |outputs: Value| json!({ "tool_outputs": outputs });
    let a = json!({"tool_call_id": "call_a", "output": "one\r\n\u{0}two"});
    let b = json!({"tool_call_id": "call_b"});
    let error = bench.refused(400, Method::POST, &path, Some(submit(json!([a])))).await;
    assert_eq!(error["message"], "Expected tool outputs for call_ids ['call_a', 'call_b'], got ['call_a']");
    for wrong in [json!([a, a, b]), json!([a, b, {"tool_call_id": "call_z", "output": ""}]), json!([])] {
        bench.refused(400, Method::POST, &path, Some(submit(wrong))).await;
    }
    let queued = bench.post(&path, submit(json!([b, a]))).await;
    assert_eq!((&queued["status"], &queued["required_action"]), (&json!("queued"), &Value::Null));
    bench.wait(&thread, id, &["requires_action"]).await;
    let c = json!({"tool_call_id": "call_c", "output": "three"});
    bench.post(&path, submit(json!([c]))).await;
    let run = bench.wait(&thread, id, &["completed"]).await;
    assert_eq!(run["usage"]["total_tokens"], 27 + 27 + 15);
    let error = bench.refused(400, Method::POST, &path, Some(submit(json!([c])))).await;
    assert_eq!(error["message"], "Runs in status \"completed\" do not accept tool outputs.");
    let steps = bench.get(&format!("/v1/threads/{thread}/runs/{id}/steps?order=asc")).await;
    let first = &steps["data"][0]["step_details"]["tool_calls"];
    assert_eq!(first[0]["function"]["output"], "one\r\n\u{0}two");
    assert_eq!(first[1]["function"]["output"], "");
    let sum: i64 = steps["data"].as_array().unwrap().iter().map(|s| s["usage"]["total_tokens"].as_i64().unwrap()).sum();
    assert_eq!(run["usage"]["total_tokens"], sum);
    let third = &bench.script.asked()[2];
    assert_eq!(third.turns.len(), 2);
    assert_eq!(third.turns[0].calls[0].output, "one\r\n\u{0}two");
    assert_eq!(third.turns[1].calls[0].name, "f");
}

#[tokio::test]
async fn r10_cancel_stops_the_model_and_frees_the_thread() {
    let gate = Arc::new(tokio::sync::Notify::new());
    let turn = vec![text("Half of "), text("it"), Act::Wait(gate), text("never"), ends(Ending::Stop)];
    let bench = Bench::new([turn, calls(&[("call_a", "f", "{}")])]).await;
    let (assistant, thread) = bench.ready(json!({"tools": [function("f")]})).await;
    let path = format!("/v1/threads/{thread}/runs");
    let run = bench.post(&path, json!({"assistant_id": assistant})).await;
    let id = run["id"].as_str().unwrap().to_owned();
    loop {
        let messages = bench.get(&format!("/v1/threads/{thread}/messages")).await;
        if messages["data"].as_array().unwrap().len() == 2 {
            break;
        }
        tokio::task::yield_now().await;
    }
    let cancelled = bench.post(&format!("{path}/{id}/cancel"), json!({})).await;
    assert!(["cancelling", "cancelled"].contains(&cancelled["status"].as_str().unwrap()));
    let run = bench.wait(&thread, &id, &["cancelled"]).await;
    assert!(run["cancelled_at"].is_i64());
    assert_eq!(bench.script.dropped(), 1, "the request to the model was let go");
    let message = &bench.get(&format!("/v1/threads/{thread}/messages")).await["data"][0];
    assert_eq!(message["incomplete_details"], json!({"reason": "run_cancelled"}));
    assert_eq!(message["content"][0]["text"]["value"], "Half of it");
    let step = &bench.get(&format!("{path}/{id}/steps")).await["data"][0];
    assert_eq!(step["status"], "cancelled");
    let error = bench.refused(400, Method::POST, &format!("{path}/{id}/cancel"), None).await;
    assert_eq!(error["message"], "Cannot cancel run with status 'cancelled'.");
    let waiting = bench.run(&thread, json!({"assistant_id": assistant})).await;
    let id = waiting["id"].as_str().unwrap();
    let cancelled = bench.post(&format!("{path}/{id}/cancel"), json!({})).await;
    assert_eq!((&cancelled["status"], &cancelled["required_action"]), (&json!("cancelled"), &Value::Null));
}

#[tokio::test]
async fn r11_runs_expire_wherever_they_are() {
    let settings = || {
        let mut settings = Settings::default();
        settings.run_ttl_seconds = 3;
        settings
    };
    let gate = Arc::new(tokio::sync::Notify::new());
    let bench = Bench::with(settings(), [calls(&[("call_a", "f", "{}")]), vec![text("x"), Act::Wait(gate)]]).await;
    let (assistant, thread) = bench.ready(json!({"tools": [function("f")]})).await;
    let run = bench.run(&thread, json!({"assistant_id": assistant})).await;
    assert_eq!(run["status"], "requires_action");
    let id = run["id"].as_str().unwrap();
    let run = bench.wait(&thread, id, &["expired"]).await;
    assert_eq!((&run["expires_at"], &run["required_action"]), (&Value::Null, &Value::Null));
    let path = format!("/v1/threads/{thread}/runs/{id}/submit_tool_outputs");
    let outputs = json!({"tool_outputs": [{"tool_call_id": "call_a", "output": ""}]});
    let error = bench.refused(400, Method::POST, &path, Some(outputs)).await;
    assert_eq!(error["message"], "Runs in status \"expired\" do not accept tool outputs.");
    let run = bench.run(&thread, json!({"assistant_id": assistant})).await;
    assert_eq!(run["status"], "expired");
    let message = &bench.get(&format!("/v1/threads/{thread}/messages")).await["data"][0];
    assert_eq!(message["incomplete_details"]["reason"], "run_expired");
}

#[tokio::test]
async fn r12_a_budget_of_answer_tokens_spans_turns() {
    let mut first = calls(&[("call_a", "f", "{}")]);
    first[4] = usage(100, 200);
    let bench = Bench::new([first, vec![text("cut"), usage(100, 56), ends(Ending::Length)]]).await;
    let (assistant, thread) = bench.ready(json!({"tools": [function("f")]})).await;
    let run = bench.run(&thread, json!({"assistant_id": assistant, "max_completion_tokens": 256})).await;
    let id = run["id"].as_str().unwrap();
    let outputs = json!({"tool_outputs": [{"tool_call_id": "call_a", "output": "x"}]});
    bench.post(&format!("/v1/threads/{thread}/runs/{id}/submit_tool_outputs"), outputs).await;
    let run = bench.wait(&thread, id, RESTS).await;
    assert_eq!(run["status"], "incomplete");
    assert_eq!(run["incomplete_details"], json!({"reason": "max_completion_tokens"}));
    assert_eq!(bench.script.asked()[1].max_output_tokens, Some(56));
    let message = &bench.get(&format!("/v1/threads/{thread}/messages")).await["data"][0];
    assert_eq!(
        (&message["status"], &message["incomplete_details"]["reason"]),
        (&json!("incomplete"), &json!("max_tokens"))
    );
}

#[tokio::test]
async fn r13_r14_r15_the_window_fits_its_budget() {
    let bench = Bench::new([says("a"), says("b")]).await;
    let (assistant, _) = bench.ready(json!({})).await;
    let filler = "word ".repeat(100);
    let mut messages: Vec<Value> = vec![json!({"role": "user", "content": "The first question"})];
    messages.extend((0..20).map(|_| json!({"role": "assistant", "content": filler})));
    messages.push(json!({"role": "user", "content": "The last question"}));
    let thread = bench.post("/v1/threads", json!({ "messages": messages })).await["id"].as_str().unwrap().to_owned();
    bench.run(&thread, json!({"assistant_id": assistant, "max_prompt_tokens": 400})).await;
    let seen = &bench.script.asked()[0].messages;
    let text = |message: &Value| message["content"][0]["text"]["value"].as_str().unwrap().to_owned();
    assert_eq!(text(&seen[0]), "The first question");
    assert_eq!(text(seen.last().unwrap()), "The last question");
    assert!(seen.len() > 3 && seen.len() < 8, "{} messages", seen.len());
    let last = json!({"type": "last_messages", "last_messages": 1});
    let body = json!({"assistant_id": assistant, "truncation_strategy": last});
    bench.run(&thread, body).await;
    assert_eq!(bench.script.asked()[1].messages.len(), 1);
    let long =
        bench.post("/v1/threads", json!({"messages": [{"role": "user", "content": "word ".repeat(1000)}]})).await["id"]
            .as_str()
            .unwrap()
            .to_owned();
    let run = bench.run(&long, json!({"assistant_id": assistant, "max_prompt_tokens": 256})).await;
    assert_eq!(run["incomplete_details"], json!({"reason": "max_prompt_tokens"}));
    assert_eq!(bench.script.asked().len(), 2, "the model was not asked");
}

#[tokio::test]
async fn r16_failures_keep_their_kind() {
    for (code, name) in [
        (ErrorCode::RateLimitExceeded, "rate_limit_exceeded"),
        (ErrorCode::InvalidPrompt, "invalid_prompt"),
        (ErrorCode::ServerError, "server_error"),
    ] {
        let bench = Bench::new([fails(code, "because")]).await;
        let (assistant, thread) = bench.ready(json!({})).await;
        let run = bench.run(&thread, json!({"assistant_id": assistant})).await;
        assert_eq!(run["last_error"]["code"], name);
        assert!(run["failed_at"].is_i64());
    }
}

#[tokio::test]
async fn r17_a_forced_choice_does_not_loop() {
    let bench = Bench::new([calls(&[("call_a", "f", "{}")]), says("ok")]).await;
    let (assistant, thread) = bench.ready(json!({"tools": [function("f")]})).await;
    let run = bench.run(&thread, json!({"assistant_id": assistant, "tool_choice": "required"})).await;
    let id = run["id"].as_str().unwrap();
    let outputs = json!({"tool_outputs": [{"tool_call_id": "call_a", "output": "x"}]});
    bench.post(&format!("/v1/threads/{thread}/runs/{id}/submit_tool_outputs"), outputs).await;
    bench.wait(&thread, id, &["completed"]).await;
    let asked = bench.script.asked();
    assert_eq!((&asked[0].tool_choice, &asked[1].tool_choice), (&json!("required"), &json!("auto")));
}

#[tokio::test]
async fn r18_r19_deleting_the_assistant_or_the_thread_of_a_run() {
    let gate = Arc::new(tokio::sync::Notify::new());
    let turn = || vec![text("a"), Act::Wait(Arc::clone(&gate)), ends(Ending::Stop)];
    let bench = Bench::new([turn(), turn()]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    let path = format!("/v1/threads/{thread}");
    let run = bench.post(&format!("{path}/runs"), json!({"assistant_id": assistant})).await;
    bench.delete(&format!("/v1/assistants/{assistant}")).await;
    gate.notify_one();
    bench.wait(&thread, run["id"].as_str().unwrap(), &["completed"]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    let path = format!("/v1/threads/{thread}");
    let run = bench.post(&format!("{path}/runs"), json!({"assistant_id": assistant})).await;
    bench.delete(&path).await;
    bench.refused(404, Method::GET, &format!("{path}/runs/{}", run["id"].as_str().unwrap()), None).await;
    while bench.engine.running() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn r20_include_has_one_value() {
    let bench = Bench::new([]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    let path = format!("/v1/threads/{thread}/runs");
    let good = "include[]=step_details.tool_calls[*].file_search.results[*].content";
    let (status, run) =
        bench.call(Method::POST, &format!("{path}?{good}"), Some(json!({"assistant_id": assistant}))).await;
    assert_eq!(status, 200);
    let steps = format!("{path}/{}/steps", run["id"].as_str().unwrap());
    bench.get(&format!("{steps}?{good}")).await;
    let error = bench.refused(400, Method::GET, &format!("{steps}?include[]=x"), None).await;
    assert_eq!(error["code"], "invalid_value");
}

#[tokio::test]
async fn e3_a_run_belongs_to_its_thread() {
    let bench = Bench::new([says("x")]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    let run = bench.run(&thread, json!({"assistant_id": assistant})).await;
    let (_, other) = bench.ready(json!({})).await;
    let id = run["id"].as_str().unwrap();
    let error = bench.refused(404, Method::GET, &format!("/v1/threads/{other}/runs/{id}"), None).await;
    assert_eq!(error["message"], format!("No run found with id '{id}'."));
}

#[tokio::test]
async fn s1_s4_s13_a_stream_of_text() {
    let bench = Bench::new([says("One two three.")]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    let path = format!("/v1/threads/{thread}");
    let events = bench.stream(&format!("{path}/runs"), json!({"assistant_id": assistant, "stream": true})).await;
    assert_eq!(
        names(&events),
        [
            "thread.run.created",
            "thread.run.queued",
            "thread.run.in_progress",
            "thread.run.step.created",
            "thread.run.step.in_progress",
            "thread.message.created",
            "thread.message.in_progress",
            "thread.message.delta",
            "thread.message.delta",
            "thread.message.delta",
            "thread.message.completed",
            "thread.run.step.completed",
            "thread.run.completed",
            "done",
        ]
    );
    assert_eq!(events.last().unwrap().data, "[DONE]");
    let joined: String =
        events.iter().filter_map(|event| event.data["delta"]["content"][0]["text"]["value"].as_str()).collect();
    assert_eq!(events[10].data["content"][0]["text"]["value"], joined.as_str());
    let ids: Vec<i64> = events.iter().filter_map(|event| event.id).collect();
    assert_eq!(ids, (1..=13).collect::<Vec<i64>>());
    assert_eq!(events[0].data["status"], "queued");
    assert_eq!(events[2].data["status"], "in_progress");
    assert_eq!(events[12].data["usage"]["total_tokens"], 15);
    bench.post(&format!("{path}/messages"), json!({"role": "user", "content": "at once"})).await;
}

#[tokio::test]
async fn s2_s3_s15_streams_of_functions_and_their_outputs() {
    let mut turn = vec![text("Wait.")];
    turn.extend(calls(&[("call_a", "f", "{\"x\":1}")]));
    let bench = Bench::new([turn, says("Done.")]).await;
    let (assistant, thread) = bench.ready(json!({"tools": [function("f")]})).await;
    let path = format!("/v1/threads/{thread}/runs");
    let events = bench.stream(&path, json!({"assistant_id": assistant, "stream": true})).await;
    assert_eq!(
        names(&events)[3..],
        [
            "thread.run.step.created",
            "thread.run.step.in_progress",
            "thread.message.created",
            "thread.message.in_progress",
            "thread.message.delta",
            "thread.message.completed",
            "thread.run.step.completed",
            "thread.run.step.created",
            "thread.run.step.in_progress",
            "thread.run.step.delta",
            "thread.run.step.delta",
            "thread.run.step.delta",
            "thread.run.requires_action",
            "done",
        ]
    );
    let run = &events[events.len() - 2].data;
    let id = run["id"].as_str().unwrap();
    let body = json!({"tool_outputs": [{"tool_call_id": "call_a", "output": "42"}], "stream": true});
    let events = bench.stream(&format!("{path}/{id}/submit_tool_outputs"), body).await;
    assert_eq!(names(&events)[..3], ["thread.run.step.completed", "thread.run.queued", "thread.run.in_progress"]);
    assert_eq!(events[0].data["step_details"]["tool_calls"][0]["function"]["output"], "42");
    assert_eq!(events[events.len() - 2].name, "thread.run.completed");
}

#[tokio::test]
async fn s6_s7_s8_streams_that_end_before_their_time() {
    let gate = Arc::new(tokio::sync::Notify::new());
    let turns = [
        vec![text("Half"), Act::Wait(gate)],
        vec![text("Half"), Act::Fail(threadline_engine::model::ModelError::new(ErrorCode::ServerError, "boom"))],
        vec![text("Half"), usage(3, 2), ends(Ending::Length)],
        vec![text("Half"), Act::Cut],
        vec![text("Half"), usage(3, 2), ends(Ending::ContentFilter)],
    ];
    let bench = Arc::new(Bench::new(turns).await);
    let (assistant, thread) = bench.ready(json!({})).await;
    let path = format!("/v1/threads/{thread}/runs");
    let body = json!({"assistant_id": assistant, "stream": true});
    let streamed = {
        let (bench, path, body) = (Arc::clone(&bench), path.clone(), body.clone());
        tokio::spawn(async move { bench.stream(&path, body).await })
    };
    let id = loop {
        let runs = bench.get(&path).await;
        if let Some(run) = runs["data"][0]["id"].as_str()
            && runs["data"][0]["status"] == "in_progress"
            && bench.get(&format!("/v1/threads/{thread}/messages")).await["data"].as_array().unwrap().len() == 2
        {
            break run.to_owned();
        }
        tokio::task::yield_now().await;
    };
    bench.post(&format!("{path}/{id}/cancel"), json!({})).await;
    let end =
        |events: &[support::Event]| -> Vec<String> { events[8..].iter().map(|event| event.name.clone()).collect() };
    assert_eq!(
        end(&streamed.await.unwrap()),
        [
            "thread.run.cancelling",
            "thread.message.incomplete",
            "thread.run.step.cancelled",
            "thread.run.cancelled",
            "done"
        ]
    );
    let failed = ["thread.message.incomplete", "thread.run.step.failed", "thread.run.failed", "done"];
    let incomplete = ["thread.message.incomplete", "thread.run.step.completed", "thread.run.incomplete", "done"];
    assert_eq!(end(&bench.stream(&path, body.clone()).await), failed);
    assert_eq!(end(&bench.stream(&path, body.clone()).await), incomplete);
    assert_eq!(end(&bench.stream(&path, body.clone()).await), failed);
    let filtered = bench.stream(&path, body).await;
    assert_eq!(filtered[filtered.len() - 2].data["incomplete_details"], json!({}));
}

#[tokio::test]
async fn s10_s11_a_reader_may_leave_and_come_back() {
    let bench = Bench::new([says("One two three.")]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    let path = format!("/v1/threads/{thread}/runs");
    let reply = bench.send(Method::POST, &path, Some(json!({"assistant_id": assistant, "stream": true}))).await;
    drop(reply);
    let id = bench.get(&path).await["data"][0]["id"].as_str().unwrap().to_owned();
    let run = bench.wait(&thread, &id, RESTS).await;
    assert_eq!(run["status"], "completed");
    let read = |after: i64| {
        let path = format!("{path}/{id}/events?after={after}");
        let bench = &bench;
        async move {
            let reply = bench.send(Method::GET, &path, None).await;
            let bytes = http_body_util::BodyExt::collect(reply.into_body()).await.unwrap().to_bytes();
            support::parse(std::str::from_utf8(&bytes).unwrap())
        }
    };
    let all = read(0).await;
    assert_eq!(all.len(), 14);
    for after in 1..13 {
        let rest = read(after).await;
        assert_eq!(names(&rest), names(&all)[usize::try_from(after).unwrap()..]);
    }
}

#[tokio::test]
async fn r21_a_thread_and_a_run_in_one_request() {
    let bench = Bench::new([says("Hi."), says("Hi.")]).await;
    let (assistant, _) = bench.ready(json!({})).await;
    let thread = json!({"messages": [{"role": "user", "content": "Hello"}], "metadata": {"a": "b"}});
    let body = json!({"assistant_id": assistant, "thread": thread, "stream": true});
    let events = bench.stream("/v1/threads/runs", body).await;
    assert_eq!(names(&events)[..3], ["thread.created", "thread.run.created", "thread.run.queued"]);
    assert_eq!(events[0].data["metadata"], json!({"a": "b"}));
    let run = bench.post("/v1/threads/runs", json!({"assistant_id": assistant})).await;
    let thread = run["thread_id"].as_str().unwrap();
    bench.wait(thread, run["id"].as_str().unwrap(), &["completed"]).await;
    bench.refused(404, Method::POST, "/v1/threads/runs", Some(json!({"assistant_id": "asst_none"}))).await;
}

#[tokio::test]
async fn a_silent_turn_completes_without_a_message() {
    let bench = Bench::new([vec![usage(1, 0), ends(Ending::Stop)]]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    let run = bench.run(&thread, json!({"assistant_id": assistant})).await;
    assert_eq!(run["status"], "completed");
    let steps = bench.get(&format!("/v1/threads/{thread}/runs/{}/steps", run["id"].as_str().unwrap())).await;
    assert_eq!(steps["data"], json!([]));
}

#[tokio::test]
async fn a_turn_that_showed_nothing_is_tried_again() {
    let mut error = threadline_engine::model::ModelError::new(ErrorCode::ServerError, "busy");
    error.retryable = true;
    let bench = Bench::new([vec![Act::Fail(error)], says("Now.")]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    let run = bench.run(&thread, json!({"assistant_id": assistant})).await;
    assert_eq!(run["status"], "completed");
    assert_eq!(bench.script.asked().len(), 2);
}

#[tokio::test]
async fn code_needs_somebody_to_run_it() {
    let bench = Bench::new([]).await;
    let (assistant, thread) = bench.ready(json!({"tools": [{"type": "code_interpreter"}]})).await;
    let path = format!("/v1/threads/{thread}/runs");
    let error = bench.refused(400, Method::POST, &path, Some(json!({"assistant_id": assistant}))).await;
    assert_eq!((&error["code"], &error["param"]), (&json!("tool_not_available"), &json!("tools")));
}

#[tokio::test]
async fn parts_of_a_refusal_are_kept() {
    let turn = vec![Act::Say(TurnEvent::Refusal { part: 1, text: "No.".into() }), usage(1, 1), ends(Ending::Stop)];
    let bench = Bench::new([turn]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    bench.run(&thread, json!({"assistant_id": assistant})).await;
    let message = &bench.get(&format!("/v1/threads/{thread}/messages")).await["data"][0];
    assert_eq!(message["content"], json!([{"type": "refusal", "refusal": "No."}]));
}
