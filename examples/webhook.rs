//! A webhook delivery: its signature checked, its event read. The delivery comes on standard input, as a web server
//! would hand it over: lines of headers, an empty line, the body.

use std::io::Read as _;
use std::time::{Duration, UNIX_EPOCH};

use threadline::types::UnwrapWebhookEvent;
use threadline::webhooks::WebhookVerifier;
use threadline::{Error, ErrorKind};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut request = String::new();
    std::io::stdin().read_to_string(&mut request)?;
    let (head, body) = request.split_once("\n\n").ok_or("no empty line between headers and body")?;
    let headers: Vec<(&str, &str)> = head.lines().filter_map(|line| line.split_once(": ")).collect();

    let verifier = WebhookVerifier::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    // The delivery was recorded: now is when it came. A real server leaves this out.
    let recorded = verifier.clone().now(UNIX_EPOCH + Duration::from_secs(1_750_287_078));
    match recorded.unwrap(body, &headers)? {
        UnwrapWebhookEvent::ResponseCompleted(event) => println!("{} is done", event.data.id),
        other => println!("not for us: {other:?}"),
    }
    refused("years later", verifier.verify(body, &headers));
    refused("with another body", recorded.verify("{}", &headers));
    Ok(())
}

fn refused(when: &str, result: Result<(), Error>) {
    match result {
        Err(error) if error.kind() == ErrorKind::WebhookSignature => println!("{when}: {}", error.message()),
        other => println!("{when}: {other:?}"),
    }
}
