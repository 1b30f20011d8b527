//! The tool runner: the core's, with functions of JavaScript's.

use std::pin::Pin;
use std::sync::{Arc, Mutex};

use napi::{Error, Result};
use napi_derive::napi;
use serde::Deserialize;
use serde_json::json;
use threadline::Json;
use threadline::accumulate::Accumulate;
use threadline::json::{Decode, decode, encode};
use threadline::structured::FunctionSchema;
use threadline::tools::{Decision, JsonReply, StreamedReply, Tool, ToolErrors, ToolEvent, ToolRunner, ToolStream};
use threadline::types::{
    ChatCompletion, ChatCompletionCreateParams, Response, ResponseCreateParams, Run, RunCreateParams,
};

use crate::client::Client;
use crate::held::Held;
use crate::host::{Answer, Callback, Failure};
use crate::hub::{Queue, lock};
use crate::item::{Head, Item};
use crate::options::{self, seconds};

/// A function of JavaScript's.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Given {
    name: String,
    function: u32,
    /// JSON Schema of the arguments.
    #[serde(default)]
    schema: Option<Json>,
    /// Whether it takes a text that is no JSON.
    #[serde(default)]
    custom: bool,
}

/// What a run is told; functions by their numbers.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    max_steps: Option<u32>,
    abort: bool,
    sequential: bool,
    keep_tool_choice: bool,
    chained: bool,
    poll_interval: Option<f64>,
    before_call: Option<u32>,
    after_call: Option<u32>,
    on_message: Option<u32>,
}

/// Calls a function with a text; it gives a JSON text.
async fn called(function: Callback, argument: String) -> std::result::Result<Json, Failure> {
    let failure = |message: String| Failure { number: None, message };
    match function.ask(argument, None).await? {
        Answer::Nothing => Ok(Json::NULL),
        // What was thrown is no error: not for the model to read. The core says no more than that the function crashed.
        Answer::Text(text) if text == "crash" => std::panic::resume_unwind(Box::new("a function crashed")),
        Answer::Text(text) => Json::parse(&text).map_err(|error| failure(error.to_string())),
        Answer::Bytes(_) => Err(failure("a function returned bytes".to_owned())),
    }
}

/// Functions as tools.
pub(crate) fn tools(given: &str, hub: &Callback) -> Result<Vec<Tool>> {
    let given: Vec<Given> = serde_json::from_str(given).map_err(|error| Error::from_reason(error.to_string()))?;
    let tools = given.into_iter().map(|given| {
        let function = hub.sibling(given.function);
        if given.custom {
            return Tool::custom(given.name, move |input: String| called(function.clone(), input));
        }
        let schema = FunctionSchema::lenient(given.name, given.schema.unwrap_or_default());
        Tool::from_schema(schema, move |arguments: Json| called(function.clone(), arguments.raw().to_owned()))
    });
    Ok(tools.collect())
}

impl Settings {
    fn apply<R>(self, mut runner: ToolRunner<R>, hub: &Callback) -> Result<ToolRunner<R>> {
        if let Some(steps) = self.max_steps {
            runner = runner.max_steps(steps);
        }
        if self.abort {
            runner = runner.errors(ToolErrors::Abort);
        }
        if self.sequential {
            runner = runner.sequential();
        }
        if self.keep_tool_choice {
            runner = runner.keep_tool_choice();
        }
        if self.chained {
            runner = runner.chained();
        }
        if let Some(interval) = self.poll_interval {
            runner = runner.poll_interval(seconds("poll_interval", interval)?);
        }
        if let Some(hook) = self.before_call.map(|number| hub.sibling(number)) {
            runner = runner.before_call(move |call| {
                let told = json!({"id": call.id, "name": call.name, "arguments": call.arguments}).to_string();
                let hook = hook.clone();
                async move { decision(hook.ask(told, None).await) }
            });
        }
        if let Some(hook) = self.after_call.map(|number| hub.sibling(number)) {
            runner = runner.after_call(move |record| hook.tell(text(record)));
        }
        if let Some(hook) = self.on_message.map(|number| hub.sibling(number)) {
            runner = runner.on_message(move |message| hook.tell(message.raw().to_owned()));
        }
        Ok(runner)
    }
}

