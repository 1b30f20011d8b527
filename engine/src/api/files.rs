//! `/files`

use std::sync::Arc;

use axum::body::Body;
use axum::extract::multipart::Field;
use axum::extract::{FromRequest, Multipart, Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::call::{Call, Caller, reply};
use super::finished;
use crate::check::{check_int, missing, not_one_of, wrong_type};
use crate::error::{ApiError, Failure};
use crate::ids;
use crate::run::service::Inner;
use crate::store::files::{self as store, PART};
use crate::store::idempotency;
use crate::store::list::Page;

const PURPOSES: &[&str] = &["assistants", "batch", "fine-tune", "vision", "user_data", "evals"];
/// Largest field beside the file, in bytes.
const MAX_FIELD: usize = 64 * 1024;
/// How soon and how late a file may be asked to expire, in seconds.
const EXPIRY: (i64, i64) = (3600, 2_592_000);

/// Keeps an upload piece by piece, never whole in memory.
pub(super) async fn create(State(engine): State<Arc<Inner>>, request: Request) -> Response {
    // To its end, also where its sender goes away: what has been kept of it is to be forgotten.
    finished(received(engine, request)).await
}

async fn received(engine: Arc<Inner>, request: Request) -> Response {
    let caller = request.extensions().get::<Caller>().cloned().unwrap_or_default();
    let key = request.headers().get("idempotency-key").and_then(|key| key.to_str().ok()).filter(|key| !key.is_empty());
    let once = key.map(|key| Once { key: key.to_owned(), path: request.uri().path().to_owned() });
    let id = ids::new("file-");
    let answer = match upload(&engine, &caller.tenant, &id, request, once).await {
        Ok(file) if file["id"] == id.as_str() => return reply(&file),
        // The file of a request that came before with the same key.
        Ok(file) => reply(&file),
        Err(failure) => failure.into_response(),
    };
    // Parts of a file that was never finished belong to nobody.
    if let Ok(mut tx) = engine.db.begin().await
        && store::forget_parts(&mut tx, &id).await.is_ok()
        && let Err(error) = tx.commit().await
    {
        tracing::warn!(%error, "parts of a broken upload stay behind");
    }
    answer
}

/// A request that is to take effect once.
struct Once {
    key: String,
    path: String,
}

impl Once {
    /// What tells it from others. Forms are written anew for each try, with other boundaries: what they say counts.
    fn request(self, tenant: &str, file: &Value, seconds: Option<i64>, content: Sha256) -> idempotency::Request {
        let content: String = content.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let said = json!([file["filename"], file["purpose"], seconds, content]);
        idempotency::Request::new(tenant, &self.key, &self.path, said.to_string().as_bytes())
    }
}

async fn upload(
    engine: &Inner,
    tenant: &str,
    id: &str,
    request: Request,
    once: Option<Once>,
) -> Result<Value, Failure> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("multipart/form-data") {
        let message = format!("Unsupported content type: '{kind}'. This endpoint takes 'multipart/form-data'.");
        let error = ApiError::invalid(message);
        return Err(error.with(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_content_type").into());
    }
    let mut form = Multipart::from_request(request, &()).await.map_err(|error| broken(&error.body_text()))?;
    let mut hash = once.as_ref().map(|_| Sha256::new());
    let (file, seconds) = read(engine, id, &mut form, hash.as_mut()).await?;
    let key = once.zip(hash).map(|(once, hash)| once.request(tenant, &file, seconds, hash));
    let Some(key) = key else {
        let mut tx = engine.db.begin().await?;
        store::insert(&mut tx, tenant, &file).await?;
        tx.commit().await?;
        return Ok(file);
    };
    loop {
        if let Some(kept) = key.find(&engine.db).await? {
            let kept: Value = serde_json::from_str(&kept).map_err(|error| Failure::Store(error.to_string()))?;
            return Ok(kept["json"].clone());
        }
        let mut tx = engine.db.begin().await?;
        store::insert(&mut tx, tenant, &file).await?;
        match key.keep(&mut tx, &json!({ "json": file }).to_string()).await {
            Ok(()) => {
                tx.commit().await?;
                return Ok(file);
            }
            // The same request came twice at once, and the other was first.
            Err(Failure::Conflict) => drop(tx),
            Err(other) => return Err(other),
        }
    }
}

/// Reads a form: the file that it brings, whose content is kept by then, and how soon it expires.
async fn read(
    engine: &Inner,
    id: &str,
    form: &mut Multipart,
    mut hash: Option<&mut Sha256>,
) -> Result<(Value, Option<i64>), Failure> {
    let (mut purpose, mut named, mut seconds, mut anchored) = (None, None, None, false);
    while let Some(mut field) = form.next_field().await.map_err(|error| broken(&error.body_text()))? {
        let name = field.name().unwrap_or_default().to_owned();
        match name.as_str() {
            "file" if named.is_some() => return Err(broken("it has more than one file").into()),
            "file" => {
                let name = field.file_name().unwrap_or("upload").to_owned();
                named = Some((name, receive(engine, id, &mut field, hash.as_deref_mut()).await?));
            }
            "purpose" => purpose = Some(text(&name, &mut field).await?),
            "expires_after[seconds]" => {
                let text = text(&name, &mut field).await?;
                let found = text.trim().parse().map_err(|_| wrong_type(&name, "integer", &json!(text)))?;
                check_int(&name, found, EXPIRY.0, EXPIRY.1)?;
                seconds = Some(found);
            }
            "expires_after[anchor]" => {
                let anchor = text(&name, &mut field).await?;
                if anchor != "created_at" {
                    return Err(not_one_of(&name, &anchor, &["created_at"]).into());
                }
                anchored = true;
            }
            other if engine.settings.lenient => {
                text(other, &mut field).await?;
            }
            other => return Err(crate::check::unknown(&other.chars().take(64).collect::<String>()).into()),
        }
    }
    let purpose = purpose.ok_or_else(|| missing("purpose"))?;
    if !PURPOSES.contains(&purpose.as_str()) {
        return Err(not_one_of("purpose", &purpose, PURPOSES).into());
    }
    let (name, total) = named.ok_or_else(|| missing("file"))?;
    match (anchored, seconds) {
        (true, None) => return Err(missing("expires_after[seconds]").into()),
        (false, Some(_)) => return Err(missing("expires_after[anchor]").into()),
        _ => {}
    }
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
    Ok((file, seconds))
}

fn broken(why: &str) -> ApiError {
    ApiError::invalid(format!("The upload cannot be read: {why}"))
}

/// Keeps the file of a form; returns its size.
async fn receive(
    engine: &Inner,
    id: &str,
    field: &mut Field<'_>,
    mut hash: Option<&mut Sha256>,
) -> Result<u64, Failure> {
    let most = engine.settings.max_file;
    let (mut buffer, mut part, mut total) = (Vec::new(), 0, 0u64);
    while let Some(piece) = field.chunk().await.map_err(|error| broken(&error.body_text()))? {
        total += piece.len() as u64;
        if total > most {
            let error = ApiError::invalid(format!("The file is larger than {most} bytes."));
            return Err(error.with(StatusCode::PAYLOAD_TOO_LARGE, "file_too_large").into());
        }
        if let Some(hash) = &mut hash {
            hash.update(&piece);
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
    Ok(total)
}

/// A field of a form that is a short text.
async fn text(name: &str, field: &mut Field<'_>) -> Result<String, ApiError> {
    let mut bytes = Vec::new();
    while let Some(piece) = field.chunk().await.map_err(|error| broken(&error.body_text()))? {
        if bytes.len() + piece.len() > MAX_FIELD {
            return Err(broken(&format!("its field '{name}' is larger than {MAX_FIELD} bytes")));
        }
        bytes.extend_from_slice(&piece);
    }
    String::from_utf8(bytes).map_err(|_| broken(&format!("its field '{name}' is not UTF-8")))
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
    store::find(&mut tx, &call.tenant, id).await?;
    let lent = store::delete(&mut tx, &call.tenant, id).await?;
    let answer = call.finish(tx, &json!({"id": id, "object": "file", "deleted": true})).await?;
    engine.take_back(lent);
    Ok(answer)
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
