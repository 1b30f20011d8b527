//! One run at work, from turn to turn until it ends, waits for tool outputs, or is taken away.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;

use super::citations::{Piece, Scanner};
use super::ending::{Ending, add_usage, shown_usage};
use super::hub::Live;
use super::input::{self, Room};
use super::recorder::{Kind, Outcome, Recorder, Write};
use super::service::Inner;
use super::{recover, turn};
use crate::error::Failure;
use crate::model::{self, ModelError, Turn, TurnEvent, TurnStream, Usage};
use crate::objects::step;
use crate::store::events::Event;
use crate::store::runs::{self, Held};
use crate::store::steps;
use crate::{ids, search, tokens};

/// Deltas that are shown are kept at this size at the latest.
const FLUSH_BYTES: usize = 4096;
/// Tries of one turn.
const TRIES: u32 = 3;
/// Bytes of a usual token, to estimate by.
const BYTES_A_TOKEN: i64 = 4;
/// Calls of the engine's own tools that may be unreadable before the run is given up.
const MAX_UNREADABLE: u32 = 2;

/// What a worker is told from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    GoOn,
    /// Look at the run, for the nth time: it may be being cancelled, or belong to another.
    Look(u64),
    /// Give the run to another server, as soon as what is being said has been said.
    Finish,
    /// Give the run to another server.
    HandOver,
}

/// Why a worker stops before the run's own end.
#[derive(Debug)]
pub(super) enum Stop {
    End(Ending),
    /// The run belongs to another server, or is gone.
    Lost,
    HandOver,
    Store(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Api(error) => Self::End(failed("server_error", error.message)),
            other => Self::Store(other),
        }
    }
}

pub(super) fn failed(code: &'static str, message: impl Into<String>) -> Ending {
    Ending::Failed { code, message: message.into() }
}

/// A run and what its server knows of it.
pub(super) struct Worker {
    pub(super) engine: Arc<Inner>,
    pub(super) held: Held,
    pub(super) live: Arc<Live>,
    pub(super) signal: watch::Receiver<Signal>,
    /// Shown, and not kept yet.
    pub(super) pending: Vec<Event>,
    pub(super) pending_bytes: usize,
    pub(super) flush_at: Option<Instant>,
    pub(super) turns: Vec<Turn>,
    /// Citation markers of what was found in this run, each with its file.
    pub(super) markers: HashMap<String, String>,
    pub(super) searches: usize,
    /// Which call to look has been followed.
    pub(super) looked: u64,
    /// Tokens of the last request, at most; where the provider counts none, a quarter is close.
    pub(super) prompt_bound: i64,
    /// Calls of the engine's own tools whose arguments could not be read.
    pub(super) unreadable: u32,
    /// The provider's ids of the files that its code is to have.
    pub(super) lent: Vec<String>,
    /// Whether something of a turn has been shown that another server could not go on with.
    pub(super) speaking: bool,
}

impl Worker {
    pub(super) fn new(engine: Arc<Inner>, held: Held, live: Arc<Live>, signal: watch::Receiver<Signal>) -> Self {
        Self {
            engine,
            held,
            live,
            signal,
            pending: Vec::new(),
            pending_bytes: 0,
            flush_at: None,
            turns: Vec::new(),
            markers: HashMap::new(),
            searches: 0,
            looked: 0,
            prompt_bound: 0,
            unreadable: 0,
            lent: Vec::new(),
            speaking: false,
        }
    }

    /// Works until there is nothing left to do.
    pub(super) async fn run(mut self) {
        let mut recorder = None;
        let stop = match self.work(&mut recorder).await {
            Ok(()) => return,
            Err(stop) => stop,
        };
        let ending = match stop {
            Stop::Lost => return,
            Stop::HandOver => {
                let lease = (self.held.id().to_owned(), self.held.fence);
                if self.flush().await.is_ok()
                    && let Err(error) = runs::hand_over(&self.engine.db, &[lease]).await
                {
                    tracing::warn!(run = self.held.id(), %error, "the run could not be handed over; its lease will end");
                }
                return;
            }
            Stop::Store(error) => {
                tracing::error!(run = self.held.id(), %error, "the store failed under a run");
                failed("server_error", "The engine's store failed.")
            }
            Stop::End(ending) => ending,
        };
        let unfinished = recorder.as_ref().map(Recorder::unfinished).unwrap_or_default();
        if let Some(recorder) = &recorder {
            add_usage(&mut self.held.plan, recorder.usage);
        }
        let out = Outcome { writes: unfinished, ..Outcome::default() };
        if let Err(Stop::Store(error)) = self.finish(ending, out).await {
            tracing::error!(run = self.held.id(), %error, "a run could not be closed; the sweeper will");
        }
    }

