//! The one runtime behind all blocking calls.

use std::sync::LazyLock;

use tokio::runtime::{Builder, Handle};

/// The runtime's handle. It lives as long as the process: connections that clients keep belong to it.
pub(super) fn handle() -> &'static Handle {
    static RUNTIME: LazyLock<Handle> = LazyLock::new(start);
    &RUNTIME
}

/// Starts a thread that watches sockets and clocks and runs the connections' own tasks, and nothing else.
fn start() -> Handle {
    // It fails where the process has no file descriptor or no thread left; no call could be made then either.
    let runtime = Builder::new_current_thread().enable_all().build().expect("the system gives a poller to the runtime");
    let handle = runtime.handle().clone();
    let drive = move || runtime.block_on(std::future::pending::<()>());
    std::thread::Builder::new()
        .name("threadline-blocking".to_owned())
        .spawn(drive)
        .expect("the system gives a thread to the runtime");
    handle
}
