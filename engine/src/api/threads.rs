//! `/threads`

use std::sync::Arc;

use axum::response::Response;
use serde_json::{Value, json};

use super::call::{Call, reply};
use crate::check::Object;
use crate::db::Tx;
use crate::error::Failure;
use crate::ids;
use crate::objects::message::NewMessage;
use crate::objects::run::is_active;
use crate::objects::thread::{self, NewThread};
use crate::run::ending::{Ending, close};
use crate::run::service::Inner;
use crate::store::resources::{self, Owner};
use crate::store::threads::{self as store, Locked};
use crate::store::{messages, runs};

pub(super) async fn create(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let (body, now) = (call.json()?, ids::now());
    let body = Object::body(&body, engine.settings.lenient)?;
    let new = thread::create(&body, &ids::new("thread_"), now, engine.settings.max_messages)?;
    let mut tx = engine.db.begin().await?;
    let made = insert(&mut tx, &call.tenant, &new, now).await?;
    let answer = call.finish(tx, &made.thread).await;
    if new.brings_files() {
        engine.indexer.wake();
    }
    answer
}

/// Makes a thread with its messages.
pub(super) async fn insert(tx: &mut Tx, tenant: &str, new: &NewThread, now: i64) -> Result<Locked, Failure> {
    let mut thread = new.thread.clone();
    let kept = thread["tool_resources"].clone();
    thread["tool_resources"] = resources::apply(tx, tenant, Owner::Thread, new.resources.as_ref(), &kept, now).await?;
    let mut made = store::insert(tx, tenant, &thread).await?;
    for message in &new.messages {
        add_message(tx, tenant, &mut made, message, now).await?;
    }
    made.save(tx).await?;
    Ok(made)
}

/// Adds a message of a request at the end of a thread. The thread is saved by the caller.
pub(super) async fn add_message(
    tx: &mut Tx,
    tenant: &str,
    thread: &mut Locked,
    new: &NewMessage,
    now: i64,
) -> Result<Value, Failure> {
    messages::check_room(thread)?;
    resources::attach(tx, tenant, &mut thread.thread, new, now).await?;
    let message = new.message(&ids::new("msg_"), thread.id(), now);
    messages::append(tx, tenant, thread, &message).await?;
    Ok(message)
}

pub(super) async fn retrieve(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let id = call.id("thread_id", "thread")?;
    Ok(reply(&store::get(&engine.db, &call.tenant, id).await?))
}

pub(super) async fn modify(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let id = call.id("thread_id", "thread")?;
    let body = call.json()?;
    let body = Object::body(&body, engine.settings.lenient)?;
    thread::modify(&body, &mut json!({}))?;
    let mut tx = engine.db.begin().await?;
    let mut changed = store::lock(&mut tx, &call.tenant, id).await?;
    let asked = thread::modify(&body, &mut changed.thread)?;
    let kept = changed.thread["tool_resources"].clone();
    changed.thread["tool_resources"] =
        resources::apply(&mut tx, &call.tenant, Owner::Thread, asked.as_ref(), &kept, ids::now()).await?;
    changed.save(&mut tx).await?;
    let answer = call.finish(tx, &changed.thread).await;
    if asked.is_some() {
        engine.indexer.wake();
    }
    answer
}

pub(super) async fn remove(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let id = call.id("thread_id", "thread")?;
    store::check(&engine.db, &call.tenant, id).await?;
    let active = engine.active_run(id).await?;
    let mut tx = engine.db.begin().await?;
    if let Some(run) = &active
        && let Some(mut held) = runs::lock_any(&mut tx, run).await?
        && is_active(held.status())
    {
        held.take_over();
        close(&mut tx, &mut held, &Ending::Cancelled).await?;
        runs::update(&mut tx, &held).await?;
    }
    store::delete(&mut tx, &call.tenant, id).await?;
    let answer = call.finish(tx, &json!({"id": id, "object": "thread.deleted", "deleted": true})).await;
    if let Some(run) = active {
        engine.nudge(&run);
    }
    answer
}
