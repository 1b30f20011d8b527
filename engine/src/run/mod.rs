//! Runs at work.
//!
//! `worker` carries one run from turn to turn, `writing` keeps what it does, `recover` takes a run over, `spoken` finds what its
//! message had said, `container` has what the provider's code may read; `recorder` turns a model's events into steps, messages and stream events;
//! `ending` closes a run, whoever ends it; `hub` shows events to those who follow; `service` claims, watches and sweeps.

mod citations;
mod container;
pub(crate) mod ending;
pub(crate) mod hub;
mod input;
mod produced;
pub(crate) mod recorder;
mod recover;
pub(crate) mod service;
mod spoken;
mod turn;
mod worker;
mod writing;
