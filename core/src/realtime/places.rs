//! Where realtime connections begin.

use crate::resources::{BetaRealtime, Realtime};
use crate::types::{BetaRealtimeClientEvent, BetaRealtimeServerEvent, RealtimeClientEvent, RealtimeServerEvent};
use crate::websocket::{Connect, Dial, Route};

static REALTIME: Route =
    Route { id: "realtime.connect", path: "/realtime", headers: &[], remember: &["session.update"] };

static BETA: Route = Route {
    id: "beta.realtime.connect",
    path: "/realtime",
    headers: &[("OpenAI-Beta", "realtime=v1")],
    remember: &["session.update", "transcription_session.update"],
};

impl Realtime {
    /// Opens a conversation with this model.
    ///
    /// `GET /realtime?model=` (WebSocket)
    pub fn connect(&self, model: &str) -> Connect<RealtimeClientEvent, RealtimeServerEvent> {
        Connect::new(Dial::new(&self.client, &REALTIME, &[], &[("model", Some(model))]))
    }

    /// Joins a call that runs over SIP or WebRTC, to watch and steer it.
    ///
    /// `GET /realtime?call_id=` (WebSocket)
    pub fn connect_to_call(&self, call_id: &str) -> Connect<RealtimeClientEvent, RealtimeServerEvent> {
        Connect::new(Dial::new(&self.client, &REALTIME, &[], &[("call_id", Some(call_id))]))
    }

    /// Opens a session that only transcribes. A `session.update` of type `transcription` says how.
    ///
    /// `GET /realtime?intent=transcription` (WebSocket)
    pub fn connect_transcription(&self) -> Connect<RealtimeClientEvent, RealtimeServerEvent> {
        Connect::new(Dial::new(&self.client, &REALTIME, &[], &[("intent", Some("transcription"))]))
    }
}

impl BetaRealtime {
    /// Opens a conversation of the beta API with this model.
    ///
    /// `GET /realtime?model=` (WebSocket) with `OpenAI-Beta: realtime=v1`
    pub fn connect(&self, model: &str) -> Connect<BetaRealtimeClientEvent, BetaRealtimeServerEvent> {
        Connect::new(Dial::new(&self.client, &BETA, &[], &[("model", Some(model))]))
    }
}
