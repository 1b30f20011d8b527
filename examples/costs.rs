//! What a program has used and what that costs.

use threadline::types::{ChatCompletionCreateParams, ChatCompletionUserMessageParam, EmbeddingCreateParams};
use threadline::usage::{Prices, UsageCounter};
use threadline::{ClientBuilder, Error};
use threadline_examples::model;

#[tokio::main]
async fn main() -> Result<(), Error> {
    // The table that comes along is as old as it says; models that it lacks are added, or all of it replaced.
    let own = r#"{"currency": "USD", "as_of": "2026-01-15", "models": {"gpt-mock": {"input": 1.25, "output": 10}}}"#;
    let prices = Prices::shipped().with(Prices::from_json(own)?);
    let counter = UsageCounter::with_prices(prices);
    let client = ClientBuilder::from_env().observer(counter.clone()).build()?;

    let question = ChatCompletionUserMessageParam::new("Why do cats purr?");
    let params = ChatCompletionCreateParams::new(vec![question.into()], model());
    client.chat().completions().create(params).await?;
    client.embeddings().create(EmbeddingCreateParams::new("Why do cats purr?", "text-embedding-3-small")).await?;

    let report = counter.report();
    for (operation, model, totals) in report.entries() {
        let cost = totals.cost().map_or("unknown".to_owned(), |cost| format!("{cost} {}", report.currency()));
        println!("{operation} with {model}: {} in, {} out, {cost}", totals.usage.input, totals.usage.output);
    }
    let total = report.total();
    match total.cost() {
        Some(cost) => println!("{} calls, {} tokens, {cost} in all", total.requests, total.usage.total()),
        // A model without a price never counts as free.
        None => println!("{} and {} calls of unknown cost", total.known_cost, total.unpriced),
    }
    Ok(())
}
