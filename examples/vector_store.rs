//! A vector store: add a file, wait for its index, ask it.

use std::time::Duration;

use threadline::types::{
    FileCreateParams, VectorStoreCreateParams, VectorStoreFileCreateParams, VectorStoreFileStatus,
    VectorStoreSearchParams,
};
use threadline::{Client, Error, FileInput};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    let stores = client.vector_stores();
    let text = FileInput::from_bytes("The Glomma is 621 km long. It ends at Fredrikstad.").with_filename("glomma.txt");
    let file = client.files().create(FileCreateParams::new(text, "assistants")).await?;
    let store = stores.create(VectorStoreCreateParams::new().name("rivers")).await?;
    println!("store {}", store.id);

    let mut added = stores.files().create(&store.id, VectorStoreFileCreateParams::new(file.id.as_str())).await?;
    while added.status == VectorStoreFileStatus::InProgress {
        tokio::time::sleep(Duration::from_secs(1)).await;
        added = stores.files().retrieve(&store.id, &file.id).await?;
    }
    println!("indexed: {}", added.status);

    let found = stores.search(&store.id, VectorStoreSearchParams::new("How long is the Glomma?")).await?;
    for hit in found.items() {
        let text: String = hit.content.iter().map(|part| part.text.as_str()).collect();
        println!("{:.2} {}: {}", hit.score, hit.filename, text.trim());
    }
    stores.delete(&store.id).await?;
    client.files().delete(&file.id).await?;
    println!("store and file deleted");
    Ok(())
}
