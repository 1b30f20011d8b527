//! The tool runner. Functions, which JSON cannot carry, are said by these arguments, on top of those of the operation:
//!
//! - `tools_results`: an object of tool names to what the tool returns: a JSON value, or one of
//!   `{"$error": "text"}` (it fails), `{"$panic": "text"}` (it crashes), `{"$echo": true}` (its arguments),
//!   `{"$meet": n, "value": …}` (returns once n calls are at work at the same time), `{"$each": [a, b]}` (the first call
//!   does a, the second b). A tool that is not named there is not the runner's.
//! - `tools`: as in the operation, or `{"$type": …}` as in `parse.rs` for a function made from a type, which the runner
//!   declares. Arguments are checked against the schema that stands there.
//! - `max_steps`; `on_error`: `"tell"` (the default) or `"abort"`; `parallel`: false for one call after the other;
//!   `keep_tool_choice`, `chained`: booleans.
//! - `before_call`: an object of tool names to `{"answer": "text"}` or `{"abort": "why"}`, what a hook decides.
//! - `record`: true answers with the messages that hooks saw as `events`.
//!
//! - `stream`: true streams the replies. `events` are then those of the accumulated streams, and between them
//!   `{"type": "tool_calls", "calls": […]}` when a reply is whole and `{"type": "tool_result", …}` for each result.
//!
//! The value is `{"final": the last reply, "transcript": {"steps", "messages", "usage"}}`.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use threadline::json::{Decode, Encode};
use threadline::structured::FunctionSchema;
use threadline::tools::{Decision, StreamedReply, Tool, ToolCall, ToolErrors, ToolEvent, ToolRunner, ToolStream};
use threadline::types::{ChatCompletionCreateParams, ResponseCreateParams, RunCreateParams};
use threadline::{Client, Json};
use tokio::sync::Barrier;

use super::parse::{like, tools, typed};
use super::streams::{Shown, raw, tree};
use crate::driver::answer::encoded;
use crate::driver::{Answer, Arguments, Pending, Row, Usage};

const OWN: &[&str] = &[
    "tools_results",
    "max_steps",
    "on_error",
    "parallel",
    "keep_tool_choice",
    "chained",
    "before_call",
    "record",
    "stream",
];

/// The rows of this subject.
pub(super) fn rows() -> &'static [Row] {
    static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
        vec![
            like("chat.completions.run_tools", "chat.completions.create", OWN, chat),
            like("responses.run_tools", "responses.create", OWN, responses),
            like("beta.threads.runs.run_tools", "beta.threads.runs.create", OWN, runs),
        ]
    });
    &ROWS
}

/// What one tool does.
enum Script {
    Value(Json),
    Error(String),
    Panic(String),
    Echo,
    Meet(Barrier, Json),
    Each(Mutex<Vec<Script>>),
}

impl Script {
    fn read(json: &Json) -> Result<Self, Usage> {
        let text = |name: &str| json.get(name).and_then(|text| text.as_string());
        let value = || json.get("value").unwrap_or(Json::NULL);
        if let Some(text) = text("$error") {
            return Ok(Self::Error(text));
        }
        if let Some(text) = text("$panic") {
            return Ok(Self::Panic(text));
        }
        if json.get("$echo").is_some() {
            return Ok(Self::Echo);
        }
        if let Some(count) = json.get("$meet") {
            let count = count.decode().map_err(|_| Usage::new("`$meet` must be a number"))?;
            return Ok(Self::Meet(Barrier::new(count), value()));
        }
        if let Some(each) = json.get("$each") {
            let each: Vec<Json> = each.decode().map_err(|_| Usage::new("`$each` must be a list"))?;
            let mut scripts = each.iter().map(Self::read).collect::<Result<Vec<_>, _>>()?;
            scripts.reverse();
            return Ok(Self::Each(Mutex::new(scripts)));
        }
        Ok(Self::Value(json.clone()))
    }

