//! What came with a reply: headers, ids, limits, the body as it was; and members that this version does not know.

use threadline::types::{ChatCompletionCreateParams, ChatCompletionUserMessageParam};
use threadline::{Client, Error};
use threadline_examples::model;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    let question = ChatCompletionUserMessageParam::new("Say hi.");
    let params = ChatCompletionCreateParams::new(vec![question.into()], model());
    let reply = client
        .chat()
        .completions()
        .create(params)
        .header("X-Client-Request-Id", "example-1")
        .extra_body("safety_identifier", serde_json::json!("user-1"))
        .await?;

    println!("status {}, request {:?}, {} attempts", reply.status(), reply.request_id(), reply.attempts());
    println!("took {:?} ms at the server", reply.headers().get("openai-processing-ms"));
    let limits = reply.rate_limit();
    println!("{:?} of {:?} requests left", limits.requests.remaining, limits.requests.limit);
    println!("{} bytes of JSON", reply.raw_body().len());
    // The reply reads like its value, and can become it.
    println!("{} choices", reply.choices.len());
    let completion = reply.into_inner();
    for (name, value) in completion.extra.iter() {
        println!("a member that this version does not know: {name} = {}", value.raw());
    }
    Ok(())
}
