//! Runs under way while their servers are killed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};
use threadline_model::ModelServer;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::Error;
use crate::api::{Api, Gone, text};
use crate::judge::{Known, judge};
use crate::server::{Plan, Server};

/// How long a run may take to come to its end after the last kill.
const SETTLE: Duration = Duration::from_secs(120);
/// What runs are asked, in turn: answers of two to four seconds, and a function.
const QUESTIONS: [&str; 4] = [
    "Good day [words=40] [tools=0] [pause_ms=40]",
    "Tell me more [words=60] [tools=0] [pause_ms=40]",
    "How is the weather in Oslo? [pause_ms=400]",
    "Tell me all [words=100] [tools=0] [pause_ms=40]",
];

/// What came of it all.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Runs judged.
    pub runs: usize,
    /// How often a server was killed.
    pub kills: usize,
    /// Answers that the model was in the middle of at the (one) kill.
    pub speaking: i64,
    /// Runs by the way they ended.
    pub endings: BTreeMap<String, usize>,
    /// What was wrong; empty if nothing was.
    pub wrong: Vec<String>,
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let endings: Vec<String> = self.endings.iter().map(|(ending, count)| format!("{count} {ending}")).collect();
        write!(f, "{} runs, {} kills: {}; {} wrong", self.runs, self.kills, endings.join(", "), self.wrong.len())
    }
}

/// Servers of one store, of which some may be dead.
#[derive(Debug)]
struct Fleet {
    plan: Plan,
    servers: Mutex<Vec<Option<Server>>>,
    next: AtomicUsize,
}

impl Fleet {
    async fn start(plan: Plan, count: usize) -> Result<Arc<Self>, Error> {
        let mut servers = Vec::with_capacity(count);
        for _ in 0..count {
            servers.push(Some(plan.start().await?));
        }
        Ok(Arc::new(Self { plan, servers: Mutex::new(servers), next: AtomicUsize::new(0) }))
    }

    /// The base URL of a server that is alive, each in turn.
    fn base(&self) -> Option<String> {
        let servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let at = |place: usize| servers[(turn + place) % servers.len()].as_ref();
        (0..servers.len()).find_map(at).map(|server| server.base_url().to_owned())
    }

    fn put(&self, place: usize, server: Option<Server>) -> Option<Server> {
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut servers[place], server)
    }

    async fn kill(&self, place: usize) -> Result<(), Error> {
        match self.put(place, None) {
            Some(server) => server.kill().await,
            None => Ok(()),
        }
    }

    async fn restart(&self, place: usize) -> Result<(), Error> {
        let server = self.plan.start().await?;
        self.put(place, Some(server));
        Ok(())
    }
}

/// One client at its work, which it does not give up while servers come and go.
struct Client {
    api: Api,
    fleet: Arc<Fleet>,
    known: Known,
}

