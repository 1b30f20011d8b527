//! The model as a program: `threadline-model [--port N]`.

use std::io::{self, Write as _};
use std::process::ExitCode;

use threadline_model::ModelServer;

#[tokio::main]
async fn main() -> ExitCode {
    match run(std::env::args().skip(1)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            // Where even the error stream is closed there is nobody to tell.
            let _unread = writeln!(io::stderr(), "threadline-model: {why}");
            ExitCode::FAILURE
        }
    }
}

async fn run(mut args: impl Iterator<Item = String>) -> Result<(), String> {
    let mut port = 0;
    while let Some(arg) = args.next() {
        match (arg.as_str(), args.next()) {
            ("--port", Some(value)) => port = value.parse().map_err(|error| format!("--port: {error}"))?,
            _ => return Err("usage: threadline-model [--port N]".to_owned()),
        }
    }
    let server = ModelServer::start_on(port).await.map_err(|error| error.to_string())?;
    writeln!(io::stdout(), "{}", server.base_url()).map_err(|error| error.to_string())?;
    io::stdout().flush().map_err(|error| error.to_string())?;
    tokio::signal::ctrl_c().await.map_err(|error| error.to_string())
}
