//! Speech to text, whole and piece by piece.

use std::io::Write as _;

use threadline::types::{TranscriptionCreateParams, TranscriptionCreateResponse, TranscriptionStreamEvent};
use threadline::{Client, Error, FileInput};
use threadline_examples::sample_sound;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    // A recording: `cargo run --example transcription -- talk.mp3`. Without one, a tone that says nothing.
    let recording = || match std::env::args().nth(1) {
        Some(path) => FileInput::from_path(path),
        None => FileInput::from_bytes(sample_sound()).with_filename("tone.wav").with_content_type("audio/wav"),
    };
    let transcriptions = client.audio().transcriptions();
    let params = || TranscriptionCreateParams::new(recording(), "gpt-4o-mini-transcribe");

    let reply = transcriptions.create(params()).await?;
    match &*reply {
        TranscriptionCreateResponse::Transcription(plain) => println!("whole: {}", plain.text),
        TranscriptionCreateResponse::Verbose(verbose) => println!("whole, with times: {}", verbose.text),
        other => println!("whole: {other:?}"),
    }

    let mut events = transcriptions.create_stream(params()).await?;
    print!("in pieces: ");
    while let Some(event) = events.try_next().await? {
        if let TranscriptionStreamEvent::TranscriptTextDelta(piece) = event {
            print!("{}", piece.delta);
            let _ = std::io::stdout().flush();
        }
    }
    println!();
    Ok(())
}
