//! An engine over a model that follows a script, and requests to it.
#![allow(dead_code, clippy::unwrap_used)]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use threadline_engine::model::{
    Callee, Ending, ErrorCode, Model, ModelError, TurnEvent, TurnRequest, TurnStream, Usage,
};
use threadline_engine::{Engine, Settings};
use tower_service::Service;

/// What a scripted turn does, step by step.
#[derive(Clone)]
pub enum Act {
    Say(TurnEvent),
    /// Waits until the test lets go.
    Wait(Arc<tokio::sync::Notify>),
    Fail(ModelError),
    /// The answer stops without an end.
    Cut,
}

/// A model that plays one script a turn and keeps what it was asked.
#[derive(Clone, Default)]
pub struct Script {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    turns: Mutex<VecDeque<Vec<Act>>>,
    asked: Mutex<Vec<TurnRequest>>,
    dropped: Arc<std::sync::atomic::AtomicUsize>,
}

impl std::fmt::Debug for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Script")
    }
}

struct Dropped(Arc<std::sync::atomic::AtomicUsize>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    }
}

impl Script {
    pub fn new(turns: impl IntoIterator<Item = Vec<Act>>) -> Self {
        let script = Self::default();
        script.inner.turns.lock().unwrap().extend(turns);
        script
    }

    /// What the model was asked, turn by turn.
    pub fn asked(&self) -> Vec<TurnRequest> {
        self.inner.asked.lock().unwrap().clone()
    }

    /// Streams that have been let go.
    pub fn dropped(&self) -> usize {
        self.inner.dropped.load(std::sync::atomic::Ordering::SeqCst)
    }
}

impl Model for Script {
    fn turn(&self, request: TurnRequest) -> BoxFuture<'_, Result<TurnStream, ModelError>> {
        self.inner.asked.lock().unwrap().push(request);
        let acts = self.inner.turns.lock().unwrap().pop_front().unwrap_or_else(|| says("..."));
        let guard = Dropped(Arc::clone(&self.inner.dropped));
        Box::pin(async move {
            let stream = futures_util::stream::unfold((acts.into_iter(), guard), |(mut acts, guard)| async move {
                loop {
                    match acts.next()? {
                        Act::Say(event) => return Some((Ok(event), (acts, guard))),
                        Act::Wait(gate) => gate.notified().await,
                        Act::Fail(error) => return Some((Err(error), (acts, guard))),
                        Act::Cut => return None,
                    }
                }
            });
            Ok(stream.boxed() as TurnStream)
        })
    }

    fn embed(&self, _texts: Vec<String>) -> BoxFuture<'_, Option<Result<Vec<Vec<f32>>, ModelError>>> {
        Box::pin(async { None })
    }
}

pub fn text(text: &str) -> Act {
    Act::Say(TurnEvent::Text { part: 0, text: text.into() })
}

pub fn end() -> Act {
    Act::Say(TurnEvent::End(Ending::Stop))
}

pub fn ends(ending: Ending) -> Act {
    Act::Say(TurnEvent::End(ending))
}

pub fn usage(prompt: i64, completion: i64) -> Act {
    Act::Say(TurnEvent::Usage(Usage { prompt, completion, ..Usage::default() }))
}

/// A turn that says this, a word a time.
pub fn says(words: &str) -> Vec<Act> {
    let mut acts: Vec<Act> = words.split_inclusive(' ').map(text).collect();
    acts.extend([Act::Say(TurnEvent::MessageEnd), usage(10, 5), end()]);
    acts
}

/// A turn that asks for these calls: id, name, arguments.
pub fn calls(asked: &[(&str, &str, &str)]) -> Vec<Act> {
    let mut acts = Vec::new();
    for (call, (id, name, arguments)) in asked.iter().enumerate() {
        let callee = Callee::Function((*name).to_owned());
        acts.push(Act::Say(TurnEvent::CallStart { call, id: (*id).to_owned(), callee }));
        let middle = (0..=arguments.len() / 2).rev().find(|at| arguments.is_char_boundary(*at)).unwrap_or(0);
        for fragment in [&arguments[..middle], &arguments[middle..]] {
            acts.push(Act::Say(TurnEvent::Arguments { call, fragment: fragment.to_owned() }));
        }
        acts.push(Act::Say(TurnEvent::CallEnd { call, hosted: None }));
    }
    acts.extend([usage(20, 7), end()]);
    acts
}

pub fn fails(code: ErrorCode, message: &str) -> Vec<Act> {
    vec![Act::Fail(ModelError::new(code, message))]
}

/// An engine with its router.
pub struct Bench {
    pub engine: Engine,
    pub script: Script,
    router: Router,
}

/// One event of a stream.
#[derive(Debug, Clone)]
pub struct Event {
    pub name: String,
    pub id: Option<i64>,
    pub data: Value,
}

impl Bench {
    pub async fn new(turns: impl IntoIterator<Item = Vec<Act>>) -> Self {
        Self::with(Settings::default(), turns).await
    }

    pub async fn with(settings: Settings, turns: impl IntoIterator<Item = Vec<Act>>) -> Self {
        Self::on(&store().await, settings, turns).await
    }

