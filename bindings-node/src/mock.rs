//! Servers in this process: the mock server of `threadline/testing`, and the engine of `threadline serve`.

use std::sync::{Arc, Mutex, OnceLock};

use napi::{Error, Result};
use napi_derive::napi;
use threadline_mock::MockServer;
use threadline_mock::api::Api;

use crate::hub::{Hub, lock};
use crate::item::Item;
use crate::runtime;

/// A mock server; it stops when it is stopped or dropped.
#[napi]
pub struct Mock {
    origin: String,
    server: Mutex<Option<MockServer>>,
}

#[napi]
impl Mock {
    /// Listens on this port of the loopback address; 0 takes a free one.
    #[napi(constructor)]
    pub fn new(port: u16) -> Result<Self> {
        let server = runtime::get()?.block_on(MockServer::start_with(description()?, port));
        let server =
            server.map_err(|error| Error::from_reason(format!("cannot listen on 127.0.0.1:{port}: {error}")))?;
        Ok(Self { origin: server.origin(), server: Mutex::new(Some(server)) })
    }

    /// `http://127.0.0.1:PORT`
    #[napi(getter)]
    pub fn origin(&self) -> String {
        self.origin.clone()
    }

    /// Closes all connections.
    #[napi]
    pub fn stop(&self) -> Result<()> {
        let server = lock(&self.server).take();
        let _guard = runtime::get()?.enter();
        drop(server);
        Ok(())
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        if let Ok(runtime) = runtime::get() {
            let _guard = runtime.enter();
            drop(lock(&self.server).take());
        }
    }
}

impl std::fmt::Debug for Mock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mock").field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// The description that came with the package.
fn description() -> Result<Arc<Api>> {
    static API: OnceLock<Arc<Api>> = OnceLock::new();
    if let Some(api) = API.get() {
        return Ok(Arc::clone(api));
    }
    let api = Api::packed().map_err(|error| Error::from_reason(error.to_string()))?;
    Ok(Arc::clone(API.get_or_init(|| Arc::new(api))))
}

/// Runs the program `threadline-server` with these arguments, until it is told to stop: the end of the call `id` tells its exit status.
///
/// On a thread of its own: the event loop stays free to take signals.
#[napi]
pub fn serve(hub: &Hub, id: u32, arguments: Vec<String>) -> Result<()> {
    let (queue, runtime) = (Arc::clone(hub.queue()), runtime::get()?);
    let work = move || {
        let status = runtime.block_on(threadline_engine::server::command("threadline serve", arguments));
        queue.finish(id, Item::Batch { id, events: Some(status.to_string().into_bytes()), last: true });
    };
    let started = std::thread::Builder::new().name("threadline-serve".into()).spawn(work);
    started.map(drop).map_err(|error| Error::from_reason(format!("the server's thread cannot be started: {error}")))
}
