//! Senders with the official names: `connection.session().update(...)`, `connection.response().create(...)`.
//!
//! Each sends one event. An event that needs its `event_id`, or a member not offered here, goes through
//! [`Sender::send`](crate::websocket::Sender::send).

use crate::error::Error;
use crate::types::{
    BetaConversationItem, BetaRealtimeClientEvent, BetaRealtimeClientEventOutputAudioBufferClear,
    BetaResponseCreateEvent, BetaSessionUpdateEvent, BetaSessionUpdateEventSession, ConversationItemCreateEvent,
    ConversationItemDeleteEvent, ConversationItemRetrieveEvent, ConversationItemTruncateEvent,
    InputAudioBufferAppendEvent, InputAudioBufferClearEvent, InputAudioBufferCommitEvent, OutputAudioBufferClearEvent,
    RealtimeClientEvent, RealtimeClientSecretCreateSession, RealtimeConversationItem,
    RealtimeConversationItemCreateEvent, RealtimeResponseCreateEvent, RealtimeSessionUpdateEvent, ResponseCancelEvent,
    TranscriptionSessionUpdate, TranscriptionSessionUpdateSession,
};
use crate::websocket::Sender;

use super::audio::{encode, frames};

/// A group of senders, made from a connection or its [`Sender`].
macro_rules! group {
    ($doc:literal $name:ident $what:literal $method:ident $($client:ident)+) => {
        #[doc = $doc]
        #[derive(Debug)]
        pub struct $name<'a, C> {
            sender: &'a Sender<C>,
        }

        $(
            impl Sender<$client> {
                #[doc = $what]
                pub fn $method(&self) -> $name<'_, $client> {
                    $name { sender: self }
                }
            }
        )+
    };
}

group! { "Sends `session.update`." Sessions "Settings of the session." session RealtimeClientEvent }
group! { "Sends `session.update` of the beta API." BetaSessions "Settings of the session." session BetaRealtimeClientEvent }
group! {
    "Sends `transcription_session.update` of the beta API." BetaTranscriptionSessions
    "Settings of a session that transcribes." transcription_session BetaRealtimeClientEvent
}
group! {
    "Sends `response.create` and `response.cancel`." Responses
    "Responses of the model." response RealtimeClientEvent BetaRealtimeClientEvent
}
group! {
    "Sends `input_audio_buffer.append`, `.commit` and `.clear`." InputAudioBuffer
    "Audio that the model is to hear." input_audio_buffer RealtimeClientEvent BetaRealtimeClientEvent
}
group! {
    "Sends `output_audio_buffer.clear`." OutputAudioBuffer
    "Audio that the server plays itself (WebRTC and SIP)." output_audio_buffer RealtimeClientEvent BetaRealtimeClientEvent
}
group! {
    "Holds the items of the conversation." Conversation
    "The conversation." conversation RealtimeClientEvent BetaRealtimeClientEvent
}

impl Sessions<'_, RealtimeClientEvent> {
    /// Changes the session; what is left out stays. The server answers with `session.updated`.
    ///
    /// # Errors
    /// As [`Sender::send`].
    pub async fn update(&self, session: impl Into<RealtimeClientSecretCreateSession>) -> Result<(), Error> {
        self.sender.send(RealtimeSessionUpdateEvent::new(session)).await
    }
}

impl BetaSessions<'_, BetaRealtimeClientEvent> {
    /// Changes the session; what is left out stays. The server answers with `session.updated`.
    ///
    /// # Errors
    /// As [`Sender::send`].
    pub async fn update(&self, session: impl Into<BetaSessionUpdateEventSession>) -> Result<(), Error> {
        self.sender.send(BetaSessionUpdateEvent::new(session)).await
    }
}

impl BetaTranscriptionSessions<'_, BetaRealtimeClientEvent> {
    /// Changes the session. The server answers with `transcription_session.updated`.
    ///
    /// # Errors
    /// As [`Sender::send`].
    pub async fn update(&self, session: impl Into<TranscriptionSessionUpdateSession>) -> Result<(), Error> {
        self.sender.send(TranscriptionSessionUpdate::new(session)).await
    }
}

impl Responses<'_, RealtimeClientEvent> {
    /// Asks the model for a response to the conversation so far. To give it settings of its own, pass
    /// `RealtimeResponseCreateEvent::new().response(...)`.
    ///
    /// # Errors
    /// As [`Sender::send`].
    pub async fn create(&self, event: impl Into<RealtimeResponseCreateEvent>) -> Result<(), Error> {
        self.sender.send(event.into()).await
    }
}

impl Responses<'_, BetaRealtimeClientEvent> {
    /// Asks the model for a response to the conversation so far.
    ///
    /// # Errors
    /// As [`Sender::send`].
    pub async fn create(&self, event: impl Into<BetaResponseCreateEvent>) -> Result<(), Error> {
        self.sender.send(event.into()).await
    }
}

