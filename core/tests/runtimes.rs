//! One client in several runtimes: each has connections of its own.

mod support;

use support::soon;
use support::tcp::{self, Server};
use threadline::operations::MODELS_LIST as LIST;
use threadline::{Args, Client, RequestOptions};
use tokio::runtime::{Builder, Runtime};

/// One that stands still between calls.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn server() -> Server {
    Server::start(|_, _| tcp::reply(200, "content-type: application/json\r\n", b"{}"))
}

fn call(runtime: &Runtime, client: &Client) {
    let reply = runtime.block_on(async {
        let reply = soon(client.execute(&LIST, Args::default(), RequestOptions::new())).await;
        // The connection goes back to the others.
        tokio::task::yield_now().await;
        reply
    });
    assert_eq!(&reply.expect("a reply").body[..], b"{}");
}

#[test]
fn a_call_does_not_wait_for_a_runtime_that_stands_still() {
    let (server, first, second) = (server(), runtime(), runtime());
    let client = server.client();
    for _ in 0..3 {
        call(&first, &client);
        call(&second, &client);
    }
    assert_eq!(server.accepted(), 2, "each uses its connection again");
}

#[test]
fn a_client_outlives_runtimes() {
    let server = server();
    let client = server.client();
    // More than are remembered.
    for _ in 0..10 {
        call(&runtime(), &client);
    }
    assert_eq!(server.accepted(), 10);
}
