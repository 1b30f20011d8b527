//! Rules of the codec, on sample types that use every form of the macros.

mod fields;
mod parse;
mod property;
mod roundtrip;
mod samples;
mod strict;
mod values;
