//! Options of calls as the core reads them.

use std::time::Duration;

use napi::{Error, Result};
use threadline::RequestOptions;
use threadline::settings::duration;

use crate::client::thrown;

/// The options of this JSON text.
pub(crate) fn parse(text: Option<&str>) -> Result<RequestOptions> {
    RequestOptions::from_json(text.unwrap_or_default()).map_err(|error| thrown(&error))
}

/// A time that a setting of this name holds, in seconds.
pub(crate) fn seconds(name: &str, value: f64) -> Result<Duration> {
    let limit = duration(name, Some(value)).map_err(|error| thrown(&error))?;
    limit.ok_or_else(|| Error::from_reason(format!("`{name}` is no time")))
}
