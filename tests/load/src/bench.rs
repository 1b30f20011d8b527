//! What the engine costs: time beside the model, runs a second, many streams at once, long threads, memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hyper::Method;
use serde_json::{Value, json};
use threadline_model::ModelServer;
use tokio::task::JoinSet;

use crate::Error;
use crate::api::Api;
use crate::server::{Plan, Server};

/// Asks for an answer of ten words at once.
const SHORT: &str = "Good day [words=10] [tools=0]";

/// Times in milliseconds, sorted.
#[derive(Debug)]
pub struct Times(Vec<f64>);

impl Times {
    fn new(mut times: Vec<f64>) -> Self {
        times.sort_by(f64::total_cmp);
        Self(times)
    }

    /// The time that this share of all were faster than.
    pub fn quantile(&self, share: f64) -> f64 {
        let place = (self.0.len() as f64 * share) as usize;
        self.0.get(place.min(self.0.len().saturating_sub(1))).copied().unwrap_or(0.0)
    }

    fn report(&self) -> Value {
        let round = |value: f64| (value * 100.0).round() / 100.0;
        json!({"p50": round(self.quantile(0.5)), "p90": round(self.quantile(0.9)), "p99": round(self.quantile(0.99))})
    }
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

/// Someone who asks a server.
#[derive(Debug, Clone)]
struct Asker {
    api: Api,
    assistant: String,
}

impl Asker {
    async fn new(base: &str) -> Result<Self, Error> {
        let api = Api::new(Duration::from_secs(120));
        let assistant = api.assistant(base).await?;
        Ok(Self { api, assistant })
    }

    /// A thread and a streamed run on it, to the end. Milliseconds of the run.
    async fn run(&self, base: &str, question: &str) -> Result<f64, Error> {
        self.run_telling(base, question, || ()).await
    }

