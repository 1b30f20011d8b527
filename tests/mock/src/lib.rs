//! A server that speaks the API from its description, and every fault a network can show.
//!
//! `README.md` of this crate says what it does and how replies are scripted. In a test:
//!
//! ```no_run
//! # async fn run() {
//! use threadline_mock::{MockServer, reply};
//! let server = MockServer::start().await;
//! server.script([reply!({"status": 503}), reply!({"json": {"object": "list", "data": []}})]);
//! // … call `server.base_url()` …
//! assert_eq!(server.requests().len(), 2);
//! # }
//! ```

pub mod api;
mod check;
mod control;
mod log;
mod places;
pub mod sample;
mod script;
mod server;
mod service;
mod shared;
mod synth;
mod tls;
mod wire;

pub use self::{
    check::{Checker, Part, Violation},
    log::{BodyLog, ClosedBy, ConnectionLog, Conversation, KEPT, Seen, Sent, sha256},
    places::{OtherLog, Refused},
    script::{
        Always, Cut, CutWait, Do, Encoding, End, EndWith, Framing, Interim, On, Part as ReplyPart, Raw, Read, Reply,
        Times, read as read_script,
    },
    server::MockServer,
    shared::Log,
    tls::{Asked, Certificates, Pair, Shown, Tls},
    wire::{
        Head,
        ws::{CloseCode, Empty, Spelled, Step, TalkEnd, Word},
    },
};

#[doc(hidden)]
pub use serde_json::json as __json;

/// A scripted reply from its JSON form.
///
/// # Panics
/// The expression panics if the reply is not understood: the test that says it is wrong.
#[macro_export]
macro_rules! reply {
    ($($json:tt)+) => {
        match $crate::read_script(&$crate::__json!($($json)+)) {
            Ok(mut replies) if replies.len() == 1 => replies.remove(0),
            Ok(_) => panic!("reply! takes one reply"),
            Err(why) => panic!("{why}"),
        }
    };
}
