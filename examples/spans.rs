//! Spans of calls with the attribute names of OpenTelemetry, printed when they close. With `tracing-opentelemetry` in the
//! place of the printer they go to any tracing backend.

use threadline::types::{ChatCompletionCreateParams, ChatCompletionStreamOptions, ChatCompletionUserMessageParam};
use threadline::{Client, Error};
use threadline_examples::model;
use tracing_subscriber::fmt::format::FmtSpan;

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing_subscriber::fmt()
        .with_span_events(FmtSpan::CLOSE)
        .with_max_level(tracing_subscriber::filter::LevelFilter::INFO)
        .with_ansi(false)
        .init();
    let client = Client::from_env()?;
    let question = ChatCompletionUserMessageParam::new("Say hi.");
    let params = ChatCompletionCreateParams::new(vec![question.into()], model())
        .stream_options(ChatCompletionStreamOptions::new().include_usage(true));
    let mut stream = client.chat().completions().create_stream(params).await?;
    println!("the stream is open, and so is its span");
    while stream.try_next().await?.is_some() {}
    drop(stream);
    println!("now it is closed; prompts and answers are not in it");
    Ok(())
}
