//! Hosted agents: turns that call functions of Python's, files for environments, artifacts of turns.

use std::future::Future;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use threadline::agents::{AgentSessionStream, AgentTurn, PreparedAgentFiles};
use threadline::json::{Encode, encode};
use threadline::responses_ws::ResponsesPool;
use threadline::types::{AgentSessionEvent, ResponseCreateParams};
use threadline::{Client as Core, Error, Json};

use crate::call::{self, Mode};
use crate::client::Client;
use crate::decode::{self, Vectors};
use crate::error::{self, About, decode_error, to_python};
use crate::files;
use crate::held::Held;
use crate::helpers::named;
use crate::host::Callback;
use crate::options::{self, seconds, setting};
use crate::pending::{Finish, Pending, block};
use crate::schema::Row;
use crate::stream::EventStream;
use crate::tools;
use crate::types::Types;

fn text(value: &dyn Encode) -> String {
    encode(value).unwrap_or_default()
}

fn list<T: Encode>(values: &[T]) -> String {
    let items: Vec<String> = values.iter().map(|value| text(value)).collect();
    format!("[{}]", items.join(","))
}

fn prepared(outcome: Result<PreparedAgentFiles, Error>) -> Result<String, Error> {
    outcome.map(|made| {
        let ids: Vec<String> = made.uploaded_file_ids.iter().map(|id| Json::string(id).raw().to_owned()).collect();
        format!("{{\"files\":{},\"uploaded_file_ids\":[{}]}}", list(&made.files), ids.join(","))
    })
}

type Helping = std::pin::Pin<Box<dyn Future<Output = Result<String, Error>> + Send>>;

