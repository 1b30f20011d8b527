//! A conversation that the server keeps: items are added to it, responses continue it.

use threadline::types::{
    ConversationCreateParams, ConversationItemCreateParams, EasyInputMessage, ResponseCreateParams,
};
use threadline::{Client, Error};
use threadline_examples::model;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    let conversations = client.conversations();
    let conversation = conversations.create(ConversationCreateParams::new().metadata([("topic", "rivers")])).await?;
    println!("conversation {}", conversation.id);

    let fact = EasyInputMessage::new("My favourite river is the Glomma.", "user");
    conversations.items().create(&conversation.id, ConversationItemCreateParams::new(vec![fact.into()])).await?;

    let params = ResponseCreateParams::new()
        .model(model())
        .conversation(conversation.id.as_str())
        .input("Which river do I like, and where is it?");
    let response = client.responses().create(params).await?;
    println!("response {} with {} items", response.id, response.output.len());

    let mut items = conversations.items().list(&conversation.id).items();
    let mut count = 0;
    while items.try_next().await?.is_some() {
        count += 1;
    }
    println!("{count} items in the conversation");
    let deleted = conversations.delete(&conversation.id).await?;
    println!("deleted: {}", deleted.deleted);
    Ok(())
}
