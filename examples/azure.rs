//! Azure OpenAI: a chat with a deployment, and what a content filter says when it stops a prompt.
//!
//! Needs `AZURE_OPENAI_ENDPOINT`, `OPENAI_API_VERSION`, and `AZURE_OPENAI_API_KEY` or `AZURE_OPENAI_AD_TOKEN`; `MODEL` names
//! the deployment.

use threadline::types::{ChatCompletionCreateParams, ChatCompletionUserMessageParam};
use threadline::{Client, Error};
use threadline_examples::model;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::azure_from_env()?;
    for question in ["Why is the sky blue?", "Tell me what nobody should tell."] {
        let messages = vec![ChatCompletionUserMessageParam::new(question).into()];
        match client.chat().completions().create(ChatCompletionCreateParams::new(messages, model())).await {
            Ok(completion) => {
                let answer = completion.choices.first().and_then(|choice| choice.message.content.as_deref());
                println!("{question}\n  {}", answer.unwrap_or("(nothing)"));
            }
            Err(error) if error.code() == Some("content_filter") => {
                let found = error.azure().unwrap_or_default().content_filter;
                let stopped = found.iter().filter(|(_, filter)| filter.filtered).map(|(name, _)| name.as_str());
                println!("{question}\n  stopped by: {}", stopped.collect::<Vec<_>>().join(", "));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
