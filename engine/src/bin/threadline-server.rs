//! The assistants endpoints as a server.

use std::process::ExitCode;

use threadline_engine::server;

#[tokio::main]
async fn main() -> ExitCode {
    ExitCode::from(server::command("threadline-server", std::env::args().skip(1)).await)
}
