//! Which web pages may call the server: none, unless the operator names them.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::Shared;

/// How long a browser may remember what it was allowed, in seconds.
const REMEMBERED: HeaderValue = HeaderValue::from_static("600");

/// Answers a browser that asks whether a page may call, and lets the page read what it gets.
pub(super) async fn share(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let origins = &shared.engine.inner().settings.cors_origins;
    let Some(origin) = request.headers().get(header::ORIGIN).filter(|origin| is_allowed(origins, origin)).cloned()
    else {
        return next.run(request).await;
    };
    let asks =
        request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if asks {
        let wanted = request.headers().get(header::ACCESS_CONTROL_REQUEST_HEADERS).cloned();
        let mut response = StatusCode::NO_CONTENT.into_response();
        let headers = response.headers_mut();
        allow(headers, origin);
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, DELETE"));
        if let Some(wanted) = wanted {
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted);
        }
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, REMEMBERED);
        return response;
    }
    let mut response = next.run(request).await;
    let shown = HeaderValue::from_static("x-request-id, openai-poll-after-ms");
    response.headers_mut().insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, shown);
    allow(response.headers_mut(), origin);
    response
}

fn is_allowed(origins: &[String], origin: &HeaderValue) -> bool {
    origins.iter().any(|allowed| allowed == "*" || allowed.as_bytes() == origin.as_bytes())
}

fn allow(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.append(header::VARY, HeaderValue::from_static("origin"));
}
