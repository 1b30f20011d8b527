//! A response in the background: its stream is taken up again when the connection breaks, and no event comes twice.

use threadline::types::{ResponseCreateParams, ResponseStreamEvent};
use threadline::{Client, Error};
use threadline_examples::model;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    let params = ResponseCreateParams::new()
        .model(model())
        .input("Write a long story about a lighthouse.".to_owned())
        .background(true);

    let mut stream = client.responses().stream(params).await?;
    while let Some(event) = stream.try_next().await? {
        match event {
            ResponseStreamEvent::ResponseOutputTextDelta(event) => print!("{}", event.delta),
            ResponseStreamEvent::ResponseCompleted(_) => println!(),
            _ => {}
        }
    }
    let response = stream.get_final_response().await?;
    println!("{}: {} items", response.id, response.output.len());
    Ok(())
}
