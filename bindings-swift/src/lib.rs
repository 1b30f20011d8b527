//! The native library of the Swift and Kotlin packages: a few functions and objects over [`threadline::Client`].
//!
//! What crosses is small and flat: an operation's official name, argument bytes (one JSON object), settings and options (JSON
//! too); back come a reply's bytes, batches of events, or one error record. Types live on the other side, made from `api/`.
//! What a call does is decided in the crate `threadline`.
//!
//! Every function that waits takes an optional [`CancelHandle`]: Swift cannot drop a future of ours, so its tasks cancel by it. Kotlin
//! drops the future, which does the same.

#![allow(clippy::result_large_err, reason = "UniFFI takes errors by value, and each leaves for the host at once")]

mod accumulate;
mod agents;
mod cancel;
mod client;
mod error;
mod files;
mod functions;
mod helpers;
mod identity;
#[cfg(not(target_os = "ios"))]
mod jvm;
mod mock;
mod news;
mod options;
mod pages;
mod polling;
mod reply;
mod runtime;
mod socket;
mod stream;
mod structured;
mod toolrun;
mod uploads;

pub use accumulate::Accumulator;
pub use cancel::CancelHandle;
pub use client::Client;
pub use error::{CallError, ErrorRecord};
pub use files::{Reader, Upload};
pub use functions::ToolAnswer;
pub use helpers::version;
pub use identity::{ProvidedToken, TokenProvider};
pub use mock::MockServer;
pub use pages::{PageReply, Pager};
pub use polling::UpdateListener;
pub use reply::{Download, Head, Reply};
pub use socket::{CloseFrame, Connection, ReconnectAdvisor, ResponsesPool, audio_frames};
pub use stream::{AccumulatedStream, EventStream};
pub use structured::{check_schema, output_format, parse_reply, strict_schema};
pub use toolrun::ToolRun;
pub use uploads::ProgressListener;

uniffi::setup_scaffolding!("threadline_ffi");
