//! The core's transport, with the engine before it, below HTTP clients of other libraries: `threadline.http_client`.
//! `threadline._seam` knows their interface.

mod body;
mod engine;
mod reply;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use threadline::transport::{HttpRequest, HttpResponse, RequestBody, TransportError, TransportErrorKind};
use threadline::{Client as Core, RequestOptions, Transport};
use threadline_engine::Assistants;
use tokio::sync::watch;

use self::body::Stage;
use self::engine::{Engine, NO_KEY};
use self::reply::Exchanged;
use crate::client::lock;
use crate::error::{About, to_python};
use crate::host::Callback;
use crate::options::{self, seconds, setting};
use crate::pending::{Finish, Pending, block, drive};
use crate::runtime;

/// What sends the requests of one HTTP client.
#[pyclass(frozen, module = "threadline._threadline", name = "Exchange")]
pub(crate) struct Exchange {
    settings: Py<PyDict>,
    assistants: Option<Assistants>,
    made: Mutex<Option<Made>>,
}

/// What belongs to one runtime; a forked child makes its own.
#[derive(Clone)]
struct Made {
    generation: u32,
    onward: Arc<dyn Transport>,
    engine: Option<Arc<Engine>>,
}

/// Limits of one exchange, in the words of httpx; `None`: no limit.
#[derive(Clone, Copy)]
struct Times {
    connect: Option<Duration>,
    read: Option<Duration>,
    write: Option<Duration>,
}

/// Why there is no reply.
pub(crate) enum Failed {
    /// The exchange failed.
    Transport(TransportError),
    /// A limit passed: the exception of httpx, and what was waited for.
    Late(&'static str, &'static str),
    /// The caller's own source of the body raised.
    Host(PyErr),
}

/// A request as it was taken from Python.
struct Asked {
    request: HttpRequest,
    source: Option<Callback>,
    stage: watch::Receiver<Stage>,
    pieces: Option<tokio::sync::mpsc::Sender<Result<Bytes, TransportError>>>,
    times: Times,
}

#[pymethods]
impl Exchange {
    /// `settings` are those of a client's network, with `base_url` and `api_key` of the engine's models; `assistants` is what
    /// [`Assistants::parse`] reads.
    #[new]
    #[pyo3(signature = (settings, assistants = None))]
    fn new(py: Python<'_>, settings: Py<PyDict>, assistants: Option<&str>) -> PyResult<Self> {
        let assistants = assistants.map(Assistants::parse).transpose().map_err(PyValueError::new_err)?;
        let exchange = Self { settings, assistants, made: Mutex::new(None) };
        exchange.made(py)?;
        Ok(exchange)
    }

    /// Sends a request and waits for the reply's head.
    #[allow(clippy::too_many_arguments)] // the parts of a request, which Python has apart
    #[pyo3(signature = (method, url, headers, body, source, length, times))]
    fn send(
        &self,
        py: Python<'_>,
        method: &str,
        url: &str,
        headers: Vec<(Vec<u8>, Vec<u8>)>,
        body: Option<&[u8]>,
        source: Option<Py<PyAny>>,
        length: Option<u64>,
        times: (Option<f64>, Option<f64>, Option<f64>),
    ) -> PyResult<Py<PyAny>> {
        let asked = asked(py, method, url, headers, body, source, length, times)?;
        let made = self.made(py)?;
        match made.engine {
            // What it runs goes on after the reply.
            Some(_) => block(py, finished(made, asked)),
            None => drive(py, finished(made, asked)),
        }
    }

    /// As `send`, for the running event loop.
    #[allow(clippy::too_many_arguments)]
    #[pyo3(signature = (method, url, headers, body, source, length, times))]
    fn send_async(
        &self,
        py: Python<'_>,
        method: &str,
        url: &str,
        headers: Vec<(Vec<u8>, Vec<u8>)>,
        body: Option<&[u8]>,
        source: Option<Py<PyAny>>,
        length: Option<u64>,
        times: (Option<f64>, Option<f64>, Option<f64>),
    ) -> PyResult<Pending> {
        let asked = asked(py, method, url, headers, body, source, length, times)?;
        Pending::start(py, finished(self.made(py)?, asked))
    }

    /// Lets connections go that nobody uses. Replies that are being read go on.
    fn close(&self, py: Python<'_>) {
        let made = lock(&self.made).take();
        if made.as_ref().is_some_and(|made| made.generation != runtime::generation()) {
            std::mem::forget(made);
            return;
        }
        py.detach(move || {
            let _guard = runtime::enter();
            drop(made);
        });
    }
}

impl Exchange {
    fn made(&self, py: Python<'_>) -> PyResult<Made> {
        let generation = runtime::generation();
        if let Some(made) = &*lock(&self.made)
            && made.generation == generation
        {
            return Ok(made.clone());
        }
        let settings = self.settings.bind(py);
        let mut builder = options::client(settings)?;
        if setting!(settings, "api_key", String).is_none() {
            // Requests bring their own key along; a client is not made without any.
            builder = builder.options(RequestOptions::new().api_key(NO_KEY));
        }
        let core = py.detach(|| builder.build()).map_err(|error| to_python(py, &error, &About::default()))?;
        let onward = transport_of(&core);
        let engine = match &self.assistants {
            Some(assistants) => Some(Arc::new(Engine::new(settings, assistants.clone(), core)?)),
            None => None,
        };
        let mut place = lock(&self.made);
        if let Some(made) = &*place
            && made.generation == generation
        {
            // Another thread came first.
            return Ok(made.clone());
        }
        let made = Made { generation, onward, engine };
        // What was made before a fork is never dropped: the threads that hold its locks are gone.
        std::mem::forget(place.replace(made.clone()));
        Ok(made)
    }
}

