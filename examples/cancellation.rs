//! Giving up: drop what you no longer want, and its connection closes.

use std::future::IntoFuture as _;
use std::time::Duration;

use threadline::types::{ChatCompletionCreateParams, ChatCompletionUserMessageParam, ResponseCreateParams};
use threadline::{Client, Error};
use threadline_examples::model;
use tokio::time::timeout;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;

    // A call is a future: whoever stops polling it has cancelled it.
    let question = "Count from one to a hundred, in words.";
    let call = client.responses().create(ResponseCreateParams::new().model(model()).input(question));
    match timeout(Duration::from_millis(1), call.into_future()).await {
        Ok(response) => println!("that was quick: {} items", response?.output.len()),
        Err(_) => println!("gave up after a millisecond"),
    }

    // A stream is left by dropping it. No task reads on behind your back, and the model stops writing.
    let params = ChatCompletionCreateParams::new(vec![ChatCompletionUserMessageParam::new(question).into()], model());
    let mut stream = client.chat().completions().create_stream(params).await?;
    let mut text = String::new();
    while let Some(chunk) = stream.try_next().await? {
        text.extend(chunk.choices.iter().filter_map(|choice| choice.delta.content.as_deref()));
        if text.len() > 10 {
            break;
        }
    }
    drop(stream);
    println!("left after {} characters", text.chars().count());
    Ok(())
}
