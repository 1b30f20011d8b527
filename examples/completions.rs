//! The older text completions, which many local servers offer too.

use threadline::types::CompletionCreateParams;
use threadline::{Client, Error};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    let model = std::env::var("MODEL").unwrap_or_else(|_| "gpt-3.5-turbo-instruct".to_owned());
    let params = CompletionCreateParams::new(model).prompt("The capital of Norway is").max_tokens(16).temperature(0.0);
    let completion = client.completions().create(params).await?;
    for choice in &completion.choices {
        println!("{} ({})", choice.text.trim(), choice.finish_reason);
    }
    Ok(())
}
