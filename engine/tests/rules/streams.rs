//! Streams of events: section 14.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use http::{Method, Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use threadline_engine::Settings;
use threadline_engine::model::{Callee, Ending, ErrorCode, ModelError, TurnEvent};

use crate::support::store::Shared;
use crate::support::{
    Act, Bench, Event, RESTS, calls, end, ends, function, gate, grammar, id, names, parse, says, text, usage,
};

fn streamed(assistant: &str) -> Value {
    json!({"assistant_id": assistant, "stream": true})
}

/// Names behind the first events of a run, which are always the same.
fn after_beginning(events: &[Event]) -> Vec<&str> {
    let names = names(events);
    assert_eq!(names[..3], ["thread.run.created", "thread.run.queued", "thread.run.in_progress"]);
    names[3..].to_vec()
}

const OPENED: [&str; 4] =
    ["thread.run.step.created", "thread.run.step.in_progress", "thread.message.created", "thread.message.in_progress"];

#[tokio::test]
async fn events_are_framed_as_the_packages_read_them() {
    let bench = Bench::new([says("Hi.")]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    let reply = bench.send(Method::POST, &format!("/v1/threads/{thread}/runs"), Some(streamed(&assistant))).await;
    assert_eq!(reply.status(), 200);
    assert_eq!(reply.headers()["content-type"], "text/event-stream; charset=utf-8");
    let bytes = reply.into_body().collect().await.unwrap().to_bytes();
    let text = std::str::from_utf8(&bytes).unwrap();
    assert!(text.ends_with("event: done\ndata: [DONE]\n\n"));
    for frame in text.strip_suffix("event: done\ndata: [DONE]\n\n").unwrap().split_terminator("\n\n") {
        let lines: Vec<&str> = frame.lines().collect();
        assert_eq!(lines.len(), 3, "{frame}");
        assert!(lines[0].starts_with("event: thread.") && lines[1].starts_with("id: "));
        let data: Value = serde_json::from_str(lines[2].strip_prefix("data: ").unwrap()).unwrap();
        assert!(data["object"].as_str().unwrap().starts_with("thread") && data.get("event").is_none());
    }
}

#[tokio::test]
async fn refusals_before_a_stream_are_no_stream() {
    let bench = Bench::new([]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    let path = format!("/v1/threads/{thread}/runs");
    bench.refused(400, Method::POST, &path, Some(json!({"assistant_id": assistant, "stream": true, "foo": 1}))).await;
    bench.refused(404, Method::POST, &path, Some(streamed("asst_none"))).await;
    bench.refused(404, Method::POST, "/v1/threads/thread_none/runs", Some(streamed(&assistant))).await;
}

#[tokio::test]
async fn a_text_in_all_its_events() {
    let bench = Bench::new([says("One two three.")]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    let events = bench.stream(&format!("/v1/threads/{thread}/runs"), streamed(&assistant)).await;
    grammar::check(&events);
    let mut expected = OPENED.to_vec();
    expected.extend(["thread.message.delta"; 3]);
    expected.extend(["thread.message.completed", "thread.run.step.completed", "thread.run.completed", "done"]);
    assert_eq!(after_beginning(&events), expected);
    assert_eq!(events[3].data, events[4].data);
    assert_eq!(events[5].data, events[6].data);
    assert_eq!(
        events[7].data,
        json!({"id": events[5].data["id"], "object": "thread.message.delta", "delta": {"content": [
               {"index": 0, "type": "text", "text": {"value": "One ", "annotations": []}}]}})
    );
    assert_eq!(events[8].data["delta"]["content"][0]["text"], json!({"value": "two "}));
}

#[tokio::test]
async fn functions_and_their_outputs_in_all_their_events() {
    let mut turn = vec![text("Wait.")];
    turn.extend(calls(&[("a", "f", "{\"x\":1}"), ("b", "g", "")]));
    let bench = Bench::new([turn, calls(&[("c", "f", "{}")]), says("Done.")]).await;
    let (assistant, thread) = bench.ready(json!({"tools": [function("f"), function("g")]})).await;
    let path = format!("/v1/threads/{thread}/runs");
    let events = bench.stream(&path, streamed(&assistant)).await;
    grammar::check(&events);
    let tail = &after_beginning(&events)[4..];
    assert_eq!(
        tail[..5],
        [
            "thread.message.delta",
            "thread.message.completed",
            "thread.run.step.completed",
            "thread.run.step.created",
            "thread.run.step.in_progress"
        ]
    );
    assert_eq!(tail[tail.len() - 2..], ["thread.run.requires_action", "done"]);
    let deltas: Vec<Value> = events
        .iter()
        .filter(|event| event.name == "thread.run.step.delta")
        .map(|event| event.data["delta"]["step_details"]["tool_calls"][0].clone())
        .collect();
    assert_eq!(
        deltas,
        [
            json!({"index": 0, "id": "a", "type": "function",
                   "function": {"name": "f", "arguments": "", "output": null}}),
            json!({"index": 0, "type": "function", "function": {"arguments": "{\"x"}}),
            json!({"index": 0, "type": "function", "function": {"arguments": "\":1}"}}),
            json!({"index": 1, "id": "b", "type": "function",
                   "function": {"name": "g", "arguments": "", "output": null}}),
        ]
    );
    let run = events[events.len() - 2].data.clone();
    assert_eq!(run["required_action"]["submit_tool_outputs"]["tool_calls"].as_array().unwrap().len(), 2);
    let submit = format!("{path}/{}/submit_tool_outputs", id(&run));
    let outputs = json!([{"tool_call_id": "a", "output": "1"}, {"tool_call_id": "b", "output": "2"}]);
    let events = bench.stream(&submit, json!({"tool_outputs": outputs, "stream": true})).await;
    grammar::check(&events);
    let found = names(&events);
    assert_eq!(found[..3], ["thread.run.step.completed", "thread.run.queued", "thread.run.in_progress"]);
    assert_eq!(found.last(), Some(&"done"));
    assert_eq!(events[0].data["usage"]["total_tokens"], 27);
    // What waited in a stream may go on without one.
    bench.answer(&thread, &id(&run), &[("c", "3")]).await;
    bench.wait(&thread, &id(&run), &["completed"]).await;
    let whole = bench.follow(&format!("{path}/{}/events?after=0", id(&run))).await;
    assert_eq!(whole.last().unwrap().data, "[DONE]");
}

#[tokio::test]
async fn text_and_calls_that_come_in_any_order_keep_the_grammar() {
    let call = |call: usize, id: &str| {
        Act::Say(TurnEvent::CallStart { call, id: id.into(), callee: Callee::Function("f".into()) })
    };
    let refusal = |text: &str| Act::Say(TurnEvent::Refusal { part: 1, text: text.into() });
    let turns = [
        vec![text("a"), refusal("b"), text("c"), Act::Say(TurnEvent::MessageEnd), text("d"), end()],
        vec![call(0, "a"), text("late"), call(1, "b"), end()],
        vec![refusal("No"), call(0, "a"), end()],
        vec![Act::Say(TurnEvent::MessageEnd), end()],
        vec![call(0, ""), call(1, ""), ends(Ending::Length)],
        vec![text("x"), call(0, ""), Act::Cut],
        vec![call(0, "a"), Act::Fail(ModelError::new(ErrorCode::ServerError, "boom"))],
    ];
    for turn in turns {
        let bench = Bench::new([turn]).await;
        let (assistant, thread) = bench.ready(json!({"tools": [function("f")]})).await;
        grammar::check(&bench.stream(&format!("/v1/threads/{thread}/runs"), streamed(&assistant)).await);
    }
}

#[tokio::test]
async fn ends_of_every_kind_close_what_is_open_first() {
    let broken = Act::Fail(ModelError::new(ErrorCode::ServerError, "boom"));
    for (turn, expected) in [
        (vec![text("x"), broken], ["thread.message.incomplete", "thread.run.step.failed", "thread.run.failed"]),
        (
            vec![text("x"), usage(1, 1), ends(Ending::Length)],
            ["thread.message.incomplete", "thread.run.step.completed", "thread.run.incomplete"],
        ),
        (
            vec![text("x"), usage(1, 1), ends(Ending::ContentFilter)],
            ["thread.message.incomplete", "thread.run.step.completed", "thread.run.incomplete"],
        ),
    ] {
        let bench = Bench::new([turn]).await;
        let (assistant, thread) = bench.ready(json!({})).await;
        let events = bench.stream(&format!("/v1/threads/{thread}/runs"), streamed(&assistant)).await;
        grammar::check(&events);
        assert_eq!(after_beginning(&events)[5..8], expected);
    }
    let mut settings = Settings::default();
    settings.run_ttl_seconds = 3;
    let (_gate, wait) = gate();
    let bench = Bench::with(settings, [vec![text("x"), wait]]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    let events = bench.stream(&format!("/v1/threads/{thread}/runs"), streamed(&assistant)).await;
    grammar::check(&events);
    let expected = ["thread.message.incomplete", "thread.run.step.expired", "thread.run.expired"];
    assert_eq!(after_beginning(&events)[5..8], expected);
}

#[tokio::test]
async fn a_cancellation_is_told_before_it_is_done() {
    let (_gate, wait) = gate();
    let bench = Arc::new(Bench::new([vec![text("x"), wait]]).await);
    let (assistant, thread) = bench.ready(json!({})).await;
    let path = format!("/v1/threads/{thread}/runs");
    let stream = {
        let (bench, path, body) = (Arc::clone(&bench), path.clone(), streamed(&assistant));
        tokio::spawn(async move { bench.stream(&path, body).await })
    };
    let run = bench.messages(&thread, 2).await[0]["run_id"].as_str().unwrap().to_owned();
    bench.post(&format!("{path}/{run}/cancel"), json!({})).await;
    let events = stream.await.unwrap();
    grammar::check(&events);
    assert_eq!(
        after_beginning(&events)[5..],
        [
            "thread.run.cancelling",
            "thread.message.incomplete",
            "thread.run.step.cancelled",
            "thread.run.cancelled",
            "done"
        ]
    );
}

#[tokio::test]
async fn silence_is_filled_with_comments() {
    let mut settings = Settings::default();
    settings.keep_alive = Duration::from_millis(20);
    let (gate, wait) = gate();
    let bench = Bench::with(settings, [vec![wait, text("x"), end()]]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    let reply = bench.send(Method::POST, &format!("/v1/threads/{thread}/runs"), Some(streamed(&assistant))).await;
    let mut pieces = reply.into_body().into_data_stream();
    let mut seen = String::new();
    while seen.matches(": keep-alive\n").count() < 3 {
        seen.push_str(std::str::from_utf8(&pieces.next().await.unwrap().unwrap()).unwrap());
    }
    gate.notify_one();
    while let Some(piece) = pieces.next().await {
        seen.push_str(std::str::from_utf8(&piece.unwrap()).unwrap());
    }
    assert!(!seen.contains(": keep-alive\n\n"), "an empty line would end an event without data: {seen}");
    grammar::check(&parse(&seen));
}

#[tokio::test]
async fn a_reader_that_leaves_takes_nothing_along_and_may_come_back() {
    let (gate, wait) = gate();
    let bench = Bench::new([vec![text("One "), wait, text("two."), end()]]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    let path = format!("/v1/threads/{thread}/runs");
    drop(bench.send(Method::POST, &path, Some(streamed(&assistant))).await);
    let run = bench.messages(&thread, 2).await[0]["run_id"].as_str().unwrap().to_owned();
    let live = bench.send(Method::GET, &format!("{path}/{run}/events"), None).await;
    gate.notify_one();
    assert_eq!(bench.wait(&thread, &run, RESTS).await["status"], "completed");
    let live = live.into_body().collect().await.unwrap().to_bytes();
    let whole = parse(std::str::from_utf8(&live).unwrap());
    grammar::check(&whole);
    for (place, event) in whole[..whole.len() - 1].iter().enumerate() {
        let after = event.id.unwrap();
        let rest = bench.follow(&format!("{path}/{run}/events?after={after}")).await;
        if place + 2 < whole.len() {
            assert_eq!(names(&rest), names(&whole)[place + 1..]);
        }
        let request = Request::get(format!("{path}/{run}/events")).header("last-event-id", after.to_string());
        let reply = bench.request(request.body(axum::body::Body::empty()).unwrap()).await;
        let bytes = reply.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(names(&parse(std::str::from_utf8(&bytes).unwrap())), names(&rest));
    }
    for after in ["x", "-5", "9223372036854775807"] {
        bench.follow(&format!("{path}/{run}/events?after={after}")).await;
    }
    bench.refused(404, Method::GET, &format!("{path}/run_none/events"), None).await;
}

#[tokio::test]
async fn a_stream_that_breaks_says_so_in_both_forms() {
    let store = Shared::new().await;
    let (_gate, wait) = gate();
    let bench = Bench::on(&store.url, Settings::default(), [vec![text("x"), wait]]).await;
    let (assistant, thread) = bench.ready(json!({})).await;
    let path = format!("/v1/threads/{thread}/runs");
    let reply = bench.send(Method::POST, &path, Some(streamed(&assistant))).await;
    bench.messages(&thread, 2).await;
    bench.engine.close(Duration::from_millis(200)).await;
    let bytes = reply.into_body().collect().await.unwrap().to_bytes();
    let events = parse(std::str::from_utf8(&bytes).unwrap());
    let [.., error, done] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((error.name.as_str(), done.name.as_str()), ("error", "done"));
    let message = error.data["message"].as_str().unwrap();
    assert!(message.contains("shutting down"));
    let bare = json!({"message": message, "type": "server_error", "param": null, "code": null});
    let mut both = bare.clone();
    both["error"] = bare;
    assert_eq!(error.data, both);
}
