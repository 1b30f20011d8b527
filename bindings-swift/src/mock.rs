//! A mock server in this process, for tests of programs.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use threadline_mock::MockServer as Mock;
use threadline_mock::api::Api;

use crate::error::CallError;
use crate::runtime;

/// A server that checks requests against the description of the API and answers by script, or with values made from the
/// description. It is told what to answer over HTTP. It stops when it is stopped or dropped.
#[derive(uniffi::Object)]
pub struct MockServer {
    origin: String,
    server: Mutex<Option<Mock>>,
}

impl std::fmt::Debug for MockServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MockServer").field("origin", &self.origin).finish_non_exhaustive()
    }
}

#[uniffi::export]
impl MockServer {
    /// Listens on this port of the loopback address; 0 takes a free one.
    #[uniffi::constructor]
    pub fn new(port: u16) -> Result<Arc<Self>, CallError> {
        let api = description()?;
        let started = runtime::get()?.block_on(Mock::start_with(api, port));
        let server =
            started.map_err(|error| CallError::usage(format!("cannot listen on 127.0.0.1:{port}: {error}")))?;
        Ok(Arc::new(Self { origin: server.origin(), server: Mutex::new(Some(server)) }))
    }

    /// `http://127.0.0.1:PORT`
    pub fn origin(&self) -> String {
        self.origin.clone()
    }

    /// Closes all connections.
    pub fn stop(&self) {
        let server = self.server.lock().unwrap_or_else(PoisonError::into_inner).take();
        let _guard = runtime::get().ok().map(|runtime| runtime.enter());
        drop(server);
    }
}

impl Drop for MockServer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The description that came with the library.
fn description() -> Result<Arc<Api>, CallError> {
    static API: OnceLock<Arc<Api>> = OnceLock::new();
    if let Some(api) = API.get() {
        return Ok(Arc::clone(api));
    }
    let api = Api::packed().map_err(|error| CallError::usage(error.to_string()))?;
    Ok(Arc::clone(API.get_or_init(|| Arc::new(api))))
}
