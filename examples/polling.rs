//! A response made in the background: it is asked for until it is done, with a limit, and its id survives an error.

use std::time::Duration;

use threadline::types::ResponseCreateParams;
use threadline::{Client, Error};
use threadline_examples::model;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    let question = ResponseCreateParams::new().model(model()).input("Write a long essay on patience.");
    let essay = client
        .responses()
        .create_and_poll(question)
        .max_wait(Duration::from_secs(600))
        .on_update(|response| println!("seen: {}", response.status.as_ref().map_or("no status", |s| s.as_str())))
        .await;
    match essay {
        Ok(response) => println!("{} has {} output items", response.id, response.output.len()),
        Err(error) => {
            if let Some(left) = error.unfinished() {
                println!("to be looked after: {left}");
            }
            return Err(error);
        }
    }
    Ok(())
}
