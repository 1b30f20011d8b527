//! Other providers and local servers that speak the same API.

use threadline::types::{ChatCompletionCreateParams, ChatCompletionUserMessageParam};
use threadline::{Client, Error};
use threadline_examples::model;

#[tokio::main]
async fn main() -> Result<(), Error> {
    // A local server, say; it wants no key, but the header must say something.
    let address = std::env::var("OPENAI_BASE_URL").unwrap_or_else(|_| "http://localhost:11434/v1".to_owned());
    let client = Client::builder().base_url(address).api_key("none").header("X-Title", "examples").build()?;

    let question = ChatCompletionUserMessageParam::new("Who are you?");
    let params = ChatCompletionCreateParams::new(vec![question.into()], model());
    let call = client
        .chat()
        .completions()
        .create(params)
        // Arguments of this provider alone travel beside the others.
        .extra_body("top_k", serde_json::json!(40));
    let completion = call.await?;
    println!("{}: {}", completion.model, completion.choices[0].message.content.as_deref().unwrap_or("(nothing)"));

    // A key is never sent to another origin than the one it was given for: there the call needs its own.
    let elsewhere = client.models().list().base_url("http://localhost:9/v1").max_retries(0).await;
    println!("{}", elsewhere.map_or_else(|error| error.to_string(), |_| "no error".to_owned()));
    Ok(())
}
