//! Calls from the core into Python: token providers, and HTTP clients of the user's own.
//!
//! They run where their caller is: of an asynchronous call on its event loop's thread, of a synchronous one on a thread that may
//! wait; and in a copy of the caller's context (`contextvars`), so that a key function finds there what its caller has put there. The
//! threads of the runtime never run Python code.

use std::sync::Arc;

use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyTuple;
use tokio::sync::oneshot;

use crate::bridge::Queue;

/// Whose call it is.
#[derive(Clone)]
pub(crate) struct Host {
    place: Place,
    /// The caller's context, copied when the call was made.
    context: Arc<Py<PyAny>>,
}

/// Where the caller is.
#[derive(Clone)]
enum Place {
    /// A thread that waits.
    Thread,
    /// An event loop.
    Loop(Arc<Queue>),
}

impl Host {
    /// The thread that makes the call, and waits.
    pub(crate) fn thread(py: Python<'_>) -> PyResult<Self> {
        Ok(Self { place: Place::Thread, context: context(py)? })
    }

    /// The event loop of this thread.
    pub(crate) fn event_loop(py: Python<'_>, queue: Arc<Queue>) -> PyResult<Self> {
        Ok(Self { place: Place::Loop(queue), context: context(py)? })
    }
}

fn context(py: Python<'_>) -> PyResult<Arc<Py<PyAny>>> {
    static COPY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    Ok(Arc::new(COPY.import(py, "contextvars", "copy_context")?.call0()?.unbind()))
}

tokio::task_local! {
    /// Who makes the call that is being worked on.
    pub(crate) static HOST: Host;
}

/// A function of the host's.
#[derive(Clone)]
pub(crate) struct Callback {
    function: Arc<Py<PyAny>>,
    /// Who made the call in which it came to be, if it was in one.
    host: Option<Host>,
}

/// Arguments, made when the interpreter is at hand.
type MakeArguments = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyTuple>> + Send>;

/// A call of a function that is to be made.
pub(crate) struct Job {
    function: Arc<Py<PyAny>>,
    context: Option<Arc<Py<PyAny>>>,
    arguments: MakeArguments,
    answer: oneshot::Sender<PyResult<Py<PyAny>>>,
}

impl Callback {
    pub(crate) fn new(function: Py<PyAny>) -> Self {
        Self { function: Arc::new(function), host: HOST.try_with(Host::clone).ok() }
    }

    /// One that [`notify`](Self::notify) calls: on the running event loop if there is one.
    pub(crate) fn here(function: Bound<'_, PyAny>) -> PyResult<Self> {
        let py = function.py();
        let running = py.import(intern!(py, "asyncio"))?.call_method0(intern!(py, "_get_running_loop"))?;
        let host = match running.is_none() {
            true => Host::thread(py)?,
            false => Host::event_loop(py, crate::bridge::current(py)?.get().queue())?,
        };
        Ok(Self { function: Arc::new(function.unbind()), host: Some(host) })
    }

