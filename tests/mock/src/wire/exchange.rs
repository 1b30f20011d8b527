//! What a reply is written to, whatever the version of HTTP.

use std::time::Duration;

use bytes::Bytes;

use super::Head;
use crate::{
    log::Meter,
    script::{EndWith, Framing, Read},
};

/// The client has closed the connection, or ended the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gone;

/// Head of a reply.
#[derive(Debug, Clone)]
pub(crate) struct ReplyHead {
    pub status: u16,
    pub reason: Option<String>,
    pub headers: Vec<(String, String)>,
    pub framing: Framing,
    /// Size of the pieces and the wait between them.
    pub piece: Option<usize>,
    pub every: Duration,
}

/// One request's way back to the client.
pub(crate) trait Out: Send {
    /// Reads the request's body into `meter`, after `100 Continue` if the client expects it. `Ok(false)`: it was malformed.
    async fn read_body(&mut self, how: &Read, expect: bool, meter: &mut Meter) -> Result<bool, Gone>;
    /// From now on nothing more is read from the client.
    fn leave_unread(&mut self);
    /// Sends a head of status 1xx.
    async fn interim(&mut self, status: u16, headers: &[(String, String)]) -> Result<(), Gone>;
    /// Sends the head.
    async fn head(&mut self, head: &ReplyHead) -> Result<(), Gone>;
    /// Sends bytes of the body.
    async fn data(&mut self, bytes: Bytes) -> Result<(), Gone>;
    /// Sends bytes instead of head and body.
    async fn raw(&mut self, bytes: Bytes) -> Result<(), Gone>;
    /// Marks the end of the body.
    async fn finish(&mut self) -> Result<(), Gone>;
    /// Waits.
    async fn pause(&mut self, time: Duration) -> Result<(), Gone>;
    /// Waits for an event.
    async fn until<F: Future<Output = ()> + Send>(&mut self, event: F) -> Result<(), Gone>;
    /// Stays silent until the client closes.
    async fn hold(&mut self) -> Gone;
    /// From now on nothing that the client sends arrives, as if the way from it were cut.
    fn deafen(&mut self);
    /// Tells the client that no further request will be answered on this connection.
    async fn leave(&mut self);
    /// The connection itself, where the request has one to itself.
    fn socket(&mut self) -> Option<&mut super::socket::Socket> {
        None
    }
    /// Ends the connection as `end` says: close, reset or GOAWAY. What was sent before goes out first.
    async fn finally(&mut self, end: &EndWith);
}

/// One request with its way back.
#[derive(Debug)]
pub(crate) struct Exchange<O> {
    pub connection: usize,
    pub stream: u32,
    pub head: Head,
    pub out: O,
}
