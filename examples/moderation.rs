//! Moderation: is a text fit to be shown?

use threadline::types::ModerationCreateParams;
use threadline::{Client, Error};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    let texts = vec!["I love this song.".to_owned(), "I will hurt you.".to_owned()];
    let params = ModerationCreateParams::new(texts).model("omni-moderation-latest");
    let reply = client.moderations().create(params).await?;
    for (number, result) in reply.results.iter().enumerate() {
        let verdict = if result.flagged { "flagged" } else { "fine" };
        println!("text {number}: {verdict}, violence {:.4}", result.category_scores.violence);
    }
    Ok(())
}