    /// Calls the function and does not wait for what comes of it; several such calls keep their order. What it raises is shown
    /// as Python shows exceptions that nobody can catch.
    pub(crate) fn notify(&self, arguments: impl FnOnce(Python<'_>) -> PyResult<Py<PyTuple>> + Send + 'static) {
        let (answer, _) = oneshot::channel();
        let host = HOST.try_with(Host::clone).ok().or_else(|| self.host.clone());
        let (place, job) = self.job(host, Box::new(arguments), answer);
        match place {
            Some(Place::Loop(queue)) => queue.run(job),
            _ => tokio::task::block_in_place(|| job.run_and_forget()),
        }
    }

    /// Calls the function, without arguments, and does not wait for what comes of it.
    pub(crate) fn tell(&self) {
        let (answer, _) = oneshot::channel();
        let arguments: MakeArguments = Box::new(|py| Ok(PyTuple::empty(py).unbind()));
        let (place, job) = self.job(self.host.clone(), arguments, answer);
        job.begin(place);
    }

    fn job(
        &self,
        host: Option<Host>,
        arguments: MakeArguments,
        answer: oneshot::Sender<PyResult<Py<PyAny>>>,
    ) -> (Option<Place>, Job) {
        let (place, context) = host.map(|host| (host.place, host.context)).unzip();
        (place, Job { function: Arc::clone(&self.function), context, arguments, answer })
    }

    /// As [`call`](Self::call), without arguments.
    pub(crate) async fn ask(&self) -> PyResult<Py<PyAny>> {
        self.call(|py| Ok(PyTuple::empty(py).unbind())).await
    }

    /// What the function returns; what its awaitable comes to, where it returns one.
    pub(crate) async fn call(
        &self,
        arguments: impl FnOnce(Python<'_>) -> PyResult<Py<PyTuple>> + Send + 'static,
    ) -> PyResult<Py<PyAny>> {
        self.call_on(HOST.try_with(Host::clone).ok(), arguments).await
    }

    /// As [`call`](Self::call), of the one who made the function known, from wherever it is wanted. On a loop's behalf a plain
    /// function runs on a thread that may wait.
    pub(crate) async fn call_there(
        &self,
        arguments: impl FnOnce(Python<'_>) -> PyResult<Py<PyTuple>> + Send + 'static,
    ) -> PyResult<Py<PyAny>> {
        let host = self.host.as_ref().map(|host| Host { place: Place::Thread, context: Arc::clone(&host.context) });
        self.call_on(host, arguments).await
    }

    async fn call_on(
        &self,
        host: Option<Host>,
        arguments: impl FnOnce(Python<'_>) -> PyResult<Py<PyTuple>> + Send + 'static,
    ) -> PyResult<Py<PyAny>> {
        let (answer, answered) = oneshot::channel();
        let (place, job) = self.job(host, Box::new(arguments), answer);
        job.begin(place);
        answered.await.unwrap_or_else(|_| Err(PyRuntimeError::new_err("the event loop of the call is gone")))
    }
}

impl Job {
    fn begin(self, place: Option<Place>) {
        match place {
            Some(Place::Loop(queue)) => queue.run(self),
            _ => {
                if let Ok(runtime) = crate::runtime::get() {
                    runtime.spawn_blocking(move || self.run_here());
                }
            }
        }
    }

    /// Runs on a thread that may wait.
    fn run_here(self) {
        let Self { function, context, arguments, answer } = self;
        let result = Python::try_attach(|py| {
            let helper = py.import(intern!(py, "threadline._host"))?.getattr(intern!(py, "settle"))?;
            let arguments = arguments(py)?;
            Ok(helper.call1((context.as_deref(), &*function, arguments))?.unbind())
        });
        // None: the interpreter is going down, and nobody waits any more.
        if let Some(result) = result {
            let _ = answer.send(result);
        }
    }

    /// Runs on the thread of the event loop, to be answered when it is done.
    pub(crate) fn run_on_loop(self, py: Python<'_>) {
        let Self { function, context, arguments, answer } = self;
        let reply = Reply { answer: std::sync::Mutex::new(Some(answer)) };
        let start = || -> PyResult<()> {
            let helper = py.import(intern!(py, "threadline._host"))?.getattr(intern!(py, "deliver"))?;
            let reply = Py::new(py, reply)?;
            if let Err(error) = arguments(py)
                .and_then(|arguments| helper.call1((context.as_deref(), &*function, arguments, &reply)).map(drop))
            {
                reply.get().send(Err(error));
            }
            Ok(())
        };
        if let Err(error) = start() {
            error.write_unraisable(py, None);
        }
    }

    /// Runs on this thread; nobody waits for what comes of it.
    fn run_and_forget(self) {
        let Self { function, context, arguments, .. } = self;
        Python::try_attach(|py| {
            let called = arguments(py).and_then(|arguments| {
                let helper = py.import(intern!(py, "threadline._host"))?.getattr(intern!(py, "run"))?;
                helper.call1((context.as_deref(), &*function, arguments)).map(drop)
            });
            if let Err(error) = called {
                error.write_unraisable(py, None);
            }
        });
    }
}

/// Takes the outcome of an awaitable back to whoever waits in the core.
#[pyclass(frozen, module = "threadline._threadline")]
pub(crate) struct Reply {
    answer: std::sync::Mutex<Option<oneshot::Sender<PyResult<Py<PyAny>>>>>,
}

#[pymethods]
impl Reply {
    fn value(&self, value: Py<PyAny>) {
        self.send(Ok(value));
    }

    fn error(&self, error: Bound<'_, PyAny>) {
        self.send(Err(PyErr::from_value(error)));
    }
}

impl Reply {
    fn send(&self, result: PyResult<Py<PyAny>>) {
        let answer = self.answer.lock().ok().and_then(|mut answer| answer.take());
        // Whoever asked may have been cancelled, or not have waited at all: a failure must be seen somewhere.
        if let Some(answer) = answer
            && let Err(Err(error)) = answer.send(result)
        {
            Python::attach(|py| error.write_unraisable(py, None));
        }
    }
}
