//! The models that a key may use.

use threadline::{Client, Error};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    let page = client.models().list().await?;
    println!("{} models", page.items().len());
    for model in page.items().iter().take(5) {
        println!("  {} of {}", model.id, model.owned_by);
    }
    if let Some(first) = page.items().first() {
        let model = client.models().retrieve(&first.id).await?;
        println!("{} was created at {}", model.id, model.created);
    }
    Ok(())
}
