//! Runs of tools and turns of agents, as the host sees them: news comes in batches, questions are answered by number.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;
use threadline::accumulate::Accumulate;
use threadline::json::{Decode, decode, encode};
use threadline::tools::{JsonReply, StreamedReply, ToolErrors, ToolEvent, ToolRunner, ToolStream, Transcript};
use threadline::types::{ChatCompletionCreateParams, ResponseCreateParams, RunCreateParams};
use threadline::{Json, RequestOptions};
use tokio::sync::watch;

use threadline::settings::duration;

use crate::cancel::CancelHandle;
use crate::client::Client;
use crate::error::CallError;
use crate::functions::{Desk, ToolAnswer, decide, tools};
use crate::news::{News, Teller, channel, list};
use crate::options::{options as call_options, read};
use crate::runtime::{self, Guard};

/// A run of tools, or a turn of an agent, that is at work. Dropping it ends it, with its request.
///
/// [`next_batch`](Self::next_batch) hands out a JSON list of objects, told apart by `type`:
///
/// | `type` | what it says |
/// | --- | --- |
/// | `call` | perform the function `name` with `arguments` (a text) and [`answer`](Self::answer) under `number`; several may be at work at once |
/// | `decide` | (where settings say `before_call`) is the call `id`, `name`, `arguments`, `custom` to be made? Answer under `number` |
/// | `event` | (streams, agents) `event`, one of the model's reply or of the session |
/// | `tool_calls` | (streams) the reply is whole and asks for `calls`: `id`, `name`, `arguments` |
/// | `tool_result` | `result`: `id`, `name`, `arguments`, `outcome`, `output` |
/// | `message` | (where settings say `messages`) `message`, which was added to the conversation |
/// | `tool_error` | (agents) a function failed: `call` (`name`, `session_id`, `turn_id`, `call_id`), `message` |
/// | `done` | the last: `reply`, `request_id`, `transcript`; of an agent's turn `turn`, `messages`, `output_text` |
#[derive(uniffi::Object)]
pub struct ToolRun {
    news: Arc<News>,
    desk: Arc<Desk>,
    finishing: watch::Sender<bool>,
    task: Guard<()>,
}

impl std::fmt::Debug for ToolRun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ToolRun")
    }
}

impl ToolRun {
    /// Starts this work, which tells what happens.
    pub(crate) fn start<F>(
        work: impl FnOnce(Arc<Desk>, Teller, watch::Receiver<bool>) -> Result<F, CallError>,
    ) -> Result<Arc<Self>, CallError>
    where
        F: Future<Output = Result<(), CallError>> + Send + 'static,
    {
        let (teller, news) = channel();
        let desk = Arc::<Desk>::default();
        let finishing = watch::Sender::new(false);
        let work = work(Arc::clone(&desk), teller.clone(), finishing.subscribe())?;
        let task = runtime::get()?.spawn(async move {
            if let Err(error) = work.await {
                teller.fail(error);
            }
        });
        Ok(Arc::new(Self { news: Arc::new(news), desk, finishing, task: Guard(task) }))
    }
}

#[uniffi::export]
impl ToolRun {
    /// Waits for news and returns all that is there; none behind `done`, and where the events of an agent's turn are over.
    pub async fn next_batch(&self, cancel: Option<Arc<CancelHandle>>) -> Result<Option<Vec<u8>>, CallError> {
        let news = Arc::clone(&self.news);
        runtime::run(cancel, async move { news.next_batch().await }).await
    }

    /// Answers the `call` or `decide` of this number. An answer that nobody waits for any more does nothing.
    pub fn answer(&self, number: u64, answer: ToolAnswer) {
        self.desk.answer(number, answer);
    }

    /// Agents: asks for the turn's result. Events that are left pass unseen; `next_batch` still has calls, then `done`, or says
    /// why there is no result. Runs of tools have their `done` without it.
    pub fn finish(&self) {
        self.finishing.send_replace(true);
        self.news.resume();
    }

    /// Ends it, with its request. Functions that are at work are the host's to stop.
    pub fn shut(&self) {
        self.task.0.abort();
    }
}

/// How tools are run.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    /// How many replies the run may take. Default 10.
    max_steps: Option<u32>,
    /// `tell` (the default) or `abort`.
    on_error: Option<String>,
    /// Whether calls of one reply are made at once. Default: yes.
    parallel: Option<bool>,
    keep_tool_choice: bool,
    /// Responses: refers to the response before.
    chained: bool,
    /// Runs of assistants: how often they are looked at.
    poll_interval_s: Option<f64>,
    /// Whether the host decides about each call.
    before_call: bool,
    /// Whether the host is told of messages.
    messages: bool,
    /// Whether replies are streamed.
    stream: bool,
}

/// One run, with what it needs of the host.
struct Host {
    settings: Settings,
    options: RequestOptions,
    desk: Arc<Desk>,
    teller: Teller,
}

impl Host {
    fn set_up<R>(&self, mut runner: ToolRunner<R>) -> Result<ToolRunner<R>, CallError> {
        let settings = &self.settings;
        runner = runner.options(self.options.clone());
        if let Some(steps) = settings.max_steps {
            runner = runner.max_steps(steps);
        }
        match settings.on_error.as_deref() {
            None | Some("tell") => {}
            Some("abort") => runner = runner.errors(ToolErrors::Abort),
            Some(other) => return Err(CallError::usage(format!("`on_error` is \"tell\" or \"abort\", not {other:?}"))),
        }
        if settings.parallel == Some(false) {
            runner = runner.sequential();
        }
        if settings.keep_tool_choice {
            runner = runner.keep_tool_choice();
        }
        if settings.chained {
            runner = runner.chained();
        }
        if let Some(interval) = duration("poll_interval_s", settings.poll_interval_s)? {
            runner = runner.poll_interval(interval);
        }
        if settings.before_call {
            let (desk, teller) = (Arc::clone(&self.desk), self.teller.clone());
            runner = runner.before_call(move |call| decide(Arc::clone(&desk), teller.clone(), call.clone()));
        }
        if settings.messages {
            let teller = self.teller.clone();
            runner = runner.on_message(move |message| teller.tell(told("message", "message", message.raw())));
        }
        if !settings.stream {
            let teller = self.teller.clone();
            runner = runner.after_call(move |record| {
                teller.tell(told("tool_result", "result", &encode(record).unwrap_or_default()));
            });
        }
        Ok(runner)
    }

