//! `/threads/{thread_id}/messages`

use std::sync::Arc;

use axum::response::Response;
use serde_json::{Value, json};

use super::call::{Call, reply};
use super::threads::add_message;
use crate::check::Object;
use crate::error::Failure;
use crate::ids;
use crate::objects::message;
use crate::run::service::Inner;
use crate::store::list::Page;
use crate::store::{messages as store, threads};

pub(super) async fn list(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let thread = call.id("thread_id", "thread")?;
    let page = Page::read(&call.query, 20, 100)?;
    let run = call.param("run_id").filter(|run| !run.is_empty());
    run.map_or(Ok(()), |run| ids::check("run_id", run, "run"))?;
    threads::check(&engine.db, &call.tenant, thread).await?;
    Ok(reply(&store::list(&engine.db, &call.tenant, thread, run, &page).await?.body(Value::clone)))
}

pub(super) async fn create(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let thread = call.id("thread_id", "thread")?;
    let body = call.json()?;
    let new = message::read(&Object::body(&body, engine.settings.lenient)?)?;
    engine.expire_active(thread).await?;
    let mut tx = engine.db.begin().await?;
    let mut held = threads::lock(&mut tx, &call.tenant, thread).await?;
    held.check_open()?;
    let made = add_message(&mut tx, &call.tenant, &mut held, &new, ids::now()).await?;
    held.save(&mut tx).await?;
    let answer = call.finish(tx, &made).await;
    if !new.attachments.is_empty() {
        engine.indexer.wake();
    }
    answer
}

pub(super) async fn retrieve(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let (thread, id) = (call.id("thread_id", "thread")?, call.id("message_id", "msg")?);
    threads::check(&engine.db, &call.tenant, thread).await?;
    Ok(reply(&store::get(&engine.db, &call.tenant, thread, id).await?))
}

pub(super) async fn modify(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let (thread, id) = (call.id("thread_id", "thread")?, call.id("message_id", "msg")?);
    let body = call.json()?;
    let body = Object::body(&body, engine.settings.lenient)?;
    body.expect(&[], &["metadata"])?;
    let metadata = body.metadata()?;
    threads::check(&engine.db, &call.tenant, thread).await?;
    let mut tx = engine.db.begin().await?;
    let mut changed = store::lock(&mut tx, &call.tenant, thread, id).await?;
    if let Some(metadata) = metadata {
        changed["metadata"] = Value::Object(metadata);
    }
    store::update(&mut tx, &changed).await?;
    call.finish(tx, &changed).await
}

pub(super) async fn remove(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let (thread, id) = (call.id("thread_id", "thread")?, call.id("message_id", "msg")?);
    threads::check(&engine.db, &call.tenant, thread).await?;
    let mut tx = engine.db.begin().await?;
    store::delete(&mut tx, &call.tenant, thread, id).await?;
    call.finish(tx, &json!({"id": id, "object": "thread.message.deleted", "deleted": true})).await
}
