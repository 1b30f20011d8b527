//! Bytes on sockets: HTTP/1.1 written by hand, HTTP/2 through `h2`, SOCKS 5 as far as a proxy needs it.

mod exchange;
mod h1;
mod h2;
mod head;
mod socket;
mod socks;
mod stream;
pub(crate) mod ws;

pub use head::Head;

pub(crate) use exchange::{Exchange, Gone, Out, ReplyHead};
pub(crate) use h1::serve;
pub(crate) use stream::deafen;
