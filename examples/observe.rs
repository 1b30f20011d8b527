//! Observing calls: a line a call, for a log or a dashboard.

use std::time::Duration;

use threadline::observe::{CallRecord, Observer, Retry};
use threadline::types::ResponseCreateParams;
use threadline::{ClientBuilder, Error};
use threadline_examples::model;

struct Lines;

impl Observer for Lines {
    fn call(&self, call: &CallRecord) {
        let usage = call.response.usage.unwrap_or_default();
        println!(
            "{}: {} in {:.1?}, {} attempts, {} tokens in, {} tokens out",
            call.span_name(),
            call.end.as_str(),
            call.duration,
            call.attempts,
            usage.input,
            usage.output,
        );
        if let Some(first) = call.time_to_first_chunk {
            println!("  {} events, the first after {first:.1?}", call.chunks);
        }
    }

    fn retry(&self, call: &CallRecord, retry: &Retry) {
        println!("{}: attempt {} failed ({}), once more in {:.1?}", call.name, retry.attempt, retry.error, retry.wait);
    }

    fn chunk(&self, _: &CallRecord, since_last: Option<Duration>) {
        if let Some(pause) = since_last.filter(|pause| *pause > Duration::from_secs(5)) {
            println!("  the model paused for {pause:.1?}");
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = ClientBuilder::from_env().observer(Lines).build()?;
    let params = ResponseCreateParams::new().model(model()).input("Say hi.");
    client.responses().create(params.clone()).await?;
    let mut events = client.responses().create_stream(params).await?;
    while events.try_next().await?.is_some() {}
    Ok(())
}