/// A holder of the items of a conversation.
#[derive(Debug)]
pub struct ConversationItems<'a, C> {
    sender: &'a Sender<C>,
}

impl<'a, C> Conversation<'a, C> {
    /// The items of the conversation.
    pub fn item(&self) -> ConversationItems<'a, C> {
        ConversationItems { sender: self.sender }
    }
}

impl ConversationItems<'_, RealtimeClientEvent> {
    /// Adds an item at the end of the conversation. To add it elsewhere, send a `ConversationItemCreateEvent` with
    /// `previous_item_id`.
    ///
    /// # Errors
    /// As [`Sender::send`].
    pub async fn create(&self, item: impl Into<RealtimeConversationItem>) -> Result<(), Error> {
        self.sender.send(ConversationItemCreateEvent::new(item)).await
    }
}

impl ConversationItems<'_, BetaRealtimeClientEvent> {
    /// Adds an item at the end of the conversation.
    ///
    /// # Errors
    /// As [`Sender::send`].
    pub async fn create(&self, item: impl Into<BetaConversationItem>) -> Result<(), Error> {
        self.sender.send(RealtimeConversationItemCreateEvent::new(item)).await
    }
}

/// What both APIs have with the same events.
macro_rules! both {
    ($($client:ident $clear:ident)*) => { $(
        impl Responses<'_, $client> {
            /// Stops the response under way. `response_id` says which, if that matters.
            ///
            /// # Errors
            /// As [`Sender::send`].
            pub async fn cancel(&self, response_id: Option<&str>) -> Result<(), Error> {
                let event = ResponseCancelEvent { response_id: response_id.map(str::to_owned), ..Default::default() };
                self.sender.send(event).await
            }
        }

        impl InputAudioBuffer<'_, $client> {
            /// Adds audio that is base64 already, in one event. The server takes 15 MiB at most.
            ///
            /// # Errors
            /// As [`Sender::send`].
            pub async fn append(&self, audio: impl Into<String>) -> Result<(), Error> {
                self.sender.send(InputAudioBufferAppendEvent::new(audio)).await
            }

            /// Adds audio of any length, in the format of the session, as events of [`AUDIO_FRAME`](super::AUDIO_FRAME)
            /// bytes each.
            ///
            /// # Errors
            /// As [`Sender::send`]; what came before the failure has been sent.
            pub async fn append_bytes(&self, audio: &[u8]) -> Result<(), Error> {
                for frame in frames(audio) {
                    self.append(encode(frame)).await?;
                }
                Ok(())
            }

            /// Makes an item of the conversation of the audio so far. Not needed where the server detects turns.
            ///
            /// # Errors
            /// As [`Sender::send`].
            pub async fn commit(&self) -> Result<(), Error> {
                self.sender.send(InputAudioBufferCommitEvent::new()).await
            }

            /// Forgets the audio so far.
            ///
            /// # Errors
            /// As [`Sender::send`].
            pub async fn clear(&self) -> Result<(), Error> {
                self.sender.send(InputAudioBufferClearEvent::new()).await
            }
        }

        impl OutputAudioBuffer<'_, $client> {
            /// Stops what the server is playing.
            ///
            /// # Errors
            /// As [`Sender::send`].
            pub async fn clear(&self) -> Result<(), Error> {
                self.sender.send($clear::new()).await
            }
        }

        impl ConversationItems<'_, $client> {
            /// Removes an item.
            ///
            /// # Errors
            /// As [`Sender::send`].
            pub async fn delete(&self, item_id: &str) -> Result<(), Error> {
                self.sender.send(ConversationItemDeleteEvent::new(item_id)).await
            }

            /// Asks for an item as the server holds it; the answer is `conversation.item.retrieved`.
            ///
            /// # Errors
            /// As [`Sender::send`].
            pub async fn retrieve(&self, item_id: &str) -> Result<(), Error> {
                self.sender.send(ConversationItemRetrieveEvent::new(item_id)).await
            }

            /// Tells how much of the model's audio was heard, so that the rest is forgotten: `audio_end_ms` milliseconds of
            /// the content part at `content_index`.
            ///
            /// # Errors
            /// As [`Sender::send`].
            pub async fn truncate(&self, item_id: &str, content_index: i64, audio_end_ms: i64) -> Result<(), Error> {
                self.sender.send(ConversationItemTruncateEvent::new(audio_end_ms, content_index, item_id)).await
            }
        }
    )* };
}

both! {
    RealtimeClientEvent OutputAudioBufferClearEvent
    BetaRealtimeClientEvent BetaRealtimeClientEventOutputAudioBufferClear
}
