//! `/vector_stores`

use std::sync::Arc;

use axum::response::Response;
use serde_json::{Map, Value, json};

use super::call::{Call, reply};
use crate::check::{Object, not_one_of, wrong_type};
use crate::error::{ApiError, Failure};
use crate::ids;
use crate::objects::resources::{NewStore, chunking, expires_after};
use crate::objects::tools;
use crate::run::service::Inner;
use crate::search;
use crate::store::list::Page;
use crate::store::vectors as store;

pub(super) async fn list(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let page = Page::read(&call.query, 20, 100)?;
    let mut listing = store::list(&engine.db, &call.tenant, &page).await?;
    for found in &mut listing.objects {
        *found = store::shown(&engine.db, found).await?;
    }
    Ok(reply(&listing.body(Value::clone)))
}

pub(super) async fn create(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let body = call.json()?;
    let body = Object::body(&body, engine.settings.lenient)?;
    body.expect(&[], &["name", "description", "file_ids", "expires_after", "chunking_strategy", "metadata"])?;
    let files = body.ids("file_ids", "file", 0, 500)?.unwrap_or_default();
    let new = NewStore {
        name: body.text("name", 512)?.map(str::to_owned),
        file_ids: files,
        chunking: chunking(&body)?,
        metadata: body.metadata()?.unwrap_or_default(),
        expires_after_days: expires_after(&body)?,
    };
    let mut tx = engine.db.begin().await?;
    let id = store::create(&mut tx, &call.tenant, &new, ids::now()).await?;
    let made = store::lock(&mut tx, &call.tenant, &id).await?;
    let counts = json!({"in_progress": new.file_ids.len(), "completed": 0, "failed": 0, "cancelled": 0,
                        "total": new.file_ids.len()});
    let answer = call.finish(tx, &store::with_counts(&made, counts)).await;
    engine.indexer.wake();
    answer
}

pub(super) async fn retrieve(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let found = store::get(&engine.db, &call.tenant, call.id("vector_store_id", "vs")?).await?;
    Ok(reply(&store::shown(&engine.db, &found).await?))
}

pub(super) async fn modify(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let id = call.id("vector_store_id", "vs")?;
    let body = call.json()?;
    let body = Object::body(&body, engine.settings.lenient)?;
    body.expect(&[], &["name", "expires_after", "metadata"])?;
    let (name, after, metadata) = (body.text("name", 512)?, expires_after(&body)?, body.metadata()?);
    let mut tx = engine.db.begin().await?;
    let mut changed = store::lock(&mut tx, &call.tenant, id).await?;
    if body.has("name") {
        changed["name"] = json!(name);
    }
    if let Some(metadata) = metadata {
        changed["metadata"] = Value::Object(metadata);
    }
    if body.has("expires_after") {
        let now = changed["last_active_at"].as_i64().unwrap_or_else(ids::now);
        changed["expires_after"] = after.map_or(Value::Null, |days| json!({"anchor": "last_active_at", "days": days}));
        changed["expires_at"] = json!(after.map(|days| now + days * 86_400));
    }
    store::update(&mut tx, &changed).await?;
    tx.commit().await?;
    Ok(reply(&store::shown(&engine.db, &changed).await?))
}

pub(super) async fn remove(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let id = call.id("vector_store_id", "vs")?;
    let mut tx = engine.db.begin().await?;
    store::delete(&mut tx, &call.tenant, id).await?;
    call.finish(tx, &json!({"id": id, "object": "vector_store.deleted", "deleted": true})).await
}

pub(super) async fn search(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let id = call.id("vector_store_id", "vs")?;
    let body = call.json()?;
    let body = Object::body(&body, engine.settings.lenient)?;
    body.expect(&["query"], &["max_num_results", "rewrite_query", "filters", "ranking_options"])?;
    let queries = match body.value("query") {
        Some(Value::String(query)) => vec![query.clone()],
        Some(Value::Array(_)) => {
            body.texts("query", 1, 32)?.unwrap_or_default().into_iter().map(str::to_owned).collect()
        }
        other => return Err(wrong_type("query", "string", other.unwrap_or(&Value::Null)).into()),
    };
    let most = body.int("max_num_results", 1, 50)?.unwrap_or(10);
    body.boolean("rewrite_query")?;
    let threshold = match body.object("ranking_options")? {
        Some(ranking) => tools::ranking_options(&ranking)?["score_threshold"].as_f64().unwrap_or(0.0),
        None => 0.0,
    };
    let filter = body.value("filters");
    filter.map_or(Ok(()), search::check_filter)?;
    let found = store::get(&engine.db, &call.tenant, id).await?;
    if found["expires_at"].as_i64().is_some_and(|at| at <= ids::now()) {
        return Err(ApiError::invalid(format!("Vector store '{id}' has expired")).into());
    }
    let most = usize::try_from(most).unwrap_or(10);
    let data = search::query(&engine, id, &queries, filter, threshold, most).await?;
    Ok(reply(&json!({
        "object": "vector_store.search_results.page",
        "search_query": queries,
        "data": data,
        "has_more": false,
        "next_page": null,
    })))
}

/// Up to 16 attributes: texts, numbers, booleans.
pub(super) fn attributes(body: &Object<'_>) -> Result<Option<Value>, ApiError> {
    if !body.has("attributes") {
        return Ok(None);
    }
    let Some(Value::Object(found)) = body.value("attributes") else {
        return match body.value("attributes") {
            None => Ok(Some(Value::Object(Map::new()))),
            Some(other) => Err(wrong_type(&body.param("attributes"), "object", other)),
        };
    };
    let param = body.param("attributes");
    crate::check::check_properties(&param, found.len(), 16)?;
    for (key, value) in found {
        crate::check::check_key(&param, key)?;
        let place = format!("{param}.{key}");
        match value {
            Value::String(text) => crate::check::check_length(&place, text, 512)?,
            Value::Number(_) | Value::Bool(_) => {}
            other => return Err(wrong_type(&place, "string", other)),
        }
    }
    Ok(Some(Value::Object(found.clone())))
}

/// A status to filter by.
pub(super) fn status_filter(call: &Call) -> Result<Option<&str>, ApiError> {
    const STATUSES: &[&str] = &["in_progress", "completed", "failed", "cancelled"];
    match call.param("filter").filter(|filter| !filter.is_empty()) {
        Some(filter) if !STATUSES.contains(&filter) => Err(not_one_of("filter", filter, STATUSES)),
        filter => Ok(filter),
    }
}
