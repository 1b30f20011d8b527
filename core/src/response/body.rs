//! Reads bodies, and finds error objects in replies that claim success.

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::HeaderMap;
use memchr::memmem;

use super::Problem;
use crate::error::{Error, ErrorKind};
use crate::json::Doc;
use crate::transport::{ByteStream, TransportError};

/// Most that is reserved because a header announces it; the rest grows as bytes arrive.
const MAX_RESERVE: u64 = 8 << 20;

/// Why a body could not be read.
pub(crate) enum BodyError {
    Transport(TransportError),
    /// It is longer than the caller's limit.
    TooLong(u64),
}

/// Reads a whole body. One that comes in one piece is not copied.
pub(crate) async fn collect(
    body: &mut ByteStream,
    headers: &HeaderMap,
    limit: Option<u64>,
) -> Result<Bytes, BodyError> {
    let within = |length: usize| match limit {
        Some(limit) if length as u64 > limit => Err(BodyError::TooLong(limit)),
        _ => Ok(()),
    };
    let Some(first) = body.next().await else { return Ok(Bytes::new()) };
    let first = first.map_err(BodyError::Transport)?;
    within(first.len())?;
    let Some(second) = body.next().await else { return Ok(first) };
    let announced = headers.get(http::header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    let mut all = BytesMut::with_capacity(announced.unwrap_or(0).min(MAX_RESERVE) as usize);
    all.extend_from_slice(&first);
    let mut next = Some(second);
    while let Some(piece) = next {
        let piece = piece.map_err(BodyError::Transport)?;
        within(all.len() + piece.len())?;
        all.extend_from_slice(&piece);
        next = body.next().await;
    }
    Ok(all.freeze())
}

/// The error that a reply with a success status really is, if it is one.
///
/// A result may have a member `error` of its own (a failed response, a fine-tuning job); those name what they are by
/// `id` or `object`. A reply is an error when it does not, or when its `choices` are missing their content.
pub(crate) fn peek_error(body: &[u8]) -> Option<Error> {
    if !mentions_error(body) {
        return None;
    }
    let doc = Doc::parse(body).ok()?;
    let (mut error, mut choices, mut named, mut object) = (None, None, false, None);
    for member in doc.root().members() {
        match &*member.name() {
            "error" => error = Some(member.value),
            "choices" => choices = Some(member.value),
            "id" => named = !member.value.is_null(),
            "object" => object = member.value.as_str(),
            _ => {}
        }
    }
    let is_error_object = object.as_deref() == Some("error");
    let is_error = match (error.filter(|error| !error.is_null()), choices) {
        (None, _) => is_error_object,
        (Some(_), Some(choices)) => choices.is_empty(),
        (Some(_), None) => is_error_object || (!named && object.is_none()),
    };
    is_error.then(|| {
        let problem = Problem::parse(body).unwrap_or_default();
        problem.into_error(ErrorKind::Api, || "the reply is an error object without a message".to_owned())
    })
}

/// Whether an error may be in the text, at a fraction of the cost of parsing it: most replies say `"error": null`.
fn mentions_error(body: &[u8]) -> bool {
    memmem::find_iter(body, b"\"error\"").any(|at| {
        let after = body[at + b"\"error\"".len()..].trim_ascii_start();
        after.strip_prefix(b":").is_none_or(|value| !value.trim_ascii_start().starts_with(b"null"))
    })
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    #[test]
    fn error_objects_under_a_success_status_are_found() {
        for body in [
            r#"{"error":{"message":"m"}}"#,
            r#"{"id":"x","object":"chat.completion","choices":null,"error":{"message":"m"}}"#,
            r#"{"id":"x","choices":[],"error":"m"}"#,
            r#"{"object":"error","message":"m"}"#,
            "\u{feff}{\"error\":\"m\"}",
        ] {
            let error = peek_error(body.as_bytes()).unwrap_or_else(|| panic!("{body}"));
            assert_eq!((error.kind(), error.message()), (ErrorKind::Api, "m"));
        }
    }

    #[test]
    fn results_with_an_error_member_of_their_own_are_results() {
        for body in [
            r#"{"id":"resp_1","object":"response","status":"failed","error":{"message":"m"}}"#,
            r#"{"error":null,"data":[]}"#,
            r#"{"id":"x","choices":[{"index":0}],"error":null}"#,
            r#"{"choices":[{"message":{"content":"\"error\""}}]}"#,
            r#"["error"]"#,
            "\"error\"",
        ] {
            assert!(peek_error(body.as_bytes()).is_none(), "{body}");
        }
    }

    #[tokio::test]
    async fn a_body_beyond_the_limit_is_refused_before_it_is_all_read() {
        let pieces = stream::iter((0..1000).map(|_| Ok(Bytes::from_static(&[0; 1000]))));
        let mut body: ByteStream = Box::pin(pieces);
        let result = collect(&mut body, &HeaderMap::new(), Some(2500)).await;
        assert!(matches!(result, Err(BodyError::TooLong(2500))));
        assert_eq!(body.count().await, 997);
    }
}
