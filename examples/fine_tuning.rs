//! Fine-tuning: examples up, a job, and what it reports.

use serde_json::json;
use threadline::types::{FileCreateParams, FineTuningJobCreateParams};
use threadline::{Client, Error, FileInput};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    let examples: String = (0..10)
        .map(|number| {
            let (question, answer) = (format!("What is {number} + {number}?"), format!("It is {}, dear.", 2 * number));
            let turns = json!([{"role": "user", "content": question}, {"role": "assistant", "content": answer}]);
            format!("{}\n", json!({"messages": turns}))
        })
        .collect();
    let file = FileInput::from_bytes(examples).with_filename("sums.jsonl");
    let file = client.files().create(FileCreateParams::new(file, "fine-tune")).await?;

    let jobs = client.fine_tuning().jobs();
    let params = FineTuningJobCreateParams::new("gpt-4o-mini", file.id.as_str()).suffix("sums");
    let job = jobs.create(params).await?;
    println!("job {} is {}", job.id, job.status);

    let mut events = jobs.list_events(&job.id).items();
    while let Some(event) = events.try_next().await? {
        println!("{}: {}", event.level, event.message);
    }
    // This is only an example; a real job goes on for an hour or so, and then names its model.
    let job = jobs.cancel(&job.id).await?;
    println!("now {}, model {}", job.status, job.fine_tuned_model.as_deref().unwrap_or("none"));
    Ok(())
}
