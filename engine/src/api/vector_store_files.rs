//! `/vector_stores/{vector_store_id}/files` and `/file_batches`

use std::sync::Arc;

use axum::response::Response;
use http::HeaderValue;
use serde_json::{Value, json};

use super::call::{Call, reply};
use super::vector_stores::{attributes, status_filter};
use crate::check::{Object, missing};
use crate::error::Failure;
use crate::ids;
use crate::objects::resources::chunking;
use crate::run::service::Inner;
use crate::store::list::Page;
use crate::store::vectors as store;

/// Files of one batch.
const MAX_BATCH: usize = 2000;

pub(super) async fn list(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let id = call.id("vector_store_id", "vs")?;
    let page = Page::read(&call.query, 20, 100)?;
    let filter = status_filter(&call)?;
    store::get(&engine.db, &call.tenant, id).await?;
    Ok(reply(&store::list_files(&engine.db, id, None, filter, &page).await?.body(Value::clone)))
}

pub(super) async fn create(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let id = call.id("vector_store_id", "vs")?;
    let body = call.json()?;
    let body = Object::body(&body, engine.settings.lenient)?;
    body.expect(&["file_id"], &["attributes", "chunking_strategy"])?;
    let file = &body.file_id("file_id")?;
    let (strategy, found) = (chunking(&body)?, attributes(&body)?.unwrap_or_else(|| json!({})));
    let mut tx = engine.db.begin().await?;
    store::lock(&mut tx, &call.tenant, id).await?;
    let made = store::add_file(&mut tx, &call.tenant, id, file, strategy, found, None, ids::now()).await?;
    let answer = call.finish(tx, &made).await;
    engine.indexer.wake();
    answer
}

pub(super) async fn retrieve(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let (id, file) = (call.id("vector_store_id", "vs")?, call.id("file_id", "file")?);
    store::get(&engine.db, &call.tenant, id).await?;
    let found = store::get_file(&engine.db, id, file).await?;
    Ok(waiting(&engine, &found))
}

pub(super) async fn modify(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let (id, file) = (call.id("vector_store_id", "vs")?, call.id("file_id", "file")?);
    let body = call.json()?;
    let body = Object::body(&body, engine.settings.lenient)?;
    body.expect(&["attributes"], &[])?;
    let found = attributes(&body)?.unwrap_or_else(|| json!({}));
    let mut tx = engine.db.begin().await?;
    store::lock(&mut tx, &call.tenant, id).await?;
    let changed = store::set_attributes(&mut tx, id, file, found).await?;
    call.finish(tx, &changed).await
}

pub(super) async fn remove(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let (id, file) = (call.id("vector_store_id", "vs")?, call.id("file_id", "file")?);
    let mut tx = engine.db.begin().await?;
    store::lock(&mut tx, &call.tenant, id).await?;
    store::remove_file(&mut tx, id, file).await?;
    call.finish(tx, &json!({"id": file, "object": "vector_store.file.deleted", "deleted": true})).await
}

pub(super) async fn content(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let (id, file) = (call.id("vector_store_id", "vs")?, call.id("file_id", "file")?);
    store::get(&engine.db, &call.tenant, id).await?;
    store::get_file(&engine.db, id, file).await?;
    let parts = store::content(&engine.db, id, file).await?;
    let data: Vec<Value> = parts.into_iter().map(|text| json!({"type": "text", "text": text})).collect();
    let page = "vector_store.file_content.page";
    Ok(reply(&json!({"object": page, "data": data, "has_more": false, "next_page": null})))
}

pub(super) async fn create_batch(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let id = call.id("vector_store_id", "vs")?;
    let body = call.json()?;
    let body = Object::body(&body, engine.settings.lenient)?;
    body.expect(&[], &["file_ids", "files", "attributes", "chunking_strategy"])?;
    let (strategy, common) = (chunking(&body)?, attributes(&body)?.unwrap_or_else(|| json!({})));
    let mut wanted = Vec::new();
    for file in body.ids("file_ids", "file", 1, MAX_BATCH)?.unwrap_or_default() {
        wanted.push((file, common.clone(), strategy.clone()));
    }
    for file in body.objects("files", 0, MAX_BATCH)? {
        file.expect(&["file_id"], &["attributes", "chunking_strategy"])?;
        let own = attributes(&file)?.unwrap_or_else(|| json!({}));
        wanted.push((file.file_id("file_id")?, own, chunking(&file)?));
    }
    if wanted.is_empty() {
        return Err(missing("file_ids").into());
    }
    let now = ids::now();
    let batch = ids::new("vsfb_");
    let mut tx = engine.db.begin().await?;
    store::lock(&mut tx, &call.tenant, id).await?;
    for (file, found, strategy) in wanted {
        store::add_file(&mut tx, &call.tenant, id, &file, strategy, found, Some(&batch), now).await?;
    }
    let made = json!({"id": batch, "object": "vector_store.files_batch", "created_at": now, "vector_store_id": id,
                      "status": "in_progress"});
    store::insert_batch(&mut tx, &call.tenant, id, &made).await?;
    let counts = store::batch_counts_in(&mut tx, id, &batch).await?;
    let answer = call.finish(tx, &batch_with(&made, counts)).await;
    engine.indexer.wake();
    answer
}

pub(super) async fn retrieve_batch(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let (id, batch) = (call.id("vector_store_id", "vs")?, call.id("batch_id", "vsfb")?);
    store::get(&engine.db, &call.tenant, id).await?;
    let found = store::get_batch(&engine.db, id, batch).await?;
    let counts = store::batch_counts(&engine.db, id, batch).await?;
    Ok(waiting(&engine, &batch_with(&found, counts)))
}

pub(super) async fn cancel_batch(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let (id, batch) = (call.id("vector_store_id", "vs")?, call.id("batch_id", "vsfb")?);
    let mut tx = engine.db.begin().await?;
    store::lock(&mut tx, &call.tenant, id).await?;
    let mut found = store::find_batch(&mut tx, id, batch).await?;
    store::cancel_batch(&mut tx, id, batch).await?;
    let counts = store::batch_counts_in(&mut tx, id, batch).await?;
    if counts["cancelled"].as_i64().unwrap_or(0) > 0 {
        found["status"] = json!("cancelled");
        store::update_batch(&mut tx, &found).await?;
    }
    call.finish(tx, &batch_with(&found, counts)).await
}

pub(super) async fn list_batch(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let (id, batch) = (call.id("vector_store_id", "vs")?, call.id("batch_id", "vsfb")?);
    let page = Page::read(&call.query, 20, 100)?;
    let filter = status_filter(&call)?;
    store::get(&engine.db, &call.tenant, id).await?;
    store::get_batch(&engine.db, id, batch).await?;
    Ok(reply(&store::list_files(&engine.db, id, Some(batch), filter, &page).await?.body(Value::clone)))
}

/// A batch with its counts, and the status that follows from them.
fn batch_with(batch: &Value, counts: Value) -> Value {
    let mut shown = batch.clone();
    let count = |name: &str| counts[name].as_i64().unwrap_or(0);
    if shown["status"] == "in_progress" && count("in_progress") == 0 {
        let none = count("completed") == 0 && count("failed") > 0;
        shown["status"] = json!(if none { "failed" } else { "completed" });
    }
    shown["file_counts"] = counts;
    shown
}

/// An object that clients may be waiting for.
fn waiting(engine: &Inner, object: &Value) -> Response {
    let mut response = reply(object);
    if object["status"] == "in_progress" {
        let wait = HeaderValue::from(engine.settings.poll_after_ms);
        response.headers_mut().insert("openai-poll-after-ms", wait);
    }
    response
}
