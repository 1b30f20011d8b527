//! The conformance suite in Rust: cases as data, mock servers, and a driver of the public client.
#![forbid(unsafe_code)]

pub mod driver;
mod generated;
mod helpers;
pub mod suite;
