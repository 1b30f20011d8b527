//! An engine over a model that follows a script, and requests to it.
#![allow(dead_code, clippy::unwrap_used)]

pub mod grammar;
pub mod provider;
pub mod store;

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
    embed: Mutex<Option<Embed>>,
    hosted: Mutex<Vec<&'static str>>,
    least_output: std::sync::atomic::AtomicI64,
}

/// A vector of a text; none where the provider is to fail.
pub type Embed = fn(&str) -> Option<Vec<f32>>;

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

    /// Makes vectors from now on.
    pub fn embeds(&self, embed: Embed) {
        *self.inner.embed.lock().unwrap() = Some(embed);
    }

    /// Runs these tools itself.
    pub fn hosts(&self, tools: &[&'static str]) {
        *self.inner.hosted.lock().unwrap() = tools.to_vec();
    }

    /// Takes no smaller limit of output tokens.
    pub fn least_output(&self, least: i64) {
        self.inner.least_output.store(least, std::sync::atomic::Ordering::SeqCst);
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

    fn embed(&self, texts: Vec<String>) -> BoxFuture<'_, Option<Result<Vec<Vec<f32>>, ModelError>>> {
        let embed = *self.inner.embed.lock().unwrap();
        Box::pin(async move {
            let made: Option<Vec<Vec<f32>>> = texts.iter().map(|text| embed?(text)).collect();
            embed?;
            Some(made.ok_or_else(|| ModelError::new(ErrorCode::ServerError, "no vectors today")))
        })
    }

    fn embedding_name(&self) -> String {
        "script".to_owned()
    }

    fn hosts(&self, tool: &str) -> bool {
        self.inner.hosted.lock().unwrap().contains(&tool)
    }

    fn least_output_tokens(&self) -> i64 {
        self.inner.least_output.load(std::sync::atomic::Ordering::SeqCst).max(1)
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

    /// Requests to an engine over another model than a script.
    pub fn over(engine: Engine) -> Self {
        let router = engine.router();
        Self { engine, script: Script::default(), router }
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
        for _ in 0..6000 {
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

impl Bench {
    /// Reads a stream from where it begins.
    pub async fn follow(&self, path: &str) -> Vec<Event> {
        let reply = self.send(Method::GET, path, None).await;
        assert_eq!(reply.status(), 200);
        let bytes = reply.into_body().collect().await.unwrap().to_bytes();
        parse(std::str::from_utf8(&bytes).unwrap())
    }

    /// A run that has begun, without waiting for it.
    pub async fn begin(&self, thread: &str, body: Value) -> String {
        id(&self.post(&format!("/v1/threads/{thread}/runs"), body).await)
    }

    /// Waits until a thread has so many messages.
    pub async fn messages(&self, thread: &str, count: usize) -> Vec<Value> {
        let path = format!("/v1/threads/{thread}/messages?limit=100");
        for _ in 0..2000 {
            let found = self.get(&path).await;
            let found = found["data"].as_array().unwrap();
            if found.len() >= count {
                return found.clone();
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        panic!("the thread never has {count} messages");
    }

    /// Steps of a run, oldest first, with everything that can be included.
    pub async fn steps(&self, thread: &str, run: &str) -> Vec<Value> {
        let include = "include[]=step_details.tool_calls[*].file_search.results[*].content";
        let path = format!("/v1/threads/{thread}/runs/{run}/steps?order=asc&{include}");
        self.get(&path).await["data"].as_array().unwrap().clone()
    }

    /// Answers calls of a run: id and output.
    pub async fn answer(&self, thread: &str, run: &str, outputs: &[(&str, &str)]) -> Value {
        let outputs: Vec<Value> =
            outputs.iter().map(|(id, output)| json!({"tool_call_id": id, "output": output})).collect();
        let path = format!("/v1/threads/{thread}/runs/{run}/submit_tool_outputs");
        self.post(&path, json!({ "tool_outputs": outputs })).await
    }

    /// Uploads a file for assistants.
    pub async fn upload(&self, name: &str, bytes: &[u8]) -> Value {
        let (status, file) = self.upload_form(&[("purpose", None, b"assistants"), ("file", Some(name), bytes)]).await;
        assert_eq!(status, 200, "{file}");
        file
    }

    /// Sends a form to `/files`: name, file name and content of each field.
    pub async fn upload_form(&self, fields: &[(&str, Option<&str>, &[u8])]) -> (StatusCode, Value) {
        let mut body = Vec::new();
        for (name, file, content) in fields {
            body.extend(format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"").as_bytes());
            if let Some(file) = file {
                body.extend(format!("; filename=\"{file}\"").as_bytes());
            }
            body.extend(b"\r\n\r\n");
            body.extend(*content);
            body.extend(b"\r\n");
        }
        body.extend(b"--x--\r\n");
        let request = Request::post("/v1/files").header("content-type", "multipart/form-data; boundary=x");
        let reply = self.request(request.body(body.into()).unwrap()).await;
        let status = reply.status();
        let bytes = reply.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap())
    }

    /// Waits until nothing of a vector store is being read.
    pub async fn indexed(&self, store: &str) -> Value {
        for _ in 0..4000 {
            let found = self.get(&format!("/v1/vector_stores/{store}")).await;
            if found["file_counts"]["in_progress"] == 0 {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the store is never ready");
    }
}

/// The id of an object.
pub fn id(object: &Value) -> String {
    object["id"].as_str().unwrap_or_else(|| panic!("no id: {object}")).to_owned()
}

/// A function tool without arguments.
pub fn function(name: &str) -> Value {
    json!({"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}})
}

/// A gate, and an act that waits for it.
pub fn gate() -> (Arc<tokio::sync::Notify>, Act) {
    let gate = Arc::new(tokio::sync::Notify::new());
    (Arc::clone(&gate), Act::Wait(gate))
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
    let lines: Vec<&str> = text.split('\n').filter(|line| !line.starts_with(':')).collect();
    lines
        .join("\n")
        .split("\n\n")
        .filter(|frame| !frame.is_empty())
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
