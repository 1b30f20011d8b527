//! Several servers over one store, and servers that die: section 22.

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};
use threadline_engine::Settings;

use crate::support::store::Shared;
use crate::support::{Bench, RESTS, calls, end, function, gate, grammar, id, says, text};

fn never() -> Settings {
    let mut settings = Settings::default();
    settings.max_runs = 0;
    settings
}

#[tokio::test]
async fn a_turn_that_had_shown_nothing_is_repeated() {
    let store = Shared::new().await;
    let (_gate, wait) = gate();
    let bench = Bench::on(&store.url, Settings::default(), [vec![wait], says("Again.")]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    let run = bench.begin(&thread, json!({"assistant_id": assistant})).await;
    bench.wait(&thread, &run, &["in_progress"]).await;
    while bench.script.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    store.orphan(&run).await;
    assert_eq!(bench.wait(&thread, &run, RESTS).await["status"], "completed");
    assert_eq!(bench.script.asked().len(), 2);
    assert_eq!(bench.messages(&thread, 2).await.len(), 2);
    grammar_of(&bench, &thread, &run).await;
}

/// Checks the whole stored stream of a run, where each takeover tells again that the run is in progress.
async fn grammar_of(bench: &Bench, thread: &str, run: &str) {
    grammar::check(&bench.follow(&format!("/v1/threads/{thread}/runs/{run}/events")).await);
}

#[tokio::test]
async fn a_turn_that_had_shown_something_ends_the_run() {
    let store = Shared::new().await;
    let (_gate, wait) = gate();
    let long = text(&"word ".repeat(2000));
    let bench = Bench::on(&store.url, Settings::default(), [vec![text("Half "), long, wait], says("never")]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    let run = bench.begin(&thread, json!({"assistant_id": assistant})).await;
    // What is as long as this has been kept, whatever becomes of its server.
    let kept = format!("select count(*) from run_events where run_id = '{run}' and events like '%Half%'");
    while store.sql(&kept).await[0][0] == "0" {
        tokio::task::yield_now().await;
    }
    store.orphan(&run).await;
    let ended = bench.wait(&thread, &run, RESTS).await;
    assert_eq!((&ended["status"], &ended["last_error"]["code"]), (&json!("failed"), &json!("server_error")));
    let message = bench.messages(&thread, 2).await.remove(0);
    assert_eq!(message["incomplete_details"], json!({"reason": "run_failed"}));
    let value = message["content"][0]["text"]["value"].as_str().unwrap();
    assert!(value.starts_with("Half word "), "what was shown is kept");
    assert_eq!(bench.script.asked().len(), 1);
    bench.post(&format!("/v1/threads/{thread}/messages"), json!({"role": "user", "content": "free"})).await;
    grammar_of(&bench, &thread, &run).await;
}

#[tokio::test]
async fn a_turn_that_had_shown_something_is_begun_anew_where_that_is_wanted() {
    let store = Shared::new().await;
    let mut settings = Settings::default();
    settings.restart_partial = true;
    let (_gate, wait) = gate();
    let bench = Bench::on(&store.url, settings, [vec![text("Half"), wait], says("Whole.")]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    let run = bench.begin(&thread, json!({"assistant_id": assistant})).await;
    bench.messages(&thread, 2).await;
    store.orphan(&run).await;
    assert_eq!(bench.wait(&thread, &run, RESTS).await["status"], "completed");
    let messages = bench.messages(&thread, 3).await;
    assert_eq!(messages[0]["content"][0]["text"]["value"], "Whole.");
    assert_eq!(messages[1]["incomplete_details"], json!({"reason": "run_failed"}));
    let statuses: Vec<Value> = bench.steps(&thread, &run).await.iter().map(|step| step["status"].clone()).collect();
    assert_eq!(statuses, ["failed", "completed"]);
    grammar_of(&bench, &thread, &run).await;
}

#[tokio::test]
async fn calls_that_were_being_written_end_the_run_and_calls_that_wait_do_not_notice() {
    let store = Shared::new().await;
    let (_gate, wait) = gate();
    let mut half = calls(&[("a", "f", "{\"x\":1}")]);
    half.truncate(2);
    half.push(wait);
    let bench = Bench::on(&store.url, Settings::default(), [half, calls(&[("b", "f", "{}")]), says("Done.")]).await;
    let (assistant, thread) = bench.ready(json!({"tools": [function("f")]})).await;
    let run = bench.begin(&thread, json!({"assistant_id": assistant})).await;
    while bench.steps(&thread, &run).await.is_empty() {
        tokio::task::yield_now().await;
    }
    store.orphan(&run).await;
    assert_eq!(bench.wait(&thread, &run, RESTS).await["status"], "failed");
    assert_eq!(bench.steps(&thread, &run).await[0]["status"], "failed");
    let run = id(&bench.run(&thread, json!({"assistant_id": assistant})).await);
    let lease = store.sql(&format!("select lease_owner from runs where id = '{run}'")).await;
    assert_eq!(lease[0][0], "", "nobody holds a run that waits");
    let other = Bench::on(&store.url, Settings::default(), [says("Done elsewhere.")]).await;
    other.answer(&thread, &run, &[("b", "x")]).await;
    assert_eq!(other.wait(&thread, &run, RESTS).await["status"], "completed");
    assert_eq!(other.script.asked()[0].turns[0].calls[0].output, "x");
}

#[tokio::test]
async fn a_server_that_lost_its_lease_writes_nothing() {
    let store = Shared::new().await;
    let (gate, wait) = gate();
    let stale = Bench::on(&store.url, never_claims(), [vec![text("a"), wait, text("b"), end()]]).await;
    let (assistant, thread) = stale.ready(json!({})).await;
    let run = stale.begin(&thread, json!({"assistant_id": assistant})).await;
    stale.messages(&thread, 2).await;
    store.strand(&run).await;
    let before = store.sql(&format!("select status, fence, next_event from runs where id = '{run}'")).await;
    gate.notify_one();
    while stale.engine.running() > 0 {
        tokio::task::yield_now().await;
    }
    let after = store.sql(&format!("select status, fence, next_event from runs where id = '{run}'")).await;
    assert_eq!(before, after);
    assert_eq!(stale.messages(&thread, 2).await[0]["status"], "in_progress");
}

/// Works on what it is given, and takes nothing over.
fn never_claims() -> Settings {
    let mut settings = Settings::default();
    settings.max_runs = 1;
    settings
}

#[tokio::test]
async fn a_run_that_kills_its_servers_is_given_up() {
    let store = Shared::new().await;
    let bench = Bench::on(&store.url, never(), []).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    let run = bench.begin(&thread, json!({"assistant_id": assistant})).await;
    store
        .sql(&format!("update runs set attempt = 3, lease_owner = 'server_dead', lease_until = 1 where id = '{run}'"))
        .await;
    let other = Bench::on(&store.url, Settings::default(), [says("never")]).await;
    let ended = other.wait(&thread, &run, RESTS).await;
    assert_eq!((&ended["status"], &ended["last_error"]["code"]), (&json!("failed"), &json!("server_error")));
    assert!(other.script.asked().is_empty());
}

#[tokio::test]
async fn two_servers_answer_as_one() {
    let store = Shared::new().await;
    let (gate, wait) = gate();
    let (_never, stuck) = crate::support::gate();
    let first = Arc::new(
        Bench::on(
            &store.url,
            Settings::default(),
            [vec![text("One "), wait, text("two."), end()], calls(&[("a", "f", "{}")]), vec![text("x"), stuck]],
        )
        .await,
    );
    let second = Bench::on(&store.url, Settings::default(), [says("Answered there.")]).await;
    let (assistant, thread) = first.ready(json!({"tools": [function("f")]})).await;
    assert_eq!(second.get(&format!("/v1/assistants/{assistant}")).await["id"], assistant.as_str());
    let path = format!("/v1/threads/{thread}");
    let run = first.begin(&thread, json!({"assistant_id": assistant})).await;
    second.refused(400, Method::POST, &format!("{path}/messages"), Some(json!({"role": "user", "content": "x"}))).await;
    second.messages(&thread, 2).await;
    gate.notify_one();
    // A stream is followed where it is not made.
    let events = second.follow(&format!("{path}/runs/{run}/events")).await;
    grammar::check(&events);
    assert_eq!(second.wait(&thread, &run, RESTS).await["status"], "completed");
    let run = first.begin(&thread, json!({"assistant_id": assistant})).await;
    second.wait(&thread, &run, &["requires_action"]).await;
    second.answer(&thread, &run, &[("a", "x")]).await;
    first.wait(&thread, &run, &["completed"]).await;
    assert_eq!(first.messages(&thread, 3).await[0]["content"][0]["text"]["value"], "Answered there.");
    let run = first.begin(&thread, json!({"assistant_id": assistant})).await;
    second.messages(&thread, 4).await;
    second.post(&format!("{path}/runs/{run}/cancel"), json!({})).await;
    second.wait(&thread, &run, &["cancelled"]).await;
    assert_eq!(first.get(&format!("{path}/runs/{run}")).await["status"], "cancelled");
}

#[tokio::test]
async fn what_closes_gives_its_runs_to_others() {
    let store = Shared::new().await;
    let (_gate, wait) = gate();
    let first = Bench::on(&store.url, Settings::default(), [vec![wait]]).await;
    let (assistant, thread) = first.ready(json!({})).await;
    let run = first.begin(&thread, json!({"assistant_id": assistant})).await;
    first.wait(&thread, &run, &["in_progress"]).await;
    first.engine.close(std::time::Duration::from_secs(10)).await;
    assert_eq!(first.engine.running(), 0);
    let second = Bench::on(&store.url, Settings::default(), [says("Taken over.")]).await;
    assert_eq!(second.wait(&thread, &run, RESTS).await["status"], "completed");
}

#[tokio::test]
async fn what_closes_lets_an_answer_come_to_its_end() {
    let store = Shared::new().await;
    let (gate, wait) = gate();
    let bench = Bench::on(&store.url, Settings::default(), [vec![text("Half "), wait, text("whole."), end()]]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    let run = bench.begin(&thread, json!({"assistant_id": assistant})).await;
    bench.messages(&thread, 2).await;
    let engine = bench.engine.clone();
    let closing = tokio::spawn(async move { engine.close(std::time::Duration::from_secs(60)).await });
    while !bench.engine.is_closing() {
        tokio::task::yield_now().await;
    }
    gate.notify_one();
    closing.await.unwrap();
    assert_eq!(bench.get(&format!("/v1/threads/{thread}/runs/{run}")).await["status"], "completed");
    assert_eq!(bench.messages(&thread, 2).await[0]["content"][0]["text"]["value"], "Half whole.");
}