    /// The same; tells when the first text of the answer is here.
    async fn run_telling(&self, base: &str, question: &str, begins: impl FnOnce()) -> Result<f64, Error> {
        let mut begins = Some(begins);
        let thread = self.api.thread(base, question).await?;
        let body = json!({"assistant_id": self.assistant, "stream": true});
        let begun = Instant::now();
        let mut last = String::new();
        let url = format!("{base}/threads/{thread}/runs");
        self.api
            .stream(Method::POST, url, Some(&body), |event| {
                if event.name == "thread.message.delta"
                    && let Some(begins) = begins.take()
                {
                    begins();
                }
                if event.id.is_some() {
                    last = event.name;
                }
            })
            .await?;
        if last != "thread.run.completed" {
            return Err(format!("a run ended with {last:?}").into());
        }
        Ok(milliseconds(begun))
    }
}

/// Time of a run beside the model, one after the other.
///
/// # Errors
/// When a run fails.
pub async fn overhead(server: &Server, model: &ModelServer, runs: usize) -> Result<Value, Error> {
    let asker = Asker::new(server.base_url()).await?;
    let body = json!({"model": "rules", "stream": true, "stream_options": {"include_usage": true},
                      "messages": [{"role": "user", "content": SHORT}]});
    let url = format!("{}/chat/completions", model.base_url());
    for _ in 0..runs / 5 {
        asker.run(server.base_url(), SHORT).await?;
    }
    let (mut with, mut alone) = (Vec::with_capacity(runs), Vec::with_capacity(runs));
    for _ in 0..runs {
        with.push(asker.run(server.base_url(), SHORT).await?);
        let begun = Instant::now();
        asker.api.stream(Method::POST, url.clone(), Some(&body), |_| {}).await?;
        alone.push(milliseconds(begun));
    }
    let (with, alone) = (Times::new(with), Times::new(alone));
    let beside = ((with.quantile(0.5) - alone.quantile(0.5)) * 100.0).round() / 100.0;
    Ok(json!({"runs": runs, "run_ms": with.report(), "model_ms": alone.report(), "overhead_p50_ms": beside}))
}

/// Runs a second with so many clients over some servers.
///
/// # Errors
/// When a run fails.
pub async fn throughput(servers: &[Server], clients: usize, time: Duration) -> Result<Value, Error> {
    let Some(first) = servers.first() else { return Err("no servers".into()) };
    let asker = Asker::new(first.base_url()).await?;
    let (done, begun) = (Arc::new(AtomicUsize::new(0)), Instant::now());
    let mut working = JoinSet::new();
    for client in 0..clients {
        let (asker, done) = (asker.clone(), Arc::clone(&done));
        let base = servers[client % servers.len()].base_url().to_owned();
        working.spawn(async move {
            let mut times = Vec::new();
            while begun.elapsed() < time {
                times.push(asker.run(&base, SHORT).await?);
                done.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<_, Error>(times)
        });
    }
    let mut times = Vec::new();
    while let Some(ended) = working.join_next().await {
        times.extend(ended??);
    }
    let rate = times.len() as f64 / begun.elapsed().as_secs_f64();
    Ok(json!({"servers": servers.len(), "clients": clients, "runs": times.len(),
              "runs_per_second": rate.round(), "run_ms": Times::new(times).report()}))
}

/// So many streams at the same time: the model says no second word before all of them have its first.
///
/// # Errors
/// When the stage cannot be set; runs that fail are counted.
pub async fn at_once(server: &Server, model: &ModelServer, streams: usize) -> Result<Value, Error> {
    let asker = Asker::new(server.base_url()).await?;
    let mut working = JoinSet::new();
    let begun = Instant::now();
    let question = format!("Good day [words=20] [tools=0] [pause_ms=100] [meet={streams}]");
    let (shown, shown_at_most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    for _ in 0..streams {
        let (asker, base, question) = (asker.clone(), server.base_url().to_owned(), question.clone());
        let (shown, shown_at_most) = (Arc::clone(&shown), Arc::clone(&shown_at_most));
        working.spawn(async move {
            let ended = Arc::clone(&shown);
            let begins = move || {
                shown_at_most.fetch_max(shown.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            };
            let time = asker.run_telling(&base, &question, begins).await?;
            ended.fetch_sub(1, Ordering::Relaxed);
            Ok::<_, Error>(time)
        });
    }
    let (mut times, mut errors, mut most) = (Vec::new(), Vec::new(), 0);
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    loop {
        tokio::select! {
            ended = working.join_next() => match ended {
                None => break,
                Some(Ok(Ok(time))) => times.push(time),
                Some(Ok(Err(error))) => errors.push(error.to_string()),
                Some(Err(error)) => errors.push(error.to_string()),
            },
            _ = ticks.tick() => most = most.max(model.open()),
        }
    }
    Ok(json!({"streams": streams, "open_at_the_model": most,
              "answers_under_way_at_once": shown_at_most.load(Ordering::Relaxed), "errors": errors.len(), "first_error": errors.first(),
              "seconds": begun.elapsed().as_secs_f64().round(), "run_ms": Times::new(times).report(),
              "memory_kib": server.memory()}))
}

/// A thread that grows: what a message and a page cost at its beginning and at its end.
///
/// # Errors
/// When a request fails.
pub async fn long_thread(server: &Server, messages: usize) -> Result<Value, Error> {
    let api = Api::new(Duration::from_secs(120));
    let base = server.base_url();
    let thread = api.thread(base, "1").await?;
    let url = format!("{base}/threads/{thread}/messages");
    let tenth = messages / 10;
    let mut report = Vec::new();
    for part in 0..10 {
        let mut times = Vec::with_capacity(tenth);
        for number in 0..tenth - usize::from(part == 0) {
            let body = json!({"role": "user", "content": format!("message {number} of part {part}")});
            let begun = Instant::now();
            api.post(url.clone(), &body).await?;
            times.push(milliseconds(begun));
        }
        if part == 0 || part == 9 {
            let (newest, oldest) = (page(&api, &url, "desc").await?, page(&api, &url, "asc").await?);
            let middle = middle(&api, &url, (part + 1) * tenth / 2).await?;
            report.push(json!({"messages": (part + 1) * tenth, "create_ms": Times::new(times).report(),
                               "newest_page_ms": newest.report(), "oldest_page_ms": oldest.report(),
                               "page_behind_a_cursor_ms": middle.report()}));
        }
    }
    Ok(Value::Array(report))
}

async fn page(api: &Api, url: &str, order: &str) -> Result<Times, Error> {
    let mut times = Vec::new();
    for _ in 0..100 {
        let begun = Instant::now();
        api.get(format!("{url}?limit=100&order={order}")).await?;
        times.push(milliseconds(begun));
    }
    Ok(Times::new(times))
}

/// Pages far behind the beginning, by cursor.
async fn middle(api: &Api, url: &str, depth: usize) -> Result<Times, Error> {
    let (mut after, mut read, mut times) = (String::new(), 0, Vec::new());
    while read < depth {
        let begun = Instant::now();
        let found = api.get(format!("{url}?limit=100{after}")).await?;
        times.push(milliseconds(begun));
        after = format!("&after={}", found["last_id"].as_str().unwrap_or_default());
        read += 100;
    }
    // The last ones are those that are far behind.
    let far = times.len().saturating_sub(100);
    Ok(Times::new(times.split_off(far)))
}

/// Memory of a server over many runs.
///
/// # Errors
/// When a run fails.
pub async fn memory(server: &Server, runs: usize, clients: usize) -> Result<Value, Error> {
    let asker = Asker::new(server.base_url()).await?;
    let (tenth, begun) = (runs / 10, Instant::now());
    let mut held = Vec::new();
    for _ in 0..10 {
        let left = Arc::new(AtomicUsize::new(tenth));
        let mut working = JoinSet::new();
        for _ in 0..clients {
            let (asker, left, base) = (asker.clone(), Arc::clone(&left), server.base_url().to_owned());
            working.spawn(async move {
                let take = |left: usize| left.checked_sub(1);
                while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok() {
                    asker.run(&base, SHORT).await?;
                }
                Ok::<_, Error>(())
            });
        }
        while let Some(ended) = working.join_next().await {
            ended??;
        }
        held.push(server.memory());
    }
    let rate = (runs as f64 / begun.elapsed().as_secs_f64()).round();
    Ok(json!({"runs": runs, "clients": clients, "runs_per_second": rate, "memory_kib_after_each_tenth": held}))
}

/// So many servers of one plan.
///
/// # Errors
/// When one does not start.
pub async fn servers(plan: &Plan, count: usize) -> Result<Vec<Server>, Error> {
    let mut servers = Vec::with_capacity(count);
    for _ in 0..count {
        servers.push(plan.start().await?);
    }
    Ok(servers)
}
