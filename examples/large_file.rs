//! A large file, uploaded in parts side by side with a checksum, and gone on with after a failure.

use threadline::{Client, Error, FileInput};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    let line = "{\"messages\":[]}\n";
    let upload = || {
        client
            .uploads()
            .upload_file_chunked(FileInput::from_bytes(line.repeat(10_000)), "application/jsonl", "fine-tune")
            .filename("training.jsonl")
            .part_size(64 << 10)
            .max_concurrency(1)
            .compute_md5()
            .keep_on_failure()
            .on_progress(|p| {
                println!("{} of {} bytes, {} of {} parts", p.bytes_done, p.bytes_total, p.parts_done, p.parts_total)
            })
    };
    let finished = match upload().await {
        Err(error) if error.unfinished().is_some() => {
            println!("failed: {error}");
            let left = error.unfinished().cloned().unwrap_or_default();
            upload().resume(&left).await?
        }
        other => other?,
    };
    println!("{} is {}", finished.id, finished.status);
    Ok(())
}
