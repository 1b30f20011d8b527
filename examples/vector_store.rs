//! A vector store: add a file, wait for its index, ask it.

use threadline::polling::VectorStoreFileUploadParams;
use threadline::types::{VectorStoreCreateParams, VectorStoreSearchParams};
use threadline::{Client, Error, FileInput};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    let stores = client.vector_stores();
    let text = FileInput::from_bytes("The Glomma is 621 km long. It ends at Fredrikstad.").with_filename("glomma.txt");
    let store = stores.create(VectorStoreCreateParams::new().name("rivers")).await?;
    println!("store {}", store.id);

    let added = stores.files().upload_and_poll(&store.id, VectorStoreFileUploadParams::new(text)).await?;
    println!("indexed: {}", added.status);

    let found = stores.search(&store.id, VectorStoreSearchParams::new("How long is the Glomma?")).await?;
    for hit in found.items() {
        let text: String = hit.content.iter().map(|part| part.text.as_str()).collect();
        println!("{:.2} {}: {}", hit.score, hit.filename, text.trim());
    }
    stores.delete(&store.id).await?;
    client.files().delete(&added.id).await?;
    println!("store and file deleted");
    Ok(())
}
