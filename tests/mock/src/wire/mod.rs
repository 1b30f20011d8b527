//! Bytes on sockets: HTTP/1.1 written by hand, HTTP/2 through `h2`.

mod exchange;
mod h1;
mod h2;
mod head;
mod socket;
mod stream;
pub(crate) mod ws;

pub use head::Head;

pub(crate) use exchange::{Exchange, Gone, Out, ReplyHead};
pub(crate) use h1::serve;
pub(crate) use stream::deafen;