/// The transport of a client.
fn transport_of(core: &Core) -> Arc<dyn Transport> {
    let mut found = None;
    let _same = core.with_transport(|transport| {
        found = Some(Arc::clone(&transport));
        transport
    });
    found.expect("`with_transport` calls its function")
}

#[allow(clippy::too_many_arguments)]
fn asked(
    py: Python<'_>,
    method: &str,
    url: &str,
    headers: Vec<(Vec<u8>, Vec<u8>)>,
    body: Option<&[u8]>,
    source: Option<Py<PyAny>>,
    length: Option<u64>,
    times: (Option<f64>, Option<f64>, Option<f64>),
) -> PyResult<Asked> {
    let unusable = |why: String| failure(py, "LocalProtocolError", &why);
    let method = Method::from_bytes(method.as_bytes()).map_err(|error| unusable(error.to_string()))?;
    let mut request = HttpRequest::new(method, url);
    let mut map = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let shown = String::from_utf8_lossy(&name).into_owned();
        let name = HeaderName::from_bytes(&name).map_err(|_| unusable(format!("{shown:?} is no name of a header")))?;
        let mut value = HeaderValue::from_bytes(&value)
            .map_err(|_| unusable(format!("the value of the header {shown:?} cannot be sent")))?;
        value.set_sensitive(matches!(name.as_str(), "authorization" | "api-key" | "cookie"));
        map.append(name, value);
    }
    request.headers = map;
    let limit = |given: Option<f64>| given.map(seconds).transpose();
    let times = Times { connect: limit(times.0)?, read: limit(times.1)?, write: limit(times.2)? };
    let (report, stage) = watch::channel(Stage::Bare);
    let mut pieces = None;
    if source.is_some() {
        let (sender, stream) = body::channel(length, report);
        request.body = RequestBody::Stream { length, stream };
        pieces = Some(sender);
    } else if let Some(body) = body.filter(|body| !body.is_empty()) {
        let (length, stream) = body::of_bytes(Bytes::copy_from_slice(body), report);
        request.body = RequestBody::Stream { length: Some(length), stream };
    }
    Ok(Asked { request, source: source.map(Callback::new), stage, pieces, times })
}

async fn finished(made: Made, asked: Asked) -> Finish {
    let sent = Box::pin(exchange(made, asked)).await;
    Box::new(move |py| match sent {
        Ok(reply) => Ok(Py::new(py, Exchanged::new(reply))?.into_any()),
        Err(failed) => Err(failed.raise(py)),
    })
}

async fn exchange(made: Made, asked: Asked) -> Result<HttpResponse, Failed> {
    let Asked { mut request, source, mut stage, pieces, times } = asked;
    let transport = match &made.engine {
        Some(engine) => engine.route(&mut request, &made.onward),
        None => Arc::clone(&made.onward),
    };
    let uploading = source.is_some();
    let mut sending = transport.send(request);
    let mut feeding = Box::pin(feed(source, pieces));
    let mut fed = !uploading;
    loop {
        let now = *stage.borrow_and_update();
        let (limit, failure, what) = now.limit(times);
        let late = async {
            match limit {
                Some(limit) => tokio::time::sleep(limit).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            reply = &mut sending => return reply.map_err(Failed::Transport),
            done = &mut feeding, if !fed => {
                done.map_err(Failed::Host)?;
                fed = true;
            }
            Ok(()) = stage.changed() => {}
            () = late => return Err(Failed::Late(failure, what)),
        }
    }
}

/// Asks the caller's source for the body, piece by piece, where its calls may run.
async fn feed(
    source: Option<Callback>,
    pieces: Option<tokio::sync::mpsc::Sender<Result<Bytes, TransportError>>>,
) -> PyResult<()> {
    let (Some(source), Some(pieces)) = (source, pieces) else { return Ok(()) };
    loop {
        let piece = source.ask().await?;
        let bytes = Python::attach(|py| piece.extract::<Option<Vec<u8>>>(py))?;
        let Some(bytes) = bytes else { return Ok(()) };
        // Nobody takes pieces any more once the server has answered.
        if pieces.send(Ok(Bytes::from(bytes))).await.is_err() {
            return Ok(());
        }
    }
}

impl Failed {
    /// The exception: `threadline._seam` makes the HTTP library's own of it.
    pub(crate) fn raise(self, py: Python<'_>) -> PyErr {
        match self {
            Self::Host(error) => error,
            Self::Late(name, what) => failure(py, name, what),
            Self::Transport(error) => {
                let name = match error.kind() {
                    TransportErrorKind::Connect | TransportErrorKind::Tls => "ConnectError",
                    TransportErrorKind::Proxy => "ProxyError",
                    TransportErrorKind::ConnectTimeout => "ConnectTimeout",
                    TransportErrorKind::Objection | TransportErrorKind::Send => "RemoteProtocolError",
                    TransportErrorKind::Decode => "DecodingError",
                    TransportErrorKind::Upload => "WriteError",
                    TransportErrorKind::Request => "LocalProtocolError",
                    _ => "ReadError",
                };
                failure(py, name, error.message())
            }
        }
    }
}

fn failure(py: Python<'_>, name: &str, message: &str) -> PyErr {
    let made = py
        .import(intern!(py, "threadline._seam"))
        .and_then(|module| module.getattr(intern!(py, "Failure")))
        .and_then(|class| class.call1((name, message)));
    match made {
        Ok(exception) => PyErr::from_value(exception),
        Err(error) => error,
    }
}
