//! A `fetch` of the user's as the transport of calls. `lib/internal/fetch-transport.ts` is the other end.

use std::sync::Arc;

use bytes::BytesMut;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::json;
use threadline::Transport;
use threadline::transport::{
    ByteStream, HttpRequest, HttpResponse, RequestBody, SendFuture, TransportError, TransportErrorKind,
};

use crate::host::{Answer, Callback, Failure};

/// Sends through a function of JavaScript's.
#[derive(Debug)]
pub(crate) struct HostTransport(Callback);

/// What the function answers: the head, and the number under which the body is kept.
#[derive(Deserialize)]
struct Head {
    status: u16,
    headers: Vec<(String, String)>,
    body: Option<u32>,
}

impl HostTransport {
    pub(crate) fn new(callback: Callback) -> Self {
        Self(callback)
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let headers: Vec<(&str, String)> = request
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let argument = json!({"method": request.method.as_str(), "url": request.url, "headers": headers}).to_string();
        let body = match request.body {
            RequestBody::Bytes(bytes) => Some(bytes),
            RequestBody::Stream { mut stream, .. } => {
                let mut all = BytesMut::new();
                while let Some(piece) = stream.next().await {
                    all.extend_from_slice(&piece?);
                }
                Some(all.freeze())
            }
            _ => None,
        };
        let answer = self.0.ask(argument, body).await.map_err(|failure| failed(failure, TransportErrorKind::Send))?;
        let Answer::Text(text) = answer else { return Err(unusable("it has no head")) };
        let head: Head = serde_json::from_str(&text).map_err(|error| unusable(&error.to_string()))?;
        let status = StatusCode::from_u16(head.status).map_err(|error| unusable(&error.to_string()))?;
        let mut headers = HeaderMap::new();
        for (name, value) in head.headers {
            let name = HeaderName::try_from(name).map_err(|error| unusable(&error.to_string()))?;
            headers.append(name, HeaderValue::try_from(value).map_err(|error| unusable(&error.to_string()))?);
        }
        let open = head.body.map(|number| Arc::new(Open { reader: self.0.sibling(number) }));
        let body: ByteStream = Box::pin(stream::unfold(open, |open| async move {
            let open = open?;
            match open.reader.ask("pull".into(), None).await {
                Ok(Answer::Bytes(piece)) => Some((Ok(piece), Some(open))),
                Ok(_) => None,
                Err(failure) => Some((Err(failed(failure, TransportErrorKind::Read)), None)),
            }
        }));
        Ok(HttpResponse::new(status, headers, body))
    }
}

impl Transport for HostTransport {
    fn send(&self, request: HttpRequest) -> SendFuture<'_> {
        Box::pin(self.exchange(request))
    }
}

/// A body that is being read. Dropping it closes it.
struct Open {
    reader: Callback,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.reader.tell("close".into());
    }
}

fn unusable(why: &str) -> TransportError {
    TransportError::new(TransportErrorKind::Read, format!("the reply of the given fetch cannot be used: {why}"))
}

fn failed(failure: Failure, kind: TransportErrorKind) -> TransportError {
    TransportError::new(kind, format!("the given fetch failed: {failure}")).with_source(failure)
}
