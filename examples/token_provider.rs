//! A token provider: short-lived tokens that a command prints, in place of an API key.
//!
//! `TOKEN_COMMAND` is the command, such as `vault read -field=token secret/openai`. Its token is kept for ten minutes, shared
//! by all calls, and replaced in time or when the server refuses it.

use std::io;
use std::time::Duration;

use threadline::auth::Token;
use threadline::{ClientBuilder, Error};
use tokio::process::Command;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let command = std::env::var("TOKEN_COMMAND").unwrap_or_else(|_| "cat token.txt".to_owned());
    let client = ClientBuilder::from_env().token_provider(move || token_of(command.clone())).build()?;

    let (files, models) = (client.files(), client.models());
    let (files, models) = tokio::join!(files.list(), models.list());
    println!("{} models, {} files on the first page", models?.data.len(), files?.data.len());
    Ok(())
}

async fn token_of(command: String) -> Result<Token, io::Error> {
    let output = Command::new("sh").args(["-c", &command]).output().await?;
    if !output.status.success() {
        return Err(io::Error::other(format!("the token command ended with {}", output.status)));
    }
    println!("a token was fetched");
    Ok(Token::new(String::from_utf8_lossy(&output.stdout)).expires_in(Duration::from_secs(600)))
}
