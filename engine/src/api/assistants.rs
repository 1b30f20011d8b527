//! `/assistants`

use std::sync::Arc;

use axum::response::Response;
use serde_json::json;

use super::call::{Call, reply};
use crate::check::Object;
use crate::error::Failure;
use crate::ids;
use crate::objects::assistant::{self, shown};
use crate::run::service::Inner;
use crate::store::assistants as store;
use crate::store::list::Page;
use crate::store::resources::{self, Owner};

pub(super) async fn list(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let page = Page::read(&call.query, 20, 100)?;
    Ok(reply(&store::list(&engine.db, &call.tenant, &page).await?.body(shown)))
}

pub(super) async fn create(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let (body, now) = (call.json()?, ids::now());
    let (mut made, resources) =
        assistant::create(&Object::body(&body, engine.settings.lenient)?, &ids::new("asst_"), now)?;
    engine.check_model(made["model"].as_str().unwrap_or_default())?;
    let mut tx = engine.db.begin().await?;
    let kept = made["tool_resources"].clone();
    made["tool_resources"] =
        resources::apply(&mut tx, &call.tenant, Owner::Assistant, resources.as_ref(), &kept, now).await?;
    store::insert(&mut tx, &call.tenant, &made).await?;
    let answer = call.finish(tx, &shown(&made)).await;
    if resources.is_some() {
        engine.indexer.wake();
    }
    answer
}

pub(super) async fn retrieve(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let id = call.id("assistant_id", "asst")?;
    Ok(reply(&shown(&store::get(&engine.db, &call.tenant, id).await?)))
}

pub(super) async fn modify(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let id = call.id("assistant_id", "asst")?;
    let body = call.json()?;
    let body = Object::body(&body, engine.settings.lenient)?;
    // What the request says is checked before anything is looked up.
    assistant::modify(&body, &mut json!({}))?;
    let mut tx = engine.db.begin().await?;
    let mut changed = store::lock(&mut tx, &call.tenant, id).await?;
    let asked = assistant::modify(&body, &mut changed)?;
    engine.check_model(changed["model"].as_str().unwrap_or_default())?;
    let kept = changed["tool_resources"].clone();
    changed["tool_resources"] =
        resources::apply(&mut tx, &call.tenant, Owner::Assistant, asked.as_ref(), &kept, ids::now()).await?;
    store::update(&mut tx, &changed).await?;
    let answer = call.finish(tx, &shown(&changed)).await;
    if asked.is_some() {
        engine.indexer.wake();
    }
    answer
}

pub(super) async fn remove(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let id = call.id("assistant_id", "asst")?;
    let mut tx = engine.db.begin().await?;
    store::delete(&mut tx, &call.tenant, id).await?;
    call.finish(tx, &json!({"id": id, "object": "assistant.deleted", "deleted": true})).await
}