    async fn play(&self, arguments: Json) -> Result<Json, std::io::Error> {
        match self {
            Self::Value(value) => Ok(value.clone()),
            Self::Error(text) => Err(std::io::Error::other(text.clone())),
            // Without the hook that would print it.
            Self::Panic(text) => std::panic::resume_unwind(Box::new(text.clone())),
            Self::Echo => Ok(arguments),
            Self::Meet(barrier, value) => {
                barrier.wait().await;
                Ok(value.clone())
            }
            Self::Each(scripts) => {
                let next = scripts.lock().unwrap_or_else(PoisonError::into_inner).pop();
                match next {
                    Some(script) => Box::pin(script.play(arguments)).await,
                    None => Err(std::io::Error::other("this tool was called more often than `$each` says")),
                }
            }
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
enum Hook {
    Answer(String),
    Abort(String),
}

/// The arguments of a call, those of the runner taken out.
struct Running {
    a: Arguments,
    /// Those that the arguments declare.
    declared: Vec<Json>,
    tools: Vec<Tool>,
    has_tools: bool,
    max_steps: Option<i64>,
    errors: ToolErrors,
    sequential: bool,
    keep_tool_choice: bool,
    chained: bool,
    hooks: BTreeMap<String, Hook>,
    record: bool,
    stream: bool,
}

impl Running {
    fn new(a: &Arguments) -> Result<Self, Usage> {
        let mut a = a.clone();
        let scripts: BTreeMap<String, Json> = match a.take::<Json>("tools_results")? {
            Some(scripts) => scripts.decode().map_err(|error| Usage::new(format!("`tools_results`: {error}")))?,
            None => BTreeMap::new(),
        };
        let hooks: BTreeMap<String, Hook> = match a.take::<Json>("before_call")? {
            Some(hooks) => hooks.decode().map_err(|error| Usage::new(format!("`before_call`: {error}")))?,
            None => BTreeMap::new(),
        };
        let errors = match a.take::<String>("on_error")?.as_deref() {
            None | Some("tell") => ToolErrors::TellModel,
            Some("abort") => ToolErrors::Abort,
            Some(other) => return Err(Usage::new(format!("the argument `on_error` cannot be `{other}`"))),
        };
        let has_tools = a.has("tools");
        let (mut declared, mut schemas, mut custom) = (Vec::new(), BTreeMap::new(), Vec::new());
        for tool in tools(&mut a)? {
            match tool {
                Err(schema) => drop(schemas.insert(schema.name.clone(), schema)),
                Ok(json) => {
                    let inner = json.get("function").or_else(|| json.get("custom")).unwrap_or_else(|| json.clone());
                    let name = inner.get("name").and_then(|name| name.as_string()).unwrap_or_default();
                    if json.get("type").and_then(|kind| kind.as_string()).as_deref() == Some("custom") {
                        custom.push(name);
                    } else if let Some(parameters) = inner.get("parameters") {
                        schemas.insert(name.clone(), FunctionSchema::lenient(name, parameters));
                    }
                    declared.push(json);
                }
            }
        }
        let mut made = Vec::new();
        for (name, script) in &scripts {
            let script = Arc::new(Script::read(script)?);
            made.push(if custom.contains(name) {
                Tool::custom(name, move |input| {
                    let script = Arc::clone(&script);
                    async move { script.play(Json::string(input)).await }
                })
            } else {
                let anything = || FunctionSchema::lenient(name, Json::parse("{}").unwrap_or_default());
                Tool::from_schema(schemas.remove(name).unwrap_or_else(anything), move |arguments| {
                    let script = Arc::clone(&script);
                    async move { script.play(arguments).await }
                })
            });
        }
        let mut flag = |name: &str| Ok::<_, Usage>(a.take::<bool>(name)?.unwrap_or(false));
        let (keep_tool_choice, chained) = (flag("keep_tool_choice")?, flag("chained")?);
        let (record, stream) = (flag("record")?, flag("stream")?);
        let sequential = a.take::<bool>("parallel")? == Some(false);
        let max_steps = a.take::<i64>("max_steps")?;
        Ok(Self {
            a,
            declared,
            tools: made,
            has_tools,
            max_steps,
            errors,
            sequential,
            keep_tool_choice,
            chained,
            hooks,
            record,
            stream,
        })
    }

    fn typed<T: Decode>(&self) -> Result<Option<Vec<T>>, Usage> {
        let tools = self.declared.iter().map(typed).collect::<Result<Vec<T>, Usage>>()?;
        Ok(self.has_tools.then_some(tools).filter(|tools| !tools.is_empty()))
    }

    fn finish<R>(mut self, mut runner: ToolRunner<R>) -> Pending
    where
        R: StreamedReply + Encode,
        R::Accumulator: Shown,
    {
        runner = runner.options(self.a.options()).errors(self.errors);
        if let Some(steps) = self.max_steps {
            runner = runner.max_steps(steps.try_into().unwrap_or(u32::MAX));
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
        if !self.hooks.is_empty() {
            let hooks = std::mem::take(&mut self.hooks);
            runner = runner.before_call(move |call| {
                let decision = match hooks.get(&call.name).cloned() {
                    None => Decision::Call,
                    Some(Hook::Answer(text)) => Decision::Answer(text),
                    Some(Hook::Abort(why)) => Decision::Abort(why),
                };
                async move { decision }
            });
        }
        if self.stream {
            let limit = self.a.max_events();
            return self.a.pending(async move {
                match runner.stream() {
                    Ok(stream) => streamed(stream, limit).await,
                    Err(error) => Answer::failed(&error),
                }
            });
        }
        let seen = Arc::new(Mutex::new(Vec::new()));
        if self.record {
            let seen = Arc::clone(&seen);
            runner = runner.on_message(move |message| {
                seen.lock().unwrap_or_else(PoisonError::into_inner).push(message.clone());
            });
        }
        let record = self.record;
        self.a.pending(async move {
            let result = runner.await;
            let seen = std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
            let Ok(events) = seen.iter().map(|message| encoded(message)).collect::<Result<Vec<_>, _>>() else {
                return Answer::usage("a message is not JSON");
            };
            let run = match result {
                Ok(run) => run,
                Err(error) if record => return Answer::Stream { events, value: None, error: Some((&error).into()) },
                Err(error) => return Answer::failed(&error),
            };
            let (last, transcript) = match (encoded(&*run.reply), encoded(&run.transcript)) {
                (Ok(last), Ok(transcript)) => (last, transcript),
                (Err(message), _) | (_, Err(message)) => return Answer::usage(message),
            };
            match RawValue::from_string(format!(r#"{{"final":{last},"transcript":{transcript}}}"#)) {
                Err(error) => Answer::usage(error.to_string()),
                Ok(value) if record => Answer::Stream { events, value: Some(value), error: None },
                Ok(value) => Answer::Value { value, request_id: run.reply.request_id().map(Into::into) },
            }
        })
    }
}

/// Reads a streamed run to its end.
async fn streamed<R>(mut stream: ToolStream<R>, limit: usize) -> Answer
where
    R: StreamedReply + Encode,
    R::Accumulator: Shown,
{
    let mut events = Vec::new();
    loop {
        if events.len() >= limit {
            return Answer::Stream { events, value: None, error: None };
        }
        let shown = match stream.next().await {
            Some(Ok(ToolEvent::Event(event))) => stream.accumulator().map(|accumulator| accumulator.show(&event)),
            Some(Ok(ToolEvent::Calls(calls))) => {
                let call = |call: &ToolCall| json!({"id": call.id, "name": call.name, "arguments": call.arguments});
                Some(json!({"type": "tool_calls", "calls": calls.iter().map(call).collect::<Vec<_>>()}))
            }
            Some(Ok(ToolEvent::Result(record))) => {
                let mut shown = tree(&record);
                shown["type"] = json!("tool_result");
                Some(shown)
            }
            Some(Ok(_)) => None,
            Some(Err(error)) => return Answer::Stream { events, value: None, error: Some((&error).into()) },
            None => break,
        };
        events.extend(shown.as_ref().map(raw));
    }
    let last = match stream.get_final_reply().await {
        Ok(last) => last,
        Err(error) => return Answer::Stream { events, value: None, error: Some((&error).into()) },
    };
    let value = json!({"final": tree(&last), "transcript": tree(stream.transcript())});
    Answer::Stream { events, value: Some(raw(&value)), error: None }
}

fn chat(c: &Client, a: &Arguments) -> Result<Pending, Usage> {
    let mut running = Running::new(a)?;
    let mut params: ChatCompletionCreateParams = running.a.params()?;
    params.tools = running.typed()?;
    let tools = std::mem::take(&mut running.tools);
    Ok(running.finish(c.chat().completions().run_tools(params, tools)))
}

fn responses(c: &Client, a: &Arguments) -> Result<Pending, Usage> {
    let mut running = Running::new(a)?;
    let mut params: ResponseCreateParams = running.a.params()?;
    params.tools = running.typed()?;
    let tools = std::mem::take(&mut running.tools);
    Ok(running.finish(c.responses().run_tools(params, tools)))
}

#[allow(deprecated)] // The vendor has deprecated the assistants.
fn runs(c: &Client, a: &Arguments) -> Result<Pending, Usage> {
    let mut running = Running::new(a)?;
    let mut params: RunCreateParams = running.a.params()?;
    params.tools = running.typed()?;
    let tools = std::mem::take(&mut running.tools);
    let thread = running.a.path("thread_id")?.to_owned();
    Ok(running.finish(c.beta().threads().runs().run_tools(&thread, params, tools)))
}
