//! A short conversation with a provider: its models, a streamed chat, a streamed response, and an assistant that searches a
//! document, calls a function, and goes on in another process. Started by `cargo xtask demo`.

mod assistant;
mod chat;
mod conversation;
mod models;
mod response;
mod resumed;
mod show;

use threadline::{Error, ErrorKind};
use threadline_engine::model::Api;
use threadline_examples::Provider;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.first().is_some_and(|word| word == assistant::WORD) {
        return assistant::stage(&words[1..]).await;
    }
    let provider = Provider::from_env().await?;
    if provider.is_rules() {
        println!(
            "No OPENAI_API_KEY and no OPENAI_BASE_URL: the provider is a small program in this process, whose model"
        );
        println!("answers by rules (tests/model/README.md). Everything else is as with a real one.");
    } else {
        println!("Talking to a real provider with model {}.", provider.model);
    }
    report("Models", models::run(&provider).await)?;
    report("Chat, streamed", chat::run(&provider).await)?;
    let has_responses = report("Response, streamed", response::run(&provider).await)?;
    assistant::run(&provider, if has_responses { Api::Responses } else { Api::Chat })
}

/// A part of the API that a provider lacks ends its section, not the demo. Whether the provider has it.
fn report(section: &str, outcome: Result<(), Error>) -> Result<bool, Error> {
    match outcome {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound) || matches!(error.status(), Some(405 | 501)) => {
            println!("  {section}: this provider does not offer it ({error})");
            Ok(false)
        }
        Err(error) => Err(error),
        Ok(()) => Ok(true),
    }
}
