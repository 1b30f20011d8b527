//! Text to speech, written to a file while it arrives.

use threadline::types::SpeechCreateParams;
use threadline::{Client, Error};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    let params = SpeechCreateParams::new("Good morning. It is six o'clock.", "gpt-4o-mini-tts", "coral")
        .instructions("Speak like a sleepy radio announcer.")
        .response_format("mp3");
    let download = client.audio().speech().create(params).await?;
    println!("{:?}", download.headers().get("content-type"));
    // The file appears under its name when it is complete, and not before.
    let bytes = download.save_to("morning.mp3").await?;
    println!("morning.mp3: {bytes} bytes");
    Ok(())
}
