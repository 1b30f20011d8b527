//! A response of the Responses API, printed as it arrives.

use std::io::Write as _;

use threadline::Error;
use threadline::types::{ResponseCreateParams, ResponseStreamEvent};
use threadline_examples::Provider;

pub(crate) async fn run(provider: &Provider) -> Result<(), Error> {
    let question = "Say good morning in French.";
    println!("\nResponse, streamed\n  you:   {question}");
    let params = ResponseCreateParams::new().model(provider.model.as_str()).input(question).max_output_tokens(60);

    let mut stream = provider.client.responses().create_stream(params).await?;
    print!("  model: ");
    let mut events = 0;
    while let Some(event) = stream.next().await {
        events += 1;
        match event? {
            ResponseStreamEvent::ResponseOutputTextDelta(text) => print!("{}", text.delta),
            ResponseStreamEvent::ResponseCompleted(done) => {
                let tokens = done.response.usage.map_or(0, |usage| usage.total_tokens);
                print!("\n  (completed, {tokens} tokens");
            }
            ResponseStreamEvent::ResponseIncomplete(_) => print!("\n  (cut off at the token limit"),
            _ => {}
        }
        let _ = std::io::stdout().flush();
    }
    println!(", {events} events)");
    Ok(())
}
