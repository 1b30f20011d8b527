//! Record and replay: a call is recorded into a file, then answered from it without a network and without a key.

use threadline::cassette::{Cassette, Mode};
use threadline::types::{ChatCompletionCreateParams, ChatCompletionUserMessageParam};
use threadline::{Client, ClientBuilder, Error};
use threadline_examples::model;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let file = "cassettes/sky.json";
    let recorder = ClientBuilder::from_env().cassette(Cassette::new(file).mode(Mode::Record)).build()?;
    println!("recorded: {}", ask(&recorder, "Why is the sky blue?").await?);

    // Nothing is sent: the address leads nowhere.
    let player = Client::builder()
        .api_key("none")
        .base_url("http://localhost:1/v1")
        .cassette(Cassette::new(file).fast(true))
        .build()?;
    println!("replayed: {}", ask(&player, "Why is the sky blue?").await?);

    // A request that was not recorded is an error that says what is nearest.
    if let Err(error) = ask(&player, "Why is the sky green?").await {
        println!("{}", error.message());
    }
    Ok(())
}

async fn ask(client: &Client, question: &str) -> Result<String, Error> {
    let messages = vec![ChatCompletionUserMessageParam::new(question).into()];
    let completion = client.chat().completions().create(ChatCompletionCreateParams::new(messages, model())).await?;
    let choice = completion.choices.first();
    Ok(choice.and_then(|choice| choice.message.content.clone()).unwrap_or_default())
}
