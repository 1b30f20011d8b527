//! An assistant in a conversation of two turns. The vendor has deprecated assistants; many programs still live on them.

use threadline::types::{
    AssistantCreateParams, MessageContent, RunCreateParams, ThreadCreateParams, ThreadMessageCreateParams,
    ThreadMessageListParams,
};
use threadline::{Client, Error};
use threadline_examples::model;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    let beta = client.beta();
    let (threads, runs) = (beta.threads(), beta.threads().runs());
    let params = AssistantCreateParams::new(model()).name("Guide").instructions("Answer in one sentence.");
    let assistant = beta.assistants().create(params).await?;
    let thread = threads.create(ThreadCreateParams::new()).await?;

    for question in ["Where is Bergen?", "How do I get there from Oslo?"] {
        println!("you: {question}");
        threads.messages().create(&thread.id, ThreadMessageCreateParams::new(question, "user")).await?;
        let run = runs.create_and_poll(&thread.id, RunCreateParams::new(assistant.id.as_str())).await?;
        // The newest message comes first.
        let newest = ThreadMessageListParams::new().limit(1);
        let messages = threads.messages().list_with(&thread.id, newest).await?;
        for part in messages.items().iter().flat_map(|message| &message.content) {
            if let MessageContent::Text(text) = part {
                println!("assistant ({}): {}", run.status, text.text.value);
            }
        }
    }
    threads.delete(&thread.id).await?;
    beta.assistants().delete(&assistant.id).await?;
    Ok(())
}
