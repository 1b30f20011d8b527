//! Live sessions: the session itself, a second connection beside its media, and copies of it.

use crate::client::Client;
use crate::resources::Live;
use crate::types::{
    ConnectClientEvent, ConnectServerEvent, ForkClientEvent, ForkServerEvent, LiveClientEvent, LiveServerEvent,
};
use crate::websocket::{Connect, Dial, Route};

/// A session is begun by its first event, so a new connection needs that one too.
const REMEMBER: &[&str] = &["session.start", "session.update"];

static LIVE: Route = Route { id: "live.connect", path: "/live/sessions", headers: &[], remember: REMEMBER };
static SIDEBAND: Route = Route {
    id: "live.sideband.connect",
    path: "/live/sessions/{session_id}/attach",
    headers: &[],
    remember: &["session.update"],
};
static FORK: Route =
    Route { id: "live.forks.connect", path: "/live/sessions/{session_id}/fork", headers: &[], remember: REMEMBER };

impl Live {
    /// Opens a live session; its first event is `session.start`.
    ///
    /// `GET /live/sessions` (WebSocket)
    pub fn connect(&self) -> Connect<LiveClientEvent, LiveServerEvent> {
        Connect::new(Dial::new(&self.client, &LIVE, &[], &[]))
    }

    /// The resource `live.sideband`.
    pub fn sideband(&self) -> LiveSideband {
        LiveSideband { client: self.client.clone() }
    }

    /// The resource `live.forks`.
    pub fn forks(&self) -> LiveForks {
        LiveForks { client: self.client.clone() }
    }
}

/// The resource `live.sideband`.
#[derive(Debug, Clone)]
pub struct LiveSideband {
    client: Client,
}

/// The resource `live.forks`.
#[derive(Debug, Clone)]
pub struct LiveForks {
    client: Client,
}

impl LiveSideband {
    /// Joins a live session whose media run elsewhere. `graceful_close` says whether the session goes on when this
    /// connection ends; `None` leaves it to the server.
    ///
    /// `GET /live/sessions/{session_id}/attach` (WebSocket)
    pub fn connect(
        &self,
        session_id: &str,
        graceful_close: Option<bool>,
    ) -> Connect<ConnectClientEvent, ConnectServerEvent> {
        let graceful = graceful_close.map(|on| if on { "true" } else { "false" });
        Connect::new(Dial::new(&self.client, &SIDEBAND, &[session_id], &[("graceful_close", graceful)]))
    }
}

impl LiveForks {
    /// Opens a copy of a live session, which goes its own way from here.
    ///
    /// `GET /live/sessions/{session_id}/fork` (WebSocket)
    pub fn connect(&self, session_id: &str) -> Connect<ForkClientEvent, ForkServerEvent> {
        Connect::new(Dial::new(&self.client, &FORK, &[session_id], &[]))
    }
}
