//! A chat completion, printed as it arrives.

use std::io::Write as _;

use threadline::Error;
use threadline::types::{ChatCompletionCreateParams, ChatCompletionUserMessageParam};
use threadline_examples::Provider;

pub(crate) async fn run(provider: &Provider) -> Result<(), Error> {
    let question = "Name the largest planet, in one short sentence.";
    println!("\nChat, streamed\n  you:   {question}");
    let message = ChatCompletionUserMessageParam::new(question);
    let params = ChatCompletionCreateParams::new(vec![message.into()], provider.model.as_str()).max_tokens(60);

    let mut stream = provider.client.chat().completions().create_stream(params).await?;
    print!("  model: ");
    let (mut chunks, mut finish) = (0, None);
    while let Some(chunk) = stream.next().await {
        let chunk = chunk?;
        chunks += 1;
        for choice in chunk.choices {
            print!("{}", choice.delta.content.unwrap_or_default());
            finish = choice.finish_reason.or(finish);
        }
        // Nobody sees the text grow if the terminal waits for a line end.
        let _ = std::io::stdout().flush();
    }
    println!(
        "\n  ({chunks} chunks, finish reason {})",
        finish.map_or("unknown".to_owned(), |reason| reason.to_string())
    );
    Ok(())
}
