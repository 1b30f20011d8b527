//! Private native module of the Python package `threadline`: values into bytes and back, futures into futures, errors into
//! exceptions. What a call does is decided in the crate `threadline`.

#![allow(dead_code)] // until the decoder that reads the tables is here

mod generated;
mod schema;
