//! Many calls at once, a few at a time, over shared connections.

use futures_util::{StreamExt, TryStreamExt, stream};
use threadline::types::{ChatCompletionCreateParams, ChatCompletionUserMessageParam};
use threadline::{Client, Error};
use threadline_examples::model;

async fn ask(client: &Client, question: String) -> Result<(String, String), Error> {
    let message = ChatCompletionUserMessageParam::new(question.as_str());
    let params = ChatCompletionCreateParams::new(vec![message.into()], model()).max_completion_tokens(50);
    let completion = client.chat().completions().create(params).await?;
    let answer = completion.choices.first().and_then(|choice| choice.message.content.clone());
    Ok((question, answer.unwrap_or_default()))
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    // One client for all of them: it is cheap to clone, and its clones share connections and the retry budget.
    let client = Client::from_env()?;
    let questions = (1..=12).map(|number| format!("What is {number} times {number}?"));
    let answers: Vec<_> =
        stream::iter(questions).map(|question| ask(&client, question)).buffered(4).try_collect().await?;
    for (question, answer) in &answers {
        println!("{question} {answer}");
    }
    println!("{} answers", answers.len());
    Ok(())
}
