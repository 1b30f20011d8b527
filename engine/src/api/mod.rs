//! The endpoints. Each reads its request, does its work in one transaction, and answers.

mod assistants;
mod call;
mod files;
mod follow;
mod messages;
mod runs;
mod steps;
mod threads;
mod tool_outputs;
mod vector_store_files;
mod vector_stores;

use std::future::Future;
use std::sync::Arc;

use axum::Router;
use axum::handler::Handler;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, post};
use http::{Method, StatusCode, Uri};

pub(crate) use self::call::Call;
#[cfg(feature = "server")]
pub(crate) use self::call::Caller;
use crate::error::{ApiError, Failure};
use crate::run::service::Inner;

/// Tries of a request that another transaction stands in the way of.
const TRIES: u32 = 5;

pub(crate) fn router(engine: Arc<Inner>) -> Router {
    let routes = Router::new()
        .route("/assistants", on(get, assistants::list).merge(on(post, assistants::create)))
        .route(
            "/assistants/{assistant_id}",
            on(get, assistants::retrieve).merge(on(post, assistants::modify)).merge(on(delete, assistants::remove)),
        )
        .route("/threads", on(post, threads::create))
        .route("/threads/runs", on(post, runs::create_with_thread))
        .route(
            "/threads/{thread_id}",
            on(get, threads::retrieve).merge(on(post, threads::modify)).merge(on(delete, threads::remove)),
        )
        .route("/threads/{thread_id}/messages", on(get, messages::list).merge(on(post, messages::create)))
        .route(
            "/threads/{thread_id}/messages/{message_id}",
            on(get, messages::retrieve).merge(on(post, messages::modify)).merge(on(delete, messages::remove)),
        )
        .route("/threads/{thread_id}/runs", on(get, runs::list).merge(on(post, runs::create)))
        .route("/threads/{thread_id}/runs/{run_id}", on(get, runs::retrieve).merge(on(post, runs::modify)))
        .route("/threads/{thread_id}/runs/{run_id}/cancel", on(post, runs::cancel))
        .route("/threads/{thread_id}/runs/{run_id}/submit_tool_outputs", on(post, tool_outputs::submit))
        .route("/threads/{thread_id}/runs/{run_id}/events", on(get, runs::events))
        .route("/threads/{thread_id}/runs/{run_id}/steps", on(get, steps::list))
        .route("/threads/{thread_id}/runs/{run_id}/steps/{step_id}", on(get, steps::retrieve))
        .merge(file_routes());
    Router::new()
        .merge(routes.clone())
        .nest("/v1", routes)
        .fallback(unknown_url)
        .method_not_allowed_fallback(wrong_method)
        .layer(axum::middleware::map_response(with_request_id))
        .with_state(engine)
}

/// Files and vector stores: what the file search needs.
fn file_routes() -> Router<Arc<Inner>> {
    use {vector_store_files as entries, vector_stores as stores};
    let uploads = post(files::create).layer(axum::extract::DefaultBodyLimit::disable());
    Router::new()
        .route("/files", on(get, files::list).merge(uploads))
        .route("/files/{file_id}", on(get, files::retrieve).merge(on(delete, files::remove)))
        .route("/files/{file_id}/content", on(get, files::content))
        .route("/vector_stores", on(get, stores::list).merge(on(post, stores::create)))
        .route(
            "/vector_stores/{vector_store_id}",
            on(get, stores::retrieve).merge(on(post, stores::modify)).merge(on(delete, stores::remove)),
        )
        .route("/vector_stores/{vector_store_id}/search", on(post, stores::search))
        .route("/vector_stores/{vector_store_id}/files", on(get, entries::list).merge(on(post, entries::create)))
        .route(
            "/vector_stores/{vector_store_id}/files/{file_id}",
            on(get, entries::retrieve).merge(on(post, entries::modify)).merge(on(delete, entries::remove)),
        )
        .route("/vector_stores/{vector_store_id}/files/{file_id}/content", on(get, entries::content))
        .route("/vector_stores/{vector_store_id}/file_batches", on(post, entries::create_batch))
        .route("/vector_stores/{vector_store_id}/file_batches/{batch_id}", on(get, entries::retrieve_batch))
        .route("/vector_stores/{vector_store_id}/file_batches/{batch_id}/cancel", on(post, entries::cancel_batch))
        .route("/vector_stores/{vector_store_id}/file_batches/{batch_id}/files", on(get, entries::list_batch))
}

