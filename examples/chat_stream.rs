//! A chat completion, printed while the model writes it.

use std::io::Write as _;

use threadline::types::{ChatCompletionCreateParams, ChatCompletionStreamOptions, ChatCompletionUserMessageParam};
use threadline::{Client, Error};
use threadline_examples::model;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    let question = ChatCompletionUserMessageParam::new("Tell me a story in three sentences.");
    let params = ChatCompletionCreateParams::new(vec![question.into()], model())
        .stream_options(ChatCompletionStreamOptions::new().include_usage(true));

    let mut stream = client.chat().completions().create_stream(params).await?;
    while let Some(chunk) = stream.try_next().await? {
        for choice in &chunk.choices {
            print!("{}", choice.delta.content.as_deref().unwrap_or_default());
        }
        // The last chunk has no choices, but says what it all took.
        if let Some(usage) = &chunk.usage {
            println!("\n({} tokens)", usage.total_tokens);
        }
        // Nobody sees the text grow if the terminal waits for a line end.
        let _ = std::io::stdout().flush();
    }
    Ok(())
}
