//! A short conversation with a provider: its models, a streamed chat, a streamed response, and an assistant that calls a
//! function. Started by `cargo xtask demo`.

mod assistant;
mod chat;
mod models;
mod response;

use threadline::{Error, ErrorKind};
use threadline_examples::Provider;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let provider = Provider::from_env().await?;
    if provider.is_mock() {
        println!("No OPENAI_API_KEY and no OPENAI_BASE_URL: talking to the mock server in this process.");
        println!("Its answers are made up from the API description, not by a model.");
    } else {
        println!("Talking to a real provider with model {}.", provider.model);
    }
    report("Models", models::run(&provider).await)?;
    report("Chat, streamed", chat::run(&provider).await)?;
    report("Response, streamed", response::run(&provider).await)?;
    report("Assistant", assistant::run(&provider).await)
}

/// A part of the API that a provider lacks ends its section, not the demo.
fn report(section: &str, outcome: Result<(), Error>) -> Result<(), Error> {
    match outcome {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound) || matches!(error.status(), Some(405 | 501)) => {
            println!("  {section}: this provider does not offer it ({error})");
            Ok(())
        }
        other => other,
    }
}
