//! An assistants conversation: the run asks for a function, gets its output, and answers.

use std::time::Duration;

use serde_json::json;
use threadline::Error;
use threadline::types::{
    AssistantCreateParams, AssistantFunctionTool, FunctionDefinition, MessageContent, Run, RunCreateParams, RunStatus,
    RunSubmitToolOutputsParams, RunToolOutput, ThreadCreateParams, ThreadMessageCreateParams,
};
use threadline_examples::Provider;

/// Polls before the demo gives a run up.
const PATIENCE: usize = 60;

pub(crate) async fn run(provider: &Provider) -> Result<(), Error> {
    println!("\nAssistant");
    let beta = provider.client.beta();
    let weather = FunctionDefinition::new("weather").description("The weather in a city now.").parameters([
        ("type", json!("object")),
        ("properties", json!({"city": {"type": "string"}})),
        ("required", json!(["city"])),
    ]);
    let assistant = AssistantCreateParams::new(provider.model.as_str())
        .name("Weather desk")
        .instructions("Answer in one sentence. Ask the weather function, never guess.")
        .tools(vec![AssistantFunctionTool::new(weather).into()]);
    let assistant = beta.assistants().create(assistant).await?;
    println!("  assistant {} with 1 function", assistant.id);

    let thread = beta.threads().create(ThreadCreateParams::new()).await?;
    let question = "What is the weather in Oslo?";
    beta.threads().messages().create(&thread.id, ThreadMessageCreateParams::new(question, "user")).await?;
    println!("  thread {}\n  you:   {question}", thread.id);

    let run = beta.threads().runs().create(&thread.id, RunCreateParams::new(assistant.id.as_str())).await?.into_inner();
    let run = settle(provider, &thread.id, run).await?;
    println!("  run {}: {}", run.id, run.status);

    let steps = beta.threads().runs().steps().list(&thread.id, &run.id).await?;
    for step in &steps.data {
        println!("  step {}: {} {}", step.id, step.r#type, step.status);
    }
    let messages = beta.threads().messages().list(&thread.id).await?;
    for message in messages.data.iter().filter(|message| message.role.as_str() == "assistant") {
        for part in &message.content {
            if let MessageContent::Text(part) = part {
                println!("  assistant: {}", part.text.value);
            }
        }
    }
    beta.threads().delete(&thread.id).await?;
    beta.assistants().delete(&assistant.id).await?;
    println!("  thread and assistant deleted");
    Ok(())
}

/// Follows a run to its end, answering the functions it asks for.
async fn settle(provider: &Provider, thread: &str, mut run: Run) -> Result<Run, Error> {
    let runs = provider.client.beta().threads().runs();
    for _ in 0..PATIENCE {
        match (&run.status, &run.required_action) {
            (RunStatus::RequiresAction, Some(action)) => {
                let mut outputs = Vec::new();
                for call in &action.submit_tool_outputs.tool_calls {
                    println!("  function {}({})", call.function.name, call.function.arguments);
                    outputs.push(
                        RunToolOutput::new()
                            .tool_call_id(call.id.as_str())
                            .output("{\"celsius\": -3, \"sky\": \"clear\"}"),
                    );
                }
                let params = RunSubmitToolOutputsParams::new(outputs);
                run = runs.submit_tool_outputs(thread, &run.id, params).await?.into_inner();
            }
            (RunStatus::Queued | RunStatus::InProgress | RunStatus::Cancelling, _) => {
                tokio::time::sleep(Duration::from_millis(500)).await;
                run = runs.retrieve(thread, &run.id).await?.into_inner();
            }
            _ => break,
        }
    }
    Ok(run)
}
