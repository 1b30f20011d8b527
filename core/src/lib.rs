//! Threadline: the OpenAI HTTP API in Rust.
#![forbid(unsafe_code)]

pub mod json;
pub mod operation;
pub mod policy;
pub mod request;
pub mod secret;
pub mod stream;