    async fn work(&mut self, current: &mut Option<Recorder>) -> Result<(), Stop> {
        // What has not begun has left nothing behind.
        let is_new = self.held.run["started_at"].is_null();
        let mut kept = if is_new { Vec::new() } else { runs::turns(&self.engine.db, self.held.id()).await? };
        let asked = kept.pop_if(|last| recover::is_asked(last));
        self.turns = kept.iter().map(turn::from_json).collect();
        if self.held.status() == "cancelling" {
            return Err(Stop::End(Ending::Cancelled));
        }
        let left = if self.held.attempt > 1 { self.recover(asked).await? } else { None };
        let now = ids::now();
        self.commit(Outcome::default(), Some("thread.run.in_progress"), |held| {
            held.run["status"] = json!("in_progress");
            held.run["started_at"] = json!(now);
        })
        .await?;
        self.wait_for_files().await?;
        if !is_new {
            for kept in steps::all_of_run(&self.engine.db, self.held.id()).await? {
                self.remember_markers(&kept);
            }
        }
        if let Some((recorder, estimated)) = left {
            *current = Some(recorder);
            self.search(current).await?;
            if self.after_calls(current, estimated, Outcome::default()).await? {
                return Ok(());
            }
            *current = None;
        }
        loop {
            if self.turns.len() >= self.engine.settings.max_turns as usize {
                let message = format!("The run needed more than {} model calls.", self.engine.settings.max_turns);
                return Err(Stop::End(failed("server_error", message)));
            }
            if self.turn(current).await? {
                return Ok(());
            }
            *current = None;
            self.speaking = false;
        }
    }

    /// One turn; true if the run has ended or waits.
    async fn turn(&mut self, current: &mut Option<Recorder>) -> Result<bool, Stop> {
        let tools = self.held.run["tools"].as_array().cloned().unwrap_or_default();
        let model = Arc::clone(&self.engine.model);
        let search_name = turn::search_name(&tools, model.hosts("file_search"));
        let ending = self.ask(current, search_name.as_deref()).await?;
        let Some(recorder) = current.as_mut() else { return Err(Stop::End(failed("server_error", "no turn"))) };
        let estimated = recorder.usage == Usage::default();
        if estimated {
            let completion = tokens::count(&recorder.written());
            let prompt = (self.prompt_bound / BYTES_A_TOKEN).max(1);
            recorder.usage = Usage { prompt, completion, ..Usage::default() };
        }
        let usage = recorder.usage;
        let count = counting(usage, estimated);
        let shown = shown_usage(usage);
        let mut out = Outcome::default();
        match ending {
            model::Ending::Stop => {}
            model::Ending::Length | model::Ending::ContentFilter => {
                out.writes = recorder.unfinished();
                recorder.usage = Usage::default();
                self.held.plan["open_usage"] = shown;
                count(&mut self.held.plan);
                let ending = match ending {
                    model::Ending::ContentFilter => Ending::ContentFilter,
                    _ => Ending::Incomplete("max_completion_tokens"),
                };
                self.finish(ending, out).await?;
                return Ok(true);
            }
        }
        let calls = recorder.calls();
        let waits = calls.iter().any(|call| call.kind == Kind::Function);
        let searches = calls.iter().any(|call| call.kind == Kind::LocalSearch);
        if !waits && !searches {
            if let Some(out) = recorder.show_pictures() {
                self.keep(out).await?;
            }
            // Whichever step is open is the turn's last.
            if recorder.writes_message() {
                recorder.close_tools(step::no_usage(), &mut out);
                recorder.close_message(shown, &mut out);
            } else {
                recorder.close_tools(shown, &mut out);
            }
            recorder.usage = Usage::default();
            count(&mut self.held.plan);
            self.finish(Ending::Completed, out).await?;
            return Ok(true);
        }
        recorder.close_message(step::no_usage(), &mut out);
        if searches {
            self.keep_asked(recorder, estimated, std::mem::take(&mut out)).await?;
            self.search(current).await?;
        }
        self.after_calls(current, estimated, out).await
    }

