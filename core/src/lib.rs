//! Threadline: the OpenAI HTTP API in Rust.
#![forbid(unsafe_code)]

pub mod accumulate;
pub mod agents;
pub mod auth;
pub mod azure;
#[cfg(feature = "blocking")]
pub mod blocking;
pub mod cassette;
pub mod client;
pub mod error;
#[cfg(doctest)]
mod guide;
pub mod json;
pub mod limits;
pub mod observe;
pub mod operation;
pub mod operations;
pub mod page;
pub mod policy;
pub mod polling;
pub mod realtime;
pub mod request;
pub mod resources;
pub mod response;
pub mod responses_ws;
pub mod secret;
#[cfg(feature = "bindings")]
pub mod settings;
pub mod stream;
mod stream_to;
pub mod structured;
pub mod tools;
pub mod transport;
pub mod types;
pub mod undocumented;
pub mod unfinished;
pub mod uploads;
pub mod usage;
pub mod webhooks;
pub mod websocket;

pub use client::{Args, Call, Client, ClientBuilder, ConnectTarget, RequestOptions};
pub use error::{Error, ErrorKind, Partial};
pub use json::{Json, encode};
pub use page::{Items, Page, Pages};
pub use polling::Poll;
pub use request::FileInput;
pub use response::{Download, RateLimit, RawReply, Reply};
pub use stream::EventStream;
pub use stream_to::{Delivery, EventSink, Verdict};
pub use transport::Transport;
pub use unfinished::Unfinished;