fn helping(core: &Core, name: &str, settings: &Bound<'_, PyDict>) -> PyResult<Helping> {
    let options = options::of_call(settings)?;
    let field = |name: &str| -> PyResult<String> {
        match settings.get_item(name)? {
            Some(value) => value.extract(),
            None => Err(pyo3::exceptions::PyTypeError::new_err(format!("`{name}` is missing"))),
        }
    };
    let resource = core.beta().agents().environments().files();
    Ok(match name {
        "prepare" => {
            let files = setting!(settings, "files", Bound<'_, PyList>).map(|list| tools::pairs(&list)).transpose()?;
            Box::pin(async move { prepared(resource.prepare(files.unwrap_or_default(), options).await) })
        }
        "prepare_directory" => {
            let (root, destination) = (field("root")?, field("destination")?);
            let include = setting!(settings, "include", Vec<String>).unwrap_or_default();
            Box::pin(async move {
                let include: Vec<&str> = include.iter().map(String::as_str).collect();
                prepared(resource.prepare_directory(root, &destination, &include, options).await)
            })
        }
        "upload" => {
            let (environment, path) = (field("environment_id")?, field("path")?);
            let given = setting!(settings, "file", Bound<'_, PyAny>);
            let given = given.map(|file| files::upload(&file, Types::get(file.py())?)).transpose()?.flatten();
            let file = given.ok_or_else(|| pyo3::exceptions::PyTypeError::new_err("`file` is no file"))?;
            Box::pin(async move {
                let staged = resource.upload(&environment, file, &path, options).await?;
                let id = Json::string(&staged.uploaded_file_id);
                Ok(format!("{{\"uploaded_file_id\":{},\"file\":{}}}", id.raw(), text(&staged.file)))
            })
        }
        _ => {
            let (session, turn, path) = (field("session_id")?, field("turn_id")?, field("path")?);
            let to = setting!(settings, "to", std::path::PathBuf);
            let artifacts = core.beta().agents().sessions().artifacts().for_turn(&session, &turn);
            Box::pin(async move {
                let artifact = match to {
                    Some(to) => artifacts.download(&path, to).await?,
                    None => artifacts.find(&path).await?,
                };
                Ok(text(&artifact))
            })
        }
    })
}

async fn told(work: Helping) -> Finish {
    let outcome = work.await;
    Box::new(move |py| {
        let text = outcome.map_err(|error| to_python(py, &error, &About::default()))?;
        Ok(text.into_pyobject(py)?.into_any().unbind())
    })
}

/// A helper of agents' files: `prepare`, `prepare_directory`, `upload`, `artifact`. The result as JSON.
#[pyfunction]
pub(crate) fn agent_files(
    py: Python<'_>,
    client: &Bound<'_, Client>,
    name: &str,
    settings: &Bound<'_, PyDict>,
) -> PyResult<Py<PyAny>> {
    block(py, told(helping(&client.get().core(py)?.0, name, settings)?))
}

/// As `agent_files`, for the running event loop.
#[pyfunction]
pub(crate) fn agent_files_async(
    py: Python<'_>,
    client: &Bound<'_, Client>,
    name: &str,
    settings: &Bound<'_, PyDict>,
) -> PyResult<Pending> {
    Pending::start(py, told(helping(&client.get().core(py)?.0, name, settings)?))
}

/// The events of one turn of a session.
#[pyclass(frozen, module = "threadline._threadline")]
pub(crate) struct AgentStream {
    held: Held<AgentSessionStream>,
    row: &'static Row,
}

fn beginning(
    core: &Core,
    session: &str,
    input: &str,
    settings: &Bound<'_, PyDict>,
) -> PyResult<impl Future<Output = Finish> + Send + 'static> {
    let sessions = core.beta().agents().sessions();
    let input = Json::parse(input).map_err(|error| pyo3::exceptions::PyValueError::new_err(error.to_string()))?;
    let mut turn: AgentTurn = match input.as_string() {
        Some(text) => sessions.stream(session, text),
        None => sessions.stream_messages(session, input),
    };
    if let Some(list) = setting!(settings, "tools", Bound<'_, PyAny>) {
        turn = turn.tools(tools::tools(&list)?);
    }
    if let Some(hook) = setting!(settings, "on_tool_error", Bound<'_, PyAny>) {
        let hook = Callback::here(hook)?;
        turn = turn.on_tool_error(move |failure| {
            let call = failure.call;
            let told = (
                call.name.clone(),
                failure.message.clone(),
                call.session_id.clone(),
                call.turn_id.clone(),
                call.call_id.clone(),
            );
            hook.notify(move |py| Ok(told.into_pyobject(py)?.unbind()));
        });
    }
    let mut options = options::of_call(settings)?;
    if let Some(key) = setting!(settings, "idempotency_key", String) {
        options = options.idempotency_key(key);
    }
    turn = turn.options(options);
    let row = named("beta.agents.sessions.events.stream")?;
    Ok(async move {
        let begun = turn.await;
        let finish: Finish = Box::new(move |py| {
            let stream = begun.map_err(|error| to_python(py, &error, &About::default()))?;
            Ok(Py::new(py, AgentStream { held: Held::new(stream), row })?.into_any())
        });
        finish
    })
}

/// Sends input to an idle session and follows the turn that it begins.
#[pyfunction]
pub(crate) fn agent_turn(
    py: Python<'_>,
    client: &Bound<'_, Client>,
    session: &str,
    input: &str,
    settings: &Bound<'_, PyDict>,
) -> PyResult<Py<PyAny>> {
    block(py, beginning(&client.get().core(py)?.0, session, input, settings)?)
}

/// As `agent_turn`, for the running event loop.
#[pyfunction]
pub(crate) fn agent_turn_async(
    py: Python<'_>,
    client: &Bound<'_, Client>,
    session: &str,
    input: &str,
    settings: &Bound<'_, PyDict>,
) -> PyResult<Pending> {
    Pending::start(py, beginning(&client.get().core(py)?.0, session, input, settings)?)
}

impl AgentStream {
    fn reading(&self) -> impl Future<Output = Finish> + Send + 'static {
        let (held, row) = (self.held.clone(), self.row);
        async move {
            let event: Option<Result<AgentSessionEvent, Error>> =
                held.read(|stream| Box::pin(stream.next())).await.flatten();
            let finish: Finish = Box::new(move |py| match event.transpose() {
                Err(error) => Err(to_python(py, &error, &About::default())),
                Ok(None) => Ok(py.None()),
                Ok(Some(event)) => {
                    let object = decode::decode(py, text(&event).as_bytes(), row.events, Vectors::List);
                    let unreadable = |why: &str| decode_error(format!("an event of the stream cannot be read: {why}"));
                    let object =
                        object.map_err(|failure| error::of_failure(py, failure, &About::default(), unreadable))?;
                    Ok(object.unbind())
                }
            });
            finish
        }
    }

    fn ending(&self) -> impl Future<Output = Finish> + Send + 'static {
        let held = self.held.clone();
        async move {
            let result = held.read(|stream| Box::pin(stream.get_final_result())).await;
            let finish: Finish = Box::new(move |py| {
                let Some(result) = result else { return Ok(py.None()) };
                let result = result.map_err(|error| to_python(py, &error, &About::default()))?;
                let parts = (text(&result.turn), list(&result.messages), result.output_text());
                Ok(parts.into_pyobject(py)?.into_any().unbind())
            });
            finish
        }
    }
}

