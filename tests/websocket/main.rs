//! The WebSocket client against an independent server: `server.py`, made with Python's package `websockets`.
//!
//! `cargo xtask setup` installs the package; where that was not done, the first test does it.
#![allow(clippy::unwrap_used)]

mod faults;
mod peer;
mod proxy;
mod reconnect;
mod responses;
mod talks;
