//! The assistants part: two processes, one after the other, on one database.
//!
//! The vendor has switched its assistants endpoints off. Here they are answered in the process, from a SQLite file; the
//! provider only has to have a model.

use std::path::Path;
use std::process::Command;

use threadline::{Client, Error, ErrorKind};
use threadline_engine::model::{Api, Profile};
use threadline_engine::{Assistants, AssistantsExt};
use threadline_examples::Provider;

use super::{conversation, resumed};

/// What this program is called with when it is to be a part of the conversation.
pub(crate) const WORD: &str = "assistant";

/// Starts one process for the beginning of the conversation, and one that goes on.
pub(crate) fn run(provider: &Provider, api: Api) -> Result<(), Error> {
    println!("\nAssistant, in the process over SQLite");
    let folder = std::env::temp_dir().join(format!("threadline-demo-{}", std::process::id()));
    let outcome = stages(provider, api, &folder);
    // Left behind, it would only be in the way.
    let _ = std::fs::remove_dir_all(&folder);
    outcome
}

fn stages(provider: &Provider, api: Api, folder: &Path) -> Result<(), Error> {
    let broken = |error: std::io::Error| Error::new(ErrorKind::Usage, format!("the demo cannot start itself: {error}"));
    std::fs::create_dir_all(folder).map_err(broken)?;
    let store = format!("sqlite:{}", folder.join("app.db").display());
    let api = if api == Api::Chat { "chat" } else { "responses" };
    for stage in ["begin", "go-on"] {
        let mut command = Command::new(std::env::current_exe().map_err(broken)?);
        command.args([WORD, stage, &store, api]).env("MODEL", &provider.model);
        if provider.is_rules() {
            command.env("OPENAI_BASE_URL", provider.client.base_url()).env("OPENAI_API_KEY", "any");
        }
        let status = command.status().map_err(broken)?;
        if !status.success() {
            return Err(Error::new(ErrorKind::Usage, format!("the process of the conversation ended with {status}")));
        }
    }
    Ok(())
}

/// One process's part of the conversation.
pub(crate) async fn stage(words: &[String]) -> Result<(), Error> {
    let [stage, store, api] = words else {
        return Err(Error::new(ErrorKind::Usage, "the demo is started as `cargo xtask demo`"));
    };
    let provider = Provider::from_env().await?;
    let client = open(&provider.client, store, if api == "chat" { Api::Chat } else { Api::Responses })?;
    println!("  process {} opens the database", std::process::id());
    if stage == "begin" { conversation::begin(&client, &provider.model).await } else { resumed::go_on(&client).await }
}

/// The client whose assistants, threads, files and vector stores are in this store.
fn open(provider: &Client, store: &str, api: Api) -> Result<Client, Error> {
    let assistants = Assistants::new(store).files(true).profile(Profile::new(api));
    Client::builder()
        .base_url(provider.base_url())
        .api_key(std::env::var("OPENAI_API_KEY").unwrap_or_else(|_| "none".to_owned()))
        .assistants(assistants)
}
