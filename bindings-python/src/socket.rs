//! Connections over WebSockets: how one is opened, and what is sent and read on it. The core keeps it alive.

use std::future::Future;
use std::pin::Pin;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString};
use threadline::websocket::{
    Advice, Connect, RawCloser, RawConnection, RawIncoming, RawSender, ReconnectPolicy, Reconnecting,
};
use threadline::{Client as Core, Error, RequestOptions};

use crate::client::Client;
use crate::decode::{self, Vectors};
use crate::error::{self, About, decode_error, to_python};
use crate::generated::CONNECTIONS;
use crate::held::Held;
use crate::options::{self, seconds, setting};
use crate::pending::{Finish, Pending, block};
use crate::schema::Shape;

/// An open connection.
#[pyclass(frozen, module = "threadline._threadline")]
pub(crate) struct Socket {
    connection: Held<RawConnection, Option<Result<RawIncoming, Error>>>,
    sender: RawSender,
    closer: RawCloser,
    request_id: Option<String>,
    events: Shape,
}

type Opening = Pin<Box<dyn Future<Output = Result<RawConnection, Error>> + Send>>;

/// What a connection needs besides its address.
struct Wishes {
    options: RequestOptions,
    reconnect: Option<ReconnectPolicy>,
    advise: Option<Py<PyAny>>,
    keepalive: Option<(std::time::Duration, std::time::Duration)>,
    close_timeout: Option<std::time::Duration>,
    max_size: Option<u64>,
    base_url: Option<String>,
}

impl Wishes {
    fn read(settings: &Bound<'_, PyDict>) -> PyResult<Self> {
        let mut policy = ReconnectPolicy::new();
        if let Some(count) = setting!(settings, "max_retries", u32) {
            policy.max_retries = count;
        }
        if let Some(delay) = setting!(settings, "initial_delay", f64) {
            policy.initial_delay = seconds(delay)?;
        }
        if let Some(delay) = setting!(settings, "max_delay", f64) {
            policy.max_delay = seconds(delay)?;
        }
        let advise = setting!(settings, "advise", Py<PyAny>);
        let interval = setting!(settings, "ping_interval", f64);
        let patience = setting!(settings, "ping_timeout", f64);
        let keepalive = match (interval, patience) {
            (None, None) => None,
            (interval, patience) => Some((seconds(interval.unwrap_or(20.0))?, seconds(patience.unwrap_or(20.0))?)),
        };
        Ok(Self {
            options: options::of_call(settings)?,
            reconnect: advise.is_some().then_some(policy),
            advise,
            keepalive,
            close_timeout: setting!(settings, "close_timeout", f64).map(seconds).transpose()?,
            max_size: setting!(settings, "max_size", u64),
            base_url: setting!(settings, "websocket_base_url", String),
        })
    }

    fn open<C: 'static, S: 'static>(self, mut connect: Connect<C, S>) -> Opening {
        if let Some(url) = self.base_url {
            connect = connect.base_url(url);
        }
        connect = connect.options(self.options);
        if let Some(policy) = self.reconnect {
            connect = connect.reconnect(policy);
        }
        if let Some(advise) = self.advise {
            connect = connect.on_reconnecting(move |notice| ask(&advise, notice));
        }
        if let Some((interval, patience)) = self.keepalive {
            connect = connect.keepalive(interval, patience);
        }
        if let Some(limit) = self.close_timeout {
            connect = connect.close_timeout(limit);
        }
        if let Some(limit) = self.max_size {
            connect = connect.max_message_bytes(limit);
        }
        Box::pin(connect.open_raw())
    }
}

/// What the program says of an attempt to connect again. It answers at once, so a thread of the runtime may wait for it.
fn ask(advise: &Py<PyAny>, notice: &Reconnecting) -> Advice {
    let answer = tokio::task::block_in_place(|| {
        Python::try_attach(|py| -> PyResult<Advice> {
            let told = (notice.attempt, notice.max_attempts, notice.delay.as_secs_f64(), notice.close.code);
            let answer = advise.bind(py).call1(told)?;
            let Ok(answer) = answer.cast_into::<PyDict>() else { return Ok(Advice::go_on()) };
            Ok(match setting!(answer, "abort", bool) {
                Some(true) => Advice::abort(),
                _ => Advice::with_options(options::of_call(&answer)?),
            })
        })
    });
    match answer {
        Some(Ok(advice)) => advice,
        Some(Err(error)) => {
            Python::attach(|py| error.write_unraisable(py, None));
            Advice::abort()
        }
        None => Advice::abort(),
    }
}

