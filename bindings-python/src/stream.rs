//! A stream of events as Python pulls it: in batches, decoded on the thread that reads.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use threadline::Error;
use threadline::stream::{RawEvent, RawEventStream};

use crate::decode::{self, Vectors};
use crate::error::{self, About, decode_error, to_python};
use crate::held::{Held, Taken};
use crate::pending::{Finish, Pending, drive};
use crate::schema::{Row, Shape};

/// Most events of one batch.
const BATCH: usize = 64;

type Batch = Result<Option<Vec<RawEvent>>, Error>;

/// A stream of events.
#[pyclass(frozen, module = "threadline._threadline")]
pub(crate) struct EventStream {
    held: Held<RawEventStream, Batch>,
    row: &'static Row,
    about: About,
}

impl EventStream {
    pub(crate) fn new(stream: RawEventStream, row: &'static Row, about: About) -> Self {
        Self { held: Held::new(stream, |batch| !matches!(batch, Ok(Some(_)))), row, about }
    }

    fn batch(&self) -> PyResult<impl Future<Output = Finish> + Send + 'static> {
        self.held.here("stream")?;
        let (held, shape, about) = (self.held.clone(), self.row.events, self.about.clone());
        Ok(async move {
            let batch = next(&held).await;
            let finish: Finish = Box::new(move |py| objects(py, batch.take().unwrap_or(Ok(None)), shape, &about));
            finish
        })
    }

    fn batch_as_sent(&self) -> PyResult<impl Future<Output = Finish> + Send + 'static> {
        self.held.here("stream")?;
        let (held, about) = (self.held.clone(), self.about.clone());
        Ok(async move {
            let batch = next(&held).await;
            let finish: Finish = Box::new(move |py| {
                let batch = batch.take().unwrap_or(Ok(None)).map_err(|error| to_python(py, &error, &about))?;
                let Some(batch) = batch else { return Ok(py.None()) };
                let events = batch
                    .iter()
                    .map(|event| (String::from_utf8_lossy(&event.name).into_owned(), PyBytes::new(py, &event.data)));
                Ok(PyList::new(py, events.collect::<Vec<_>>())?.into_any().unbind())
            });
            finish
        })
    }
}

async fn next(held: &Held<RawEventStream, Batch>) -> Taken<RawEventStream, Batch> {
    held.next(|events| Box::pin(events.next_batch(BATCH))).await
}

fn objects(py: Python<'_>, batch: Batch, shape: Shape, about: &About) -> PyResult<Py<PyAny>> {
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
        drive(py, self.batch()?)
    }

    /// As `next_batch`, for the running event loop.
    fn next_batch_async(&self, py: Python<'_>) -> PyResult<Pending> {
        Pending::start(py, self.batch()?)
    }

    /// As `next_batch`: names and data as they came.
    fn next_batch_as_sent(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        drive(py, self.batch_as_sent()?)
    }

    /// As `next_batch_as_sent`, for the running event loop.
    fn next_batch_as_sent_async(&self, py: Python<'_>) -> PyResult<Pending> {
        Pending::start(py, self.batch_as_sent()?)
    }

    /// Closes the connection. Whoever waits for a batch gets the end.
    pub(crate) fn close(&self, py: Python<'_>) {
        self.held.close(py);
    }

    /// Whether it was closed here.
    #[getter]
    fn closed(&self) -> bool {
        self.held.is_closed()
    }
}
