//! The loop with a client and functions.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;

use super::calls::Caller;
use super::machine::{Api, Next, ToolLoop, ToolRequest};
use super::tool::Tool;
use super::transcript::{CallRecord, ToolCall, Transcript};
use crate::client::{Args, Call, CallFuture, Client, Parts, RequestOptions};
use crate::error::Error;
use crate::json::{Decode, Encode, Json};
use crate::operations;
use crate::polling::{self, POLL_AFTER, Poller};
use crate::response::{RawReply, Reply};
use crate::structured::tree::Tree;
use crate::unfinished::Unfinished;

/// What happens when a function fails or panics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ToolErrors {
    /// The model is given the error's text, and goes on. A panic is told without its words.
    #[default]
    TellModel,
    /// The run ends with an error of kind `tool`.
    Abort,
}

/// What a hook decides about a call.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decision {
    /// The call is made.
    Call,
    /// The call is not made; the model is given this text in its place.
    Answer(String),
    /// The run ends with an error of kind `tool` that says this.
    Abort(String),
}

type BeforeCall = Box<dyn Fn(&ToolCall) -> BoxFuture<'static, Decision> + Send + Sync>;
type Told<T> = Box<dyn Fn(&T) + Send + Sync>;

#[derive(Default)]
pub(super) struct Hooks {
    pub(super) before_call: Option<BeforeCall>,
    pub(super) after_call: Option<Told<CallRecord>>,
    on_message: Option<Told<Json>>,
}

/// A run of tools that has not begun yet. `.await` runs it; dropping the future ends it, with its request and the
/// functions that are at work. Functions asked for together run at the same time.
#[must_use = "a tool runner does nothing until it is awaited"]
pub struct ToolRunner<R> {
    pub(super) client: Client,
    pub(super) machine: Result<ToolLoop, Error>,
    pub(super) options: RequestOptions,
    pub(super) caller: Caller,
    poll_interval: Option<Duration>,
    reply: PhantomData<fn() -> R>,
}

/// How a run of tools ended.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ToolRun<R> {
    /// The model's last reply, which asks for no more calls.
    pub reply: Reply<R>,
    /// Everything that happened.
    pub transcript: Transcript,
}

impl<R> fmt::Debug for ToolRunner<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolRunner").field("tools", &self.caller.tools).finish_non_exhaustive()
    }
}

impl<R> ToolRunner<R> {
    pub(super) fn new(
        call: Call<Reply<R>>,
        tools: Vec<Tool>,
        machine: impl FnOnce(&Json) -> Result<ToolLoop, Error>,
        declare: impl Fn(&Tool) -> Result<Tree, Error>,
    ) -> Self {
        let Parts { client, args, options, .. } = *call.inner;
        let prepare = || {
            let args = args?;
            let arguments = Json::parse(&String::from_utf8_lossy(&args.fields))
                .map_err(|error| Error::usage(format!("the arguments cannot be sent: {error}")))?;
            let mut machine = machine(&arguments)?;
            for tool in &tools {
                let declared = declare(tool)?;
                machine.declare(tool.name(), declared);
            }
            Ok(machine)
        };
        let machine = prepare();
        let caller = Caller { tools, errors: ToolErrors::default(), parallel: true, hooks: Hooks::default() };
        Self { client, machine, options, caller, poll_interval: None, reply: PhantomData }
    }

    fn configure(mut self, set: impl FnOnce(&mut ToolLoop)) -> Self {
        if let Ok(machine) = &mut self.machine {
            set(machine);
        }
        self
    }

    /// How many replies the run may take. Default 10. A model that still asks for calls then is an error of kind
    /// `step_limit`, and those calls are not made.
    pub fn max_steps(self, steps: u32) -> Self {
        self.configure(|machine| machine.set_max_steps(steps))
    }

    /// What happens when a function fails. Default: the model is told. Arguments that do not fit, and calls of tools
    /// that do not exist, are always answered.
    pub fn errors(mut self, policy: ToolErrors) -> Self {
        self.caller.errors = policy;
        self
    }

    /// Makes calls one after the other, in the model's order, instead of all at once.
    pub fn sequential(mut self) -> Self {
        self.caller.parallel = false;
        self
    }

    /// Keeps a `tool_choice` that forces a call in force. Default: it becomes `auto` after the first calls.
    pub fn keep_tool_choice(self) -> Self {
        self.configure(|machine| machine.set_keep_tool_choice(true))
    }

    /// Responses only: refers to the response before by `previous_response_id`, instead of sending the whole
    /// conversation each time. The responses must be stored for that.
    pub fn chained(self) -> Self {
        self.configure(|machine| machine.set_chained(true))
    }

    /// Is asked before each call, for example to let a person approve it.
    pub fn before_call<F, Fut>(mut self, hook: F) -> Self
    where
        F: Fn(&ToolCall) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Decision> + Send + 'static,
    {
        self.caller.hooks.before_call = Some(Box::new(move |call| Box::pin(hook(call))));
        self
    }

    /// Is told of each result.
    pub fn after_call(mut self, hook: impl Fn(&CallRecord) + Send + Sync + 'static) -> Self {
        self.caller.hooks.after_call = Some(Box::new(hook));
        self
    }

