//! Streams of events.

mod events;
mod idle;
mod inspect;
mod read_on;
mod refusal;
mod resume;
pub mod sse;
mod typed;
mod utf8;

pub use self::events::{RawEvent, RawEventStream};
pub use self::typed::EventStream;

pub(crate) use self::events::Limits;
pub(crate) use self::resume::Resume;
pub(crate) use self::typed::open;
