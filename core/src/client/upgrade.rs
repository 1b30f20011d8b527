//! Opens a WebSocket: the request of an operation, sent as a handshake.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{ACCEPT, LOCATION};
use http::{HeaderMap, Method, StatusCode};
use tracing::{Instrument, debug, debug_span};

use super::attempt::{Want, read_error_body};
use super::deadline::Deadline;
use super::failed::transport_error;
use super::prepare::Prepared;
use super::redirect::{Hop, Trail, is_redirect};
use super::{Args, Client, RequestOptions};
use crate::error::{Error, ErrorKind};
use crate::operation::Operation;
use crate::policy::retry_after::retry_after;
use crate::response::from_status;
use crate::secret::Secret;
use crate::transport::{Duplex, HttpRequest, HttpResponse, RequestBody, Upgrade};
use crate::websocket::Handshake;

/// Longest handshake where the caller named no limit and the client allows more.
const HANDSHAKE: Duration = Duration::from_secs(30);

/// A connection that speaks WebSocket from here on.
pub(crate) struct Switched {
    pub(crate) headers: HeaderMap,
    pub(crate) io: Box<dyn Duplex>,
    /// The call's key, taken out of errors should the server quote it.
    pub(crate) key: Option<Secret>,
    /// Longest message, if the options name one.
    pub(crate) max_bytes: Option<u64>,
}

/// Makes the handshake, once: whether to try again is for the caller.
pub(crate) async fn upgrade(
    client: &Client,
    op: &'static Operation,
    args: Args,
    options: RequestOptions,
) -> Result<Switched, Error> {
    let own_limit = options.timeout;
    let mut prepared = Prepared::new(client, op, args, options, Want::Bytes)?;
    let limit = own_limit.unwrap_or(prepared.timeout.min(HANDSHAKE));
    let deadline = Deadline::after(limit);
    let handshake = Handshake::new();
    prepared.headers.remove(ACCEPT);
    handshake.ask(&mut prepared.headers);
    let span = debug_span!("threadline.connect", operation = op.id);
    let result = deadline.watch(Box::pin(dial(client, &prepared, &handshake)).instrument(span.clone())).await;
    let late = || {
        let message = format!("the server did not answer the WebSocket handshake within {limit:?}");
        Err(Error::new(ErrorKind::Timeout, message).with_attempts(1))
    };
    match result.unwrap_or_else(late) {
        Ok((headers, io)) => Ok(Switched { headers, io, key: prepared.key, max_bytes: prepared.max_bytes }),
        Err(error) => {
            let error = prepared.redact(error);
            span.in_scope(|| debug!(kind = error.kind().as_str(), status = error.status(), "handshake failed"));
            Err(error)
        }
    }
}

async fn dial(
    client: &Client,
    prepared: &Prepared,
    handshake: &Handshake,
) -> Result<(HeaderMap, Box<dyn Duplex>), Error> {
    let mut url = prepared.url.clone();
    let mut trail = Trail::default();
    loop {
        let request = HttpRequest {
            method: Method::GET,
            url: url.clone(),
            headers: prepared.headers.clone(),
            body: RequestBody::Empty,
            streaming: true,
        };
        debug!("handshake");
        let answer = client.inner.transport.upgrade(request).await;
        let reply = match answer.map_err(|error| transport_error(error).with_attempts(1))? {
            Upgrade::Refused(reply) => reply,
            Upgrade::Switched { headers, io } => {
                return match handshake.check(&prepared.headers, &headers) {
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
    let HttpResponse { status, headers, mut body } = reply;
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
