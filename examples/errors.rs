//! Errors: one type, told apart by kind.

use threadline::{Client, ErrorKind};

#[tokio::main]
async fn main() -> Result<(), threadline::Error> {
    let client = Client::from_env()?;
    match client.models().retrieve("no-such-model").await {
        Ok(model) => println!("there is such a model: {}", model.id),
        Err(error) => {
            match error.kind() {
                ErrorKind::NotFound => println!("no such model"),
                ErrorKind::Authentication => println!("the key is wrong: see OPENAI_API_KEY"),
                ErrorKind::RateLimit => println!("too fast; wait {:?}", error.retry_after()),
                ErrorKind::Connection | ErrorKind::Timeout => println!("no answer: {}", error.message()),
                kind => println!("something else: {kind}"),
            }
            println!("status {:?}, code {:?}, param {:?}", error.status(), error.code(), error.param());
            println!("request {:?} after {} attempts", error.request_id(), error.attempts());
            println!("worth another try: {}", error.is_retryable());
        }
    }

    // A mistake in the call itself is found before anything is sent.
    if let Err(error) = client.models().retrieve("").await {
        println!("{error}");
    }
    Ok(())
}
