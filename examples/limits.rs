//! Limits of the client's own: many calls at once, paced so that the provider has nothing to refuse.

use std::time::Duration;

use futures_util::future::join_all;
use threadline::limits::Limits;
use threadline::types::EmbeddingCreateParams;
use threadline::{ClientBuilder, Error, ErrorKind};

#[tokio::main]
async fn main() -> Result<(), Error> {
    // Four requests in any minute, two at the same time; what the provider's headers say is left counts as well.
    let limits = Limits::new().requests_per_minute(4).max_concurrent(2);
    let client = ClientBuilder::from_env().limits(limits).timeout(Duration::from_secs(20)).build()?;

    let texts = ["red", "green", "blue", "white", "black", "grey"];
    let calls = texts.map(|text| {
        let params = EmbeddingCreateParams::new(text, "text-embedding-3-small");
        async { client.embeddings().create(params).await }
    });
    for (text, result) in texts.iter().zip(join_all(calls).await) {
        match result {
            Ok(reply) => println!("{text}: {} numbers", reply.data[0].embedding.len()),
            // The next place is free in a minute, and the calls have only twenty seconds: they are told at once.
            Err(error) if error.kind() == ErrorKind::RateLimit && error.status().is_none() => {
                println!("{text}: not sent, try again in {:.0?}", error.retry_after().unwrap_or_default());
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
