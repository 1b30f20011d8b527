//! Connections of responses over WebSockets, kept for the next one.

use std::future::Future;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use threadline::responses_ws::ResponsesPool;
use threadline::types::ResponseCreateParams;

use crate::call::{self, Mode};
use crate::client::Client;
use crate::error::{About, to_python};
use crate::options::{self, seconds, setting};
use crate::pending::{Finish, Pending, block};
use crate::stream::EventStream;

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
