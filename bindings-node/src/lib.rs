//! Private native module of the npm package `threadline`: JSON text and bytes in and out, one queue to the event loop. What a call
//! does is decided in the crate `threadline`.
// Exports are registered by code that is left out of tests.
#![cfg_attr(test, allow(dead_code))]

mod accumulate;
mod agents;
mod arguments;
mod call;
mod client;
mod error;
mod files;
mod generated;
mod held;
mod helpers;
mod host;
mod hub;
mod identity;
mod item;
mod mock;
mod options;
mod plan;
mod runtime;
mod seam;
mod socket;
mod source;
mod split;
mod tools;
mod transport;
mod vectors;
