//! A recorded reply, played back.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::time::sleep;

use super::format::{Answered, Ended, ReplyBody, compact};
use super::multipart::unbase64;
use crate::transport::{ByteStream, HttpResponse, TransportError, TransportErrorKind};

/// The reply, after the wait that was recorded unless it is to be `fast`.
pub(super) async fn replay(reply: &Answered, fast: bool) -> Result<HttpResponse, TransportError> {
    let status = StatusCode::from_u16(reply.status).map_err(|_| broken("a status that is none"))?;
    if let Some(ReplyBody::Socket(_)) = reply.body {
        return Err(broken("a WebSocket here, and this is a request"));
    }
    let headers = headers(reply)?;
    let pieces = pieces(reply.body.as_ref()).ok_or_else(|| broken("a body that is not base64"))?;
    wait(reply.after_ms, fast).await;
    let end = reply.ended.as_ref().map(|ended| match ended {
        Ended::Broken(why) => why.clone(),
        Ended::Unread => "the recording ends here: the program that was recorded read no further".to_owned(),
    });
    let body = stream::iter(pieces).then(move |(after_ms, piece)| async move {
        wait(after_ms, fast).await;
        Ok(piece)
    });
    let end = stream::iter(end.map(|why| Err(TransportError::new(TransportErrorKind::Read, why))));
    let body: ByteStream = Box::pin(body.chain(end));
    Ok(HttpResponse::new(status, headers, body))
}

/// The headers that were kept.
pub(super) fn headers(reply: &Answered) -> Result<HeaderMap, TransportError> {
    let mut headers = HeaderMap::new();
    for (name, value) in &reply.headers {
        let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) else {
            return Err(broken("a header that is none"));
        };
        headers.insert(name, value);
    }
    Ok(headers)
}

fn broken(what: &str) -> TransportError {
    TransportError::new(TransportErrorKind::Request, format!("the cassette holds {what}"))
}

/// Waits as long as was recorded, unless it is to be fast.
pub(super) async fn wait(after_ms: u64, fast: bool) {
    if !fast && after_ms > 0 {
        sleep(Duration::from_millis(after_ms)).await;
    }
}

fn pieces(body: Option<&ReplyBody>) -> Option<Vec<(u64, Bytes)>> {
    Some(match body {
        None => Vec::new(),
        Some(ReplyBody::Json(json)) => vec![(0, compact(json.get()).into())],
        Some(ReplyBody::Text(text)) => vec![(0, text.clone().into())],
        Some(ReplyBody::Base64(text)) => vec![(0, unbase64(text)?.into())],
        Some(ReplyBody::Stream(events)) => {
            let bytes = events.iter().map(|event| {
                let bytes = match (&event.text, &event.base64) {
                    (Some(text), _) => Bytes::from(text.clone()),
                    (None, Some(text)) => unbase64(text)?.into(),
                    (None, None) => Bytes::new(),
                };
                Some((event.after_ms, bytes))
            });
            bytes.collect::<Option<_>>()?
        }
        Some(ReplyBody::Socket(_)) => return None,
    })
}
