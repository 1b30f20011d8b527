//! Texts as vectors: which of them is closest to a question?

use threadline::types::EmbeddingCreateParams;
use threadline::{Client, Error};

fn similarity(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    dot(a, b) / (dot(a, a).sqrt() * dot(b, b).sqrt())
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    let model = std::env::var("MODEL").unwrap_or_else(|_| "text-embedding-3-small".to_owned());
    let texts = ["The cat sleeps on the sofa.", "Interest rates rose again.", "Who is lying on the couch?"];
    let texts: Vec<String> = texts.into_iter().map(str::to_owned).collect();
    let reply = client.embeddings().create(EmbeddingCreateParams::new(texts.clone(), model)).await?;

    // Vectors travel in base64, which takes a quarter of the bytes, and are read without copying where they can be.
    let vectors: Vec<_> = reply.data.iter().map(|item| item.embedding.to_f32()).collect();
    let [first, second, question] = vectors.as_slice() else {
        println!("{} vectors for 3 texts", vectors.len());
        return Ok(());
    };
    println!("{} dimensions, {} tokens", question.len(), reply.usage.total_tokens);
    for (text, vector) in texts.iter().zip([first, second]) {
        println!("{:.3}  {text}", similarity(vector, question));
    }
    Ok(())
}
