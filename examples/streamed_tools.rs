//! Tools, streamed: what the model writes, what it calls and what comes back, all as it happens.

use schemars::JsonSchema;
use serde::Deserialize;
use threadline::accumulate::ChatCompletionStreamEvent;
use threadline::tools::{Tool, ToolEvent};
use threadline::types::{ChatCompletionCreateParams, ChatCompletionUserMessageParam};
use threadline::{Client, Error};
use threadline_examples::model;

/// The weather of a city today.
#[derive(Debug, Deserialize, JsonSchema)]
struct Weather {
    city: String,
}

async fn weather(args: Weather) -> Result<String, std::io::Error> {
    Ok(format!("rain in {}", args.city))
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    let question = ChatCompletionUserMessageParam::new("Do I need an umbrella in Bonn?".to_owned());
    let params = ChatCompletionCreateParams::new(vec![question.into()], model());
    let mut stream = client.chat().completions().run_tools(params, [Tool::new("get_weather", weather)]).stream()?;
    while let Some(event) = stream.try_next().await? {
        match event {
            ToolEvent::Event(ChatCompletionStreamEvent::ContentDelta { delta, .. }) => print!("{delta}"),
            ToolEvent::Calls(calls) => println!("[the model asks for {} calls]", calls.len()),
            ToolEvent::Result(record) => println!("[{}: {}]", record.call.name, record.output.unwrap_or_default()),
            _ => {}
        }
    }
    let completion = stream.get_final_reply().await?;
    println!("\n{:?} after {} replies", completion.choices[0].finish_reason, stream.transcript().steps.len());
    Ok(())
}
