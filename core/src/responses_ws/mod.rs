//! The Responses API over WebSockets: many responses over one connection, one after the other.
//!
//! `client.responses().connect()` gives the bare connection with its events. `client.responses().ws_pool()` keeps several
//! and gives each response a stream of its own, as [`create_stream`](crate::resources::Responses::create_stream) does over
//! HTTP.

mod body;
mod pool;
mod shelf;

pub use self::pool::{ResponsesPool, ResponsesPoolBuilder};
pub use self::shelf::{Shelf, Shelved};

use crate::error::Error;
use crate::resources::{BetaResponses, Responses};
use crate::types::{
    BetaResponsesClientEvent, BetaResponsesServerEvent, ResponseSteerEvent, ResponsesClientEvent,
    ResponsesClientEventResponseCreate, ResponsesServerEvent,
};
use crate::websocket::{Connect, Connection, Dial, Route, Sender};

/// A connection that carries responses.
pub type ResponsesConnection = Connection<ResponsesClientEvent, ResponsesServerEvent>;
/// A connection that carries responses of the beta API.
pub type BetaResponsesConnection = Connection<BetaResponsesClientEvent, BetaResponsesServerEvent>;

static RESPONSES: Route = Route { id: "responses.connect", path: "/responses", headers: &[], remember: &[] };
static BETA: Route = Route { id: "beta.responses.connect", path: "/responses", headers: &[], remember: &[] };

impl Responses {
    /// Opens a connection for responses, one at a time.
    ///
    /// `GET /responses` (WebSocket)
    pub fn connect(&self) -> Connect<ResponsesClientEvent, ResponsesServerEvent> {
        Connect::new(Dial::new(&self.client, &RESPONSES, &[], &[]))
    }

    /// Settings of a pool of such connections.
    ///
    /// `GET /responses` (WebSocket)
    pub fn ws_pool(&self) -> ResponsesPoolBuilder {
        ResponsesPoolBuilder::new(Dial::new(&self.client, &RESPONSES, &[], &[]))
    }
}

impl BetaResponses {
    /// Opens a connection for responses of the beta API, one at a time.
    ///
    /// `GET /responses` (WebSocket)
    pub fn connect(&self) -> Connect<BetaResponsesClientEvent, BetaResponsesServerEvent> {
        Connect::new(Dial::new(&self.client, &BETA, &[], &[]))
    }
}

/// Sends `response.create` and `response.steer`.
#[derive(Debug)]
pub struct ResponseSender<'a> {
    sender: &'a Sender<ResponsesClientEvent>,
}

impl Sender<ResponsesClientEvent> {
    /// Responses of the model.
    pub fn response(&self) -> ResponseSender<'_> {
        ResponseSender { sender: self }
    }
}

impl ResponseSender<'_> {
    /// Asks for a response. The connection carries one at a time: wait for its last event before the next.
    ///
    /// # Errors
    /// As [`Sender::send`].
    pub async fn create(&self, event: impl Into<ResponsesClientEventResponseCreate>) -> Result<(), Error> {
        self.sender.send(event.into()).await
    }

    /// Adds input to a response under way.
    ///
    /// # Errors
    /// As [`Sender::send`].
    pub async fn steer(&self, event: impl Into<ResponseSteerEvent>) -> Result<(), Error> {
        self.sender.send(event.into()).await
    }
}