    /// What follows from a turn's calls when the engine's own have been answered. True if the run waits for the others.
    async fn after_calls(
        &mut self,
        current: &mut Option<Recorder>,
        estimated: bool,
        mut out: Outcome,
    ) -> Result<bool, Stop> {
        let Some(recorder) = current.as_mut() else { return Ok(false) };
        let usage = std::mem::take(&mut recorder.usage);
        let shown = shown_usage(usage);
        let count = counting(usage, estimated);
        let (number, turn) = (self.turns.len() as i64, recorder.turn());
        if recorder.calls().iter().any(|call| call.kind == Kind::Function) {
            self.wait(recorder, number, &turn, (count, shown), out).await?;
            return Ok(true);
        }
        recorder.close_tools(shown, &mut out);
        let kept = turn::to_json(&turn);
        self.commit_turn(out, None, Some((number, kept)), |held| count(&mut held.plan)).await?;
        self.turns.push(turn);
        Ok(false)
    }

    /// Asks the model, until it has answered or failed for good.
    async fn ask(&mut self, current: &mut Option<Recorder>, search: Option<&str>) -> Result<model::Ending, Stop> {
        let (mut tries, mut cuts) = (0, 0);
        loop {
            let request = self.request(search, cuts).await?;
            let entered = request.container.id.is_some();
            let used = input::used_ids(&self.turns);
            let recorder = current.insert(Recorder::new(self.held.run.clone(), search.map(str::to_owned), used));
            let mut scanner = Scanner::new(self.markers.clone());
            let model = Arc::clone(&self.engine.model);
            let begun = tokio::select! {
                stop = self.interrupted() => return Err(stop),
                begun = model.turn(request) => begun,
            };
            let result = match begun {
                Ok(stream) => self.read(recorder, stream, &mut scanner).await?,
                Err(error) => Err(error),
            };
            let error = match result {
                Ok(ending) => return Ok(ending),
                Err(error) => error,
            };
            tries += 1;
            let visible = current.as_ref().is_some_and(|recorder| recorder.visible);
            if error.context_overflow && !visible && cuts == 0 {
                cuts += 1;
                continue;
            }
            // Containers end when they have not been used for a while, whatever was expected.
            if entered && !visible && !error.retryable && error.message.to_lowercase().contains("container") {
                self.forget_container().await?;
                continue;
            }
            if !error.retryable || visible || tries >= TRIES {
                return Err(Stop::End(failed(error.code.as_str(), error.message)));
            }
            let wait = backoff(tries, error.retry_after);
            tracing::info!(run = self.held.id(), tries, %error, "a turn is tried again");
            tokio::select! {
                stop = self.interrupted() => return Err(stop),
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn request(&mut self, search: Option<&str>, cuts: u32) -> Result<model::TurnRequest, Stop> {
        let model_name = self.held.run["model"].as_str().unwrap_or_default();
        let context = self.engine.model.context_tokens(model_name).unwrap_or(self.engine.settings.context_tokens);
        let room = Room { context, cuts };
        let window = input::window(&self.engine.db, &self.held, &self.turns, room).await?;
        let window = window.map_err(Stop::End)?;
        self.prompt_bound = window.cost;
        let messages = input::with_pictures(&self.engine.db, &self.held.tenant, window.messages).await?;
        let ignored: &[&str] = if self.engine.model.hosts("code_interpreter") { &[] } else { &["code_interpreter"] };
        let least_output = self.engine.model.least_output_tokens();
        let context = turn::Context { messages, turns: &self.turns, search_name: search, ignored, least_output };
        let mut request = turn::request(&self.held, context).map_err(Stop::End)?;
        if ignored.is_empty() {
            request.container = self.container(&request.tools).await?;
        }
        Ok(request)
    }

    /// Reads a turn to its end. The outer error stops the worker, the inner one is the model's.
    async fn read(
        &mut self,
        recorder: &mut Recorder,
        mut stream: TurnStream,
        scanner: &mut Scanner,
    ) -> Result<Result<model::Ending, ModelError>, Stop> {
        loop {
            // Here, where no event of the model can interrupt the look: one that talks fast is cancelled too.
            self.heed().await?;
            let flush_at = self.flush_at;
            let event = tokio::select! {
                stop = self.interrupted() => return Err(stop),
                () = at(flush_at) => {
                    self.flush().await?;
                    continue;
                }
                event = stream.next() => event,
            };
            match event {
                None => {
                    let message = "The provider's answer ended before it was complete.";
                    let mut error = ModelError::new(model::ErrorCode::ServerError, message);
                    error.retryable = true;
                    return Ok(Err(error));
                }
                Some(Err(error)) => return Ok(Err(error)),
                Some(Ok(TurnEvent::Text { part, text })) => {
                    for piece in scanner.push(&text) {
                        let event = match piece {
                            Piece::Text(text) => TurnEvent::Text { part, text },
                            Piece::Citation { marker, file_id } => TurnEvent::Citation { part, marker, file_id },
                        };
                        self.record(recorder, event).await?;
                    }
                }
                Some(Ok(event)) => {
                    if let Some(text) = scanner.finish().filter(|_| !matches!(event, TurnEvent::Usage(_))) {
                        self.record(recorder, TurnEvent::Text { part: 0, text }).await?;
                    }
                    if let TurnEvent::End(ending) = event {
                        return Ok(Ok(ending));
                    }
                    if let TurnEvent::Container(id) = &event {
                        self.remember_container(id).await?;
                    }
                    let event = self.take_files(event).await?;
                    self.record(recorder, event).await?;
                }
            }
        }
    }

    async fn record(&mut self, recorder: &mut Recorder, event: TurnEvent) -> Result<(), Stop> {
        let out = recorder.take(event);
        self.speaking |= recorder.visible;
        self.keep(out).await
    }

    /// Keeps what is written, and shows what is new.
    async fn keep(&mut self, mut out: Outcome) -> Result<(), Stop> {
        let deltas = std::mem::take(&mut out.deltas);
        if !out.writes.is_empty() || !out.events.is_empty() {
            self.commit(out, None, |_| {}).await?;
        }
        self.show(deltas);
        if self.pending_bytes >= FLUSH_BYTES { self.flush().await } else { Ok(()) }
    }

    /// Runs the engine's own searches of a turn.
    async fn search(&mut self, current: &mut Option<Recorder>) -> Result<(), Stop> {
        let asked: Vec<(usize, String)> = match current {
            Some(recorder) => recorder
                .calls()
                .iter()
                .enumerate()
                .filter(|(_, call)| call.kind == Kind::LocalSearch)
                .map(|(place, call)| (place, call.arguments.clone()))
                .collect(),
            None => return Ok(()),
        };
        for (place, arguments) in asked {
            let ordinal = self.searches;
            self.searches += 1;
            let engine = Arc::clone(&self.engine);
            let (run, tenant) = (self.held.run.clone(), self.held.tenant.clone());
            let found = tokio::select! {
                stop = self.interrupted() => return Err(stop),
                found = search::run(&engine, &tenant, &run, &arguments, ordinal) => found?,
            };
            self.markers.extend(found.markers);
            self.unreadable += u32::from(found.unreadable);
            if self.unreadable > MAX_UNREADABLE {
                let message = "The model called the file search with arguments that cannot be read, again and again.";
                return Err(Stop::End(failed("server_error", message)));
            }
            if let Some(call) = current.as_mut().and_then(|recorder| recorder.calls_mut().get_mut(place)) {
                call.found = Some(found.shown);
                call.output = Some(found.text);
            }
        }
        Ok(())
    }

    /// Leaves the run waiting for the outputs of functions.
    async fn wait(
        &mut self,
        recorder: &Recorder,
        number: i64,
        turn: &Turn,
        (count, shown): (impl Fn(&mut Value), Value),
        mut out: Outcome,
    ) -> Result<(), Stop> {
        let Some(waiting) = recorder.waiting_step() else { return Ok(()) };
        let functions = recorder.calls().iter().filter(|call| call.kind == Kind::Function);
        let required: Vec<Value> = functions
            .map(|call| {
                json!({"id": call.id, "type": "function",
                               "function": {"name": call.name, "arguments": call.arguments}})
            })
            .collect();
        let step_id = waiting["id"].clone();
        out.writes.push(Write::UpdateStep(waiting));
        let kept = turn::to_json(turn);
        self.commit_turn(out, Some("thread.run.requires_action"), Some((number, kept)), |held| {
            count(&mut held.plan);
            held.plan["waiting_step"] = step_id;
            held.plan["open_usage"] = shown;
            held.run["status"] = json!("requires_action");
            held.run["required_action"] =
                json!({"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": required}});
            held.lease_owner = None;
        })
        .await
    }

    /// Waits for files of the thread that are still being read, not for ever.
    async fn wait_for_files(&mut self) -> Result<(), Stop> {
        let tools = self.held.run["tools"].as_array().cloned().unwrap_or_default();
        if !crate::objects::tools::has(&tools, "file_search") {
            return Ok(());
        }
        let engine = Arc::clone(&self.engine);
        let (tenant, run) = (self.held.tenant.clone(), self.held.run.clone());
        search::check_stores(&engine, &tenant, &run).await?;
        tokio::select! {
            stop = self.interrupted() => Err(stop),
            waited = search::wait_for_thread(&engine, &tenant, &run) => Ok(waited?),
        }
    }

    fn remember_markers(&mut self, kept: &Value) {
        for call in kept["step_details"]["tool_calls"].as_array().into_iter().flatten() {
            if call["type"] == "file_search" {
                self.markers.extend(search::markers(self.searches, &call["file_search"]["results"]));
                self.searches += 1;
            }
        }
    }

    /// Returns when the run is to be left: its time is over, it is being cancelled, another server has it.
    pub(super) async fn interrupted(&mut self) -> Stop {
        loop {
            let expires = self.held.run["expires_at"].as_i64().map(|at| {
                let left = at.saturating_mul(1000).saturating_sub(ids::now_ms());
                Instant::now() + Duration::from_millis(u64::try_from(left).unwrap_or(0))
            });
            if let Err(stop) = self.heed().await {
                return stop;
            }
            tokio::select! {
                () = at(expires) => return Stop::End(Ending::Expired),
                changed = self.signal.changed() => {
                    if changed.is_err() {
                        return Stop::HandOver;
                    }
                }
            }
        }
    }

    /// Does what it was told from outside.
    async fn heed(&mut self) -> Result<(), Stop> {
        let signal = *self.signal.borrow_and_update();
        match signal {
            Signal::HandOver => Err(Stop::HandOver),
            Signal::Finish if !self.speaking => Err(Stop::HandOver),
            Signal::Look(time) if time != self.looked => {
                self.look().await?;
                self.looked = time;
                Ok(())
            }
            Signal::Look(_) | Signal::GoOn | Signal::Finish => Ok(()),
        }
    }

    async fn look(&mut self) -> Result<(), Stop> {
        let mut tx = self.engine.db.begin().await?;
        let held = self.fenced(&mut tx).await?;
        if held.status() == "cancelling" {
            return Err(Stop::End(Ending::Cancelled));
        }
        Ok(())
    }
}

/// Adds a turn's tokens to what the run has used.
fn counting(usage: Usage, estimated: bool) -> impl Fn(&mut Value) {
    move |plan| {
        add_usage(plan, usage);
        if estimated {
            plan["estimated"] = json!(true);
        }
    }
}

/// Sleeps until then; for ever without a time.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

fn backoff(tries: u32, asked: Option<f64>) -> Duration {
    let base = 0.5 * f64::from(2u32.saturating_pow(tries.saturating_sub(1)));
    let jitter = (ids::now_ms() % 1000) as f64 / 1000.0;
    let own = base * (0.5 + jitter / 2.0);
    Duration::from_secs_f64(asked.unwrap_or(0.0).clamp(own, 60.0))
}
