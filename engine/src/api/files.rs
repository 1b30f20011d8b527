//! `/files`

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequest, Multipart, Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::call::{Call, Caller, reply};
use crate::check::{missing, not_one_of};
use crate::error::{ApiError, Failure};
use crate::ids;
use crate::run::service::Inner;
use crate::store::files::{self as store, PART};
use crate::store::list::Page;

const PURPOSES: &[&str] = &["assistants", "batch", "fine-tune", "vision", "user_data", "evals"];
/// Largest file, in bytes.
const MAX_BYTES: u64 = 512 * 1024 * 1024;

/// Keeps an upload piece by piece, never whole in memory.
pub(super) async fn create(State(engine): State<Arc<Inner>>, request: Request) -> Response {
    let caller = request.extensions().get::<Caller>().cloned().unwrap_or_default();
    let id = ids::new("file-");
    match upload(&engine, &caller.tenant, &id, request).await {
        Ok(file) => reply(&file),
        Err(failure) => {
            // Parts of a file that was never finished belong to nobody.
            if let Ok(mut tx) = engine.db.begin().await
                && store::forget_parts(&mut tx, &id).await.is_ok()
                && let Err(error) = tx.commit().await
            {
                tracing::warn!(%error, "parts of a broken upload stay behind");
            }
            failure.into_response()
        }
    }
}

async fn upload(engine: &Inner, tenant: &str, id: &str, request: Request) -> Result<Value, Failure> {
    let broken = |text: String| Failure::Api(ApiError::invalid(format!("The upload cannot be read: {text}")));
    let mut form = Multipart::from_request(request, &()).await.map_err(|error| broken(error.body_text()))?;
    let (mut purpose, mut named, mut seconds) = (None, None, None);
    while let Some(mut field) = form.next_field().await.map_err(|error| broken(error.body_text()))? {
        match field.name().unwrap_or_default() {
            "file" => {
                let name = field.file_name().unwrap_or("upload").to_owned();
                let (mut buffer, mut part, mut total) = (Vec::with_capacity(PART), 0, 0u64);
                while let Some(piece) = field.chunk().await.map_err(|error| broken(error.body_text()))? {
                    total += piece.len() as u64;
                    if total > MAX_BYTES {
                        let error = ApiError::invalid(format!("The file is larger than {MAX_BYTES} bytes."));
                        return Err(error.with(StatusCode::PAYLOAD_TOO_LARGE, "file_too_large").into());
                    }
                    buffer.extend_from_slice(&piece);
                    while buffer.len() >= PART {
                        let rest = buffer.split_off(PART);
                        keep(engine, id, part, std::mem::replace(&mut buffer, rest)).await?;
                        part += 1;
                    }
                }
                if !buffer.is_empty() {
                    keep(engine, id, part, buffer).await?;
                }
                named = Some((name, total));
            }
            "purpose" => purpose = Some(field.text().await.map_err(|error| broken(error.body_text()))?),
            "expires_after[seconds]" => {
                let text = field.text().await.map_err(|error| broken(error.body_text()))?;
                seconds = text.parse::<i64>().ok();
            }
            "expires_after[anchor]" => {}
            other => return Err(crate::check::unknown(other).into()),
        }
    }
    let purpose = purpose.ok_or_else(|| missing("purpose"))?;
    if !PURPOSES.contains(&purpose.as_str()) {
        return Err(not_one_of("purpose", &purpose, PURPOSES).into());
    }
    let (name, total) = named.ok_or_else(|| missing("file"))?;
    let now = ids::now();
    let mut file = json!({
        "id": id,
        "object": "file",
        "bytes": total,
        "created_at": now,
        "filename": name,
        "purpose": purpose,
        "status": "processed",
        "status_details": null,
    });
    if let Some(seconds) = seconds {
        file["expires_at"] = json!(now + seconds);
    }
    let mut tx = engine.db.begin().await?;
    store::insert(&mut tx, tenant, &file).await?;
    tx.commit().await?;
    Ok(file)
}

async fn keep(engine: &Inner, id: &str, part: i64, data: Vec<u8>) -> Result<(), Failure> {
    let mut tx = engine.db.begin().await?;
    store::insert_part(&mut tx, id, part, data).await?;
    tx.commit().await
}

pub(super) async fn list(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let page = Page::read(&call.query, 10_000, 10_000)?;
    let purpose = call.param("purpose").filter(|purpose| !purpose.is_empty());
    Ok(reply(&store::list(&engine.db, &call.tenant, purpose, &page).await?.body(Value::clone)))
}

pub(super) async fn retrieve(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    Ok(reply(&store::get(&engine.db, &call.tenant, call.id("file_id", "file")?).await?))
}

pub(super) async fn remove(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let id = call.id("file_id", "file")?;
    let mut tx = engine.db.begin().await?;
    store::delete(&mut tx, &call.tenant, id).await?;
    call.finish(tx, &json!({"id": id, "object": "file", "deleted": true})).await
}

pub(super) async fn content(engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
    let id = call.id("file_id", "file")?.to_owned();
    let file = store::get(&engine.db, &call.tenant, &id).await?;
    let parts = stream::try_unfold((engine, id, 0i64), |(engine, id, part)| async move {
        let found = store::part(&engine.db, &id, part).await.map_err(|error| {
            tracing::error!(%error, "a file broke off");
            std::io::Error::other("the file cannot be read")
        })?;
        Ok::<_, std::io::Error>(found.map(|bytes| (Bytes::from(bytes), (engine, id, part + 1))))
    });
    let mut response = Response::new(Body::from_stream(parts));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    if let Some(length) = file["bytes"].as_u64() {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    Ok(response)
}