/// What a hook says: nothing, or the output in the function's place.
fn decision(answer: std::result::Result<Answer, Failure>) -> Decision {
    match answer {
        Ok(Answer::Text(text)) => Decision::Answer(text),
        Ok(_) => Decision::Call,
        Err(failure) => Decision::Abort(failure.message),
    }
}

fn text(value: &impl threadline::json::Encode) -> String {
    encode(value).unwrap_or_default()
}

/// The runner of one kind.
enum Runner {
    Chat(ToolRunner<ChatCompletion>),
    Response(ToolRunner<Response>),
    Run(ToolRunner<Run>),
}

enum Streaming {
    Chat(ToolStream<JsonReply<ChatCompletion>>),
    Response(ToolStream<JsonReply<Response>>),
    Run(ToolStream<JsonReply<Run>>),
}

/// A run of tools.
#[napi]
pub struct ToolRun {
    runner: Mutex<Option<Runner>>,
    stream: Held<Streaming>,
    queue: Arc<Queue>,
}

fn params<T: Decode>(fields: &str) -> Result<T> {
    decode(fields.as_bytes()).map_err(|error| Error::from_reason(format!("the arguments cannot be sent: {error}")))
}

#[napi]
impl ToolRun {
    /// `kind`: `chat`, `responses` or `runs`; `fields`: the arguments of `create`, `thread`: the thread of a run; functions and
    /// settings as JSON.
    #[napi(constructor)]
    #[allow(deprecated)] // The vendor has deprecated the assistants.
    pub fn new(
        client: &Client,
        kind: String,
        thread: String,
        fields: String,
        functions: String,
        settings: String,
        options: Option<String>,
    ) -> Result<Self> {
        let hub = Callback::new(Arc::clone(&client.queue), 0);
        let settings: Settings =
            serde_json::from_str(&settings).map_err(|error| Error::from_reason(error.to_string()))?;
        let (tools, options) = (tools(&functions, &hub)?, options::parse(options.as_deref())?);
        let core = &client.core;
        let runner = match kind.as_str() {
            "chat" => {
                let params: ChatCompletionCreateParams = params(&fields)?;
                let runner = core.chat().completions().run_tools(params, tools).options(options);
                Runner::Chat(settings.apply(runner, &hub)?)
            }
            "responses" => {
                let params: ResponseCreateParams = params(&fields)?;
                Runner::Response(settings.apply(core.responses().run_tools(params, tools).options(options), &hub)?)
            }
            "runs" => {
                let params: RunCreateParams = params(&fields)?;
                let runner = core.beta().threads().runs().run_tools(&thread, params, tools).options(options);
                Runner::Run(settings.apply(runner, &hub)?)
            }
            other => return Err(Error::from_reason(format!("there is no run of tools of {other}"))),
        };
        Ok(Self { runner: Mutex::new(Some(runner)), stream: Held::empty(), queue: Arc::clone(&client.queue) })
    }

    /// Runs to the model's answer: a reply whose body has `reply` and `transcript`.
    #[napi]
    pub fn run(&self, id: u32) -> Result<()> {
        let work: Pin<Box<dyn Future<Output = Item> + Send>> = match self.take()? {
            Runner::Chat(runner) => Box::pin(run(id, runner)),
            Runner::Response(runner) => Box::pin(run(id, runner)),
            Runner::Run(runner) => Box::pin(run(id, runner)),
        };
        self.queue.spawn(id, work)
    }

