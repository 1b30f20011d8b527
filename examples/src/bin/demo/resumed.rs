//! The second process: it finds the thread in the database, asks on, and clears up.

use threadline::types::{
    AssistantFileSearchTool, AssistantListParams, RunCreateParams, ThreadMessageCreateParams, ThreadMessageListParams,
};
use threadline::{Client, Error};

use super::show;

const QUESTION: &str = "What does a night cost for a boat of 11 metres?";

pub(crate) async fn go_on(client: &Client) -> Result<(), Error> {
    let beta = client.beta();
    let found = beta.assistants().list_with(AssistantListParams::new().limit(1)).await?;
    let Some(assistant) = found.items().first() else {
        println!("  (the database holds no assistant)");
        return Ok(());
    };
    let thread = assistant.metadata.as_ref().and_then(|notes| notes.get("thread")).cloned().unwrap_or_default();
    let messages = beta.threads().messages().list_with(&thread, ThreadMessageListParams::new().order("asc")).await?;
    println!("  thread {thread} has {} messages", messages.items().len());
    beta.threads().messages().create(&thread, ThreadMessageCreateParams::new(QUESTION, "user")).await?;
    println!("  guest: {QUESTION}");

    // This run may only search.
    let params = RunCreateParams::new(assistant.id.as_str()).tools(vec![AssistantFileSearchTool::new().into()]);
    let stream = beta.threads().runs().create_stream(&thread, params).await?;
    if let show::Pause::Ended(Some(run)) = show::follow(stream).await? {
        show::steps(client, &thread, &run).await?;
    }
    beta.threads().delete(&thread).await?;
    beta.assistants().delete(&assistant.id).await?;
    println!("  thread and assistant deleted");
    Ok(())
}