fn opening(core: &Core, name: &str, settings: &Bound<'_, PyDict>) -> PyResult<Opening> {
    let wishes = Wishes::read(settings)?;
    let text = |name: &str| -> PyResult<Option<String>> {
        let Some(value) = settings.get_item(name)? else { return Ok(None) };
        if value.is_none() {
            return Ok(None);
        }
        match value.cast::<PyString>() {
            Ok(text) => Ok(Some(text.to_str()?.to_owned())),
            Err(_) => Err(PyTypeError::new_err(format!("`{name}` must be a str, not {}", value.get_type().name()?))),
        }
    };
    let needed = |name: &str| text(name)?.ok_or_else(|| PyTypeError::new_err(format!("`{name}` is missing")));
    Ok(match name {
        "realtime" => {
            let realtime = core.realtime();
            match (text("model")?, text("call_id")?, text("intent")?) {
                (model, Some(call), _) => {
                    let connect = realtime.connect_to_call(&call);
                    wishes.open(match model {
                        Some(model) => connect.query("model", model),
                        None => connect,
                    })
                }
                (Some(model), None, _) => wishes.open(realtime.connect(&model)),
                (None, None, Some(intent)) if intent == "transcription" => {
                    wishes.open(realtime.connect_transcription())
                }
                _ => {
                    return Err(PyValueError::new_err(
                        "a connection needs a `model`, a `call_id`, or `extra_query={\"intent\": \"transcription\"}`",
                    ));
                }
            }
        }
        "beta.realtime" => wishes.open(core.beta().realtime().connect(&needed("model")?)),
        "realtime.translations" => wishes.open(core.realtime().translations().connect(&needed("model")?)),
        "live" => wishes.open(core.live().connect()),
        "live.sideband" => {
            let graceful = setting!(settings, "graceful_close", bool);
            wishes.open(core.live().sideband().connect(&needed("session_id")?, graceful))
        }
        "live.forks" => wishes.open(core.live().forks().connect(&needed("session_id")?)),
        "responses" => wishes.open(core.responses().connect()),
        "beta.responses" => wishes.open(core.beta().responses().connect()),
        other => return Err(PyValueError::new_err(format!("`{other}` has no connections"))),
    })
}

fn connecting(
    py: Python<'_>,
    client: &Client,
    name: &str,
    settings: &Bound<'_, PyDict>,
) -> PyResult<impl Future<Output = Finish> + Send + 'static> {
    let found = CONNECTIONS.iter().find(|(resource, _)| *resource == name);
    let events = found.map_or(Shape::Any, |(_, shape)| *shape);
    let opening = opening(&client.core(py)?.0, name, settings)?;
    Ok(async move {
        let opened = opening.await;
        let finish: Finish = Box::new(move |py| {
            let connection = opened.map_err(|error| to_python(py, &error, &About::default()))?;
            let socket = Socket {
                sender: connection.sender().clone(),
                closer: connection.closer(),
                request_id: connection.request_id().map(str::to_owned),
                connection: Held::new(connection, |_| false),
                events,
            };
            Ok(Py::new(py, socket)?.into_any())
        });
        finish
    })
}

/// Opens a connection of this resource.
#[pyfunction]
pub(crate) fn connect(
    py: Python<'_>,
    client: &Bound<'_, Client>,
    name: &str,
    settings: &Bound<'_, PyDict>,
) -> PyResult<Py<PyAny>> {
    block(py, connecting(py, client.get(), name, settings)?)
}

/// As `connect`, for the running event loop.
#[pyfunction]
pub(crate) fn connect_async(
    py: Python<'_>,
    client: &Bound<'_, Client>,
    name: &str,
    settings: &Bound<'_, PyDict>,
) -> PyResult<Pending> {
    Pending::start(py, connecting(py, client.get(), name, settings)?)
}

/// Audio of any length as base64 texts, each short enough for one event.
#[pyfunction]
pub(crate) fn audio_frames<'py>(py: Python<'py>, audio: &Bound<'_, PyBytes>) -> PyResult<Bound<'py, PyList>> {
    let frames = threadline::realtime::frames(audio.as_bytes()).map(|frame| STANDARD.encode(frame));
    PyList::new(py, frames.collect::<Vec<_>>())
}

