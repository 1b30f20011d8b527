//! `/threads/{thread_id}/runs`

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use serde_json::{Value, json};

use super::call::{Call, reply};
use super::follow;
use super::threads::{add_message, insert as insert_thread};
use crate::check::Object;
use crate::db::Tx;
use crate::error::{ApiError, Failure};
use crate::ids;
use crate::objects::run::{NewRun, is_active, shown};
use crate::objects::tools;
use crate::run::ending::{Ending, close};
use crate::run::service::{Inner, number};
use crate::store::events::{self, Event};
use crate::store::list::Page;
use crate::store::runs::{self as store, Held};
use crate::store::threads::{self, Locked};
use crate::store::{assistants, resources};

pub(super) async fn list(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let thread = call.id("thread_id", "thread")?;
    let page = Page::read(&call.query, 20, 100)?;
    threads::check(&engine.db, &call.tenant, thread).await?;
    engine.expire_active(thread).await?;
    Ok(reply(&store::list(&engine.db, &call.tenant, thread, &page).await?.body(shown)))
}

pub(super) async fn create(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let thread_id = call.id("thread_id", "thread")?;
    let body = call.json()?;
    let new = NewRun::read(&Object::body(&body, engine.settings.lenient)?, engine.settings.max_messages)?;
    let content = call.includes_content()?;
    let (known, prepared, expired) = tokio::join!(
        threads::check(&engine.db, &call.tenant, thread_id),
        prepare(&engine, &call, &new, thread_id),
        engine.expire_active(thread_id)
    );
    known?;
    let (run, now) = prepared?;
    expired?;
    let mut tx = engine.db.begin().await?;
    let mut thread = threads::lock(&mut tx, &call.tenant, thread_id).await?;
    thread.check_free()?;
    for message in &new.additional_messages {
        add_message(&mut tx, &call.tenant, &mut thread, message, now).await?;
    }
    thread.save(&mut tx).await?;
    begin(&engine, &call, tx, &thread, &run, Begin { stream: new.stream, content, thread: None }).await
}

pub(super) async fn create_with_thread(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let (body, now) = (call.json()?, ids::now());
    let thread_id = ids::new("thread_");
    let body = Object::body(&body, engine.settings.lenient)?;
    let new = NewRun::read_with_thread(&body, &thread_id, now, engine.settings.max_messages)?;
    let content = call.includes_content()?;
    let (mut run, now) = prepare(&engine, &call, &new, &thread_id).await?;
    let Some(new_thread) = &new.thread else { return Err(ApiError::invalid("no thread").into()) };
    let mut tx = engine.db.begin().await?;
    if new.resources.is_some() {
        let kept = run["tool_resources"].clone();
        let asked = new.resources.as_ref();
        run["tool_resources"] =
            resources::apply(&mut tx, &call.tenant, resources::Owner::Thread, asked, &kept, now).await?;
    }
    let thread = insert_thread(&mut tx, &call.tenant, new_thread, now).await?;
    let made = thread.thread.clone();
    begin(&engine, &call, tx, &thread, &run, Begin { stream: new.stream, content, thread: Some(made) }).await
}

/// The run as it will be, if it can be.
async fn prepare(engine: &Arc<Inner>, call: &Call, new: &NewRun, thread_id: &str) -> Result<(Value, i64), Failure> {
    let assistant = assistants::get(&engine.db, &call.tenant, &new.assistant_id).await?;
    let (now, ttl) = (ids::now(), engine.settings.run_ttl_seconds);
    let run = new.resolve(&assistant, &ids::new("run_"), thread_id, now, (ttl > 0).then_some(ttl))?;
    engine.check_model(run["model"].as_str().unwrap_or_default())?;
    let found = run["tools"].as_array().map(Vec::as_slice).unwrap_or_default();
    let available = engine.model.hosts("code_interpreter") || engine.settings.ignore_unavailable_tools;
    if tools::has(found, "code_interpreter") && !available {
        let message = "The tool 'code_interpreter' is not available here. It can be turned on for providers that run \
                       code themselves (setting 'hosted_tools'), or left out of runs (setting \
                       'ignore_unavailable_tools').";
        return Err(ApiError::param("tools", "tool_not_available", message).into());
    }
    Ok((run, now))
}

struct Begin {
    stream: bool,
    content: bool,
    /// The thread that was made for the run.
    thread: Option<Value>,
}

