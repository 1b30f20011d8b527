//! What an asynchronous call returns: an awaitable whose cancellation drops the core's future, and so closes the connection.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::exceptions::{PyRuntimeError, PyStopIteration};
use pyo3::intern;
use pyo3::prelude::*;
use tokio::task::AbortHandle;

use crate::bridge::{self, Bridge};
use crate::host::{HOST, Host};
use crate::runtime;

/// Makes the result, on a thread that has the interpreter.
pub(crate) type Finish = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;

/// Waits for a call on this thread and makes its result.
pub(crate) fn block(py: Python<'_>, work: impl Future<Output = Finish> + Send) -> PyResult<Py<PyAny>> {
    let host = Host::thread(py)?;
    runtime::wait(py, &host, HOST.scope(host.clone(), work))?(py)
}

/// As [`block`], by [`runtime::drive`].
pub(crate) fn drive(py: Python<'_>, work: impl Future<Output = Finish> + Send) -> PyResult<Py<PyAny>> {
    let host = Host::thread(py)?;
    runtime::drive(py, &host, HOST.scope(host.clone(), work))?(py)
}

/// A call of the running event loop's.
#[pyclass(frozen, module = "threadline._threadline")]
pub(crate) struct Pending {
    bridge: Py<Bridge>,
    number: u64,
    abort: AbortHandle,
    result: Arc<Mutex<Option<Finish>>>,
    /// The iterator of the loop's future, by which a task waits.
    future: Py<PyAny>,
}

impl Pending {
    /// Starts the work.
    pub(crate) fn start(py: Python<'_>, work: impl Future<Output = Finish> + Send + 'static) -> PyResult<Self> {
        let runtime = runtime::get()?;
        let bridge = bridge::current(py)?;
        let (number, future) = bridge.get().wait(py)?;
        let future = future.call_method0(intern!(py, "__await__"))?.unbind();
        let result = Arc::new(Mutex::new(None));
        let (place, queue) = (Arc::clone(&result), bridge.get().queue());
        let host = Host::event_loop(py, bridge.get().queue())?;
        let task = runtime.spawn(async move {
            let finish = HOST.scope(host, work).await;
            *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(finish);
            queue.finished(number);
        });
        Ok(Self { bridge, number, abort: task.abort_handle(), result, future })
    }

    fn cancel(&self) {
        self.abort.abort();
        self.bridge.get().forget(self.number);
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.cancel();
    }
}

#[pymethods]
impl Pending {
    fn __await__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let step = self.future.bind(py).call_method0(intern!(py, "__next__"));
        self.step(py, step)
    }

    fn send<'py>(&self, py: Python<'py>, value: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let step = self.future.bind(py).call_method1(intern!(py, "send"), (value,));
        self.step(py, step)
    }

    #[pyo3(signature = (kind, value = None, traceback = None))]
    fn throw<'py>(
        &self,
        kind: Bound<'py, PyAny>,
        value: Option<Bound<'py, PyAny>>,
        traceback: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let _ = traceback;
        self.cancel();
        let error = match value {
            Some(value) if value.is_instance_of::<pyo3::exceptions::PyBaseException>() => value,
            Some(value) => kind.call1((value,))?,
            None if kind.is_instance_of::<pyo3::types::PyType>() => kind.call0()?,
            None => kind,
        };
        Err(PyErr::from_value(error))
    }

    fn close(&self) {
        self.cancel();
    }
}

impl Pending {
    /// The future's step; behind its last one stands the call's result.
    fn step<'py>(&self, py: Python<'py>, step: PyResult<Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyAny>> {
        match step {
            Err(error) if error.is_instance_of::<PyStopIteration>(py) => {
                let finish = self.result.lock().unwrap_or_else(PoisonError::into_inner).take();
                let finish = finish.ok_or_else(|| PyRuntimeError::new_err("cannot reuse already awaited call"))?;
                Err(PyStopIteration::new_err((finish(py)?,)))
            }
            Err(error) => {
                self.cancel();
                Err(error)
            }
            step => step,
        }
    }
}
