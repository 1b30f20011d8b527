//! Tools: functions that the model calls, two of them at once, until it has its answer.

use std::convert::Infallible;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use threadline::tools::Tool;
use threadline::types::{ResponseCreateParams, ResponseOutputItem};
use threadline::{Client, Error};
use threadline_examples::model;

/// The weather of a city today.
#[derive(Debug, Deserialize, JsonSchema)]
struct Weather {
    /// The city's name, without its country.
    city: String,
}

#[derive(Debug, Serialize)]
struct Report {
    sky: &'static str,
    degrees: i32,
}

/// How far two cities are apart, in kilometres.
#[derive(Debug, Deserialize, JsonSchema)]
struct Distance {
    from: String,
    to: String,
}

async fn weather(args: Weather) -> Result<Report, String> {
    match args.city.as_str() {
        "Bonn" => Ok(Report { sky: "rain", degrees: 14 }),
        "Rome" => Ok(Report { sky: "clear", degrees: 27 }),
        // The model is told, and may ask for another one.
        other => Err(format!("no weather station in {other}")),
    }
}

async fn distance(args: Distance) -> Result<f64, Infallible> {
    Ok((args.from.len() + args.to.len()) as f64 * 100.0)
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    let params =
        ResponseCreateParams::new().model(model()).input("Is it warmer in Rome than in Bonn, and how far is it?");
    let run = client
        .responses()
        .run_tools(params, [Tool::new("get_weather", weather), Tool::new("get_distance", distance)])
        .max_steps(6)
        .after_call(|record| {
            println!(
                "{}({}) -> {}",
                record.call.name,
                record.call.arguments,
                record.output.as_deref().unwrap_or("nothing")
            );
        })
        .await?;

    for item in &run.reply.output {
        if let ResponseOutputItem::Message(message) = item {
            println!("{:?}", message.content);
        }
    }
    println!("{} replies, {} tokens", run.transcript.steps.len(), run.transcript.usage.total_tokens);
    Ok(())
}
