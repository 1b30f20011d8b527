//! The mock server, seen from a socket.

mod answers;
mod control;
mod conversation;
mod description;
mod endings;
mod faults;
mod http2;
mod lists;
mod many;
mod networks;
mod refusals;
mod streams;
mod support;
