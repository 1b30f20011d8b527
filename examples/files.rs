//! Files: upload, look at, read back, delete.

use threadline::types::{ExpiresAfter, FileCreateParams};
use threadline::{Client, Error, FileInput};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    let files = client.files();
    // From memory here; `FileInput::from_path` sends a file from the disk without reading it into memory.
    let notes = FileInput::from_bytes("Rivers of Norway: Glomma, Tana, Namsen.\n").with_filename("rivers.txt");
    let params = FileCreateParams::new(notes, "user_data").expires_after(ExpiresAfter::new().seconds(86_400));
    let file = files.create(params).await?;
    println!("{}: {} bytes, for {}", file.id, file.bytes, file.purpose);

    let again = files.retrieve(&file.id).await?;
    println!("{} is {}", again.filename, again.status);

    let content = files.content(&file.id).await?.bytes().await?;
    println!("{} bytes read back", content.len());

    let deleted = files.delete(&file.id).await?;
    println!("deleted: {}", deleted.deleted);
    Ok(())
}
