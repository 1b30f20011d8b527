//! Calls from the core into Python: token providers, and HTTP clients of the user's own.
//!
//! They run where their caller is: of an asynchronous call on its event loop's thread, of a synchronous one on a thread that may
//! wait. The threads of the runtime never run Python code.

use std::sync::Arc;

use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use tokio::sync::oneshot;

use crate::bridge::Queue;

/// Whose call it is.
#[derive(Clone)]
pub(crate) enum Host {
    /// A thread that waits.
    Thread,
    /// An event loop.
    Loop(Arc<Queue>),
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

/// A call that waits for its event loop.
pub(crate) struct Job {
    function: Arc<Py<PyAny>>,
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
            true => Host::Thread,
            false => Host::Loop(crate::bridge::current(py)?.get().queue()),
        };
        Ok(Self { function: Arc::new(function.unbind()), host: Some(host) })
    }

    /// Calls the function and does not wait for what comes of it; several such calls keep their order. What it raises is shown
    /// as Python shows exceptions that nobody can catch.
    pub(crate) fn notify(&self, arguments: impl FnOnce(Python<'_>) -> PyResult<Py<PyTuple>> + Send + 'static) {
        let function = Arc::clone(&self.function);
        let host = HOST.try_with(Host::clone).ok().or_else(|| self.host.clone());
        if let Some(Host::Loop(queue)) = host {
            let (answer, _) = oneshot::channel();
            queue.run(Job { function, arguments: Box::new(arguments), answer });
            return;
        }
        tokio::task::block_in_place(|| {
            Python::try_attach(|py| {
                let called = arguments(py).and_then(|arguments| function.bind(py).call1(arguments.bind(py)).map(drop));
                if let Err(error) = called {
                    error.write_unraisable(py, None);
                }
            })
        });
    }

    /// Calls the function, without arguments, and does not wait for what comes of it.
    pub(crate) fn tell(&self) {
        let (answer, _) = oneshot::channel();
        let arguments: MakeArguments = Box::new(|py| Ok(PyTuple::empty(py).unbind()));
        let job = Job { function: Arc::clone(&self.function), arguments, answer };
        match &self.host {
            Some(Host::Loop(queue)) => queue.run(job),
            _ => {
                if let Ok(runtime) = crate::runtime::get() {
                    runtime.spawn_blocking(move || job.run_here());
                }
            }
        }
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
        self.call_on(None, arguments).await
    }

    async fn call_on(
        &self,
        host: Option<Host>,
        arguments: impl FnOnce(Python<'_>) -> PyResult<Py<PyTuple>> + Send + 'static,
    ) -> PyResult<Py<PyAny>> {
        let function = Arc::clone(&self.function);
        let arguments: MakeArguments = Box::new(arguments);
        let (answer, answered) = oneshot::channel();
        let job = Job { function, arguments, answer };
        match host {
            Some(Host::Loop(queue)) => queue.run(job),
            _ => {
                if let Ok(runtime) = crate::runtime::get() {
                    runtime.spawn_blocking(move || job.run_here());
                }
            }
        }
        answered.await.unwrap_or_else(|_| Err(PyRuntimeError::new_err("the event loop of the call is gone")))
    }
}

impl Job {
    /// Runs on a thread that may wait.
    fn run_here(self) {
        let Self { function, arguments, answer } = self;
        let result = Python::try_attach(|py| {
            let value = function.bind(py).call1(arguments(py)?.bind(py))?;
            let helper = py.import(intern!(py, "threadline._host"))?.getattr(intern!(py, "settle"))?;
            Ok(helper.call1((value,))?.unbind())
        });
        // None: the interpreter is going down, and nobody waits any more.
        if let Some(result) = result {
            let _ = answer.send(result);
        }
    }

    /// Runs on the thread of the event loop, to be answered when it is done.
    pub(crate) fn run_on_loop(self, py: Python<'_>) {
        let Self { function, arguments, answer } = self;
        let start = || -> PyResult<Bound<'_, PyAny>> { function.bind(py).call1(arguments(py)?.bind(py)) };
        match start() {
            Err(error) => {
                if let Err(Err(error)) = answer.send(Err(error)) {
                    error.write_unraisable(py, None);
                }
            }
            Ok(value) => {
                let reply = Reply { answer: std::sync::Mutex::new(Some(answer)) };
                let helper = || -> PyResult<()> {
                    let helper = py.import(intern!(py, "threadline._host"))?.getattr(intern!(py, "deliver"))?;
                    helper.call1((value, Py::new(py, reply)?))?;
                    Ok(())
                };
                if let Err(error) = helper() {
                    error.write_unraisable(py, None);
                }
            }
        }
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
        if let Some(answer) = answer {
            // Whoever asked may have been cancelled.
            let _ = answer.send(result);
        }
    }
}
