//! `/threads/{thread_id}/runs/{run_id}/submit_tool_outputs`

use std::sync::Arc;

use axum::response::Response;
use serde_json::{Value, json};

use super::call::Call;
use super::follow;
use crate::check::Object;
use crate::error::{ApiError, Failure};
use crate::ids;
use crate::objects::run::shown;
use crate::objects::step;
use crate::run::service::{Inner, number};
use crate::store::runs as store;
use crate::store::{events, steps, threads};

/// An answer to a call.
struct Output {
    id: String,
    text: String,
}

pub(super) async fn submit(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let (thread, id) = (call.id("thread_id", "thread")?, call.id("run_id", "run")?);
    let body = call.json()?;
    let body = Object::body(&body, engine.settings.lenient)?;
    body.expect(&["tool_outputs"], &["stream"])?;
    let outputs = read(&engine, &body)?;
    let stream = body.boolean("stream")?.unwrap_or(false);
    threads::check(&engine.db, &call.tenant, thread).await?;
    engine.expire_active(thread).await?;
    let mut tx = engine.db.begin().await?;
    let mut held = store::lock(&mut tx, &call.tenant, thread, id).await?;
    if held.status() != "requires_action" {
        let message = format!("Runs in status \"{}\" do not accept tool outputs.", held.status());
        return Err(ApiError::invalid(message).into());
    }
    check(&held.run, &outputs)?;
    let usage = held.plan["open_usage"].clone();
    let waiting = held.plan["waiting_step"].as_str().unwrap_or_default().to_owned();
    let mut named = Vec::new();
    for mut open in steps::open_of_run(&mut tx, id).await? {
        if open["id"] == waiting.as_str() {
            answer(&mut open["step_details"]["tool_calls"], &outputs);
            let usage = if usage.is_null() { step::no_usage() } else { usage.clone() };
            step::close(&mut open, "completed", usage, None, ids::now());
            steps::update(&mut tx, &open).await?;
            named.push(("thread.run.step.completed", open));
        }
    }
    if let Some((number, mut turn)) = store::last_turn(&mut tx, id).await? {
        for asked in turn["calls"].as_array_mut().into_iter().flatten() {
            if let Some(output) = outputs.iter().find(|output| asked["id"] == output.id.as_str()) {
                asked["output"] = json!(output.text);
            }
        }
        store::save_turn(&mut tx, id, number, &turn).await?;
    }
    held.run["status"] = json!("queued");
    held.run["required_action"] = Value::Null;
    if let Some(plan) = held.plan.as_object_mut() {
        plan.shift_remove("waiting_step");
        plan.shift_remove("open_usage");
    }
    named.push(("thread.run.queued", shown(&held.run)));
    let after = held.next_event - 1;
    // Whoever worked on the run before must not write to it again.
    held.take_over();
    let owner = engine.owner().map(str::to_owned);
    if let Some(owner) = &owner {
        store::lease(&mut held, owner, engine.lease_ms());
    }
    let first = number(&mut held, named);
    events::append(&mut tx, id, &first).await?;
    store::update(&mut tx, &held).await?;
    let content = held.plan["content"] == true;
    let answered = if stream {
        call.finish_stream(tx, id, after, content).await?;
        None
    } else {
        Some(call.finish(tx, &shown(&held.run)).await?)
    };
    if owner.is_some() {
        engine.work_on(held, first);
    }
    Ok(answered.unwrap_or_else(|| follow::response(&engine, id, after, content)))
}

fn read(engine: &Inner, body: &Object<'_>) -> Result<Vec<Output>, ApiError> {
    let mut total = 0;
    let mut outputs = Vec::new();
    for output in body.objects("tool_outputs", 0, 1024)? {
        output.expect(&["tool_call_id"], &["output"])?;
        let id = output.required_text("tool_call_id", 512)?.to_owned();
        let text = output.text("output", usize::MAX)?.unwrap_or_default().to_owned();
        total += text.len();
        if text.len() > engine.settings.max_tool_output || total > engine.settings.max_tool_outputs {
            let message = format!(
                "Invalid '{}': string too long. One tool output may have {} bytes, all of a request {}.",
                output.param("output"),
                engine.settings.max_tool_output,
                engine.settings.max_tool_outputs
            );
            return Err(ApiError::param(output.param("output"), "string_above_max_length", message));
        }
        outputs.push(Output { id, text });
    }
    Ok(outputs)
}

/// All calls are answered at once, each once, and no others.
fn check(run: &Value, outputs: &[Output]) -> Result<(), ApiError> {
    let calls = run["required_action"]["submit_tool_outputs"]["tool_calls"].as_array();
    let expected: Vec<&str> = calls.into_iter().flatten().filter_map(|call| call["id"].as_str()).collect();
    let given: Vec<&str> = outputs.iter().map(|output| output.id.as_str()).collect();
    let (mut wanted, mut got) = (expected.clone(), given.clone());
    wanted.sort_unstable();
    got.sort_unstable();
    if wanted == got {
        return Ok(());
    }
    let list = |ids: &[&str]| {
        let quoted: Vec<String> = ids.iter().map(|id| format!("'{id}'")).collect();
        format!("[{}]", quoted.join(", "))
    };
    let message = format!("Expected tool outputs for call_ids {}, got {}", list(&expected), list(&given));
    Err(ApiError::invalid(message))
}

/// Writes the outputs to the calls of a step.
fn answer(calls: &mut Value, outputs: &[Output]) {
    for call in calls.as_array_mut().into_iter().flatten() {
        if let Some(output) = outputs.iter().find(|output| call["id"] == output.id.as_str()) {
            call["function"]["output"] = json!(output.text);
        }
    }
}
