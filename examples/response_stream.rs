//! A response, event by event.

use std::io::Write as _;

use threadline::types::{ResponseCreateParams, ResponseStreamEvent};
use threadline::{Client, Error};
use threadline_examples::model;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    let params = ResponseCreateParams::new().model(model()).input("Write a haiku about rust.");
    let mut events = client.responses().create_stream(params).await?;
    while let Some(event) = events.try_next().await? {
        match event {
            ResponseStreamEvent::ResponseCreated(event) => println!("[{}]", event.response.id),
            ResponseStreamEvent::ResponseOutputTextDelta(event) => print!("{}", event.delta),
            ResponseStreamEvent::ResponseCompleted(_) => println!("\n[completed]"),
            ResponseStreamEvent::ResponseIncomplete(event) => {
                println!("\n[cut off: {:?}]", event.response.incomplete_details);
            }
            ResponseStreamEvent::ResponseFailed(event) => println!("\n[failed: {:?}]", event.response.error),
            // There are some fifty kinds of events; most programs need a handful.
            _ => {}
        }
        let _ = std::io::stdout().flush();
    }
    Ok(())
}
