//! Opens a WebSocket: sends the handshake and judges the answer.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::LOCATION;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use tracing::{Instrument, debug, debug_span};

use super::attempt::read_error_body;
use super::connect::ConnectTarget;
use super::deadline::Deadline;
use super::failed::transport_error;
use super::redirect::{Hop, Trail, is_redirect};
use super::{Client, RequestOptions};
use crate::error::{Error, ErrorKind};
use crate::policy::retry_after::retry_after;
use crate::request::headers;
use crate::response::{conceal, from_status};
use crate::transport::{Duplex, HttpRequest, HttpResponse, RequestBody, Upgrade};
use crate::websocket::{Handshake, Route};

/// Longest handshake where the caller named no limit and the client allows more.
const HANDSHAKE: Duration = Duration::from_secs(30);

/// Longest call where neither names a limit.
const TIMEOUT: Duration = Duration::from_secs(600);

/// A connection that speaks WebSocket from here on.
pub(crate) struct Switched {
    pub(crate) headers: HeaderMap,
    pub(crate) io: Box<dyn Duplex>,
    /// Takes the credential out of errors, should the server quote it.
    pub(crate) target: ConnectTarget,
    /// Longest message, if the options name one.
    pub(crate) max_bytes: Option<u64>,
}

/// Makes the handshake, once: whether to try again is for the caller. Only a token that the server refuses is replaced.
pub(crate) async fn upgrade(
    client: &Client,
    route: &'static Route,
    values: &[String],
    query: &[(String, String)],
    options: RequestOptions,
) -> Result<Switched, Error> {
    let merged = client.merge(options.clone());
    let limit = options.timeout.unwrap_or(merged.timeout.unwrap_or(TIMEOUT).min(HANDSHAKE));
    let deadline = Deadline::after(limit);
    let span = debug_span!("threadline.connect", operation = route.id);
    let connecting = async {
        let mut renewed = false;
        loop {
            let target = client.connect_target(route.path, values, query, options.clone()).await?;
            let error = match dial(client, route, &target).await {
                Ok((headers, io)) => return Ok(Switched { headers, io, target, max_bytes: merged.max_response_bytes }),
                Err(error) => target.redact(error),
            };
            if error.status() != Some(401) || !target.refused() || std::mem::replace(&mut renewed, true) {
                return Err(error);
            }
            debug!("the server refused the token; asking for another");
        }
    };
    let late = || {
        let message = format!("the server did not answer the WebSocket handshake within {limit:?}");
        Err(Error::new(ErrorKind::Timeout, message).with_attempts(1))
    };
    let result = deadline.watch(Box::pin(connecting).instrument(span.clone())).await.unwrap_or_else(late);
    if let Err(error) = &result {
        span.in_scope(|| debug!(kind = error.kind().as_str(), status = error.status(), "handshake failed"));
    }
    result
}

async fn dial(client: &Client, route: &Route, target: &ConnectTarget) -> Result<(HeaderMap, Box<dyn Duplex>), Error> {
    let handshake = Handshake::new();
    let mut asked = target.headers.clone();
    for (name, value) in route.headers {
        // A header of the caller's own goes before.
        asked.entry(headers::name(name)?).or_insert(HeaderValue::from_static(value));
    }
    handshake.ask(&mut asked);
    // The handshake is a request of HTTP.
    let mut url = target.url.replacen("ws", "http", 1);
    let mut trail = Trail::default();
    loop {
        let request = HttpRequest {
            method: Method::GET,
            url: url.clone(),
            headers: asked.clone(),
            body: RequestBody::Empty,
            streaming: true,
        };
        debug!("handshake");
        let answer = client.inner.transport.upgrade(request).await;
        let reply = match answer.map_err(|error| transport_error(error).with_attempts(1))? {
            Upgrade::Refused(mut reply) => {
                conceal(&mut reply.headers, target.key());
                reply
            }
            Upgrade::Switched { mut headers, io } => {
                conceal(&mut headers, target.key());
                return match handshake.check(&asked, &headers) {
                    Ok(()) => Ok((headers, io)),
                    Err(why) => Err(not_a_socket(StatusCode::SWITCHING_PROTOCOLS, &headers, why)),
                };
            }
        };
        debug!(status = reply.status.as_u16(), "no WebSocket");
        if !is_redirect(reply.status) {
            return Err(refused(reply).await);
        }
        let location = reply.headers.get(LOCATION).and_then(|value| value.to_str().ok());
        match trail.next(&Method::GET, &url, reply.status, location, true) {
            Hop::Follow(next) => url = next,
            Hop::Refuse(reason) => {
                let error = Error::new(ErrorKind::Redirect, reason).with_reply(reply.status.as_u16(), &reply.headers);
                return Err(error.with_attempts(1));
            }
        }
    }
}

/// The error for a reply that is no switch: the server's own, or that it does not speak WebSocket.
async fn refused(reply: HttpResponse) -> Error {
    let HttpResponse { status, headers, mut body, .. } = reply;
    if status.is_success() || status.as_u16() < 400 {
        return not_a_socket(status, &headers, "it answers like an ordinary HTTP server");
    }
    let text: Bytes = read_error_body(&mut body).await;
    let asked = retry_after(&headers, SystemTime::now());
    let retryable = matches!(status.as_u16(), 408 | 409 | 429 | 500..);
    from_status(status.as_u16(), &headers, text).with_attempts(1).with_retryable(retryable).with_retry_after(asked)
}

fn not_a_socket(status: StatusCode, headers: &HeaderMap, why: &str) -> Error {
    let code = status.as_u16();
    let message = format!("the server offers no WebSocket at this address: {why} (status {code}); check the base URL");
    Error::new(ErrorKind::Decode, message).with_reply(code, headers).with_attempts(1)
}
