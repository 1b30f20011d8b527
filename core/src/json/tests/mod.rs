//! Rules of the codec, on sample types that use every form of the macros.

mod property;
mod roundtrip;
mod samples;
