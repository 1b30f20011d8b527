//! A stream of events as Python pulls it: in batches, decoded on the thread that reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use threadline::Error;
use threadline::stream::{RawEvent, RawEventStream};
use tokio::sync::{Mutex, Notify};

use crate::decode::{self, Vectors};
use crate::error::{self, About, decode_error, to_python};
use crate::pending::{Finish, Pending, drive};
use crate::runtime;
use crate::schema::{Row, Shape};

/// Most events of one batch.
const BATCH: usize = 64;

/// A stream of events.
#[pyclass(frozen, module = "threadline._threadline")]
pub(crate) struct EventStream {
    shared: Arc<Shared>,
    row: &'static Row,
    about: About,
    generation: u32,
}

struct Shared {
    stream: Mutex<Option<RawEventStream>>,
    closed: AtomicBool,
    close: Notify,
}

impl EventStream {
    pub(crate) fn new(stream: RawEventStream, row: &'static Row, about: About) -> Self {
        let shared = Shared { stream: Mutex::new(Some(stream)), closed: AtomicBool::new(false), close: Notify::new() };
        Self { shared: Arc::new(shared), row, about, generation: runtime::generation() }
    }

    /// A forked child has none of the threads that fill the stream.
    fn here(&self) -> PyResult<()> {
        if self.generation == runtime::generation() {
            return Ok(());
        }
        Err(PyRuntimeError::new_err("the stream belongs to the process that this one was forked from"))
    }

    fn batch(&self) -> impl Future<Output = Finish> + Send + 'static {
        let (shared, shape, about) = (Arc::clone(&self.shared), self.row.events, self.about.clone());
        async move {
            let batch = shared.next().await;
            let finish: Finish = Box::new(move |py| objects(py, batch, shape, &about));
            finish
        }
    }

    fn batch_as_sent(&self) -> impl Future<Output = Finish> + Send + 'static {
        let (shared, about) = (Arc::clone(&self.shared), self.about.clone());
        async move {
            let batch = shared.next().await;
            let finish: Finish = Box::new(move |py| {
                let Some(batch) = batch.map_err(|error| to_python(py, &error, &about))? else { return Ok(py.None()) };
                let events = batch
                    .iter()
                    .map(|event| (String::from_utf8_lossy(&event.name).into_owned(), PyBytes::new(py, &event.data)));
                Ok(PyList::new(py, events.collect::<Vec<_>>())?.into_any().unbind())
            });
            finish
        }
    }
}

impl Shared {
    async fn next(&self) -> Result<Option<Vec<RawEvent>>, Error> {
        let closed = self.close.notified();
        let mut stream = self.stream.lock().await;
        if self.closed.load(Ordering::Acquire) {
            *stream = None;
        }
        let Some(events) = &mut *stream else { return Ok(None) };
        let batch = tokio::select! {
            batch = events.next_batch(BATCH) => batch,
            () = closed => Ok(None),
        };
        if !matches!(batch, Ok(Some(_))) {
            *stream = None;
        }
        batch
    }
}

fn objects(
    py: Python<'_>,
    batch: Result<Option<Vec<RawEvent>>, Error>,
    shape: Shape,
    about: &About,
) -> PyResult<Py<PyAny>> {
    let Some(batch) = batch.map_err(|error| to_python(py, &error, about))? else { return Ok(py.None()) };
    let list = PyList::empty(py);
    for event in batch {
        let object = decode::decode(py, &event.json(), shape, Vectors::List);
        let unreadable = |why: &str| decode_error(format!("an event of the stream cannot be read: {why}"));
        list.append(object.map_err(|failure| error::of_failure(py, failure, about, unreadable))?)?;
    }
    Ok(list.into_any().unbind())
}

#[pymethods]
impl EventStream {
    /// Waits for an event and returns it with all that have arrived; `None` at the end.
    fn next_batch(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.here()?;
        drive(py, self.batch())
    }

    /// As `next_batch`, for the running event loop.
    fn next_batch_async(&self, py: Python<'_>) -> PyResult<Pending> {
        self.here()?;
        Pending::start(py, self.batch())
    }

    /// As `next_batch`: names and data as they came.
    fn next_batch_as_sent(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.here()?;
        drive(py, self.batch_as_sent())
    }

    /// As `next_batch_as_sent`, for the running event loop.
    fn next_batch_as_sent_async(&self, py: Python<'_>) -> PyResult<Pending> {
        self.here()?;
        Pending::start(py, self.batch_as_sent())
    }

    /// Closes the connection. Whoever waits for a batch gets the end.
    pub(crate) fn close(&self, py: Python<'_>) {
        self.shared.closed.store(true, Ordering::Release);
        self.shared.close.notify_waiters();
        if let Ok(mut stream) = self.shared.stream.try_lock()
            && let Some(stream) = stream.take()
        {
            py.detach(move || {
                let _guard = runtime::enter();
                drop(stream);
            });
        }
    }

    /// Whether it was closed here.
    #[getter]
    fn closed(&self) -> bool {
        self.shared.closed.load(Ordering::Acquire)
    }
}