impl Client {
    async fn base(&self) -> String {
        loop {
            if let Some(base) = self.fleet.base() {
                return base;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Asks until a server answers. A server that died in between may have done what was asked.
    async fn patiently(&self, method: Method, path: &str, body: Option<&Value>) -> Result<(u16, Value), Error> {
        for _ in 0..600 {
            let url = format!("{}{path}", self.base().await);
            match self.api.call(method.clone(), url, body).await {
                Ok((status, _)) if status >= 500 => {}
                Ok(answer) => return Ok(answer),
                Err(_) => {}
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(format!("nobody answers {method} {path}").into())
    }

    async fn new_thread(&mut self, question: &str) -> Result<(), Error> {
        let (_, thread) = self.patiently(Method::POST, "/threads", Some(&json!({}))).await?;
        self.known.thread = text(&thread["id"])?;
        let path = format!("/threads/{}/messages", self.known.thread);
        let body = json!({"role": "user", "content": question});
        let (_, message) = self.patiently(Method::POST, &path, Some(&body)).await?;
        self.known.said.push(text(&message["id"])?);
        Ok(())
    }

    /// Begins a run. Where the server died over it, the run may be there nevertheless.
    async fn begin(&mut self, assistant: &str, streamed: bool) -> Result<(), Error> {
        let path = format!("/threads/{}/runs", self.known.thread);
        let body = json!({"assistant_id": assistant, "stream": streamed});
        for _ in 0..600 {
            let url = format!("{}{path}", self.base().await);
            if streamed {
                let seen = &mut self.known.seen;
                // A broken stream is what this is about: it is taken up again.
                let _ = self.api.stream(Method::POST, url, Some(&body), |event| seen.push(event)).await;
                if let Some(first) = self.known.seen.first() {
                    self.known.run = text(&first.data["id"])?;
                    return Ok(());
                }
            } else if let Ok((200, run)) = self.api.call(Method::POST, url, Some(&body)).await {
                self.known.run = text(&run["id"])?;
                return Ok(());
            }
            let (_, runs) = self.patiently(Method::GET, &path, None).await?;
            if let Some(run) = runs["data"].get(0) {
                self.known.run = text(&run["id"])?;
                return Ok(());
            }
        }
        Err("no run could be made".into())
    }

    /// Follows the run to its end, by its stream or by asking, and answers its functions.
    async fn follow(&mut self, streamed: bool) -> Result<(), Error> {
        let path = format!("/threads/{}/runs/{}", self.known.thread, self.known.run);
        for _ in 0..2400 {
            let (_, run) = self.patiently(Method::GET, &path, None).await?;
            match run["status"].as_str().unwrap_or_default() {
                "requires_action" => self.answer(&path, &run).await?,
                "queued" | "in_progress" | "cancelling" if streamed => self.resume(&path).await,
                "queued" | "in_progress" | "cancelling" => tokio::time::sleep(Duration::from_millis(50)).await,
                _ => {
                    if streamed {
                        self.resume(&path).await;
                    }
                    return Ok(());
                }
            }
        }
        Err(format!("{path} does not end").into())
    }

    /// Takes the stream up behind the last event that was seen.
    async fn resume(&mut self, path: &str) {
        let last = self.known.seen.iter().rev().find_map(|event| event.id).unwrap_or(0);
        let newest = self.known.seen.iter().rev().find(|event| event.id.is_some());
        if newest.is_some_and(|event| event.is_end() && event.name != "thread.run.requires_action") {
            return;
        }
        let url = format!("{}{path}/events?after={last}", self.base().await);
        let seen = &mut self.known.seen;
        // As above.
        let _ = self.api.stream(Method::GET, url, None, |event| seen.push(event)).await;
    }

    async fn answer(&mut self, path: &str, run: &Value) -> Result<(), Error> {
        let calls = run["required_action"]["submit_tool_outputs"]["tool_calls"].as_array().into_iter().flatten();
        let outputs: Vec<Value> = calls.map(|call| json!({"tool_call_id": call["id"], "output": "mild"})).collect();
        let body = json!({"tool_outputs": outputs});
        let url = format!("{}{path}/submit_tool_outputs", self.base().await);
        if let Ok((200, _)) = self.api.call(Method::POST, url, Some(&body)).await {
            self.known.answered = true;
        }
        Ok(())
    }
}

/// `kill -9` of one server in the middle of many runs, so long after the model has begun to answer, and a new one on the same
/// store.
///
/// # Errors
/// When the stage cannot be set; what is wrong with runs is in the outcome.
pub async fn one_server(plan: Plan, model: &ModelServer, runs: usize, into: Duration) -> Result<Outcome, Error> {
    let fleet = Fleet::start(plan, 1).await?;
    let stage = Stage::new(fleet, runs).await?;
    let gate = Arc::new(Barrier::new(runs + 1));
    let working = stage.work(Some(&gate));
    gate.wait().await;
    // Until the model speaks to (nearly) all of them: functions are asked for first.
    let mut patience = 3000;
    while model.open() < i64::try_from(runs * 3 / 4)? && patience > 0 {
        patience -= 1;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    tokio::time::sleep(into).await;
    let speaking = model.open();
    stage.fleet.kill(0).await?;
    stage.fleet.restart(0).await?;
    Ok(Outcome { speaking, ..stage.end(working, 1).await? })
}

/// Several servers on one store; one after the other is killed and comes back, until the clients have done their work.
///
/// # Errors
/// As [`one_server`].
pub async fn many_servers(plan: Plan, servers: usize, runs: usize, at_once: usize) -> Result<Outcome, Error> {
    let fleet = Fleet::start(plan, servers).await?;
    let done = Arc::new(AtomicBool::new(false));
    let killer = {
        let (fleet, done) = (Arc::clone(&fleet), Arc::clone(&done));
        tokio::spawn(async move {
            let (mut kills, mut random) = (0usize, 0x9e37_79b9_u32);
            while !done.load(Ordering::Relaxed) {
                random ^= random << 13;
                random ^= random >> 17;
                random ^= random << 5;
                tokio::time::sleep(Duration::from_millis(1000 + u64::from(random % 3000))).await;
                let place = random as usize % servers;
                fleet.kill(place).await?;
                tokio::time::sleep(Duration::from_millis(u64::from(random % 700))).await;
                fleet.restart(place).await?;
                kills += 1;
            }
            Ok::<usize, Error>(kills)
        })
    };
    let mut outcome = Outcome::default();
    let mut left = runs;
    while left > 0 {
        let count = left.min(at_once);
        left -= count;
        let stage = Stage::new(Arc::clone(&fleet), count).await?;
        let working = stage.work(None);
        let part = stage.end(working, 0).await?;
        outcome.runs += part.runs;
        outcome.wrong.extend(part.wrong);
        for (ending, count) in part.endings {
            *outcome.endings.entry(ending).or_default() += count;
        }
    }
    done.store(true, Ordering::Relaxed);
    outcome.kills = killer.await??;
    Ok(outcome)
}

/// Clients on a fleet.
struct Stage {
    fleet: Arc<Fleet>,
    api: Api,
    assistant: String,
    runs: usize,
}

impl Stage {
    async fn new(fleet: Arc<Fleet>, runs: usize) -> Result<Self, Error> {
        let api = Api::new(Duration::from_secs(20));
        let client = Client { api: api.clone(), fleet: Arc::clone(&fleet), known: Known::default() };
        let parameters = json!({"type": "object", "properties": {"city": {"type": "string"}}});
        let tools = json!([{"type": "function", "function": {"name": "weather", "parameters": parameters}}]);
        let body = json!({"model": "rules", "tools": tools});
        let (_, assistant) = client.patiently(Method::POST, "/assistants", Some(&body)).await?;
        let assistant = text(&assistant["id"])?;
        Ok(Self { fleet, api, assistant, runs })
    }

    /// Lets every client do its work; with a gate, all runs begin together.
    fn work(&self, gate: Option<&Arc<Barrier>>) -> JoinSet<Result<Known, Error>> {
        let mut working = JoinSet::new();
        for number in 0..self.runs {
            let mut client = Client { api: self.api.clone(), fleet: Arc::clone(&self.fleet), known: Known::default() };
            let (assistant, gate) = (self.assistant.clone(), gate.cloned());
            working.spawn(async move {
                let streamed = number % 3 != 0;
                client.new_thread(QUESTIONS[number % QUESTIONS.len()]).await?;
                if let Some(gate) = gate {
                    gate.wait().await;
                }
                client.begin(&assistant, streamed).await?;
                client.follow(streamed).await?;
                Ok(client.known)
            });
        }
        working
    }

    /// Waits for the clients and judges their runs.
    async fn end(&self, mut working: JoinSet<Result<Known, Error>>, kills: usize) -> Result<Outcome, Error> {
        let mut outcome = Outcome { kills, ..Outcome::default() };
        let mut all = Vec::new();
        let finished = tokio::time::timeout(SETTLE, async {
            while let Some(done) = working.join_next().await {
                match done {
                    Ok(Ok(known)) => all.push(known),
                    Ok(Err(error)) => outcome.wrong.push(error.to_string()),
                    Err(error) => outcome.wrong.push(error.to_string()),
                }
            }
        });
        if finished.await.is_err() {
            outcome.wrong.push(format!("some clients were not done after {} s", SETTLE.as_secs()));
        }
        for known in &all {
            outcome.runs += 1;
            match self.judged(known).await {
                Ok(ending) => *outcome.endings.entry(ending).or_default() += 1,
                Err(error) => outcome.wrong.push(error.to_string()),
            }
        }
        Ok(outcome)
    }

    /// A verdict; where the server dies over it, another is asked.
    async fn judged(&self, known: &Known) -> Result<String, Error> {
        let mut tries = 0;
        loop {
            let Some(base) = self.fleet.base() else {
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            match judge(&self.api, &base, known).await {
                Ok(verdict) => return Ok(verdict.status),
                Err(error) if error.is::<Gone>() && tries < 100 => {
                    tries += 1;
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                Err(error) => return Err(error),
            }
        }
    }
}