/// Keeps the run with its first events, and begins to work on it.
async fn begin(
    engine: &Arc<Inner>,
    call: &Call,
    mut tx: Tx,
    thread: &Locked,
    run: &Value,
    how: Begin,
) -> Result<Response, Failure> {
    let mut named = Vec::with_capacity(3);
    if let Some(thread) = how.thread {
        named.push(("thread.created", thread));
    }
    named.extend([("thread.run.created", shown(run)), ("thread.run.queued", shown(run))]);
    let first: Vec<Event> =
        named.iter().enumerate().map(|(place, (name, data))| Event::new(place as i64 + 1, name, data)).collect();
    let plan = json!({"window": thread.last_place(), "content": how.content});
    let owner = engine.owner();
    let next = first.len() as i64 + 1;
    let held = store::insert(&mut tx, &call.tenant, run, &plan, owner, next, engine.lease_ms()).await?;
    let id = held.id().to_owned();
    events::append(&mut tx, &id, &first).await?;
    let answer = if how.stream {
        call.finish_stream(tx, &id, 0, how.content).await?;
        None
    } else {
        Some(call.finish(tx, &shown(run)).await?)
    };
    if owner.is_some() {
        engine.work_on(held, first);
    }
    engine.indexer.wake();
    Ok(answer.unwrap_or_else(|| follow::response(engine, &id, 0, how.content)))
}

pub(super) async fn retrieve(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let (thread, id) = (call.id("thread_id", "thread")?, call.id("run_id", "run")?);
    threads::check(&engine.db, &call.tenant, thread).await?;
    let mut held = store::get(&engine.db, &call.tenant, thread, id).await?;
    if held.is_overdue() {
        engine.end_overdue(id).await?;
        held = store::get(&engine.db, &call.tenant, thread, id).await?;
    }
    let mut response = reply(&shown(&held.run));
    if is_active(held.status()) {
        let wait = HeaderValue::from(engine.settings.poll_after_ms);
        response.headers_mut().insert("openai-poll-after-ms", wait);
    }
    Ok(response)
}

pub(super) async fn modify(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let (thread, id) = (call.id("thread_id", "thread")?, call.id("run_id", "run")?);
    let body = call.json()?;
    let body = Object::body(&body, engine.settings.lenient)?;
    body.expect(&[], &["metadata"])?;
    let metadata = body.metadata()?;
    threads::check(&engine.db, &call.tenant, thread).await?;
    let mut tx = engine.db.begin().await?;
    let mut held = store::lock(&mut tx, &call.tenant, thread, id).await?;
    if let Some(metadata) = metadata {
        held.run["metadata"] = Value::Object(metadata);
    }
    store::update(&mut tx, &held).await?;
    call.finish(tx, &shown(&held.run)).await
}

pub(super) async fn cancel(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let (thread, id) = (call.id("thread_id", "thread")?, call.id("run_id", "run")?);
    let body = call.json()?;
    Object::body(&body, engine.settings.lenient)?.expect(&[], &[])?;
    threads::check(&engine.db, &call.tenant, thread).await?;
    engine.expire_active(thread).await?;
    let mut tx = engine.db.begin().await?;
    let mut held = store::lock(&mut tx, &call.tenant, thread, id).await?;
    if !["queued", "in_progress", "requires_action"].contains(&held.status()) {
        let message = format!("Cannot cancel run with status '{}'.", held.status());
        return Err(ApiError::invalid(message).into());
    }
    if held.status() != "requires_action" && held.is_leased() {
        // Whoever works on it stops the model, keeps what it said, and tells of it.
        held.run["status"] = json!("cancelling");
    } else {
        end_here(&mut tx, &mut held).await?;
    }
    store::update(&mut tx, &held).await?;
    let answer = call.finish(tx, &shown(&held.run)).await;
    engine.nudge(id);
    answer
}

/// Cancels a run that nobody works on.
async fn end_here(tx: &mut Tx, held: &mut Held) -> Result<(), Failure> {
    held.take_over();
    let named = close(tx, held, &Ending::Cancelled).await?;
    let fresh = number(held, named);
    events::append(tx, held.id(), &fresh).await
}

/// An extension: the stream of a run, from its beginning or behind an event.
pub(super) async fn events(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let (thread, id) = (call.id("thread_id", "thread")?, call.id("run_id", "run")?);
    let content = call.includes_content()?;
    threads::check(&engine.db, &call.tenant, thread).await?;
    store::get(&engine.db, &call.tenant, thread, id).await?;
    Ok(follow::response(&engine, id, call.after_event(), content).into_response())
}
