//! The states of runs, and what moves them: sections 10, 12 and 13.

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};
use threadline_engine::Settings;
use threadline_engine::model::{Ending, ErrorCode, ModelError};

use crate::support::store::Shared;
use crate::support::{Act, Bench, RESTS, calls, end, ends, fails, function, gate, id, says, text, usage};

async fn cancel(bench: &Bench, thread: &str, run: &str) -> Value {
    bench.post(&format!("/v1/threads/{thread}/runs/{run}/cancel"), json!({})).await
}

#[tokio::test]
async fn a_run_waits_until_somebody_works_on_it() {
    let mut settings = Settings::default();
    settings.max_runs = 0;
    let bench = Bench::with(settings, []).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    let run = bench.begin(&thread, json!({"assistant_id": assistant})).await;
    let found = bench.get(&format!("/v1/threads/{thread}/runs/{run}")).await;
    assert_eq!((&found["status"], &found["started_at"]), (&json!("queued"), &Value::Null));
    let cancelled = cancel(&bench, &thread, &run).await;
    assert_eq!((&cancelled["status"], &cancelled["expires_at"]), (&json!("cancelled"), &Value::Null));
    assert!(cancelled["cancelled_at"].is_i64());
    assert_eq!(cancelled["usage"], json!({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}));
    assert_eq!(bench.steps(&thread, &run).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_run_that_waits_for_outputs_keeps_its_step_open() {
    let bench = Bench::new([calls(&[("a", "f", "{}")]), says("x")]).await;
    let (assistant, thread) = bench.ready(json!({"tools": [function("f")]})).await;
    let run = bench.run(&thread, json!({"assistant_id": assistant})).await;
    assert_eq!(run["required_action"]["type"], "submit_tool_outputs");
    assert_eq!((&run["usage"], run["expires_at"].is_i64()), (&Value::Null, true));
    let step = bench.steps(&thread, &id(&run)).await.remove(0);
    assert_eq!((&step["status"], &step["type"]), (&json!("in_progress"), &json!("tool_calls")));
    assert_eq!(step["step_details"]["tool_calls"][0]["function"]["output"], Value::Null);
    let queued = bench.answer(&thread, &id(&run), &[("a", "42")]).await;
    assert_eq!((&queued["status"], &queued["required_action"]), (&json!("queued"), &Value::Null));
    bench.wait(&thread, &id(&run), &["completed"]).await;
    let step = bench.steps(&thread, &id(&run)).await.remove(0);
    assert_eq!((&step["status"], step["completed_at"].is_i64()), (&json!("completed"), true));
    assert_eq!(step["step_details"]["tool_calls"][0]["function"]["output"], "42");
}

#[tokio::test]
async fn the_beginning_is_told_anew_whenever_a_run_goes_on() {
    let store = Shared::new().await;
    let bench = Bench::on(&store.url, Settings::default(), [calls(&[("a", "f", "{}")]), says("x")]).await;
    let (assistant, thread) = bench.ready(json!({"tools": [function("f")]})).await;
    let run = bench.run(&thread, json!({"assistant_id": assistant})).await;
    assert!(run["started_at"].is_i64());
    store.edit("runs", &id(&run), |run| run["started_at"] = json!(7)).await;
    bench.answer(&thread, &id(&run), &[("a", "x")]).await;
    let done = bench.wait(&thread, &id(&run), &["completed"]).await;
    assert!(done["started_at"].as_i64().unwrap() >= run["started_at"].as_i64().unwrap());
}

#[tokio::test]
async fn a_failure_closes_what_is_open() {
    let broken = Act::Fail(ModelError::new(ErrorCode::RateLimitExceeded, "slow down"));
    let bench = Bench::new([vec![text("Half"), broken]]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    let run = bench.run(&thread, json!({"assistant_id": assistant})).await;
    assert_eq!((&run["status"], &run["expires_at"]), (&json!("failed"), &Value::Null));
    assert!(run["failed_at"].is_i64() && run["completed_at"].is_null());
    assert_eq!(run["last_error"]["code"], "rate_limit_exceeded");
    assert!(run["last_error"]["message"].as_str().unwrap().contains("slow down"));
    let message = bench.messages(&thread, 2).await.remove(0);
    assert_eq!((&message["status"], message["incomplete_at"].is_i64()), (&json!("incomplete"), true));
    assert_eq!(message["incomplete_details"], json!({"reason": "run_failed"}));
    let step = bench.steps(&thread, &id(&run)).await.remove(0);
    assert_eq!((&step["status"], step["failed_at"].is_i64()), (&json!("failed"), true));
    assert_eq!(step["last_error"]["code"], "rate_limit_exceeded");
}

#[tokio::test]
async fn a_spent_budget_leaves_the_message_incomplete_and_its_step_complete() {
    let cut = {
        let mut acts = calls(&[("a", "f", "{\"x\"")]);
        acts.truncate(acts.len() - 3);
        acts.extend([usage(3, 2), ends(Ending::Length)]);
        acts
    };
    let bench = Bench::new([vec![text("Half"), usage(3, 2), ends(Ending::Length)], cut]).await;
    let (assistant, thread) = bench.ready(json!({"tools": [function("f")]})).await;
    let run = bench.run(&thread, json!({"assistant_id": assistant})).await;
    assert_eq!(
        (&run["status"], &run["incomplete_details"]),
        (&json!("incomplete"), &json!({"reason": "max_completion_tokens"}))
    );
    assert_eq!((&run["usage"]["total_tokens"], &run["expires_at"]), (&json!(5), &Value::Null));
    let message = bench.messages(&thread, 2).await.remove(0);
    assert_eq!(message["incomplete_details"], json!({"reason": "max_tokens"}));
    let step = bench.steps(&thread, &id(&run)).await.remove(0);
    assert_eq!((&step["status"], &step["usage"]), (&json!("completed"), &run["usage"]));
    // Calls that were cut off are dropped, and their step fails.
    let run = bench.run(&thread, json!({"assistant_id": assistant})).await;
    assert_eq!((&run["status"], &run["required_action"]), (&json!("incomplete"), &Value::Null));
    let step = bench.steps(&thread, &id(&run)).await.remove(0);
    assert_eq!((&step["status"], &step["type"]), (&json!("failed"), &json!("tool_calls")));
}

#[tokio::test]
async fn a_content_filter_ends_a_run_without_a_reason_of_its_own() {
    let bench = Bench::new([vec![text("Half"), usage(3, 2), ends(Ending::ContentFilter)]]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    let run = bench.run(&thread, json!({"assistant_id": assistant})).await;
    assert_eq!((&run["status"], &run["incomplete_details"]), (&json!("incomplete"), &json!({})));
    let message = bench.messages(&thread, 2).await.remove(0);
    assert_eq!(message["incomplete_details"], json!({"reason": "content_filter"}));
}

#[tokio::test]
async fn cancelling_a_run_that_waits_ends_it_at_once() {
    let bench = Bench::new([calls(&[("a", "f", "{}")])]).await;
    let (assistant, thread) = bench.ready(json!({"tools": [function("f")]})).await;
    let run = id(&bench.run(&thread, json!({"assistant_id": assistant})).await);
    let cancelled = cancel(&bench, &thread, &run).await;
    assert_eq!((&cancelled["status"], &cancelled["required_action"]), (&json!("cancelled"), &Value::Null));
    assert_eq!(cancelled["usage"]["total_tokens"], 27);
    let step = bench.steps(&thread, &run).await.remove(0);
    assert_eq!((&step["status"], step["cancelled_at"].is_i64()), (&json!("cancelled"), true));
}

#[tokio::test]
async fn cancelling_at_any_moment_of_a_fast_answer_ends_the_run_and_frees_its_thread() {
    for moment in 0..20 {
        let (gate, wait) = gate();
        let mut fast = vec![text("a"), wait];
        fast.extend((0..60).map(|_| text("b")));
        fast.extend([usage(3, 2), end()]);
        let bench = Bench::new([fast]).await;
        let (assistant, thread) = bench.ready(json!({})).await;
        let run = bench.begin(&thread, json!({"assistant_id": assistant})).await;
        bench.messages(&thread, 2).await;
        let talks = async {
            for _ in 0..moment {
                tokio::task::yield_now().await;
            }
            gate.notify_one();
        };
        let path = format!("/v1/threads/{thread}/runs/{run}/cancel");
        let ((status, _), ()) = tokio::join!(bench.call(Method::POST, &path, Some(json!({}))), talks);
        let ended = bench.wait(&thread, &run, &["cancelled", "completed"]).await;
        assert_eq!(ended["status"] == "cancelled", status == 200, "{ended}");
        bench.post(&format!("/v1/threads/{thread}/messages"), json!({"role": "user", "content": "x"})).await;
    }
}

#[tokio::test]
async fn cancelling_drops_the_request_and_keeps_what_was_said() {
    let (_gate, wait) = gate();
    let bench = Bench::new([vec![text("Half of it"), wait]]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    let run = bench.begin(&thread, json!({"assistant_id": assistant})).await;
    bench.messages(&thread, 2).await;
    let answered = cancel(&bench, &thread, &run).await;
    assert!(["cancelling", "cancelled"].contains(&answered["status"].as_str().unwrap()));
    bench.wait(&thread, &run, &["cancelled"]).await;
    assert_eq!(bench.script.dropped(), 1);
    let message = bench.messages(&thread, 2).await.remove(0);
    assert_eq!(message["content"][0]["text"]["value"], "Half of it");
    assert_eq!(message["incomplete_details"], json!({"reason": "run_cancelled"}));
}

#[tokio::test]
async fn no_state_leads_out_of_an_end() {
    let (_gate, wait) = gate();
    let turns =
        [says("x"), fails(ErrorCode::ServerError, "no"), vec![text("x"), ends(Ending::Length)], vec![text("x"), wait]];
    let bench = Bench::new(turns).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    for status in ["completed", "failed", "incomplete", "cancelled"] {
        let run = bench.begin(&thread, json!({"assistant_id": assistant})).await;
        if status == "cancelled" {
            bench.wait(&thread, &run, &["in_progress"]).await;
            cancel(&bench, &thread, &run).await;
        }
        let ended = bench.wait(&thread, &run, RESTS).await;
        assert_eq!(ended["status"], status);
        let path = format!("/v1/threads/{thread}/runs/{run}");
        let error = bench.refused(400, Method::POST, &format!("{path}/cancel"), None).await;
        assert_eq!(error["message"], format!("Cannot cancel run with status '{status}'."));
        let outputs = json!({"tool_outputs": []});
        let error = bench.refused(400, Method::POST, &format!("{path}/submit_tool_outputs"), Some(outputs)).await;
        assert_eq!(error["message"], format!("Runs in status \"{status}\" do not accept tool outputs."));
        assert_eq!(bench.get(&path).await, ended);
    }
}

#[tokio::test]
async fn whoever_looks_at_a_run_whose_time_is_over_sees_it_expired() {
    let store = Shared::new().await;
    let bench = Bench::on(
        &store.url,
        Settings::default(),
        (0..5).map(|call| calls(&[(["a", "b", "c", "d", "e"][call], "f", "{}")])).collect::<Vec<_>>(),
    )
    .await;
    for look in ["get", "list", "submit", "message", "run"] {
        let (assistant, thread) = bench.ready(json!({"tools": [function("f")]})).await;
        let run = id(&bench.run(&thread, json!({"assistant_id": assistant})).await);
        store.overdue(&run).await;
        let path = format!("/v1/threads/{thread}");
        match look {
            "get" => assert_eq!(bench.get(&format!("{path}/runs/{run}")).await["status"], "expired"),
            "list" => assert_eq!(bench.get(&format!("{path}/runs")).await["data"][0]["status"], "expired"),
            "submit" => {
                let outputs = json!({"tool_outputs": [{"tool_call_id": "c", "output": "x"}]});
                let submit = format!("{path}/runs/{run}/submit_tool_outputs");
                let error = bench.refused(400, Method::POST, &submit, Some(outputs)).await;
                assert_eq!(error["message"], "Runs in status \"expired\" do not accept tool outputs.");
            }
            "message" => {
                bench.post(&format!("{path}/messages"), json!({"role": "user", "content": "x"})).await;
            }
            _ => {
                bench.post(&format!("{path}/runs"), json!({"assistant_id": assistant})).await;
            }
        }
        let found = bench.get(&format!("{path}/runs/{run}")).await;
        assert_eq!((&found["status"], &found["expires_at"]), (&json!("expired"), &Value::Null));
        assert_eq!((&found["required_action"], found["usage"]["total_tokens"].as_i64()), (&Value::Null, Some(27)));
        let step = bench.steps(&thread, &run).await.remove(0);
        assert_eq!((&step["status"], step["expired_at"].is_i64()), (&json!("expired"), true));
    }
}

#[tokio::test]
async fn a_run_expires_in_the_middle_of_its_work() {
    let (_gate, wait) = gate();
    let mut settings = Settings::default();
    settings.run_ttl_seconds = 3;
    let bench = Bench::with(settings, [vec![text("Half"), wait]]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    let run = bench.run(&thread, json!({"assistant_id": assistant})).await;
    assert_eq!(run["status"], "expired");
    assert!(["cancelled_at", "failed_at", "completed_at"].iter().all(|name| run[*name].is_null()));
    let message = bench.messages(&thread, 2).await.remove(0);
    assert_eq!(message["incomplete_details"], json!({"reason": "run_expired"}));
    assert_eq!(bench.steps(&thread, &id(&run)).await[0]["status"], "expired");
    assert_eq!(bench.script.dropped(), 1);
}

#[tokio::test]
async fn a_cancellation_that_nobody_follows_is_followed_by_the_sweeper() {
    let store = Shared::new().await;
    let (_gate, wait) = gate();
    let bench = Bench::on(&store.url, Settings::default(), [vec![text("x"), wait]]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    let run = bench.begin(&thread, json!({"assistant_id": assistant})).await;
    bench.messages(&thread, 2).await;
    store.strand(&run).await;
    assert_eq!(cancel(&bench, &thread, &run).await["status"], "cancelling");
    // Five seconds pass.
    store.sql(&format!("update runs set changed = 1 where id = '{run}'")).await;
    let run = bench.wait(&thread, &run, &["cancelled"]).await;
    assert!(run["cancelled_at"].is_i64());
}

#[tokio::test]
async fn outputs_are_taken_all_at_once_and_once() {
    let bench = Arc::new(Bench::new([calls(&[("a", "f", "{}"), ("b", "g", "{}")]), says("x")]).await);
    let (assistant, thread) = bench.ready(json!({"tools": [function("f"), function("g")]})).await;
    let run = id(&bench.run(&thread, json!({"assistant_id": assistant})).await);
    let path = format!("/v1/threads/{thread}/runs/{run}/submit_tool_outputs");
    let outputs = |ids: &[&str]| {
        let outputs: Vec<Value> = ids.iter().map(|id| json!({"tool_call_id": id, "output": "x"})).collect();
        json!({ "tool_outputs": outputs })
    };
    for (given, shown) in [
        (vec!["a"], "['a']"),
        (vec![], "[]"),
        (vec!["b", "a", "z"], "['b', 'a', 'z']"),
        (vec!["a", "a"], "['a', 'a']"),
        (vec!["a", "b", "b"], "['a', 'b', 'b']"),
    ] {
        let error = bench.refused(400, Method::POST, &path, Some(outputs(&given))).await;
        assert_eq!(error["message"], format!("Expected tool outputs for call_ids ['a', 'b'], got {shown}"));
    }
    let number = json!({"tool_outputs": [{"tool_call_id": "a", "output": 5}, {"tool_call_id": "b"}]});
    assert_eq!(bench.refused(400, Method::POST, &path, Some(number)).await["code"], "invalid_type");
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let (bench, path, body) = (Arc::clone(&bench), path.clone(), outputs(&["b", "a"]));
        tasks.push(tokio::spawn(async move { bench.call(Method::POST, &path, Some(body)).await }));
    }
    let mut won = 0;
    for task in tasks {
        let (status, answer) = task.await.unwrap();
        if status == 200 {
            won += 1;
        } else {
            let message = answer["error"]["message"].as_str().unwrap();
            assert!(message.starts_with("Runs in status") && message.ends_with("do not accept tool outputs."));
        }
    }
    assert_eq!(won, 1);
    bench.wait(&thread, &run, &["completed"]).await;
    assert_eq!(bench.script.asked().len(), 2);
}

#[tokio::test]
async fn outputs_keep_every_byte() {
    let bench = Bench::new([calls(&[("a", "f", "{}"), ("b", "f", "{}"), ("c", "f", "{}")]), says("x")]).await;
    let (assistant, thread) = bench.ready(json!({"tools": [function("f")]})).await;
    let run = id(&bench.run(&thread, json!({"assistant_id": assistant})).await);
    let odd = "  \r\n\t\u{0}\u{feff}\"{\\u0041}' 你好 👩‍👩‍👧 \u{2028}end ";
    let body = json!({"tool_outputs": [{"tool_call_id": "b", "output": null}, {"tool_call_id": "c"},
                                       {"tool_call_id": "a", "output": odd}]});
    bench.post(&format!("/v1/threads/{thread}/runs/{run}/submit_tool_outputs"), body).await;
    bench.wait(&thread, &run, &["completed"]).await;
    let calls = bench.steps(&thread, &run).await[0]["step_details"]["tool_calls"].clone();
    let outputs: Vec<&str> = (0..3).map(|call| calls[call]["function"]["output"].as_str().unwrap()).collect();
    assert_eq!(outputs, [odd, "", ""]);
    let told: Vec<String> = bench.script.asked()[1].turns[0].calls.iter().map(|call| call.output.clone()).collect();
    assert_eq!(told, outputs);
}

#[tokio::test]
async fn a_turn_that_showed_nothing_is_tried_three_times() {
    let busy = |wait: f64| {
        let mut error = ModelError::new(ErrorCode::RateLimitExceeded, "busy");
        (error.retryable, error.retry_after) = (true, Some(wait));
        vec![Act::Fail(error)]
    };
    let bench = Bench::new([busy(0.0), busy(0.0), says("Now.")]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    assert_eq!(bench.run(&thread, json!({"assistant_id": assistant})).await["status"], "completed");
    assert_eq!(bench.script.asked().len(), 3);
    let shown = {
        let mut error = ModelError::new(ErrorCode::ServerError, "broken");
        error.retryable = true;
        vec![text("Half"), Act::Fail(error)]
    };
    let bench = Bench::new([shown, says("never"), says("never")]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    assert_eq!(bench.run(&thread, json!({"assistant_id": assistant})).await["status"], "failed");
    assert_eq!(bench.script.asked().len(), 1, "what has been shown is not said again");
    let bench = Bench::new([busy(0.0), busy(0.0), busy(0.0), says("never")]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    let run = bench.run(&thread, json!({"assistant_id": assistant})).await;
    assert_eq!((&run["status"], &run["last_error"]["code"]), (&json!("failed"), &json!("rate_limit_exceeded")));
    assert_eq!(bench.script.asked().len(), 3);
}

#[tokio::test]
async fn a_silent_end_is_an_end() {
    let bench = Bench::new([vec![end()]]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    let run = bench.run(&thread, json!({"assistant_id": assistant})).await;
    assert_eq!(run["status"], "completed");
    assert_eq!(bench.steps(&thread, &id(&run)).await, Vec::<Value>::new());
    assert_eq!(bench.messages(&thread, 1).await.len(), 1);
}