    async fn run<R>(self, runner: ToolRunner<R>) -> Result<(), CallError>
    where
        R: StreamedReply,
        JsonReply<R>: StreamedReply,
        <JsonReply<R> as StreamedReply>::Accumulator: Accumulate<Event = Json>,
    {
        let runner = self.set_up(runner)?;
        if self.settings.stream {
            return streamed(runner.stream_json()?, &self.teller).await;
        }
        let run = runner.await?;
        let reply = String::from_utf8_lossy(run.reply.raw_body());
        self.teller.tell(done(&reply, run.reply.request_id(), &run.transcript));
        Ok(())
    }
}

/// `{"type": …, NAME: JSON}`
pub(crate) fn told(kind: &str, name: &str, json: &str) -> Vec<u8> {
    format!("{{\"type\":\"{kind}\",\"{name}\":{json}}}").into_bytes()
}

fn done(reply: &str, request_id: Option<&str>, transcript: &Transcript) -> Vec<u8> {
    let id = request_id.map_or(Json::NULL, Json::string);
    let transcript = encode(transcript).unwrap_or_default();
    let id = id.raw();
    format!("{{\"type\":\"done\",\"reply\":{reply},\"request_id\":{id},\"transcript\":{transcript}}}").into_bytes()
}

async fn streamed<R>(mut stream: ToolStream<R>, teller: &Teller) -> Result<(), CallError>
where
    R: StreamedReply,
    R::Accumulator: Accumulate<Event = Json>,
{
    loop {
        teller.room().await;
        let news = match stream.try_next().await? {
            None => break,
            Some(ToolEvent::Event(event)) => told("event", "event", event.raw()),
            Some(ToolEvent::Calls(calls)) => {
                let calls = calls.iter().map(|call| {
                    json!({"id": call.id, "name": call.name, "arguments": call.arguments}).to_string().into_bytes()
                });
                let calls = list(&calls.collect::<Vec<_>>());
                told("tool_calls", "calls", &String::from_utf8_lossy(&calls))
            }
            Some(ToolEvent::Result(record)) => told("tool_result", "result", &encode(&record).unwrap_or_default()),
            // What a later version tells besides is nothing that this one could show.
            Some(_) => told("other", "other", "null"),
        };
        teller.event(news);
    }
    stream.get_final_reply().await?;
    let transcript = stream.transcript();
    let last = transcript.steps.last().map_or(Json::NULL, |step| step.reply.clone());
    teller.tell(done(last.raw(), None, transcript));
    Ok(())
}

fn params<T: Decode>(fields: &[u8]) -> Result<T, CallError> {
    decode(fields).map_err(|error| CallError::usage(format!("the arguments cannot be sent: {error}")))
}

#[uniffi::export]
impl Client {
    /// Runs tools until the model answers. `api`: `chat`, `responses` or `runs` (of assistants, with the thread's id as `path`);
    /// `fields`: the arguments of its `create`; `tools`: a JSON list of `{"name", "schema", "strict", "description", "custom"}`,
    /// the functions that are the host's; those that `fields` does not declare are declared. `settings` is one JSON object:
    /// `max_steps`, `on_error` (`tell`, `abort`), `parallel`, `keep_tool_choice`, `chained`, `poll_interval_s`, `before_call`,
    /// `messages`, `stream`. The run begins at once.
    #[allow(deprecated)] // The vendor has deprecated the assistants.
    pub fn run_tools(
        &self,
        api: String,
        path: Vec<String>,
        fields: Vec<u8>,
        functions: String,
        settings: String,
        options: String,
    ) -> Result<Arc<ToolRun>, CallError> {
        let settings: Settings = if settings.is_empty() { Settings::default() } else { read("settings", &settings)? };
        let options = call_options(&options)?;
        let core = self.core.clone();
        match api.as_str() {
            "chat" => {
                let params: ChatCompletionCreateParams = params(&fields)?;
                ToolRun::start(|desk, teller, _| {
                    let tools = tools(&functions, &desk, &teller)?;
                    let runner = core.chat().completions().run_tools(params, tools);
                    Ok(Host { settings, options, desk, teller }.run(runner))
                })
            }
            "responses" => {
                let params: ResponseCreateParams = params(&fields)?;
                ToolRun::start(|desk, teller, _| {
                    let tools = tools(&functions, &desk, &teller)?;
                    let runner = core.responses().run_tools(params, tools);
                    Ok(Host { settings, options, desk, teller }.run(runner))
                })
            }
            "runs" => {
                let params: RunCreateParams = params(&fields)?;
                let [thread] = path.as_slice() else {
                    return Err(CallError::usage("a run of an assistant needs the id of its thread as `path`"));
                };
                ToolRun::start(|desk, teller, _| {
                    let tools = tools(&functions, &desk, &teller)?;
                    let runner = core.beta().threads().runs().run_tools(thread, params, tools);
                    Ok(Host { settings, options, desk, teller }.run(runner))
                })
            }
            other => Err(CallError::usage(format!("there is no run of tools of {other:?}"))),
        }
    }
}