/// One endpoint: its handler, tried again when another transaction stood in the way, and its kept reply where the
/// request carries an `Idempotency-Key` that was seen before.
fn on<F, Fut>(method: fn(Retried<F>) -> MethodRouter<Arc<Inner>>, handler: F) -> MethodRouter<Arc<Inner>>
where
    F: Fn(Arc<Inner>, Arc<Call>) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<Response, Failure>> + Send + 'static,
{
    method(Retried(handler))
}

/// A handler with what all of them have in common.
#[derive(Clone)]
struct Retried<F>(F);

impl<F, Fut> Handler<(), Arc<Inner>> for Retried<F>
where
    F: Fn(Arc<Inner>, Arc<Call>) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<Response, Failure>> + Send + 'static,
{
    type Future = std::pin::Pin<Box<dyn Future<Output = Response> + Send>>;

    fn call(self, request: axum::extract::Request, engine: Arc<Inner>) -> Self::Future {
        Box::pin(async move {
            let call = match Call::read(request, &engine).await {
                Ok(call) => Arc::new(call),
                Err(error) => return Failure::Api(error).into_response(),
            };
            // A caller who goes away does not stop in the middle what has begun: a run that is made is worked on.
            let answer = async move { self.answer(engine, call).await.unwrap_or_else(IntoResponse::into_response) };
            finished(answer).await
        })
    }
}

/// The reply of a handler that goes on to its end, whether somebody waits for it or not.
async fn finished(answer: impl Future<Output = Response> + Send + 'static) -> Response {
    match tokio::spawn(answer).await {
        Ok(response) => response,
        Err(error) => Failure::Store(format!("a request broke: {error}")).into_response(),
    }
}

impl<F, Fut> Retried<F>
where
    F: Fn(Arc<Inner>, Arc<Call>) -> Fut,
    Fut: Future<Output = Result<Response, Failure>>,
{
    async fn answer(&self, engine: Arc<Inner>, call: Arc<Call>) -> Result<Response, Failure> {
        let mut tries = 0;
        loop {
            if let Some(kept) = call.kept_reply(&engine).await? {
                return Ok(kept);
            }
            tries += 1;
            match (self.0)(Arc::clone(&engine), Arc::clone(&call)).await {
                Err(Failure::Busy) if tries < TRIES => {}
                // Somebody else sent the same key at the same time, and was first.
                Err(Failure::Conflict) if tries < TRIES && call.has_key() => {}
                other => return other,
            }
        }
    }
}

async fn unknown_url(method: Method, uri: Uri) -> Response {
    let message = format!("Invalid URL ({method} {})", uri.path());
    Failure::Api(ApiError::invalid(message).with(StatusCode::NOT_FOUND, "unknown_url")).into_response()
}

async fn wrong_method(method: Method, uri: Uri) -> Response {
    let message = format!("Not allowed to {method} on {}.", uri.path());
    Failure::Api(ApiError::invalid(message).with(StatusCode::METHOD_NOT_ALLOWED, "method_not_supported"))
        .into_response()
}

/// Gives a reply its number, unless it has one.
pub(crate) async fn with_request_id(mut response: Response) -> Response {
    if response.headers().contains_key("x-request-id") {
        return response;
    }
    if let Ok(id) = crate::ids::new("req_").parse() {
        response.headers_mut().insert("x-request-id", id);
    }
    response
}
