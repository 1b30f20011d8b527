//! Without async: a list, a stream and a download, each waited for.

use std::io::{self, Read};

use threadline::Error;
use threadline::blocking::Client;
use threadline::types::{ChatCompletionCreateParams, ChatCompletionUserMessageParam, SpeechCreateParams};
use threadline_examples::model;

fn main() -> Result<(), Error> {
    let client = Client::from_env()?;

    for found in client.models().list().items_blocking().take(3) {
        println!("model {}", found?.id);
    }

    let question = ChatCompletionUserMessageParam::new("Tell me a story in one sentence.");
    let params = ChatCompletionCreateParams::new(vec![question.into()], model());
    let mut chunks = 0;
    for chunk in client.chat().completions().create_stream(params).send_blocking()? {
        let chunk = chunk?;
        chunks += 1;
        if let Some(text) = chunk.choices.first().and_then(|choice| choice.delta.content.as_deref()) {
            print!("{text}");
        }
    }
    println!("\n{}", if chunks > 0 { "the story came piece by piece" } else { "no story" });

    let params = SpeechCreateParams::new("Good night.", "tts-1", "alloy");
    let mut sound = client.audio().speech().create(params).send_blocking()?;
    let mut start = [0; 4];
    let read = sound.read(&mut start).map_err(io_error)?;
    println!("{read} bytes of sound read first");
    let more = io::copy(&mut sound, &mut io::sink()).map_err(io_error)?;
    println!("and then {}", if more > 0 { "the rest" } else { "nothing" });
    Ok(())
}

fn io_error(error: io::Error) -> Error {
    // Threadline's own error is inside of what a reader returns.
    error.downcast::<Error>().unwrap_or_else(|other| Error::new(threadline::ErrorKind::Connection, other.to_string()))
}
