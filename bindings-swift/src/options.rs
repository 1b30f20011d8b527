//! JSON objects of the host's.

use serde::de::DeserializeOwned;
use threadline::RequestOptions;

use crate::error::CallError;

/// One JSON object; an empty text counts as an empty one.
pub(crate) fn read<T: DeserializeOwned>(what: &str, json: &str) -> Result<T, CallError> {
    let json = if json.is_empty() { "{}" } else { json };
    serde_json::from_str(json).map_err(|error| CallError::usage(format!("{what}: {error}")))
}

/// Options of a call.
pub(crate) fn options(json: &str) -> Result<RequestOptions, CallError> {
    Ok(RequestOptions::from_json(json)?)
}
