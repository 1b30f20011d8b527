//! A provider of models on a socket, which answers as it is told and keeps what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use threadline::ClientBuilder;
use threadline_engine::model::{Profile, Upstream};
use threadline_engine::{Engine, Settings};

use super::Bench;

/// One answer.
#[derive(Debug, Clone)]
pub struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    /// Sent byte by byte.
    slow: bool,
}

impl Answer {
    /// A stream of these events, as `/responses` sends them: each names its type.
    pub fn events(events: &[Value]) -> Self {
        let body = events
            .iter()
            .map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap_or("message")));
        Self { status: 200, headers: Vec::new(), body: body.collect::<String>().into_bytes(), slow: false }
    }

    /// A stream of these chunks, as `/chat/completions` sends them.
    pub fn chunks(chunks: &[Value]) -> Self {
        let mut body: String = chunks.iter().map(|chunk| format!("data: {chunk}\n\n")).collect();
        body.push_str("data: [DONE]\n\n");
        Self { status: 200, headers: Vec::new(), body: body.into_bytes(), slow: false }
    }

    /// The same, byte by byte.
    pub fn slowly(mut self) -> Self {
        self.slow = true;
        self
    }

    /// The same, broken off behind so many bytes.
    pub fn cut(mut self, at: usize) -> Self {
        self.body.truncate(at);
        self
    }

    /// A refusal.
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        let body = json!({"error": {"message": message, "type": "error", "param": null, "code": code}});
        Self { status, headers: Vec::new(), body: body.to_string().into_bytes(), slow: false }
    }

    /// A reply that is one object.
    pub fn object(body: &Value) -> Self {
        Self { status: 200, headers: Vec::new(), body: body.to_string().into_bytes(), slow: false }
    }

    /// A reply of bytes.
    pub fn bytes(body: &[u8]) -> Self {
        Self { status: 200, headers: vec![("content-type", "image/png".into())], body: body.to_vec(), slow: false }
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// What was asked: method and path, and the body if it was JSON.
#[derive(Debug, Clone)]
pub struct Asked {
    pub line: String,
    /// The header `authorization`.
    pub key: String,
    pub body: Value,
    pub bytes: Bytes,
}

#[derive(Default)]
struct Inner {
    answers: Mutex<VecDeque<Answer>>,
    asked: Mutex<Vec<Asked>>,
}

/// The provider.
#[derive(Clone)]
pub struct Provider {
    inner: Arc<Inner>,
    pub url: String,
}

impl Provider {
    pub async fn start(answers: impl IntoIterator<Item = Answer>) -> Self {
        let inner = Arc::new(Inner::default());
        inner.answers.lock().unwrap().extend(answers);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let router = axum::Router::new().fallback(answer).with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { inner, url }
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.inner.asked.lock().unwrap().clone()
    }

    /// An engine over this provider.
    pub async fn bench(&self, profile: Profile) -> Bench {
        self.bench_with(profile, Settings::default()).await
    }

    pub async fn bench_with(&self, profile: Profile, settings: Settings) -> Bench {
        let client =
            ClientBuilder::new().api_key("sk-secret-of-the-upstream").base_url(self.url.clone()).build().unwrap();
        let model = Upstream::new(client, profile);
        Bench::over(Engine::open(&super::store().await, model, settings).await.unwrap())
    }
}

async fn answer(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let line = format!("{} {}", request.method(), request.uri().path());
    let key = request.headers().get("authorization").and_then(|key| key.to_str().ok()).unwrap_or_default().to_owned();
    let bytes = request.into_body().collect().await.unwrap().to_bytes();
    let body = serde_json::from_slice(&bytes).unwrap_or_default();
    inner.asked.lock().unwrap().push(Asked { line, key, body, bytes });
    let answer = inner.answers.lock().unwrap().pop_front();
    let answer = answer.unwrap_or_else(|| Answer::error(404, "nothing", "the provider has nothing more to say"));
    let body = if answer.slow {
        let bytes = answer.body.into_iter().map(|byte| Ok::<_, std::io::Error>(Bytes::from(vec![byte])));
        Body::from_stream(futures_util::stream::iter(bytes))
    } else {
        Body::from(answer.body)
    };
    let mut reply = Response::builder().status(answer.status);
    if !answer.headers.iter().any(|(name, _)| *name == "content-type") {
        reply =
            reply.header("content-type", if answer.status == 200 { "text/event-stream" } else { "application/json" });
    }
    for (name, value) in answer.headers {
        reply = reply.header(name, value);
    }
    reply.body(body).unwrap()
}
