//! A streamed chat completion that is put together on the way: text as it comes, a tool call as soon as it is complete, and
//! the whole completion at the end.

use std::io::{Write, stdout};

use serde_json::json;
use threadline::accumulate::ChatCompletionStreamEvent as Event;
use threadline::types::{
    ChatCompletionCreateParams, ChatCompletionFunctionTool, ChatCompletionStreamOptions,
    ChatCompletionUserMessageParam, FunctionDefinition,
};
use threadline::{Client, Error};
use threadline_examples::model;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    let question = ChatCompletionUserMessageParam::new("Which coat do I need in Oslo today?").into();
    let weather = FunctionDefinition::new("weather")
        .parameters([("type", json!("object")), ("properties", json!({"city": {"type": "string"}}))]);
    let params = ChatCompletionCreateParams::new(vec![question], model())
        .tools(vec![ChatCompletionFunctionTool::new(weather).into()])
        .stream_options(ChatCompletionStreamOptions::new().include_usage(true));

    let mut stream = client.chat().completions().stream(params).await?;
    while let Some(event) = stream.try_next().await? {
        match event {
            Event::ContentDelta { delta, .. } => {
                print!("{delta}");
                let _ = stdout().flush();
            }
            Event::ContentDone { .. } => println!(),
            Event::FunctionArgumentsDone { name, arguments, .. } => println!("calls {name} with {arguments}"),
            _ => {}
        }
    }
    let completion = stream.get_final_completion().await?;
    println!("finish reason: {}", completion.choices[0].finish_reason);
    if let Some(usage) = completion.usage {
        println!("{} tokens in all", usage.total_tokens);
    }
    Ok(())
}
