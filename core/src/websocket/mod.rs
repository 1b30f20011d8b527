//! WebSockets: connections that carry typed events both ways.
//!
//! [`Connect`] opens one (`client.realtime().connect("gpt-realtime")`), [`Connection`] sends and receives. A task of its own
//! keeps each connection alive, so that pings are answered while the program is busy; it ends when the connection is
//! dropped. What decides anything is in plain structs that need neither a clock nor a runtime: [`Keepalive`] says when to
//! ping and when a peer is dead, [`Reconnector`] whether to connect again and what to say first.

mod close;
mod connect;
mod connection;
mod driver;
mod failure;
mod handshake;
mod inbox;
mod keepalive;
mod raw;
mod reconnect;
mod socket;

pub use self::close::{ABNORMAL, Close, NO_STATUS};
pub use self::connect::{Advice, Connect};
pub use self::connection::{Connection, Incoming, Sender};
pub use self::keepalive::{Beat, Keepalive};
pub use self::raw::{RawCloser, RawConnection, RawIncoming, RawSender};
pub use self::reconnect::{Next, ReconnectPolicy, Reconnected, Reconnecting, Reconnector};

pub(crate) use self::connect::{Dial, Route};
pub(crate) use self::handshake::Handshake;
pub(crate) use self::raw::open;
