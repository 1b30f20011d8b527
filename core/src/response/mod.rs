//! What comes back from a call.

mod body;
mod conceal;
mod download;
mod problem;
mod rate_limit;
mod reply;

pub use self::download::Download;
pub use self::rate_limit::{Quota, RateLimit};
pub use self::reply::{RawReply, Reply};

pub(crate) use self::body::{BodyError, collect, peek_error};
pub(crate) use self::conceal::conceal;
pub(crate) use self::problem::{Problem, from_status, short_content_type};
pub(crate) use self::reply::execute;
