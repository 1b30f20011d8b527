//! Rules of the codec, on sample types that use every form of the macros.

mod fields;
mod parse;
mod property;
mod roundtrip;
// Samples are whole types; no test calls each of their methods.
#[allow(dead_code)]
mod samples;
mod strict;
mod values;
