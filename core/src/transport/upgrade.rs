//! Connections that leave HTTP behind: what a transport gives for a WebSocket.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use http::HeaderMap;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{HttpResponse, TransportError};

/// Bytes in both directions, after the server has switched protocols.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// What [`Transport::upgrade`](super::Transport::upgrade) returns.
pub type UpgradeFuture<'a> = Pin<Box<dyn Future<Output = Result<Upgrade, TransportError>> + Send + 'a>>;

/// The answer to a request that asks for another protocol.
#[non_exhaustive]
pub enum Upgrade {
    /// Status 101: the connection is ours.
    Switched {
        /// Headers of the reply.
        headers: HeaderMap,
        /// The connection, from the first byte after the reply's head. Dropping it closes the connection.
        io: Box<dyn Duplex>,
    },
    /// Any other status: an ordinary reply.
    Refused(HttpResponse),
}

impl Upgrade {
    /// A connection that has switched.
    pub fn switched(headers: HeaderMap, io: impl Duplex + 'static) -> Self {
        Self::Switched { headers, io: Box::new(io) }
    }
}

impl fmt::Debug for Upgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Switched { .. } => f.write_str("Switched"),
            Self::Refused(reply) => f.debug_tuple("Refused").field(reply).finish(),
        }
    }
}
