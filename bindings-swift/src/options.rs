//! Options of one call, from one JSON object.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use threadline::{Json, RequestOptions};

use crate::error::CallError;

/// Ten years: as good as no limit, and still a point in time that clocks can express.
const NO_LIMIT: Duration = Duration::from_secs(10 * 365 * 86_400);

/// Members of the object; one that is absent leaves the client's value.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallOptions {
    api_key: Option<String>,
    admin_api_key: Option<String>,
    organization: Option<String>,
    project: Option<String>,
    base_url: Option<String>,
    webhook_secret: Option<String>,
    timeout_s: Option<f64>,
    idle_timeout_s: Option<f64>,
    first_event_timeout_s: Option<f64>,
    max_retries: Option<u32>,
    hedge_after_s: Option<f64>,
    max_response_bytes: Option<u64>,
    /// `null` takes a default header away.
    #[serde(default)]
    headers: BTreeMap<String, Option<String>>,
    #[serde(default)]
    query: BTreeMap<String, Value>,
    idempotency_key: Option<String>,
    #[serde(default)]
    body: BTreeMap<String, Box<RawValue>>,
}

/// An object of settings.
pub(crate) fn read<T: DeserializeOwned>(what: &str, json: &str) -> Result<T, CallError> {
    serde_json::from_str(json).map_err(|error| CallError::usage(format!("{what}: {error}")))
}

impl CallOptions {
    /// The options of this text; an empty one sets none.
    pub(crate) fn read(json: &str) -> Result<RequestOptions, CallError> {
        if json.is_empty() {
            return Ok(RequestOptions::new());
        }
        read::<Self>("options", json)?.build()
    }

    pub(crate) fn build(self) -> Result<RequestOptions, CallError> {
        let mut options = RequestOptions::new();
        let set = |value: Option<String>, set: fn(RequestOptions, String) -> RequestOptions, options| match value {
            Some(value) => set(options, value),
            None => options,
        };
        options = set(self.api_key, RequestOptions::api_key, options);
        options = set(self.admin_api_key, RequestOptions::admin_api_key, options);
        options = set(self.organization, RequestOptions::organization, options);
        options = set(self.project, RequestOptions::project, options);
        options = set(self.base_url, RequestOptions::base_url, options);
        options = set(self.webhook_secret, RequestOptions::webhook_secret, options);
        options = set(self.idempotency_key, RequestOptions::idempotency_key, options);
        let limit = |name, value, set: fn(RequestOptions, Duration) -> RequestOptions, options| {
            Ok::<_, CallError>(match duration(name, value)? {
                Some(value) => set(options, value),
                None => options,
            })
        };
        options = limit("timeout_s", self.timeout_s, RequestOptions::timeout, options)?;
        options = limit("idle_timeout_s", self.idle_timeout_s, RequestOptions::idle_timeout, options)?;
        options =
            limit("first_event_timeout_s", self.first_event_timeout_s, RequestOptions::first_event_timeout, options)?;
        options = limit("hedge_after_s", self.hedge_after_s, RequestOptions::hedge_after, options)?;
        if let Some(retries) = self.max_retries {
            options = options.max_retries(retries);
        }
        if let Some(bytes) = self.max_response_bytes {
            options = options.max_response_bytes(bytes);
        }
        for (name, value) in self.headers {
            options = match value {
                Some(value) => options.header(name, value),
                None => options.without_header(name),
            };
        }
        for (name, value) in self.query {
            options = options.query(name, text(value));
        }
        for (name, value) in self.body {
            let json = Json::parse(value.get()).map_err(|error| CallError::usage(format!("`body`: {error}")))?;
            options = options.extra_body(name, json);
        }
        Ok(options)
    }
}

/// A text as it is, anything else as JSON.
pub(crate) fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// Seconds as a duration.
pub(crate) fn duration(name: &str, seconds: Option<f64>) -> Result<Option<Duration>, CallError> {
    let Some(seconds) = seconds else { return Ok(None) };
    if seconds == f64::INFINITY {
        return Ok(Some(NO_LIMIT));
    }
    let limit = Duration::try_from_secs_f64(seconds);
    limit.map(|limit| Some(limit.min(NO_LIMIT))).map_err(|error| CallError::usage(format!("`{name}`: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_options_and_all_options_are_read() {
        assert!(CallOptions::read("").is_ok());
        let all =
            r#"{"api_key":"k","timeout_s":1.5,"headers":{"a":"b","c":null},"query":{"n":1},"body":{"x":{"y":1}}}"#;
        let shown = format!("{:?}", CallOptions::read(all).unwrap());
        assert!(!shown.contains("\"k\""), "{shown}");
    }

    #[test]
    fn what_is_no_option_is_refused_by_name() {
        let message = CallOptions::read(r#"{"timeout":1}"#).unwrap_err().to_string();
        assert!(message.contains("`timeout`"), "{message}");
        let message = CallOptions::read(r#"{"timeout_s":-1}"#).unwrap_err().to_string();
        assert!(message.contains("`timeout_s`"), "{message}");
    }
}
