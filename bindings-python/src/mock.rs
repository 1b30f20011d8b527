//! Servers in this process: the mock server of `threadline.testing`, and the engine of `threadline serve`.

use std::sync::{Arc, Mutex, OnceLock};

use pyo3::exceptions::{PyOSError, PyRuntimeError};
use pyo3::prelude::*;
use threadline_mock::MockServer;
use threadline_mock::api::Api;

use crate::client::lock;
use crate::runtime;

/// A mock server; it stops when it is stopped or dropped.
#[pyclass(frozen, module = "threadline._threadline")]
pub(crate) struct Mock {
    origin: String,
    server: Mutex<Option<MockServer>>,
    generation: u32,
}

#[pymethods]
impl Mock {
    /// Listens on this port of the loopback address; 0 takes a free one.
    #[new]
    fn new(py: Python<'_>, port: u16) -> PyResult<Self> {
        let runtime = runtime::get()?;
        let started = py.detach(|| {
            let api = description()?;
            let server = runtime.block_on(MockServer::start_with(api, port));
            server.map_err(|error| PyOSError::new_err(format!("cannot listen on 127.0.0.1:{port}: {error}")))
        });
        let server = started?;
        let generation = runtime::generation();
        Ok(Self { origin: server.origin(), server: Mutex::new(Some(server)), generation })
    }

    /// `http://127.0.0.1:PORT`
    #[getter]
    fn origin(&self) -> &str {
        &self.origin
    }

    /// Closes all connections.
    fn stop(&self, py: Python<'_>) {
        let server = lock(&self.server).take();
        self.release(py, server);
    }
}

impl Mock {
    fn release(&self, py: Python<'_>, server: Option<MockServer>) {
        let same = self.generation == runtime::generation();
        match runtime::get() {
            Ok(runtime) if same => py.detach(move || {
                let _guard = runtime.enter();
                drop(server);
            }),
            // Of a parent process, whose server it is.
            _ => std::mem::forget(server),
        }
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        let server = lock(&self.server).take();
        if server.is_some() && Python::try_attach(|py| self.release(py, server)).is_none() {
            // The interpreter has ended, and the process ends with it.
        }
    }
}

/// The description that came with the package.
fn description() -> PyResult<Arc<Api>> {
    static API: OnceLock<Arc<Api>> = OnceLock::new();
    if let Some(api) = API.get() {
        return Ok(Arc::clone(api));
    }
    let api = Api::packed().map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
    Ok(Arc::clone(API.get_or_init(|| Arc::new(api))))
}

/// Runs the program `threadline-server` with these arguments, until it is told to stop. Its exit status.
#[pyfunction]
pub(crate) fn _serve(py: Python<'_>, arguments: Vec<String>) -> PyResult<u8> {
    let runtime = runtime::get()?;
    Ok(py.detach(|| runtime.block_on(threadline_engine::server::command("threadline serve", arguments))))
}
