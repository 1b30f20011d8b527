//! Servers of the assistants engine under load: started, killed, asked, judged.
//!
//! The judge knows nothing of the engine but its endpoints: what a client was told must be there afterwards.

pub mod api;
pub mod bench;
pub mod chaos;
pub mod judge;
pub mod server;
pub mod sse;

/// What goes wrong here is told, not handled.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
