//! The mock server as a program: `threadline-mock [--port N] [--api DIR]`.

use std::{
    io::{self, Write as _},
    pin::pin,
    process::ExitCode,
    sync::Arc,
    task::Poll,
};

use threadline_mock::{MockServer, api::Api};

const USAGE: &str = "usage: threadline-mock [--port N] [--api DIR]\n\
    \n\
    Serves the API on 127.0.0.1, from the description in DIR (default: this workspace's api/, or THREADLINE_API).\n\
    --port N   port to listen on; 0 (default) takes a free one and prints it\n";

#[tokio::main]
async fn main() -> ExitCode {
    match run(std::env::args().skip(1)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            // Where even the error stream is closed there is nobody to tell.
            let _unread = writeln!(io::stderr(), "{why}");
            ExitCode::FAILURE
        }
    }
}

async fn run(mut args: impl Iterator<Item = String>) -> Result<(), String> {
    let (mut port, mut api) = (0, None);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} needs a value\n{USAGE}"));
        match arg.as_str() {
            "--port" => port = value()?.parse().map_err(|e| format!("--port: {e}"))?,
            "--api" => api = Some(value()?),
            "--help" | "-h" => return write!(io::stdout(), "{USAGE}").map_err(|e| e.to_string()),
            other => return Err(format!("unknown argument {other}\n{USAGE}")),
        }
    }
    let api = match api {
        Some(dir) => Api::load(dir).map(Arc::new),
        None => Api::shared(),
    };
    // Before the address is known: who reads it may end the server at once.
    let mut interrupted = pin!(tokio::signal::ctrl_c());
    let early = std::future::poll_fn(|context| Poll::Ready(interrupted.as_mut().poll(context))).await;
    let server = MockServer::start_with(api.map_err(|e| e.to_string())?, port).await.map_err(|e| e.to_string())?;
    writeln!(io::stdout(), "{}", server.base_url()).map_err(|e| e.to_string())?;
    io::stdout().flush().map_err(|e| e.to_string())?;
    match early {
        Poll::Ready(done) => done,
        Poll::Pending => interrupted.await,
    }
    .map_err(|e| e.to_string())
}
