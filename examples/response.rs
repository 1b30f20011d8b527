//! The Responses API: a question, and a second one that builds on the first answer.

use threadline::types::{ResponseCreateParams, ResponseOutputItem, ResponseOutputMessageContent};
use threadline::{Client, Error};
use threadline_examples::model;

/// All text of a response's messages.
fn text(output: &[ResponseOutputItem]) -> String {
    let mut text = String::new();
    for item in output {
        let ResponseOutputItem::Message(message) = item else { continue };
        for part in &message.content {
            if let ResponseOutputMessageContent::OutputText(part) = part {
                text.push_str(&part.text);
            }
        }
    }
    text
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    let params = ResponseCreateParams::new()
        .model(model())
        .instructions("Answer in one sentence.")
        .input("Who was Fridtjof Nansen?");
    let first = client.responses().create(params).await?;
    println!("{}", text(&first.output));

    // The server keeps the first answer, so only its id goes back.
    let params = ResponseCreateParams::new()
        .model(model())
        .input("Which prize did he win?")
        .previous_response_id(first.id.as_str());
    let second = client.responses().create(params).await?;
    println!("{}", text(&second.output));
    if let Some(usage) = &second.usage {
        println!("{} tokens in, {} tokens out", usage.input_tokens, usage.output_tokens);
    }
    Ok(())
}
