//! The engine on a socket: keys, health, metrics, a proper end.

mod command;
mod cors;
mod keys;
mod linger;
mod metrics;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::serve::ListenerExt;
use http::{StatusCode, header};
use tokio::net::TcpListener;

pub use self::command::command;
pub use self::keys::Key;
use self::metrics::Metrics;
use crate::api::Caller;
use crate::db::params;
use crate::engine::Engine;
use crate::error::{ApiError, Failure};

/// How long runs may take to be handed over, and open replies to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server that cannot start, or breaks.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ServeError(String);

#[derive(Clone)]
struct Shared {
    engine: Engine,
    metrics: Arc<Metrics>,
    /// Whether callers need a key of this server's.
    closed: bool,
}

/// Serves an engine until `stop` is ready, then hands its runs over.
///
/// With keys in the store, callers need one of them. Without any, every caller is let in, and only this machine may call.
///
/// # Errors
/// [`ServeError`] if the address cannot be listened on, or is not of this machine while the server has no keys.
pub async fn serve(
    engine: Engine,
    listen: SocketAddr,
    ready: impl FnOnce(SocketAddr),
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let closed = engine.has_keys().await.map_err(|failure| ServeError(failure.to_string()))?;
    if !closed && !listen.ip().is_loopback() {
        return Err(ServeError(format!(
            "{listen} can be reached from other machines, and the server has no keys: make one with `threadline-server \
             keys add NAME`, or listen on 127.0.0.1"
        )));
    }
    let listener =
        TcpListener::bind(listen).await.map_err(|e| ServeError(format!("cannot listen on {listen}: {e}")))?;
    let address = listener.local_addr().map_err(|error| ServeError(error.to_string()))?;
    // Events are small, and each is to be seen at once: without this they wait for the receipt of the one before, 40 ms.
    let listener = listener.tap_io(|socket| {
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "a connection gathers what it sends");
        }
    });
    ready(address);
    let shared = Shared { engine: engine.clone(), metrics: Arc::default(), closed };
    let (ended, mut end) = tokio::sync::watch::channel(false);
    let closing = {
        let engine = engine.clone();
        async move {
            stop.await;
            engine.close(PATIENCE).await;
            ended.send_replace(true);
        }
    };
    let server = axum::serve(listener, router(shared)).with_graceful_shutdown(closing);
    let late = async {
        // An error means that the server ended before anybody asked it to.
        let _ = end.wait_for(|ended| *ended).await;
        tokio::time::sleep(PATIENCE).await;
    };
    tokio::select! {
        served = server.into_future() => served.map_err(|error| ServeError(error.to_string())),
        () = late => Ok(()),
    }
}

fn router(shared: Shared) -> Router {
    let endpoints = shared
        .engine
        .router()
        .layer(middleware::from_fn_with_state(shared.clone(), check_key))
        .layer(middleware::from_fn_with_state(shared.clone(), cors::share))
        .layer(middleware::map_response(crate::api::with_request_id))
        .layer(middleware::from_fn_with_state(shared.clone(), measure))
        .layer(middleware::map_request(linger::read_on));
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(show_metrics))
        .with_state(shared)
        .merge(endpoints)
}

/// Whether the store answers.
async fn readyz(State(shared): State<Shared>) -> Response {
    match shared.engine.inner().db.query("select 1", params![]).await {
        Ok(_) if !shared.engine.is_closing() => (StatusCode::OK, "ready\n").into_response(),
        Ok(_) => (StatusCode::SERVICE_UNAVAILABLE, "closing\n").into_response(),
        Err(error) => {
            tracing::error!(%error, "the store does not answer");
            (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n").into_response()
        }
    }
}

async fn show_metrics(State(shared): State<Shared>) -> Response {
    let kind = (header::CONTENT_TYPE, "text/plain; version=0.0.4");
    ([kind], shared.metrics.text(shared.engine.running())).into_response()
}

async fn measure(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let begun = tokio::time::Instant::now();
    let method = request.method().clone();
    let route = metrics::route(request.uri().path());
    let response = next.run(request).await;
    let took = begun.elapsed();
    shared.metrics.count(&method, route, response.status().as_u16(), took);
    tracing::info!(%method, route, status = response.status().as_u16(), ms = took.as_millis() as u64, "request");
    response
}

async fn check_key(State(shared): State<Shared>, mut request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given =
        given.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let given = given.map(|(_, key)| key.trim()).unwrap_or_default();
    if shared.closed {
        match shared.engine.tenant_of(given).await {
            Ok(Some(tenant)) => {
                request.extensions_mut().insert(Caller { tenant });
            }
            Ok(None) => {
                let message = if given.is_empty() {
                    "You didn't provide an API key. Send one in the header 'Authorization: Bearer YOUR_KEY'."
                } else {
                    "Incorrect API key provided."
                };
                let error = ApiError::invalid(message).with(StatusCode::UNAUTHORIZED, "invalid_api_key");
                return Failure::Api(error).into_response();
            }
            Err(failure) => return failure.into_response(),
        }
    }
    next.run(request).await
}
