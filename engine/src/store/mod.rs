//! What is kept, and how it is found.
//!
//! One file a kind of object. Everything here is SQL that both databases understand; what an object looks like is for
//! [`objects`](crate::objects) to say.

pub(crate) mod assistants;
pub(crate) mod events;
pub(crate) mod files;
pub(crate) mod idempotency;
pub(crate) mod list;
pub(crate) mod messages;
pub(crate) mod resources;
pub(crate) mod runs;
pub(crate) mod steps;
pub(crate) mod threads;
pub(crate) mod vectors;
