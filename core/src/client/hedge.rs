//! Hedging: a second request for a read that is slow to be answered. Off unless it is asked for.

use std::time::Duration;

use futures_util::future::{Either, select};
use http::Method;
use tokio::time::timeout;
use tracing::debug;

use crate::transport::{HttpRequest, HttpResponse, RequestBody, Transport, TransportError};

/// A copy of a request that only reads and has no body; `None` for any other, which must not be made twice.
pub(super) fn copy_of(request: &HttpRequest) -> Option<HttpRequest> {
    let reads = request.method == Method::GET && !request.streaming && matches!(request.body, RequestBody::Empty);
    reads.then(|| HttpRequest {
        method: request.method.clone(),
        url: request.url.clone(),
        headers: request.headers.clone(),
        body: RequestBody::Empty,
        streaming: false,
    })
}

/// Sends a request, and its copy if no reply has begun after `delay` and `allowed` agrees. The reply that begins first is
/// taken, the other request is dropped, which closes it. One that fails leaves the other its chance.
pub(super) async fn send(
    transport: &dyn Transport,
    request: HttpRequest,
    copy: HttpRequest,
    delay: Duration,
    allowed: impl FnOnce() -> bool,
) -> Result<HttpResponse, TransportError> {
    let mut first = transport.send(request);
    if let Ok(answer) = timeout(delay, &mut first).await {
        return answer;
    }
    if !allowed() {
        return first.await;
    }
    debug!(?delay, "no reply yet; asking a second time");
    match select(first, transport.send(copy)).await {
        Either::Left((Err(_), other)) | Either::Right((Err(_), other)) => other.await,
        Either::Left((answer, _)) | Either::Right((answer, _)) => answer,
    }
}
