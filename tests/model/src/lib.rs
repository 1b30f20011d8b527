//! A provider of a model that answers by rules: the same request gets the same answer. README.md has the rules.

mod chat;
mod responses;
mod rules;
mod stream;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use self::rules::{Manner, Prompt};

/// Length of the vectors.
const DIMENSIONS: usize = 64;
/// More than a test sends.
const MAX_BODY: usize = 64 * 1024 * 1024;

/// A running model; it stops when this is dropped.
#[derive(Debug)]
pub struct ModelServer {
    address: SocketAddr,
    stats: Arc<Stats>,
    task: tokio::task::JoinHandle<()>,
}

/// What the model has seen.
#[derive(Debug, Default)]
struct Stats {
    requests: AtomicU64,
    open: AtomicI64,
    dropped: AtomicU64,
    /// Streams that wait for each other and have begun.
    met: tokio::sync::watch::Sender<u64>,
}

impl ModelServer {
    /// Starts one on a free port of this machine.
    ///
    /// # Errors
    /// When there is no such port.
    pub async fn start() -> std::io::Result<Self> {
        Self::start_on(0).await
    }

    /// Starts one on this port of this machine; 0: a free one.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn start_on(port: u16) -> std::io::Result<Self> {
        let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let stats = Arc::new(Stats::default());
        let endpoints = Router::new()
            .route("/chat/completions", post(completions))
            .route("/responses", post(responses))
            .route("/embeddings", post(embeddings))
            .route("/models", get(models));
        let router = Router::new()
            .merge(endpoints.clone())
            .nest("/v1", endpoints)
            .route("/stats", get(show_stats))
            .layer(axum::extract::DefaultBodyLimit::max(MAX_BODY))
            .with_state(Arc::clone(&stats));
        let task = tokio::spawn(async move {
            // A listener does not fail for good.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, stats, task })
    }

    /// `http://127.0.0.1:PORT/v1`
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Requests for an answer so far.
    pub fn requests(&self) -> u64 {
        self.stats.requests.load(Ordering::Relaxed)
    }

    /// Streams that are being written.
    pub fn open(&self) -> i64 {
        self.stats.open.load(Ordering::Relaxed)
    }

    /// Streams that the other side gave up.
    pub fn dropped(&self) -> u64 {
        self.stats.dropped.load(Ordering::Relaxed)
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn completions(State(stats): State<Arc<Stats>>, headers: HeaderMap, body: Bytes) -> Response {
    answer(&stats, &headers, &body, chat::prompt, |request, reply| {
        if request["stream"] == true { Err(chat::events(request, reply)) } else { Ok(chat::whole(request, reply)) }
    })
}

async fn responses(State(stats): State<Arc<Stats>>, headers: HeaderMap, body: Bytes) -> Response {
    answer(&stats, &headers, &body, responses::prompt, |request, reply| {
        if request["stream"] == true {
            Err(responses::events(request, reply))
        } else {
            Ok(responses::whole(request, reply))
        }
    })
}

/// Reads a request, decides, and answers: `Ok` a JSON body, `Err` the frames of a stream.
fn answer(
    stats: &Arc<Stats>,
    headers: &HeaderMap,
    body: &Bytes,
    read: fn(&Value) -> Prompt,
    write: fn(&Value, &rules::Reply) -> Result<Value, Vec<stream::Frame>>,
) -> Response {
    stats.requests.fetch_add(1, Ordering::Relaxed);
    if !headers.contains_key(header::AUTHORIZATION) {
        return refusal(StatusCode::UNAUTHORIZED, "No key was sent.");
    }
    let Ok(request) = serde_json::from_slice::<Value>(body) else {
        return refusal(StatusCode::BAD_REQUEST, "The body is not JSON.");
    };
    let prompt = read(&request);
    let manner = Manner::of(&prompt.question);
    if let Some(status) = manner.fail.and_then(|status| StatusCode::from_u16(status).ok()) {
        return refusal(status, "The question asks for this failure.");
    }
    match write(&request, &prompt.decide(&manner)) {
        Ok(whole) => json_reply(StatusCode::OK, &whole),
        Err(frames) => stream::response(stats, frames, &manner),
    }
}

async fn embeddings(body: Bytes) -> Response {
    let Ok(request) = serde_json::from_slice::<Value>(&body) else {
        return refusal(StatusCode::BAD_REQUEST, "The body is not JSON.");
    };
    let texts: Vec<&str> = match &request["input"] {
        Value::String(text) => vec![text],
        Value::Array(texts) => texts.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let data: Vec<Value> = texts
        .iter()
        .enumerate()
        .map(|(index, text)| json!({"object": "embedding", "index": index, "embedding": rules::vector(text, DIMENSIONS)}))
        .collect();
    let words: usize = texts.iter().map(|text| text.split_whitespace().count()).sum();
    let usage = json!({"prompt_tokens": words, "total_tokens": words});
    json_reply(StatusCode::OK, &json!({"object": "list", "data": data, "model": request["model"], "usage": usage}))
}

async fn models() -> Response {
    let data = json!([{"id": "rules", "object": "model", "created": 1, "owned_by": "threadline"}]);
    json_reply(StatusCode::OK, &json!({"object": "list", "data": data}))
}

async fn show_stats(State(stats): State<Arc<Stats>>) -> Response {
    let (requests, open) = (stats.requests.load(Ordering::Relaxed), stats.open.load(Ordering::Relaxed));
    let dropped = stats.dropped.load(Ordering::Relaxed);
    json_reply(StatusCode::OK, &json!({"requests": requests, "open": open, "dropped": dropped}))
}

fn refusal(status: StatusCode, message: &str) -> Response {
    let error = json!({"error": {"message": message, "type": "invalid_request_error", "param": null, "code": null}});
    json_reply(status, &error)
}

fn json_reply(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
