//! Calls from the core into Python: token providers, and HTTP clients of the user's own.
//!
//! They run where their caller is: of an asynchronous call on its event loop's thread, of a blocking one on the thread that waits. What
//! may run beside others of its call (tools), or must not outlast its call's time (keys), has a thread of its own. All but those on the thread
//! that waits run in a copy of the caller's context (`contextvars`), so that a key function finds there what its caller has put there. The
//! threads of the runtime never run Python code.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyTuple;
use tokio::sync::{Notify, oneshot};

use crate::bridge::Queue;

/// Whose call it is.
#[derive(Clone)]
pub(crate) struct Host(Arc<Caller>);

struct Caller {
    /// The caller's context, copied when the call was made.
    context: Py<PyAny>,
    place: Place,
}

/// Where the caller is.
enum Place {
    /// A thread that waits.
    Thread(Seat),
    /// An event loop.
    Loop(Arc<Queue>),
    /// Nowhere in particular: any thread that may wait.
    Any,
}

/// What a thread that waits is asked to do meanwhile.
struct Seat {
    /// Nothing: it does not wait any more.
    jobs: Mutex<Option<Vec<Job>>>,
    wanted: Notify,
}

impl Host {
    /// The thread that makes the call, and waits.
    pub(crate) fn thread(py: Python<'_>) -> PyResult<Self> {
        let seat = Seat { jobs: Mutex::new(Some(Vec::new())), wanted: Notify::new() };
        Self::new(py, Place::Thread(seat))
    }

    /// The event loop of this thread.
    pub(crate) fn event_loop(py: Python<'_>, queue: Arc<Queue>) -> PyResult<Self> {
        Self::new(py, Place::Loop(queue))
    }

    fn new(py: Python<'_>, place: Place) -> PyResult<Self> {
        static COPY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let context = COPY.import(py, "contextvars", "copy_context")?.call0()?.unbind();
        Ok(Self(Arc::new(Caller { context, place })))
    }

    /// Waits until the thread is asked to do something.
    pub(crate) async fn wanted(&self) {
        match &self.0.place {
            Place::Thread(seat) => seat.wanted.notified().await,
            _ => std::future::pending().await,
        }
    }

    /// Does what the thread was asked to do.
    pub(crate) fn serve(&self, py: Python<'_>) {
        let Place::Thread(seat) = &self.0.place else { return };
        let jobs = seat.jobs().as_mut().map(std::mem::take).unwrap_or_default();
        for job in jobs {
            job.run_here(py);
        }
    }

    /// The thread waits no longer: what it was asked for last runs elsewhere.
    pub(crate) fn leave(&self) {
        let Place::Thread(seat) = &self.0.place else { return };
        let left = seat.jobs().take();
        for job in left.unwrap_or_default() {
            job.run_elsewhere(Some(self.clone()));
        }
    }

    fn context(&self) -> &Py<PyAny> {
        &self.0.context
    }
}

impl Seat {
    fn jobs(&self) -> MutexGuard<'_, Option<Vec<Job>>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the job back if nobody waits here.
    fn ask(&self, job: Job) -> Option<Job> {
        match &mut *self.jobs() {
            Some(jobs) => jobs.push(job),
            None => return Some(job),
        }
        self.wanted.notify_one();
        None
    }
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
    /// Whether its call goes on meanwhile: not on the thread that waits.
    aside: bool,
}

/// Arguments, made when the interpreter is at hand.
type MakeArguments = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyTuple>> + Send>;

/// A call of a function that is to be made.
pub(crate) struct Job {
    function: Arc<Py<PyAny>>,
    arguments: MakeArguments,
    answer: oneshot::Sender<PyResult<Py<PyAny>>>,
    /// Whose context it runs in on an event loop.
    host: Option<Host>,
}

impl Callback {
    pub(crate) fn new(function: Py<PyAny>) -> Self {
        Self { function: Arc::new(function), host: HOST.try_with(Host::clone).ok(), aside: false }
    }

    /// One whose call goes on meanwhile: with others like it, or past it when its time is over.
    pub(crate) fn aside(function: Py<PyAny>) -> Self {
        Self { aside: true, ..Self::new(function) }
    }

    /// One that [`notify`](Self::notify) calls: on the running event loop if there is one.
    pub(crate) fn here(function: Bound<'_, PyAny>) -> PyResult<Self> {
        let py = function.py();
        let running = py.import(intern!(py, "asyncio"))?.call_method0(intern!(py, "_get_running_loop"))?;
        let host = match running.is_none() {
            true => Host::new(py, Place::Any)?,
            false => Host::event_loop(py, crate::bridge::current(py)?.get().queue())?,
        };
        Ok(Self { function: Arc::new(function.unbind()), host: Some(host), aside: false })
    }

