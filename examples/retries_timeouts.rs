//! Retries and timeouts: what a client does by itself, and how to set it.

use std::time::Duration;

use threadline::{Client, ClientBuilder, Error, ErrorKind, RequestOptions};

#[tokio::main]
async fn main() -> Result<(), Error> {
    // For all calls: two minutes in total, four further attempts where one may help.
    let client: Client = ClientBuilder::from_env().timeout(Duration::from_secs(120)).max_retries(4).build()?;
    let page = client.models().list().await?;
    println!("{} models after {} attempts", page.items().len(), page.attempts());

    // For one call: all attempts and pauses together may take no longer than this.
    let hasty = client.models().list().timeout(Duration::from_millis(200)).max_retries(0).await;
    match hasty {
        Ok(page) => println!("in time: {} models", page.items().len()),
        Err(error) if error.kind() == ErrorKind::Timeout => println!("too slow: {error}"),
        Err(error) => return Err(error),
    }

    // For a group of calls: a copy of the client, with the same connections.
    let patient = client.with_options(RequestOptions::new().timeout(Duration::from_secs(1800)));
    println!("{} models with patience", patient.models().list().await?.items().len());
    Ok(())
}
