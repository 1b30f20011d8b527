//! Structured outputs: answers of the form of a type, and the schemas that ask for them.
//!
//! - [`strict_schema`]: any JSON Schema in the form that the service demands. [`check_schema`]: whether a value fits.
//! - [`OutputFormat`], [`FunctionSchema`]: named schemas, also made from a type (feature `schemars`).
//! - `client.chat().completions().parse::<T>(params)` and `client.responses().parse::<T>(params)`.
//! - [`parse_completion`], [`parse_response`]: the same for an answer that is at hand already, with the
//!   [`ParseRules`] of its request.

mod chat;
mod check;
mod fit;
mod format;
mod merge;
mod responses;
mod rules;
mod strict;
pub(crate) mod tree;

pub use self::chat::{ParsedChatCompletion, ParsedToolCall, parse_completion};
pub use self::check::check_schema;
pub use self::fit::{CheckedJson, FromContent};
#[cfg(feature = "schemars")]
pub use self::format::schema_of;
pub use self::format::{FunctionSchema, OutputFormat};
pub use self::responses::{ParsedResponse, parse_response};
pub use self::rules::ParseRules;
pub use self::strict::strict_schema;

pub(crate) use self::chat::{content_filter_finish, length_finish};
pub(crate) use self::format::clean_name;

use crate::client::Parts;
use crate::json::Json;

/// The rules of a call that is about to be sent.
fn rules_of(parts: &Parts) -> ParseRules {
    let text = parts.args.as_ref().ok().and_then(|args| std::str::from_utf8(&args.fields).ok());
    text.and_then(|text| Json::parse(text).ok()).map(|request| ParseRules::of_request(&request)).unwrap_or_default()
}
