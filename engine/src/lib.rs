//! The assistants endpoints, served from a store of their own over any provider of models.
//!
//! An [`Engine`] answers requests to `/assistants` and `/threads` (and to `/files` and `/vector_stores`, which the file
//! search needs): as an axum router, or in the process behind a client of the core.
#![forbid(unsafe_code)]

// Its examples are compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/assistants.md")]
mod guide {}

mod api;
mod check;
mod db;
mod embedded;
mod engine;
mod error;
mod ids;
pub mod model;
mod objects;
mod run;
mod search;
#[cfg(feature = "server")]
pub mod server;
mod settings;
mod store;
mod tokens;
mod transfer;

pub use embedded::{Assistants, AssistantsExt, Embedded};
pub use engine::{Engine, OpenError};
pub use settings::Settings;
pub use transfer::{TransferError, Transferred};
