//! Metrics of calls for OpenTelemetry: tokens and times, by operation and model. Here they are printed at the end; an OTLP
//! exporter in the same place sends them to a collector.

use opentelemetry::metrics::MeterProvider as _;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use threadline::ClientBuilder;
use threadline::observe::OpenTelemetryMetrics;
use threadline::types::{ChatCompletionCreateParams, ChatCompletionUserMessageParam, EmbeddingCreateParams};
use threadline_examples::model;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let provider =
        SdkMeterProvider::builder().with_periodic_exporter(opentelemetry_stdout::MetricExporter::default()).build();
    let metrics = OpenTelemetryMetrics::new(&provider.meter("my-program"));
    let client = ClientBuilder::from_env().observer(metrics).build()?;

    let messages = vec![ChatCompletionUserMessageParam::new("Why is the sky blue?").into()];
    client.chat().completions().create(ChatCompletionCreateParams::new(messages.clone(), model())).await?;
    let mut chunks =
        client.chat().completions().create_stream(ChatCompletionCreateParams::new(messages, model())).await?;
    while chunks.try_next().await?.is_some() {}
    client
        .embeddings()
        .create(EmbeddingCreateParams::new(vec!["the sky".to_owned()], "text-embedding-3-small"))
        .await?;

    // What has not been exported yet goes out now.
    provider.shutdown()?;
    Ok(())
}