    /// Is told of each message or item that is added to the conversation: the model's, and the results of calls.
    pub fn on_message(mut self, hook: impl Fn(&Json) + Send + Sync + 'static) -> Self {
        self.caller.hooks.on_message = Some(Box::new(hook));
        self
    }

    /// Options of each request of the run; what they leave unset stays. The idempotency key is never shared.
    pub fn options(mut self, options: RequestOptions) -> Self {
        self.options = options.over(&self.options);
        self
    }

    /// Runs of assistants only: how often the run's state is asked for. Default: as the server says, else every second.
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = Some(interval);
        self
    }
}

impl<R: Decode + Send + 'static> IntoFuture for ToolRunner<R> {
    type Output = Result<ToolRun<R>, Error>;
    type IntoFuture = CallFuture<ToolRun<R>>;

    fn into_future(self) -> Self::IntoFuture {
        let running = run(self.client, self.machine, self.options, self.caller, self.poll_interval);
        Box::pin(async move {
            let (raw, request, transcript) = running.await?;
            match Reply::from_raw(raw, request.operation.reply) {
                Ok(reply) => Ok(ToolRun { reply, transcript }),
                Err(error) => Err(error.with_transcript(transcript)),
            }
        })
    }
}

type Ended = (RawReply, ToolRequest, Transcript);

/// Not generic, so that it is compiled once.
fn run(
    client: Client,
    machine: Result<ToolLoop, Error>,
    mut options: RequestOptions,
    caller: Caller,
    poll: Option<Duration>,
) -> BoxFuture<'static, Result<Ended, Error>> {
    options.idempotency_key = None;
    Box::pin(async move {
        let mut machine = machine?;
        let caller = Arc::new(caller);
        match turn(&client, &mut machine, &options, &caller, poll).await {
            Ok((raw, request)) => Ok((raw, request, machine.into_transcript())),
            Err(error) => {
                free_thread(&client, &machine, &options).await;
                Err(described(error, &machine).with_transcript(machine.into_transcript()))
            }
        }
    })
}

async fn turn(
    client: &Client,
    machine: &mut ToolLoop,
    options: &RequestOptions,
    caller: &Arc<Caller>,
    poll: Option<Duration>,
) -> Result<(RawReply, ToolRequest), Error> {
    let mut told = machine.transcript().messages.len();
    let mut poller = Poller::new(&polling::RUNS);
    if let Some(interval) = poll {
        poller = poller.interval(interval);
    }
    let begun = Instant::now();
    loop {
        let request = machine.request()?;
        let args = Args::new(request.path.clone(), request.arguments.raw().to_owned(), Vec::new());
        let raw = client.execute(request.operation, args, options.clone()).await?;
        let json = std::str::from_utf8(&raw.body).map_err(|error| raw.decode_error(error))?;
        let json = Json::parse(json).map_err(|error| raw.decode_error(error))?;
        let next = machine.reply(&json).map_err(|error| of_reply(error, &raw))?;
        tell(caller, machine, &mut told);
        match next {
            Next::Done => return Ok((raw, request)),
            Next::Wait => {
                let asked = raw.headers.get(POLL_AFTER).and_then(|value| value.to_str().ok());
                match poller.observe(&raw.body, asked, begun.elapsed())? {
                    polling::Step::Wait(pause) => tokio::time::sleep(pause).await,
                    polling::Step::Done => {}
                    polling::Step::Expired => return Err(poller.expired(machine.run_id().unwrap_or_default())),
                }
            }
            Next::Calls(calls) => {
                caller.make(calls, machine).await?;
                tell(caller, machine, &mut told);
            }
        }
    }
}

fn of_reply(error: Error, raw: &RawReply) -> Error {
    error.with_reply(raw.status.as_u16(), &raw.headers).with_attempts(raw.attempts)
}

/// The error with the run that it leaves behind.
pub(super) fn described(error: Error, machine: &ToolLoop) -> Error {
    match machine.run_id() {
        Some(id) if error.unfinished().is_none() => error.with_unfinished(Unfinished::new("beta.threads.runs").id(id)),
        _ => error,
    }
}

pub(super) fn tell(caller: &Caller, machine: &ToolLoop, told: &mut usize) {
    let messages = &machine.transcript().messages;
    if let Some(hook) = &caller.hooks.on_message {
        messages.iter().skip(*told).for_each(hook);
    }
    *told = messages.len();
}

/// Ends a run that waits for outputs which will never come: it would keep its thread locked for minutes.
pub(super) fn free_thread(client: &Client, machine: &ToolLoop, options: &RequestOptions) -> BoxFuture<'static, ()> {
    let waits = machine.transcript().steps.last().is_some_and(|step| !step.calls.is_empty());
    let path = match &machine.api {
        Api::Runs(place) if waits => place.path(),
        _ => None,
    };
    let (client, options) = (client.clone(), options.clone());
    Box::pin(async move {
        if let Some(path) = path {
            let args = Args::new(path, "{}", Vec::new());
            // The error that ended the run is the one to tell.
            let _ = client.execute(&operations::BETA_THREADS_RUNS_CANCEL, args, options).await;
        }
    })
}

/// A typed tool as a part of the arguments.
pub(super) fn declared(tool: &dyn Encode) -> Tree {
    // A tool holds texts and a schema, which JSON can always say.
    crate::json::encode(tool).map_or(Tree::Null, |text| Tree::of(&Json::valid(&text)))
}