impl Socket {
    fn here(&self) -> PyResult<()> {
        self.connection.here("connection")
    }

    fn receiving(&self) -> impl Future<Output = Finish> + Send + 'static {
        let connection = self.connection.clone();
        async move {
            let item = connection.next(|connection| Box::pin(connection.recv())).await;
            let finish: Finish = Box::new(move |py| {
                let (is_event, json) = match item.take().flatten() {
                    None => return Ok(py.None()),
                    Some(Err(error)) => return Err(to_python(py, &error, &About::default())),
                    Some(Ok(RawIncoming::Event(event))) => (true, event),
                    Some(Ok(news)) => (false, news.json()),
                };
                Ok((is_event, PyBytes::new(py, &json)).into_pyobject(py)?.into_any().unbind())
            });
            finish
        }
    }

    fn sending(&self, message: &Bound<'_, PyAny>) -> PyResult<impl Future<Output = Finish> + Send + 'static> {
        enum Message {
            Text(String),
            Binary(Bytes),
        }
        let message = match message.cast::<PyString>() {
            Ok(text) => Message::Text(text.to_str()?.to_owned()),
            Err(_) => Message::Binary(Bytes::copy_from_slice(message.cast::<PyBytes>()?.as_bytes())),
        };
        let sender = self.sender.clone();
        Ok(async move {
            let sent = match message {
                Message::Text(text) => sender.send(text).await,
                Message::Binary(bytes) => sender.send_binary(bytes).await,
            };
            let finish: Finish = Box::new(move |py| {
                sent.map_err(|error| to_python(py, &error, &About::default()))?;
                Ok(py.None())
            });
            finish
        })
    }

    fn closing(&self, code: u16, reason: String) -> impl Future<Output = Finish> + Send + 'static {
        let closer = self.closer.clone();
        async move {
            let closed = closer.close(code, reason).await;
            let finish: Finish = Box::new(move |py| {
                let close = closed.map_err(|error| to_python(py, &error, &About::default()))?;
                Ok((close.code, close.reason).into_pyobject(py)?.into_any().unbind())
            });
            finish
        }
    }
}

#[pymethods]
impl Socket {
    /// What comes next: whether it is an event, and its JSON. `None` once the connection has ended in due form.
    fn recv(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.here()?;
        block(py, self.receiving())
    }

    /// As `recv`, for the running event loop.
    fn recv_async(&self, py: Python<'_>) -> PyResult<Pending> {
        self.here()?;
        Pending::start(py, self.receiving())
    }

    /// Sends a text, or bytes, and returns when it has gone out.
    fn send(&self, py: Python<'_>, message: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        self.here()?;
        block(py, self.sending(message)?)
    }

    /// As `send`, for the running event loop.
    fn send_async(&self, py: Python<'_>, message: &Bound<'_, PyAny>) -> PyResult<Pending> {
        self.here()?;
        Pending::start(py, self.sending(message)?)
    }

    /// Closes the connection; code and reason of the server's answer.
    fn close(&self, py: Python<'_>, code: u16, reason: String) -> PyResult<Py<PyAny>> {
        self.here()?;
        block(py, self.closing(code, reason))
    }

    /// As `close`, for the running event loop.
    fn close_async(&self, py: Python<'_>, code: u16, reason: String) -> PyResult<Pending> {
        self.here()?;
        Pending::start(py, self.closing(code, reason))
    }

    /// The event that this JSON is.
    fn parse<'py>(&self, py: Python<'py>, json: &Bound<'_, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let event = match json.cast::<PyString>() {
            Ok(text) => decode::decode(py, text.to_str()?.as_bytes(), self.events, Vectors::List),
            Err(_) => decode::decode(py, json.cast::<PyBytes>()?.as_bytes(), self.events, Vectors::List),
        };
        event.map_err(|failure| {
            let about = About::default();
            let message =
                |why: &str| format!("an event of the connection cannot be read: {why}; the connection goes on");
            error::of_failure(py, failure, &about, |why| decode_error(message(why)))
        })
    }

    /// The handshake's `x-request-id`.
    #[getter]
    fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }
}
