//! From arguments to a request: URL, query, headers, body.

mod content_type;
mod error;
mod file;
mod members;

pub mod body;
pub mod headers;
pub mod multipart;
pub mod query;
pub mod split;
pub mod url;

pub use self::error::InvalidRequest;
pub use self::file::FileInput;
pub(crate) use self::file::{Section, Whole};
