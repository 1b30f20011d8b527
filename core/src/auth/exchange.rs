//! The exchange of a subject token for a token of the API (RFC 8693).

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::Value;
use tokio::time::{sleep, timeout};

use crate::client::transport_error;
use crate::error::{Error, ErrorKind};
use crate::policy::backoff::{self, Backoff};
use crate::policy::retry::{Attempt, Decision, Failure, decide};
use crate::response::{Problem, from_status};
use crate::transport::{ByteStream, HttpRequest, RequestBody, Transport};

use super::Token;

/// Longest answer that is read.
const MAX_BODY: usize = 256 << 10;
/// Longest time for one exchange.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Further tries after a failure that may pass.
const RETRIES: u32 = 2;

/// Makes the exchange, and repeats it where the failure may pass.
pub(super) async fn exchange(transport: &Arc<dyn Transport>, url: &str, body: &Value) -> Result<Token, Error> {
    let body = Bytes::from(body.to_string());
    let mut made = 0;
    loop {
        made += 1;
        let error = match timeout(TIMEOUT, send(transport, url, body.clone())).await {
            Ok(Ok((status, _, text))) if status.is_success() => return token(&text),
            Ok(Ok((status, headers, text))) => refusal(status, &headers, text),
            Ok(Err(error)) => error,
            Err(_) => Error::new(ErrorKind::Timeout, format!("the token endpoint did not answer within {TIMEOUT:?}")),
        };
        let attempt = Attempt {
            failure: failure(&error),
            made,
            max_retries: RETRIES,
            safe: true,
            replayable: true,
            now: SystemTime::now(),
        };
        match decide(&attempt, &Backoff::default(), backoff::random()) {
            Decision::Retry { wait, .. } => sleep(wait).await,
            Decision::Stop { reason, .. } => return Err(error.with_retryable(reason.is_retryable())),
        }
    }
}

fn failure(error: &Error) -> Failure<'_> {
    match error.status().and_then(|status| StatusCode::from_u16(status).ok()) {
        Some(status) => {
            Failure::Reply { status, headers: error.headers(), code: error.code(), error_type: error.error_type() }
        }
        None if matches!(error.kind(), ErrorKind::Connection | ErrorKind::Timeout) && error.is_retryable() => {
            Failure::Connection
        }
        None => Failure::Permanent,
    }
}

async fn send(transport: &Arc<dyn Transport>, url: &str, body: Bytes) -> Result<(StatusCode, HeaderMap, Bytes), Error> {
    let mut request = HttpRequest::new(Method::POST, url);
    request.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    request.headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    request.body = RequestBody::Bytes(body);
    let response = transport.send(request).await.map_err(transport_error)?;
    Ok((response.status, response.headers, read_all(response.body).await?))
}

/// A short body, read to its end.
pub(super) async fn read_all(mut body: ByteStream) -> Result<Bytes, Error> {
    let mut text = BytesMut::new();
    while let Some(piece) = body.next().await {
        text.extend_from_slice(&piece.map_err(transport_error)?);
        if text.len() > MAX_BODY {
            return Err(Error::new(ErrorKind::Decode, "the answer with the token is too long to be one"));
        }
    }
    Ok(text.freeze())
}

/// What the endpoint says against the exchange. Its `error` is a code (RFC 6749), its `error_description` the message.
fn refusal(status: StatusCode, headers: &HeaderMap, text: Bytes) -> Error {
    let code = serde_json::from_slice::<Value>(&text).ok().and_then(|reply| reply["error"].as_str().map(str::to_owned));
    let Some(code) = code else {
        let error = from_status(status.as_u16(), headers, text);
        let message = format!("the token endpoint refuses: {}", error.message());
        return error.with_message(message);
    };
    let description = Problem::parse(&text).and_then(|problem| problem.message).filter(|text| *text != code);
    let message = match description {
        Some(description) => format!("the token endpoint refuses ({code}): {description}"),
        None => format!("the token endpoint refuses: {code}"),
    };
    Error::new(ErrorKind::from_status(status.as_u16()), message)
        .with_api_fields(None, Some(code), None)
        .with_reply(status.as_u16(), headers)
        .with_body(text)
}

fn token(text: &[u8]) -> Result<Token, Error> {
    let wrong = |what: &str| {
        Error::new(ErrorKind::Decode, format!("the token endpoint's answer holds no usable {what}"))
            .with_retryable(false)
    };
    let reply: Value = serde_json::from_slice(text).map_err(|_| wrong("JSON object"))?;
    if reply
        .get("token_type")
        .is_some_and(|kind| !kind.as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("bearer")))
    {
        return Err(wrong("`token_type`: only `Bearer` can be used"));
    }
    let value =
        reply["access_token"].as_str().filter(|token| !token.is_empty()).ok_or_else(|| wrong("`access_token`"))?;
    let seconds = reply["expires_in"].as_f64().ok_or_else(|| wrong("`expires_in`"))?;
    let lifetime = Duration::try_from_secs_f64(seconds).map_err(|_| wrong("`expires_in`"))?;
    Ok(Token::new(value).expires_in(lifetime))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_must_hold_a_token_and_its_lifetime() {
        let good = token(br#"{"access_token":"t","expires_in":90,"token_type":"bearer"}"#).unwrap();
        assert_eq!((good.value.expose(), good.expires_in), ("t", Some(Duration::from_secs(90))));
        for (answer, part) in [
            ("", "JSON"),
            ("[]", "access_token"),
            (r#"{"access_token":"","expires_in":1}"#, "access_token"),
            (r#"{"access_token":"canary"}"#, "expires_in"),
            (r#"{"access_token":"canary","expires_in":-1}"#, "expires_in"),
            (r#"{"access_token":"canary","expires_in":"1"}"#, "expires_in"),
            (r#"{"access_token":"canary","expires_in":1,"token_type":"mac"}"#, "token_type"),
        ] {
            let error = token(answer.as_bytes()).unwrap_err();
            assert!(error.message().contains(part) && !format!("{error:?}").contains("canary"), "{answer}: {error}");
        }
    }

    #[test]
    fn a_refusal_gives_code_and_description() {
        let text = r#"{"error":"invalid_grant","error_description":"expired"}"#;
        let error = refusal(StatusCode::BAD_REQUEST, &HeaderMap::new(), Bytes::from_static(text.as_bytes()));
        assert_eq!((error.code(), error.status()), (Some("invalid_grant"), Some(400)));
        assert_eq!(error.message(), "the token endpoint refuses (invalid_grant): expired");
        let error = refusal(StatusCode::FORBIDDEN, &HeaderMap::new(), Bytes::from_static(b"{\"error\":\"denied\"}"));
        assert_eq!(error.message(), "the token endpoint refuses: denied");
        let error = refusal(StatusCode::BAD_GATEWAY, &HeaderMap::new(), Bytes::from_static(b"oops"));
        assert_eq!(error.message(), "the token endpoint refuses: oops");
    }
}
