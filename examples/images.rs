//! A picture made from words, saved to a file.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use threadline::Client;
use threadline::types::ImageGenerateParams;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::from_env()?;
    let params = ImageGenerateParams::new("A lighthouse in a storm, as a woodcut.").model("gpt-image-1").quality("low");
    // Pictures take their time.
    let reply = client.images().generate(params).timeout(std::time::Duration::from_secs(300)).await?;
    for (number, image) in reply.data.iter().flatten().enumerate() {
        match (&image.b64_json, &image.url) {
            (Some(data), _) => {
                let name = format!("lighthouse-{number}.png");
                // Servers may leave out the padding.
                let bytes = STANDARD.decode(data).or_else(|_| base64::prelude::BASE64_STANDARD_NO_PAD.decode(data))?;
                tokio::fs::write(&name, &bytes).await?;
                println!("{name}: {} bytes", bytes.len());
            }
            (None, Some(url)) => println!("the picture is at {url}"),
            (None, None) => println!("the reply holds no picture"),
        }
    }
    Ok(())
}
