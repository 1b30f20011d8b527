//! A picture as part of a question.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use threadline::types::{
    ChatCompletionContentPart, ChatCompletionContentPartImage, ChatCompletionContentPartImageURL,
    ChatCompletionContentPartText, ChatCompletionCreateParams, ChatCompletionUserMessageParam,
};
use threadline::{Client, Error};
use threadline_examples::{model, sample_picture};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    // A picture on the web is named by its address; one in memory travels inside of a `data:` URL.
    let url = format!("data:image/png;base64,{}", STANDARD.encode(sample_picture()));
    let parts: Vec<ChatCompletionContentPart> = vec![
        ChatCompletionContentPartText::new("Which colour is this?").into(),
        ChatCompletionContentPartImage::new(ChatCompletionContentPartImageURL::new(url)).into(),
    ];
    let question = ChatCompletionUserMessageParam::new(parts);
    let params = ChatCompletionCreateParams::new(vec![question.into()], model());
    let completion = client.chat().completions().create(params).await?;
    println!("{}", completion.choices[0].message.content.as_deref().unwrap_or("(nothing)"));
    Ok(())
}
