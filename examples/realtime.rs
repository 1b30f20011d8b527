//! A realtime conversation: a question as text, the answer as text while it is spoken.

use threadline::types::{
    RealtimeConversationItemUserMessage, RealtimeConversationItemUserMessageContent,
    RealtimeItemUserMessageContentType, RealtimeResponseCreateEvent, RealtimeServerEvent, RealtimeSessionCreateRequest,
};
use threadline::websocket::{Incoming, ReconnectPolicy};
use threadline::{Client, Error};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Client::from_env()?;
    let mut connection = client.realtime().connect("gpt-realtime").reconnect(ReconnectPolicy::new()).await?;
    connection.session().update(RealtimeSessionCreateRequest::new().instructions("Answer in one sentence.")).await?;

    let text = RealtimeConversationItemUserMessageContent::new()
        .r#type(RealtimeItemUserMessageContentType::InputText)
        .text("What is a thread line?");
    connection.conversation().item().create(RealtimeConversationItemUserMessage::new(vec![text])).await?;
    connection.response().create(RealtimeResponseCreateEvent::new()).await?;

    let mut audio = Vec::new();
    while let Some(incoming) = connection.next().await {
        match incoming? {
            Incoming::Event(RealtimeServerEvent::ResponseOutputAudioTranscriptDelta(delta)) => {
                print!("{}", delta.delta)
            }
            Incoming::Event(RealtimeServerEvent::ResponseOutputAudioDelta(delta)) => audio.extend(delta.audio()?),
            Incoming::Event(RealtimeServerEvent::Error(event)) => println!("refused: {}", event.error.message),
            Incoming::Event(RealtimeServerEvent::ResponseDone(_)) => break,
            Incoming::Reconnecting(news) => println!("lost, attempt {} in {:.1?}", news.attempt, news.delay),
            _ => {}
        }
    }
    println!("\n{} bytes of audio", audio.len());
    let close = connection.close(1000, "done").await?;
    println!("closed with {}", close.code);
    Ok(())
}
