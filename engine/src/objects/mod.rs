//! The objects of the API: read from requests, kept and served as JSON.
//!
//! What a request may say is read here with its limits and defaults; nothing here touches the store.

pub(crate) mod assistant;
pub(crate) mod formats;
pub(crate) mod message;
pub(crate) mod resources;
pub(crate) mod run;
pub(crate) mod step;
pub(crate) mod thread;
pub(crate) mod tools;
