//! A picture changed by words: uploads from memory, and the parts of the answer as they come.

use threadline::types::{ImageEditParams, ImageEditStreamEvent};
use threadline::{Client, Error, FileInput};
use threadline_examples::sample_picture;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    let picture = FileInput::from_bytes(sample_picture()).with_filename("square.png").with_content_type("image/png");
    let params = ImageEditParams::new(picture, "Make it look like a stop sign.").model("gpt-image-1").partial_images(2);
    let mut events = client.images().edit_stream(params).await?;
    while let Some(event) = events.try_next().await? {
        match event {
            ImageEditStreamEvent::ImageEditPartialImage(part) => {
                println!("sketch {}: {} characters of base64", part.partial_image_index, part.b64_json.len());
            }
            ImageEditStreamEvent::ImageEditCompleted(done) => {
                println!("done: {} characters, {} tokens", done.b64_json.len(), done.usage.total_tokens);
            }
            _ => {}
        }
    }
    Ok(())
}