    /// Streams the replies from here on; told when it can begin.
    #[napi]
    pub fn stream(&self, id: u32) -> Result<()> {
        let (runner, held) = (self.take()?, self.stream.clone());
        self.queue.spawn(id, async move {
            let stream = match runner {
                Runner::Chat(runner) => runner.stream_json().map(Streaming::Chat),
                Runner::Response(runner) => runner.stream_json().map(Streaming::Response),
                Runner::Run(runner) => runner.stream_json().map(Streaming::Run),
            };
            match stream {
                Ok(stream) => {
                    held.put(stream).await;
                    Item::end(id)
                }
                Err(error) => Item::failed(id, &error),
            }
        })
    }

    /// What comes next: 1 an event of a reply, 2 the calls of a reply, 3 the result of one; nothing at the end.
    #[napi]
    pub fn next(&self, id: u32) -> Result<()> {
        let held = self.stream.clone();
        self.queue.spawn(id, async move {
            let item = held.read(|stream| {
                Box::pin(async move {
                    match stream {
                        Streaming::Chat(stream) => next(id, stream).await,
                        Streaming::Response(stream) => next(id, stream).await,
                        Streaming::Run(stream) => next(id, stream).await,
                    }
                })
            });
            item.await.unwrap_or(Item::end(id))
        })
    }

    /// Goes on to the end: `reply` and `transcript` as JSON.
    #[napi]
    pub fn end(&self, id: u32) -> Result<()> {
        let held = self.stream.clone();
        self.queue.spawn(id, async move {
            let item = held.read(|stream| {
                Box::pin(async move {
                    match stream {
                        Streaming::Chat(stream) => last(id, stream).await,
                        Streaming::Response(stream) => last(id, stream).await,
                        Streaming::Run(stream) => last(id, stream).await,
                    }
                })
            });
            item.await.unwrap_or(Item::end(id))
        })
    }

    /// Ends it, with its request and the functions that are at work.
    #[napi]
    pub fn close(&self) {
        drop(lock(&self.runner).take());
        self.stream.close();
    }
}

impl ToolRun {
    fn take(&self) -> Result<Runner> {
        lock(&self.runner).take().ok_or_else(|| Error::from_reason("these tools are running already"))
    }
}

async fn run<R: Decode + Send + 'static>(id: u32, runner: ToolRunner<R>) -> Item {
    match runner.await {
        Err(error) => Item::failed(id, &error),
        Ok(run) => {
            let reply = &run.reply;
            let head = Head { status: reply.status(), headers: reply.headers().clone(), attempts: reply.attempts() };
            let body = String::from_utf8_lossy(reply.raw_body());
            let body = format!("{{\"reply\":{body},\"transcript\":{}}}", text(&run.transcript));
            Item::Text { id, head, body: body.into(), json: true }
        }
    }
}

async fn next<R>(id: u32, stream: &mut ToolStream<R>) -> Item
where
    R: StreamedReply,
    R::Accumulator: Accumulate<Event = Json>,
{
    let (what, text) = match stream.next().await {
        None => return Item::end(id),
        Some(Err(error)) => return Item::failed(id, &error),
        Some(Ok(ToolEvent::Event(event))) => (1, event.raw().to_owned()),
        Some(Ok(ToolEvent::Calls(calls))) => {
            let calls = calls.iter().map(|call| json!({"id": call.id, "name": call.name, "arguments": call.arguments}));
            (2, serde_json::Value::Array(calls.collect()).to_string())
        }
        Some(Ok(ToolEvent::Result(record))) => (3, text(&record)),
        // What a later version tells besides is nothing that this one could show.
        Some(Ok(_)) => (4, "{}".to_owned()),
    };
    Item::told(id, what, text)
}

async fn last<R: StreamedReply>(id: u32, stream: &mut ToolStream<R>) -> Item {
    if let Err(error) = stream.get_final_reply().await {
        return Item::failed(id, &error);
    }
    let transcript = stream.transcript();
    let reply = transcript.steps.last().map_or("null", |step| step.reply.raw());
    Item::told(id, 0, format!("{{\"reply\":{reply},\"transcript\":{}}}", text(transcript)))
}

impl std::fmt::Debug for ToolRun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ToolRun").finish_non_exhaustive()
    }
}