    /// Calls the function and does not wait for what comes of it; several such calls keep their order. What it raises is shown
    /// as Python shows exceptions that nobody can catch.
    pub(crate) fn notify(&self, arguments: impl FnOnce(Python<'_>) -> PyResult<Py<PyTuple>> + Send + 'static) {
        let (answer, _) = oneshot::channel();
        let host = HOST.try_with(Host::clone).ok().or_else(|| self.host.clone());
        let job = self.job(Box::new(arguments), answer);
        match host {
            Some(host) if matches!(host.0.place, Place::Loop(_)) => job.begin(Some(host)),
            host => tokio::task::block_in_place(|| job.run_and_forget(host.as_ref())),
        }
    }

    /// Calls the function, without arguments, and does not wait for what comes of it.
    pub(crate) fn tell(&self) {
        let (answer, _) = oneshot::channel();
        let arguments: MakeArguments = Box::new(|py| Ok(PyTuple::empty(py).unbind()));
        self.job(arguments, answer).begin(self.host.clone());
    }

    fn job(&self, arguments: MakeArguments, answer: oneshot::Sender<PyResult<Py<PyAny>>>) -> Job {
        Job { function: Arc::clone(&self.function), arguments, answer, host: None }
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
        let (answer, answered) = oneshot::channel();
        self.job(Box::new(arguments), answer).run_elsewhere(self.host.clone());
        outcome(answered).await
    }

    async fn call_on(
        &self,
        host: Option<Host>,
        arguments: impl FnOnce(Python<'_>) -> PyResult<Py<PyTuple>> + Send + 'static,
    ) -> PyResult<Py<PyAny>> {
        let (answer, answered) = oneshot::channel();
        let job = self.job(Box::new(arguments), answer);
        match host {
            Some(host) if self.aside && !matches!(host.0.place, Place::Loop(_)) => job.run_elsewhere(Some(host)),
            host => job.begin(host),
        }
        outcome(answered).await
    }
}

async fn outcome(answered: oneshot::Receiver<PyResult<Py<PyAny>>>) -> PyResult<Py<PyAny>> {
    answered.await.unwrap_or_else(|_| Err(PyRuntimeError::new_err("the thread or event loop of the call is gone")))
}

impl Job {
    /// Has it run where the caller is.
    fn begin(mut self, host: Option<Host>) {
        match host.as_ref().map(|host| &host.0.place) {
            Some(Place::Loop(queue)) => {
                self.host.clone_from(&host);
                queue.run(self);
            }
            Some(Place::Thread(seat)) => {
                if let Some(job) = seat.ask(self) {
                    job.run_elsewhere(host);
                }
            }
            Some(Place::Any) | None => self.run_elsewhere(host),
        }
    }

    /// Runs on the thread that waits for its call, in its own context.
    fn run_here(self, py: Python<'_>) {
        let Self { function, arguments, answer, .. } = self;
        // Whoever wanted it has given up.
        if answer.is_closed() {
            return;
        }
        let _ = answer.send(settle(py, None, &function, arguments));
    }

    /// Has it run on some thread that may wait.
    fn run_elsewhere(self, host: Option<Host>) {
        let Self { function, arguments, answer, .. } = self;
        // Whoever wanted it has given up.
        if answer.is_closed() {
            return;
        }
        let Ok(runtime) = crate::runtime::get() else { return };
        runtime.spawn_blocking(move || {
            let result = Python::try_attach(|py| settle(py, host.as_ref(), &function, arguments));
            // None: the interpreter is going down, and nobody waits any more.
            if let Some(result) = result {
                let _ = answer.send(result);
            }
        });
    }

    /// Runs on the thread of the event loop, to be answered when it is done.
    pub(crate) fn run_on_loop(self, py: Python<'_>) {
        let Self { function, arguments, answer, host } = self;
        let reply = Reply { answer: Mutex::new(Some(answer)) };
        let start = || -> PyResult<()> {
            let helper = py.import(intern!(py, "threadline._host"))?.getattr(intern!(py, "deliver"))?;
            let reply = Py::new(py, reply)?;
            let context = host.as_ref().map(Host::context);
            if let Err(error) =
                arguments(py).and_then(|arguments| helper.call1((context, &*function, arguments, &reply)).map(drop))
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
    fn run_and_forget(self, host: Option<&Host>) {
        let Self { function, arguments, .. } = self;
        Python::try_attach(|py| {
            let called = arguments(py).and_then(|arguments| {
                let helper = py.import(intern!(py, "threadline._host"))?.getattr(intern!(py, "run"))?;
                helper.call1((host.map(Host::context), &*function, arguments)).map(drop)
            });
            if let Err(error) = called {
                error.write_unraisable(py, None);
            }
        });
    }
}

/// Calls the function on this thread, which may wait; in a copy of the host's context, or without one in the thread's own.
fn settle(py: Python<'_>, host: Option<&Host>, function: &Py<PyAny>, arguments: MakeArguments) -> PyResult<Py<PyAny>> {
    let helper = py.import(intern!(py, "threadline._host"))?.getattr(intern!(py, "settle"))?;
    Ok(helper.call1((host.map(Host::context), function, arguments(py)?))?.unbind())
}

/// Takes the outcome of an awaitable back to whoever waits in the core.
#[pyclass(frozen, module = "threadline._threadline")]
pub(crate) struct Reply {
    answer: Mutex<Option<oneshot::Sender<PyResult<Py<PyAny>>>>>,
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
