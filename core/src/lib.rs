//! Threadline: the OpenAI HTTP API in Rust.
#![forbid(unsafe_code)]

pub mod operation;
pub mod policy;
pub mod request;
pub mod stream;