#[pymethods]
impl AgentStream {
    /// The next event; `None` at the end.
    fn next(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        block(py, self.reading())
    }

    /// As `next`, for the running event loop.
    fn next_async(&self, py: Python<'_>) -> PyResult<Pending> {
        Pending::start(py, self.reading())
    }

    /// Reads the turn to its end: the turn and its messages as JSON, and their text.
    fn end(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        block(py, self.ending())
    }

    /// As `end`, for the running event loop.
    fn end_async(&self, py: Python<'_>) -> PyResult<Pending> {
        Pending::start(py, self.ending())
    }

    /// Closes the connection; the turn goes on at the server.
    fn close(&self, py: Python<'_>) {
        self.held.close(py);
    }
}

/// Connections that are kept for responses.
#[pyclass(frozen, module = "threadline._threadline", name = "ResponsesPool")]
pub(crate) struct Pool(ResponsesPool);

impl Pool {
    fn creating(
        &self,
        operation: usize,
        arguments: &Bound<'_, PyDict>,
    ) -> PyResult<impl Future<Output = Finish> + Send + 'static> {
        let row = call::row(operation)?;
        let prepared = call::prepare(row, arguments, Mode::Raw)?;
        let params: ResponseCreateParams = threadline::json::decode(prepared.fields.as_bytes()).map_err(|error| {
            pyo3::exceptions::PyTypeError::new_err(format!("the arguments cannot be sent: {error}"))
        })?;
        let pool = self.0.clone();
        Ok(async move {
            let stream = pool.create_stream(params).await;
            let finish: Finish = Box::new(move |py| {
                let about = About::default();
                let stream = stream.map_err(|error| to_python(py, &error, &about))?;
                Ok(Py::new(py, EventStream::new(stream.into_raw(), row, about))?.into_any())
            });
            finish
        })
    }
}

#[pymethods]
impl Pool {
    #[new]
    fn new(py: Python<'_>, client: &Bound<'_, Client>, settings: &Bound<'_, PyDict>) -> PyResult<Self> {
        let mut builder = client.get().core(py)?.0.responses().ws_pool().options(options::of_call(settings)?);
        if let Some(count) = setting!(settings, "max_connections", usize) {
            builder = builder.max_connections(count);
        }
        if let Some(limit) = setting!(settings, "idle_time", f64) {
            builder = builder.idle_time(seconds(limit)?);
        }
        if let Some(limit) = setting!(settings, "max_age", f64) {
            builder = builder.max_age(seconds(limit)?);
        }
        Ok(Self(builder.build()))
    }

    /// Asks for a response: its events.
    fn create(&self, py: Python<'_>, operation: usize, arguments: &Bound<'_, PyDict>) -> PyResult<Py<PyAny>> {
        block(py, self.creating(operation, arguments)?)
    }

    /// As `create`, for the running event loop.
    fn create_async(&self, py: Python<'_>, operation: usize, arguments: &Bound<'_, PyDict>) -> PyResult<Pending> {
        Pending::start(py, self.creating(operation, arguments)?)
    }

    /// How many connections have been opened so far.
    #[getter]
    fn opened(&self) -> u64 {
        self.0.opened()
    }

    /// How many connections wait for work.
    #[getter]
    fn idle(&self) -> usize {
        self.0.idle()
    }
}
