//! One request, as handlers see it.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Value, json};

use super::follow;
use crate::check::not_one_of;
use crate::db::Tx;
use crate::error::{ApiError, Failure};
use crate::ids;
use crate::run::service::Inner;
use crate::store::idempotency;

/// What a step's results may be asked to include.
const CONTENT: &str = "step_details.tool_calls[*].file_search.results[*].content";

/// Whose request it is: put among a request's extensions by whoever checks keys.
#[derive(Debug, Clone, Default)]
pub(crate) struct Caller {
    /// Whose objects the request sees; empty where there is only one.
    pub(crate) tenant: String,
}

/// A request that has been read.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) tenant: String,
    pub(crate) query: Vec<(String, String)>,
    path: Vec<(String, String)>,
    body: Bytes,
    last_event_id: Option<i64>,
    key: Option<idempotency::Request>,
}

impl Call {
    /// Reads a request to its end.
    pub(super) async fn read(request: Request, engine: &Arc<Inner>) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        if engine.settings.require_beta_header && is_assistants(parts.uri.path()) {
            check_beta(&parts.headers)?;
        }
        let params = RawPathParams::from_request_parts(&mut parts, &()).await;
        let path = params
            .map_err(|_| ApiError::invalid("The path of the request is not UTF-8."))?
            .iter()
            .map(|(name, value)| (name.to_owned(), if name == "file_id" { ids::file(value) } else { value.to_owned() }))
            .collect();
        let query = parts.uri.query().unwrap_or_default();
        let query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        // What says nothing of itself is taken for what it is.
        if !kind.is_empty() && !is_json(kind) {
            let message = format!("Unsupported content type: '{kind}'. This endpoint takes 'application/json'.");
            let error = ApiError::invalid(message);
            return Err(error.with(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_content_type"));
        }
        let body = match Limited::new(body, engine.settings.max_body).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => {
                let message = format!("The request body is larger than {} bytes.", engine.settings.max_body);
                return Err(ApiError::invalid(message).with(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large"));
            }
            Err(_) => return Err(ApiError::invalid("The request body ended early.")),
        };
        let tenant = parts.extensions.get::<Caller>().map(|caller| caller.tenant.clone()).unwrap_or_default();
        let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let key = text("idempotency-key")
            .filter(|key| parts.method == http::Method::POST && !key.is_empty())
            .map(|key| idempotency::Request::new(&tenant, key, parts.uri.path(), &body));
        let last_event_id = text("last-event-id").and_then(|id| id.parse().ok());
        Ok(Self { tenant, query, path, body, last_event_id, key })
    }

    /// An id of the path; `kind` is the prefix it must have.
    pub(crate) fn id(&self, name: &str, kind: &str) -> Result<&str, ApiError> {
        let found = self.path.iter().find(|(known, _)| known == name).map(|(_, id)| id.as_str()).unwrap_or_default();
        ids::check(name, found, kind)?;
        Ok(found)
    }

    /// The body; an empty one is an empty object.
    pub(crate) fn json(&self) -> Result<Value, ApiError> {
        if self.body.trim_ascii().is_empty() {
            return Ok(json!({}));
        }
        serde_json::from_slice(&self.body).map_err(|error| {
            // The position helps; the text around it is the caller's own and may be anything.
            let place = format!("line {} column {}", error.line(), error.column());
            ApiError::invalid(format!(
                "We could not parse the JSON body of your request: it stops being JSON at {place}."
            ))
        })
    }

    /// One parameter of the query.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether the texts of search results are asked for.
    pub(crate) fn includes_content(&self) -> Result<bool, ApiError> {
        let mut included = false;
        for (name, value) in &self.query {
            if name == "include[]" || name == "include" || name.starts_with("include[") {
                if value != CONTENT {
                    return Err(not_one_of("include", value, &[CONTENT]));
                }
                included = true;
            }
        }
        Ok(included)
    }

    /// The event behind which a stream is to go on.
    pub(crate) fn after_event(&self) -> i64 {
        let asked = self.last_event_id.or_else(|| self.param("after").and_then(|after| after.parse().ok()));
        asked.unwrap_or(0).clamp(0, i64::MAX / 2)
    }

    pub(super) fn has_key(&self) -> bool {
        self.key.is_some()
    }

    /// The reply that this request has had already.
    pub(super) async fn kept_reply(&self, engine: &Arc<Inner>) -> Result<Option<Response>, Failure> {
        let Some(key) = &self.key else { return Ok(None) };
        let Some(kept) = key.find(&engine.db).await? else { return Ok(None) };
        let kept: Value = serde_json::from_str(&kept).map_err(|error| Failure::Store(error.to_string()))?;
        if let Some(run) = kept["stream"].as_str() {
            let after = kept["after"].as_i64().unwrap_or(0);
            return Ok(Some(follow::response(engine, run, after, kept["content"] == true)));
        }
        Ok(Some(reply(&kept["json"])))
    }

    /// Ends a transaction and answers with this object.
    pub(crate) async fn finish(&self, mut tx: Tx, answer: &Value) -> Result<Response, Failure> {
        if let Some(key) = &self.key {
            key.keep(&mut tx, &json!({ "json": answer }).to_string()).await?;
        }
        tx.commit().await?;
        Ok(reply(answer))
    }

    /// Ends a transaction whose answer is the stream of a run.
    pub(crate) async fn finish_stream(&self, mut tx: Tx, run: &str, after: i64, content: bool) -> Result<(), Failure> {
        if let Some(key) = &self.key {
            key.keep(&mut tx, &json!({"stream": run, "after": after, "content": content}).to_string()).await?;
        }
        tx.commit().await
    }
}

/// Whether a content type is JSON in UTF-8.
fn is_json(kind: &str) -> bool {
    let mut parts = kind.split(';').map(|part| part.trim().to_ascii_lowercase());
    let essence = parts.next().unwrap_or_default();
    let utf8 = |part: String| match part.strip_prefix("charset=") {
        Some(charset) => ["utf-8", "utf8", "us-ascii"].contains(&charset.trim_matches('"')),
        None => true,
    };
    (essence == "application/json" || essence.ends_with("+json") || essence == "text/json") && parts.all(utf8)
}

/// Whether a path is one of those that the header `OpenAI-Beta` was made for.
fn is_assistants(path: &str) -> bool {
    let path = path.strip_prefix("/v1").unwrap_or(path);
    ["/assistants", "/threads"].iter().any(|first| path.starts_with(first))
}

fn check_beta(headers: &http::HeaderMap) -> Result<(), ApiError> {
    let beta = headers.get("openai-beta").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if beta.split(',').any(|word| word.trim() == "assistants=v2") {
        return Ok(());
    }
    let message = "You must provide the 'OpenAI-Beta' header to access the Assistants API. Please try again by setting \
                   the header 'OpenAI-Beta: assistants=v2'.";
    Err(ApiError { code: Some("invalid_beta"), ..ApiError::invalid(message) })
}

/// 200 with this object.
pub(crate) fn reply(answer: &Value) -> Response {
    let kind = HeaderValue::from_static("application/json");
    (StatusCode::OK, [(header::CONTENT_TYPE, kind)], answer.to_string()).into_response()
}
