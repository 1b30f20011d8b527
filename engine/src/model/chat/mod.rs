//! `/chat/completions`: requests and streams, as pure functions.

mod request;
mod stream;

pub(super) use request::request;
pub(super) use stream::Translator;
