//! Realtime conversations over WebSockets: `client.realtime().connect("gpt-realtime")`.
//!
//! The connection itself is a [`Connection`](crate::websocket::Connection); here stand the places that offer one, the
//! senders with the official names (`connection.session().update(...)`), and helpers for audio.

mod audio;
mod live;
mod places;
mod senders;
mod translations;

pub use self::audio::{AUDIO_FRAME, frames};
pub use self::live::{LiveForks, LiveSideband};
pub use self::senders::{
    BetaSessions, BetaTranscriptionSessions, Conversation, ConversationItems, InputAudioBuffer, OutputAudioBuffer,
    Responses, Sessions,
};
pub use self::translations::TranslationSessions;

use crate::types::{
    BetaRealtimeClientEvent, BetaRealtimeServerEvent, ConnectClientEvent, ConnectServerEvent, ForkClientEvent,
    ForkServerEvent, LiveClientEvent, LiveServerEvent, RealtimeClientEvent, RealtimeServerEvent,
    RealtimeTranslationClientEvent, RealtimeTranslationServerEvent,
};
use crate::websocket::Connection;

/// A realtime conversation.
pub type RealtimeConnection = Connection<RealtimeClientEvent, RealtimeServerEvent>;
/// A realtime conversation of the beta API.
pub type BetaRealtimeConnection = Connection<BetaRealtimeClientEvent, BetaRealtimeServerEvent>;
/// A realtime translation.
pub type TranslationConnection = Connection<RealtimeTranslationClientEvent, RealtimeTranslationServerEvent>;
/// A live session.
pub type LiveConnection = Connection<LiveClientEvent, LiveServerEvent>;
/// A second connection to a live session, beside its media.
pub type SidebandConnection = Connection<ConnectClientEvent, ConnectServerEvent>;
/// A connection to a copy of a live session.
pub type ForkConnection = Connection<ForkClientEvent, ForkServerEvent>;
