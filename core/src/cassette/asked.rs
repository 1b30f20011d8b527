//! A request as it stands in the file.

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde_json::value::RawValue;
use url::Url;

use super::format::{Asked, Body};
use super::multipart::{base64, boundary, parts};
use super::redact::Redaction;
use crate::transport::{HttpRequest, RequestBody, TransportError};

/// All of a body. A recorder holds it in memory; the transport below gets it in one piece.
pub(super) async fn gather(body: RequestBody) -> Result<Option<Bytes>, TransportError> {
    Ok(match body {
        RequestBody::Empty => None,
        RequestBody::Bytes(bytes) => Some(bytes),
        RequestBody::Stream { mut stream, .. } => {
            let mut all = BytesMut::new();
            while let Some(piece) = stream.next().await {
                all.extend_from_slice(&piece?);
            }
            Some(all.freeze())
        }
    })
}

/// The request without secrets.
pub(super) fn asked(request: &HttpRequest, body: Option<&Bytes>, rules: &Redaction) -> Asked {
    let url = Url::parse(&request.url).ok();
    let path = url.as_ref().map_or("", Url::path);
    let query = url.iter().flat_map(|url| url.query_pairs());
    let mut headers: std::collections::BTreeMap<_, _> = rules.headers(&request.headers).collect();
    let content_type = content_type(&request.headers);
    if let (Some(_), Some(value)) = (boundary(&content_type), headers.get_mut(CONTENT_TYPE.as_str())) {
        // The boundary is another each time.
        "multipart/form-data".clone_into(value);
    }
    Asked {
        method: request.method.to_string(),
        path: rules.text(path).into_owned(),
        query: query.map(|(name, value)| format!("{name}={}", rules.query(&name, &value))).collect(),
        headers,
        body: body.filter(|body| !body.is_empty()).map(|body| body_of(body, &content_type, rules)),
    }
}

pub(super) fn content_type(headers: &HeaderMap) -> String {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

fn body_of(body: &[u8], content_type: &str, rules: &Redaction) -> Body {
    if let Some(boundary) = boundary(content_type) {
        return Body::Multipart(parts(body, boundary, rules));
    }
    if let Some(json) = json(body, rules) {
        return Body::Json(json);
    }
    match std::str::from_utf8(body) {
        Ok(text) => Body::Text(rules.text(text).into_owned()),
        Err(_) => Body::Base64(base64(body)),
    }
}

/// A JSON object or list without secrets.
pub(super) fn json(text: &[u8], rules: &Redaction) -> Option<Box<RawValue>> {
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
    if !matches!(text.trim_ascii_start().first(), Some(b'{' | b'[')) {
        return None;
    }
    RawValue::from_string(rules.json(text)?).ok()
}
