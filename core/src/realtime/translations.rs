//! Realtime translations.

use super::audio::{encode, frames};
use crate::error::Error;
use crate::resources::RealtimeTranslations;
use crate::types::{
    RealtimeInputAudioBufferAppendEvent, RealtimeTranslationClientEvent, RealtimeTranslationServerEvent,
    RealtimeTranslationSessionCloseEvent, RealtimeTranslationSessionUpdateEvent,
    RealtimeTranslationSessionUpdateRequest,
};
use crate::websocket::{Connect, Dial, Route, Sender};

static TRANSLATIONS: Route = Route {
    id: "realtime.translations.connect",
    path: "/realtime/translations",
    headers: &[],
    remember: &["session.update"],
};

impl RealtimeTranslations {
    /// Opens a session that translates speech with this model.
    ///
    /// `GET /realtime/translations?model=` (WebSocket)
    pub fn connect(&self, model: &str) -> Connect<RealtimeTranslationClientEvent, RealtimeTranslationServerEvent> {
        Connect::new(Dial::new(&self.client, &TRANSLATIONS, &[], &[("model", Some(model))]))
    }
}

/// Sends `session.update`, `session.input_audio_buffer.append` and `session.close`.
#[derive(Debug)]
pub struct TranslationSessions<'a> {
    sender: &'a Sender<RealtimeTranslationClientEvent>,
}

impl Sender<RealtimeTranslationClientEvent> {
    /// The session that translates.
    pub fn session(&self) -> TranslationSessions<'_> {
        TranslationSessions { sender: self }
    }
}

impl TranslationSessions<'_> {
    /// Changes the session. The server answers with `session.updated`.
    ///
    /// # Errors
    /// As [`Sender::send`].
    pub async fn update(&self, session: impl Into<RealtimeTranslationSessionUpdateRequest>) -> Result<(), Error> {
        self.sender.send(RealtimeTranslationSessionUpdateEvent::new(session)).await
    }

    /// Adds audio of any length to what is to be translated.
    ///
    /// # Errors
    /// As [`Sender::send`]; what came before the failure has been sent.
    pub async fn append_bytes(&self, audio: &[u8]) -> Result<(), Error> {
        for frame in frames(audio) {
            self.sender.send(RealtimeInputAudioBufferAppendEvent::new(encode(frame))).await?;
        }
        Ok(())
    }

    /// Ends the session: the server translates what it has, answers with `session.closed` and closes.
    ///
    /// # Errors
    /// As [`Sender::send`].
    pub async fn close(&self) -> Result<(), Error> {
        self.sender.send(RealtimeTranslationSessionCloseEvent::new()).await
    }
}
