//! The rules of the behaviour that the engine keeps to, one file a subject. Each test is named by a row of
//! `docs/engine-rules.md`, and `table` sees to it that each row names tests that are there.

#![allow(clippy::unwrap_used)]

mod creating;
mod errors;
mod limits;
mod lists;
mod objects;
mod resources;
mod search;
mod states;
mod streams;
#[path = "../support/mod.rs"]
mod support;
mod table;
mod takeover;
mod transport;
mod turns;
mod upstream;
mod upstream_chat;
