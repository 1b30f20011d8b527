//! Responses over one WebSocket: the second continues the first, which the server does not store.

use threadline::types::ResponseCreateParams;
use threadline::{Client, Error};
use threadline_examples::model;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    let pool = client.responses().ws_pool().max_connections(2).build();

    let question = ResponseCreateParams::new().model(model()).input("Name a river.").store(false);
    let mut stream = pool.create_stream(question).await?.accumulate();
    let mut text = stream.text_deltas();
    while let Some(piece) = text.next().await {
        print!("{}", piece?);
    }
    println!();
    let first = stream.get_final_response().await?;

    let more = ResponseCreateParams::new().model(model()).input("Where does it rise?").store(false);
    let more = more.previous_response_id(first.id.as_str());
    let mut stream = pool.create_stream(more).await?.accumulate();
    stream.until_done().await?;
    println!("{}", stream.accumulator().output_text());
    println!("{} connection for two responses", pool.opened());
    Ok(())
}
