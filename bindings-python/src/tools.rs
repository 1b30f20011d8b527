//! The tool runner: the core's, with functions of Python's.

use std::future::Future;

use pyo3::exceptions::{PyException, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use threadline::accumulate::Accumulate;
use threadline::json::{Decode, decode, encode};
use threadline::structured::FunctionSchema;
use threadline::tools::{
    Decision, Interrupted, JsonReply, StreamedReply, Tool, ToolErrors, ToolEvent, ToolRunner, ToolStream,
};
use threadline::types::{
    ChatCompletion, ChatCompletionCreateParams, Response, ResponseCreateParams, Run, RunCreateParams,
};
use threadline::{Client as Core, Error, Json};

use crate::call::{self, Mode};
use crate::client::Client;
use crate::error::{About, to_python};
use crate::finish;
use crate::held::Held;
use crate::helpers::named;
use crate::host::Callback;
use crate::options::{seconds, setting};
use crate::pending::{Finish, Pending, block};
use crate::schema::Row;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// An exception of a function, for the core.
#[derive(Debug)]
struct Raised {
    text: String,
    error: PyErr,
}

/// What the exception says; nothing for one that cannot.
fn text_of(error: &PyErr) -> Option<String> {
    let text = Python::attach(|py| error.value(py).str()?.to_str().map(str::to_owned)).ok()?;
    Some(if text.is_empty() { error.to_string() } else { text })
}

impl std::fmt::Display for Raised {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Raised {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// Calls a function with a text; it gives a JSON text.
async fn called(function: Callback, arguments: String) -> Result<Json, BoxError> {
    let result = function.call(move |py| Ok((arguments,).into_pyobject(py)?.unbind())).await;
    let text = result.and_then(|value| Python::attach(|py| value.extract::<String>(py)));
    match text {
        Ok(text) => Ok(Json::parse(&text)
            .map_err(|error| Raised { text: error.to_string(), error: PyValueError::new_err(error.to_string()) })?),
        // What is no failure of the function (`KeyboardInterrupt`, a task that was cancelled) is not for the model.
        Err(error) if !Python::attach(|py| error.is_instance_of::<PyException>(py)) => {
            let text = text_of(&error).unwrap_or_default();
            Err(Interrupted::new(Raised { text, error }).into())
        }
        Err(error) => match text_of(&error) {
            Some(text) => Err(Raised { text, error }.into()),
            // The core tells no more of it than that it failed.
            None => std::panic::resume_unwind(Box::new("an exception has no text")),
        },
    }
}

/// The tools of a list of `(name, schema or None, custom, function)`.
pub(crate) fn tools(given: &Bound<'_, PyAny>) -> PyResult<Vec<Tool>> {
    let mut made = Vec::new();
    for item in given.try_iter()? {
        let (name, schema, custom, function): (String, Option<String>, bool, Py<PyAny>) = item?.extract()?;
        let function = Callback::aside(function);
        made.push(if custom {
            Tool::custom(name, move |input| called(function.clone(), input))
        } else {
            let parameters = Json::parse(schema.as_deref().unwrap_or("{}"))
                .map_err(|error| PyValueError::new_err(format!("the schema of `{name}`: {error}")))?;
            Tool::from_schema(FunctionSchema::lenient(name, parameters), move |arguments: Json| {
                called(function.clone(), arguments.raw().to_owned())
            })
        });
    }
    Ok(made)
}

/// A call of `create` with tools.
struct Asked {
    fields: String,
    options: threadline::RequestOptions,
    path: Vec<String>,
    tools: Vec<Tool>,
}

impl Asked {
    fn read(row: &'static Row, arguments: &Bound<'_, PyDict>, settings: &Bound<'_, PyDict>) -> PyResult<Self> {
        let mut prepared = call::prepare(row, arguments, Mode::Raw)?;
        let path = prepared.path.clone();
        let fields = prepared.fields.clone();
        let list = setting!(settings, "tools", Bound<'_, PyAny>);
        let tools = list.as_ref().map(tools).transpose()?.unwrap_or_default();
        Ok(Self { fields, options: prepared.sending().options, path, tools })
    }

    fn params<T: Decode>(&self) -> PyResult<T> {
        decode(self.fields.as_bytes())
            .map_err(|error| PyTypeError::new_err(format!("the arguments cannot be sent: {error}")))
    }
}

/// The settings of a run.
fn with_settings<R>(mut runner: ToolRunner<R>, settings: &Bound<'_, PyDict>) -> PyResult<ToolRunner<R>> {
    if let Some(steps) = setting!(settings, "max_steps", u32) {
        runner = runner.max_steps(steps);
    }
    if setting!(settings, "abort", bool) == Some(true) {
        runner = runner.errors(ToolErrors::Abort);
    }
    if setting!(settings, "parallel", bool) == Some(false) {
        runner = runner.sequential();
    }
    if setting!(settings, "keep_tool_choice", bool) == Some(true) {
        runner = runner.keep_tool_choice();
    }
    if setting!(settings, "chained", bool) == Some(true) {
        runner = runner.chained();
    }
    if let Some(interval) = setting!(settings, "poll_interval", f64) {
        runner = runner.poll_interval(seconds(interval)?);
    }
    if let Some(hook) = setting!(settings, "before_call", Py<PyAny>) {
        let hook = Callback::new(hook);
        runner = runner.before_call(move |call| {
            let (hook, name, id, arguments) =
                (hook.clone(), call.name.clone(), call.id.clone(), call.arguments.clone());
            async move {
                let answer = hook.call(move |py| Ok((name, arguments, id).into_pyobject(py)?.unbind())).await;
                match answer.and_then(|answer| Python::attach(|py| answer.extract::<Option<String>>(py))) {
                    Ok(None) => Decision::Call,
                    Ok(Some(text)) => Decision::Answer(text),
                    Err(error) => Decision::Abort(text_of(&error).unwrap_or_else(|| error.to_string())),
                }
            }
        });
    }
    if let Some(hook) = setting!(settings, "after_call", Bound<'_, PyAny>) {
        let hook = Callback::here(hook)?;
        runner = runner.after_call(move |record| {
            let text = encode(record).unwrap_or_default();
            hook.notify(move |py| Ok((text,).into_pyobject(py)?.unbind()));
        });
    }
    if let Some(hook) = setting!(settings, "on_message", Bound<'_, PyAny>) {
        let hook = Callback::here(hook)?;
        runner = runner.on_message(move |message| {
            let text = message.raw().to_owned();
            hook.notify(move |py| Ok((text,).into_pyobject(py)?.unbind()));
        });
    }
    Ok(runner)
}

/// The runner of one kind, handed to whoever runs it.
enum Runner {
    Chat(ToolRunner<ChatCompletion>),
    Response(ToolRunner<Response>),
    Run(ToolRunner<Run>),
}

#[allow(deprecated)] // The vendor has deprecated the assistants.
fn runner(
    core: &Core,
    kind: &str,
    arguments: &Bound<'_, PyDict>,
    settings: &Bound<'_, PyDict>,
) -> PyResult<(Runner, &'static Row)> {
    let (create, result) = match kind {
        "chat" => ("chat.completions.create", "chat.completions.create"),
        "responses" => ("responses.create", "responses.create"),
        "runs" => ("beta.threads.runs.create", "beta.threads.runs.retrieve"),
        other => return Err(PyValueError::new_err(format!("there is no run of tools of {other}"))),
    };
    let asked = Asked::read(named(create)?, arguments, settings)?;
    let tools = asked.tools.clone();
    let options = asked.options.clone();
    let made = match kind {
        "chat" => {
            let params: ChatCompletionCreateParams = asked.params()?;
            Runner::Chat(with_settings(core.chat().completions().run_tools(params, tools).options(options), settings)?)
        }
        "responses" => {
            let params: ResponseCreateParams = asked.params()?;
            Runner::Response(with_settings(core.responses().run_tools(params, tools).options(options), settings)?)
        }
        _ => {
            let params: RunCreateParams = asked.params()?;
            let thread = asked.path.first().cloned().unwrap_or_default();
            let runner = core.beta().threads().runs().run_tools(&thread, params, tools);
            Runner::Run(with_settings(runner.options(options), settings)?)
        }
    };
    Ok((made, named(result)?))
}

async fn run<R: Decode + Send + 'static>(runner: ToolRunner<R>, row: &'static Row) -> Finish {
    let result = runner.await;
    Box::new(move |py| {
        let run = result.map_err(|error| to_python(py, &error, &About::default()))?;
        let reply = finish::of_body(py, run.reply.raw_body(), run.reply.request_id(), row)?;
        Ok((reply, encode(&run.transcript).unwrap_or_default()).into_pyobject(py)?.into_any().unbind())
    })
}

fn running(
    core: &Core,
    kind: &str,
    arguments: &Bound<'_, PyDict>,
    settings: &Bound<'_, PyDict>,
) -> PyResult<std::pin::Pin<Box<dyn Future<Output = Finish> + Send>>> {
    let (runner, row) = runner(core, kind, arguments, settings)?;
    Ok(match runner {
        Runner::Chat(runner) => Box::pin(run(runner, row)),
        Runner::Response(runner) => Box::pin(run(runner, row)),
        Runner::Run(runner) => Box::pin(run(runner, row)),
    })
}

/// Runs tools until the model answers: its last reply, and the transcript as JSON. `kind`: `chat`, `responses` or `runs`.
#[pyfunction]
pub(crate) fn run_tools(
    py: Python<'_>,
    client: &Bound<'_, Client>,
    kind: &str,
    arguments: &Bound<'_, PyDict>,
    settings: &Bound<'_, PyDict>,
) -> PyResult<Py<PyAny>> {
    block(py, running(&client.get().core(py)?.0, kind, arguments, settings)?)
}

/// As `run_tools`, for the running event loop.
#[pyfunction]
pub(crate) fn run_tools_async(
    py: Python<'_>,
    client: &Bound<'_, Client>,
    kind: &str,
    arguments: &Bound<'_, PyDict>,
    settings: &Bound<'_, PyDict>,
) -> PyResult<Pending> {
    Pending::start(py, running(&client.get().core(py)?.0, kind, arguments, settings)?)
}

enum Streaming {
    Chat(ToolStream<JsonReply<ChatCompletion>>),
    Response(ToolStream<JsonReply<Response>>),
    Run(ToolStream<JsonReply<Run>>),
}

/// What came, as its kind and JSON.
type Told = Option<Result<(&'static str, String), Error>>;

async fn next<R>(stream: &mut ToolStream<R>) -> Told
where
    R: StreamedReply,
    R::Accumulator: Accumulate<Event = Json>,
{
    Some(match stream.next().await? {
        Ok(ToolEvent::Event(event)) => Ok(("event", event.raw().to_owned())),
        Ok(ToolEvent::Calls(calls)) => {
            let text = |text: &str| Json::string(text).raw().to_owned();
            let calls: Vec<String> = calls
                .iter()
                .map(|call| {
                    let (id, name, arguments) = (text(&call.id), text(&call.name), text(&call.arguments));
                    format!("{{\"id\":{id},\"name\":{name},\"arguments\":{arguments}}}")
                })
                .collect();
            Ok(("calls", format!("[{}]", calls.join(","))))
        }
        Ok(ToolEvent::Result(record)) => Ok(("result", encode(&record).unwrap_or_default())),
        // What a later version tells besides is nothing that this one could show.
        Ok(_) => Ok(("other", "{}".to_owned())),
        Err(error) => Err(error),
    })
}

impl Streaming {
    async fn next(&mut self) -> Told {
        match self {
            Self::Chat(stream) => next(stream).await,
            Self::Response(stream) => next(stream).await,
            Self::Run(stream) => next(stream).await,
        }
    }
}

/// A run of tools whose replies are streamed.
#[pyclass(frozen, module = "threadline._threadline", name = "ToolStream")]
pub(crate) struct Stream {
    held: Held<Streaming, Told>,
    row: &'static Row,
}

impl Stream {
    fn reading(&self) -> impl Future<Output = Finish> + Send + 'static {
        let held = self.held.clone();
        async move {
            let told = held.next(|stream| Box::pin(stream.next())).await;
            let finish: Finish = Box::new(move |py| match told.take().flatten().transpose() {
                Err(error) => Err(to_python(py, &error, &About::default())),
                Ok(None) => Ok(py.None()),
                Ok(Some(told)) => Ok(told.into_pyobject(py)?.into_any().unbind()),
            });
            finish
        }
    }

    fn ending(&self) -> impl Future<Output = Finish> + Send + 'static {
        let (held, row) = (self.held.clone(), self.row);
        async move {
            let told = held
                .finish(|stream, left| {
                    Box::pin(async move {
                        // An event that nobody has seen counts all the same; why the run failed is told once.
                        if let Some(Some(Err(error))) = left {
                            return Err(error);
                        }
                        async fn last<R: StreamedReply>(
                            stream: &mut ToolStream<R>,
                        ) -> Result<(Option<Json>, String), Error> {
                            stream.get_final_reply().await?;
                            let transcript = stream.transcript();
                            let last = transcript.steps.last().map(|step| step.reply.clone());
                            Ok((last, encode(transcript).unwrap_or_default()))
                        }
                        match stream {
                            Streaming::Chat(stream) => last(stream).await,
                            Streaming::Response(stream) => last(stream).await,
                            Streaming::Run(stream) => last(stream).await,
                        }
                    })
                })
                .await;
            let finish: Finish = Box::new(move |py| {
                let Some(told) = told else { return Ok(py.None()) };
                let (last, transcript) = told.map_err(|error| to_python(py, &error, &About::default()))?;
                let reply = match last {
                    Some(last) => finish::of_body(py, last.raw().as_bytes(), None, row)?,
                    None => py.None(),
                };
                Ok((reply, transcript).into_pyobject(py)?.into_any().unbind())
            });
            finish
        }
    }
}

#[pymethods]
impl Stream {
    #[new]
    fn new(
        py: Python<'_>,
        client: &Bound<'_, Client>,
        kind: &str,
        arguments: &Bound<'_, PyDict>,
        settings: &Bound<'_, PyDict>,
    ) -> PyResult<Self> {
        let (runner, row) = runner(&client.get().core(py)?.0, kind, arguments, settings)?;
        let stream = match runner {
            Runner::Chat(runner) => runner.stream_json().map(Streaming::Chat),
            Runner::Response(runner) => runner.stream_json().map(Streaming::Response),
            Runner::Run(runner) => runner.stream_json().map(Streaming::Run),
        };
        let stream = stream.map_err(|error| to_python(py, &error, &About::default()))?;
        Ok(Self { held: Held::new(stream, |_| false), row })
    }

    /// What comes next: its kind (`event`, `calls`, `result`) and its JSON; `None` at the end.
    fn next(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        block(py, self.reading())
    }

    /// As `next`, for the running event loop.
    fn next_async(&self, py: Python<'_>) -> PyResult<Pending> {
        Pending::start(py, self.reading())
    }

    /// Goes on to the end: the last reply, and the transcript as JSON.
    fn end(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        block(py, self.ending())
    }

    /// As `end`, for the running event loop.
    fn end_async(&self, py: Python<'_>) -> PyResult<Pending> {
        Pending::start(py, self.ending())
    }

    /// Ends it, with its request and the functions that are at work.
    fn close(&self, py: Python<'_>) {
        self.held.close(py);
    }
}
