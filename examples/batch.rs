//! A batch: many requests in one file, answered within a day at half the price.

use serde_json::json;
use threadline::types::{BatchCreateParams, FileCreateParams};
use threadline::{Client, Error, FileInput};
use threadline_examples::model;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    // One request a line; `custom_id` finds the answer again.
    let lines: String = ["Norway", "Sweden", "Finland"]
        .iter()
        .map(|country| {
            let body =
                json!({"model": model(), "messages": [{"role": "user", "content": format!("Capital of {country}?")}]});
            let line = json!({"custom_id": country, "method": "POST", "url": "/v1/chat/completions", "body": body});
            format!("{line}\n")
        })
        .collect();
    let input = FileInput::from_bytes(lines).with_filename("capitals.jsonl");
    let input = client.files().create(FileCreateParams::new(input, "batch")).await?;

    let params = BatchCreateParams::new("/v1/chat/completions", input.id.as_str()).metadata([("topic", "capitals")]);
    let batch = client.batches().create(params).await?;
    println!("batch {} is {}", batch.id, batch.status);

    // Come back later with the id. A batch that is done names the file with its answers.
    let batch = client.batches().retrieve(&batch.id).await?;
    match &batch.output_file_id {
        Some(file) => {
            let answers = client.files().content(file).await?.bytes().await?;
            println!("{} bytes of answers", answers.len());
        }
        None => println!("not yet done: {}", batch.status),
    }
    Ok(())
}