    pub async fn on(store: &str, settings: Settings, turns: impl IntoIterator<Item = Vec<Act>>) -> Self {
        let script = Script::new(turns);
        let engine = Engine::open(store, script.clone(), settings).await.unwrap();
        let router = engine.router();
        Self { engine, script, router }
    }

    pub async fn send(&self, method: Method, path: &str, body: Option<Value>) -> http::Response<Body> {
        let mut request = Request::builder().method(method).uri(path);
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map_or(Body::empty(), |body| Body::from(body.to_string()));
        self.request(request.body(body).unwrap()).await
    }

    pub async fn request(&self, request: Request<Body>) -> http::Response<Body> {
        Service::call(&mut self.router.clone(), request).await.unwrap()
    }

    /// Status and body of a reply.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let reply = self.send(method, path, body).await;
        let status = reply.status();
        let bytes = reply.into_body().collect().await.unwrap().to_bytes();
        let value =
            serde_json::from_slice(&bytes).unwrap_or_else(|_| panic!("no JSON: {}", String::from_utf8_lossy(&bytes)));
        (status, value)
    }

    pub async fn get(&self, path: &str) -> Value {
        let (status, value) = self.call(Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}: {value}");
        value
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        let (status, value) = self.call(Method::POST, path, Some(body)).await;
        assert_eq!(status, 200, "{path}: {value}");
        value
    }

    pub async fn delete(&self, path: &str) -> Value {
        let (status, value) = self.call(Method::DELETE, path, None).await;
        assert_eq!(status, 200, "{path}: {value}");
        value
    }

    /// The error of a request that must fail with this status.
    pub async fn refused(&self, status: u16, method: Method, path: &str, body: Option<Value>) -> Value {
        let (found, value) = self.call(method, path, body).await;
        assert_eq!(found, status, "{path}: {value}");
        let error = value["error"].as_object().unwrap_or_else(|| panic!("no envelope: {value}"));
        let keys: Vec<&str> = error.keys().map(String::as_str).collect();
        assert_eq!(keys, ["message", "type", "param", "code"]);
        value["error"].clone()
    }

    /// Reads a stream to its end.
    pub async fn stream(&self, path: &str, body: Value) -> Vec<Event> {
        let reply = self.send(Method::POST, path, Some(body)).await;
        assert_eq!(reply.status(), 200);
        assert!(reply.headers()["content-type"].to_str().unwrap().starts_with("text/event-stream"));
        let bytes = reply.into_body().collect().await.unwrap().to_bytes();
        parse(std::str::from_utf8(&bytes).unwrap())
    }

    /// An assistant, and a thread with one message of the user.
    pub async fn ready(&self, assistant: Value) -> (String, String) {
        let mut body = json!({"model": "m"});
        for (name, value) in assistant.as_object().unwrap() {
            body[name.as_str()] = value.clone();
        }
        let assistant = self.post("/v1/assistants", body).await["id"].as_str().unwrap().to_owned();
        let thread = self.post("/v1/threads", json!({"messages": [{"role": "user", "content": "Hello"}]})).await;
        (assistant, thread["id"].as_str().unwrap().to_owned())
    }

    /// Waits until a run has one of these statuses.
    pub async fn wait(&self, thread: &str, run: &str, statuses: &[&str]) -> Value {
        let path = format!("/v1/threads/{thread}/runs/{run}");
        for _ in 0..1000 {
            let run = self.get(&path).await;
            if statuses.contains(&run["status"].as_str().unwrap()) {
                return run;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the run never became {statuses:?}: {}", self.get(&path).await);
    }

    /// Makes a run and waits for its end, or for its wait.
    pub async fn run(&self, thread: &str, body: Value) -> Value {
        let run = self.post(&format!("/v1/threads/{thread}/runs"), body).await;
        self.wait(thread, run["id"].as_str().unwrap(), RESTS).await
    }
}

/// Statuses in which nothing happens by itself.
pub const RESTS: &[&str] = &["completed", "failed", "cancelled", "expired", "incomplete", "requires_action"];

/// A store of its own for each test: in memory, or a schema of the PostgreSQL database that the environment names.
pub async fn store() -> String {
    let Ok(url) = std::env::var("THREADLINE_TEST_POSTGRES") else { return "sqlite::memory:".to_owned() };
    static NUMBER: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let schema = format!("test_{}_{number}_{}", std::process::id(), since.as_micros());
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    client.batch_execute(&format!("create schema {schema}")).await.unwrap();
    drop(client);
    connection.await.unwrap().unwrap();
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}options=-csearch_path%3D{schema}")
}

pub fn parse(text: &str) -> Vec<Event> {
    text.split("\n\n")
        .filter(|frame| !frame.is_empty() && !frame.starts_with(':'))
        .map(|frame| {
            let line = |name: &str| frame.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
            let data = line("data: ").unwrap();
            Event {
                name: line("event: ").unwrap(),
                id: line("id: ").map(|id| id.parse().unwrap()),
                data: serde_json::from_str(&data).unwrap_or(Value::String(data)),
            }
        })
        .collect()
}

pub fn names(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.name.as_str()).collect()
}
