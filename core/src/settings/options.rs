//! Options of calls.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::read;
use crate::client::RequestOptions;
use crate::error::Error;
use crate::json::Json;

/// Ten years: as good as no limit, and still a point in time that clocks can express.
const NO_LIMIT: Duration = Duration::from_secs(10 * 365 * 86_400);

type Set = fn(RequestOptions, Duration) -> RequestOptions;

/// Members of the object; one that is absent leaves the client's value.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CallOptions {
    api_key: Option<String>,
    admin_api_key: Option<String>,
    organization: Option<String>,
    project: Option<String>,
    base_url: Option<String>,
    webhook_secret: Option<String>,
    #[serde(alias = "timeout")]
    timeout_s: Option<f64>,
    #[serde(alias = "idle_timeout")]
    idle_timeout_s: Option<f64>,
    #[serde(alias = "first_event_timeout")]
    first_event_timeout_s: Option<f64>,
    max_retries: Option<u32>,
    #[serde(alias = "hedge_after")]
    hedge_after_s: Option<f64>,
    max_response_bytes: Option<u64>,
    headers: Option<Pairs<Option<String>>>,
    query: Option<Pairs<Value>>,
    idempotency_key: Option<String>,
    body: Option<Pairs<Box<RawValue>>>,
}

impl RequestOptions {
    /// Options of one JSON object, whose members [`settings`](crate::settings) lists; an empty text sets none.
    ///
    /// # Errors
    /// Kind `usage`: what is no option, or no value of one, by its name.
    pub fn from_json(json: &str) -> Result<Self, Error> {
        if json.is_empty() {
            return Ok(Self::new());
        }
        read::<CallOptions>("options", json)?.build()
    }
}

impl CallOptions {
    pub(super) fn build(self) -> Result<RequestOptions, Error> {
        let mut options = RequestOptions::new();
        macro_rules! set {
            ($($name:ident)*) => { $( if let Some(value) = self.$name { options = options.$name(value); } )* };
        }
        set!(api_key admin_api_key organization project base_url webhook_secret idempotency_key max_retries max_response_bytes);
        let times: [(_, _, Set); 4] = [
            ("timeout_s", self.timeout_s, RequestOptions::timeout),
            ("idle_timeout_s", self.idle_timeout_s, RequestOptions::idle_timeout),
            ("first_event_timeout_s", self.first_event_timeout_s, RequestOptions::first_event_timeout),
            ("hedge_after_s", self.hedge_after_s, RequestOptions::hedge_after),
        ];
        for (name, value, set) in times {
            if let Some(limit) = duration(name, value)? {
                options = set(options, limit);
            }
        }
        for (name, value) in self.headers.into_iter().flat_map(|pairs| pairs.0) {
            options = match value {
                // A key for one call, and not for the looks or parts that a helper sends besides.
                Some(value) if name.eq_ignore_ascii_case("idempotency-key") => options.idempotency_key(value),
                Some(value) => options.header(name, value),
                None => options.without_header(name),
            };
        }
        for (name, value) in self.query.into_iter().flat_map(|pairs| pairs.0) {
            options = options.query(name, text(value));
        }
        for (name, value) in self.body.into_iter().flat_map(|pairs| pairs.0) {
            let json = Json::parse(value.get()).map_err(|error| Error::usage(format!("`body`: {error}")))?;
            options = options.extra_body(name, json);
        }
        Ok(options)
    }
}

/// An object, or a list of pairs, in whose order names may come again.
pub(super) struct Pairs<T>(pub(super) Vec<(String, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Pairs<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = Pairs<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object or a list of pairs")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<T>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Pairs<T>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = list.next_element()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_any(Either(PhantomData))
    }
}

/// A text as it is, anything else as JSON.
pub(super) fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// Seconds as a duration, which is ten years at the most: as good as no limit.
///
/// # Errors
/// Kind `usage` with this name, for what is no time.
pub fn duration(name: &str, seconds: Option<f64>) -> Result<Option<Duration>, Error> {
    let Some(seconds) = seconds else { return Ok(None) };
    if seconds >= NO_LIMIT.as_secs_f64() {
        return Ok(Some(NO_LIMIT));
    }
    let limit = Duration::try_from_secs_f64(seconds);
    limit.map(Some).map_err(|error| Error::usage(format!("`{name}`: {error}")))
}

/// As [`duration`], for a time that is always given.
pub(super) fn seconds(name: &str, seconds: f64) -> Result<Duration, Error> {
    Ok(duration(name, Some(seconds))?.unwrap_or_default())
}
