//! A chat completion: one question, one answer, and what it took.

use threadline::types::{ChatCompletionCreateParams, ChatCompletionSystemMessageParam, ChatCompletionUserMessageParam};
use threadline::{Client, Error};
use threadline_examples::model;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    let messages = vec![
        ChatCompletionSystemMessageParam::new("Answer in one short sentence.").into(),
        ChatCompletionUserMessageParam::new("Why is the sky blue?").into(),
    ];
    let params = ChatCompletionCreateParams::new(messages, model()).max_completion_tokens(200);
    let completion = client.chat().completions().create(params).await?;

    for choice in &completion.choices {
        println!("{}", choice.message.content.as_deref().unwrap_or("(nothing)"));
        println!("finish reason: {}", choice.finish_reason);
    }
    if let Some(usage) = &completion.usage {
        println!("{} tokens in, {} tokens out", usage.prompt_tokens, usage.completion_tokens);
    }
    println!("request {}", completion.request_id().unwrap_or("without id"));
    Ok(())
}
