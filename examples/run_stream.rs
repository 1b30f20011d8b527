//! A run as it happens: its events are handed to a callback, and the whole run, message and steps are there at the end.
#![allow(deprecated)] // by the vendor; servers of the engine go on with it

use threadline::accumulate::AssistantEvent;
use threadline::types::{AssistantCreateParams, RunCreateParams, ThreadCreateParams, ThreadMessageCreateParams};
use threadline::{Client, Error};
use threadline_examples::model;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    let beta = client.beta();
    let assistant = beta.assistants().create(AssistantCreateParams::new(model())).await?;
    let thread = beta.threads().create(ThreadCreateParams::new()).await?;
    let question = ThreadMessageCreateParams::new("Where is Bergen?", "user");
    beta.threads().messages().create(&thread.id, question).await?;

    let mut stream = beta.threads().runs().stream(&thread.id, RunCreateParams::new(assistant.id.as_str())).await?;
    // The next event is read when the callback has returned. One that returns `ControlFlow::Break` ends the stream.
    stream
        .stream_to(|event| match event {
            AssistantEvent::TextDelta(delta) => print!("{}", delta.value.unwrap_or_default()),
            AssistantEvent::ToolCallCreated(call) => println!("[calls a tool: {call:?}]"),
            AssistantEvent::RunStepDone(step) => println!("[step {}: {}]", step.id, step.status),
            _ => {}
        })
        .await?;
    println!();
    let (run, messages) = (stream.get_final_run().await?, stream.get_final_messages().await?);
    println!("run {}: {}, {} messages", run.id, run.status, messages.len());

    beta.threads().delete(&thread.id).await?;
    beta.assistants().delete(&assistant.id).await?;
    Ok(())
}
