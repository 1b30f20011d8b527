//! Streams of events.

mod events;
mod idle;
mod inspect;
mod refusal;
pub mod sse;
mod typed;
mod utf8;

pub use self::events::{RawEvent, RawEventStream};
pub use self::typed::EventStream;

pub(crate) use self::events::Limits;
