//! Settings of a client and options of its calls as JSON: for language bindings, and for programs that keep them in a file.
//!
//! ```
//! use threadline::settings::{Hooks, Settings};
//!
//! # fn main() -> Result<(), threadline::Error> {
//! let settings = Settings::from_json(r#"{"api_key": "k", "timeout_s": 20, "limits": {"max_concurrent": 4}}"#)?;
//! let client = settings.builder(Hooks::default())?.build()?;
//! # let _ = client; Ok(()) }
//! ```
//!
//! | member | what it sets |
//! | --- | --- |
//! | `api_key` `admin_api_key` `organization` `project` `base_url` `webhook_secret` | the options of these names |
//! | `timeout_s` `first_event_timeout_s` `idle_timeout_s` `hedge_after_s` | times in seconds; each is known without its `_s` too |
//! | `max_retries` `max_response_bytes` `idempotency_key` | the options of these names |
//! | `headers` | an object, or a list of pairs; `null` takes a header away |
//! | `query` | an object, or a list of pairs; a text as it is, anything else as JSON |
//! | `body` | an object: members that are added to the body |
//!
//! These are the options of a call ([`RequestOptions::from_json`]); a client's settings have them, as defaults, and besides:
//!
//! | member | what it sets |
//! | --- | --- |
//! | `from_env` | whether the environment (`OPENAI_API_KEY` …) gives what is not set here. Default: no |
//! | `connect_timeout_s` `tcp_user_timeout_s` | seconds |
//! | `system_proxy` `proxy` `no_proxy` | the environment's proxies (default: used), a proxy's URL, hosts that go without |
//! | `ca_file` `client_cert_file` `client_key_file` | PEM files; the last two belong together |
//! | `resolve` | an object of host names to lists of addresses |
//! | `http_version` | `"1.1"`: nothing newer; `"2"`: from the first byte |
//! | `limits` | `requests_per_minute` `tokens_per_minute` `max_concurrent` `learn`, `models` (an object of names to the first two) |
//! | `retry_budget` | how many retries the client may make while nothing succeeds |
//! | `cassette` | `file` `mode` (`replay`, `record`, `record_missing`) `fast` `allow_repeats` `ignore` `redact_members` `keep_headers` |
//! | `azure` | `endpoint` `deployment` `api_version` `ad_token` `v1` `from_env` |
//! | `workload_identity` | `identity_provider_id` `service_account_id` `token_exchange_url` `refresh_buffer_seconds`, and `provider`: an object whose `type` is `text` (`token`, `token_type`), `k8s`, `azure`, `gcp`, `x509`, or `function` ([`Hooks::subject`]) |
//! | `observe` `observe_content` `usage` | [`Settings::observe`]; prompts in what is observed; [`Settings::counter`] |
//! | `assistants` | [`Settings::assistants`] |
//!
//! A member that is `null` counts as left out, one that is not here is refused by its name.

mod connect;
mod identity;
mod options;
mod parts;

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

pub use self::connect::{ConnectSettings, Opening, PoolSettings};
use self::identity::{AzureSettings, WorkloadSettings};
pub use self::identity::{Hooks, SubjectFunction};
pub use self::options::duration;
use self::options::{CallOptions, text};
use self::parts::{CassetteSettings, LimitSettings};
use crate::client::{Client, ClientBuilder};
use crate::error::Error;
use crate::policy::budget::RetryBudget;
use crate::usage::{Prices, UsageCounter};

/// The settings of a client.
#[derive(Deserialize)]
pub struct Settings {
    #[serde(default)]
    from_env: Option<bool>,
    azure: Option<AzureSettings>,
    workload_identity: Option<WorkloadSettings>,
    limits: Option<LimitSettings>,
    retry_budget: Option<u32>,
    cassette: Option<CassetteSettings>,
    assistants: Option<Value>,
    #[serde(alias = "connect_timeout")]
    connect_timeout_s: Option<f64>,
    ca_file: Option<PathBuf>,
    client_cert_file: Option<PathBuf>,
    client_key_file: Option<PathBuf>,
    proxy: Option<String>,
    no_proxy: Option<String>,
    system_proxy: Option<bool>,
    resolve: Option<BTreeMap<String, Vec<IpAddr>>>,
    http_version: Option<String>,
    #[serde(alias = "tcp_user_timeout")]
    tcp_user_timeout_s: Option<f64>,
    observe: Option<bool>,
    observe_content: Option<bool>,
    usage: Option<Value>,
    /// The options of calls.
    #[serde(flatten)]
    options: Map<String, Value>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Keys stand among them.
        f.write_str("Settings")
    }
}

/// Reads one object.
fn read<T: DeserializeOwned>(what: &str, json: &str) -> Result<T, Error> {
    let json = if json.trim().is_empty() { "{}" } else { json };
    serde_json::from_str(json).map_err(|error| misread(what, &error))
}

fn misread(what: &str, error: &serde_json::Error) -> Error {
    Error::usage(format!("{what}: {error}"))
}

impl Settings {
    /// Reads settings from one JSON object; an empty text counts as an empty object.
    ///
    /// # Errors
    /// Kind `usage`: what is no setting, or no value of one, by its name.
    pub fn from_json(json: &str) -> Result<Self, Error> {
        let settings: Self = read("settings", json)?;
        let _ = settings.call_options()?;
        Ok(settings)
    }

    fn call_options(&self) -> Result<crate::RequestOptions, Error> {
        let options: CallOptions =
            serde_json::from_value(Value::Object(self.options.clone())).map_err(|error| misread("settings", &error))?;
        options.build()
    }

    /// Whether the program wants records of the client's calls: `observe`.
    pub fn observe(&self) -> bool {
        self.observe.unwrap_or_default()
    }

    /// Whether the workload identity's subject tokens come from a function of the program's ([`Hooks::subject`]).
    pub fn wants_subject_function(&self) -> bool {
        self.workload_identity.as_ref().is_some_and(WorkloadSettings::is_function)
    }

    /// Where the assistants' endpoints are answered, as the engine reads it: a store's URL, or an object as text.
    pub fn assistants(&self) -> Option<String> {
        self.assistants.clone().map(text)
    }

    /// The counter that `usage` asks for: `true` for one with the prices that come with the library, or an object, a table of
    /// prices. It counts once it is an observer of the client.
    ///
    /// # Errors
    /// Kind `usage` if the table cannot be read.
    pub fn counter(&self) -> Result<Option<UsageCounter>, Error> {
        let prices = match &self.usage {
            None | Some(Value::Bool(false)) => return Ok(None),
            Some(Value::Bool(true)) => Prices::shipped(),
            Some(table) => Prices::from_json(&table.to_string())?,
        };
        Ok(Some(UsageCounter::with_prices(prices)))
    }

    /// The client's builder, with what the program itself provides.
    ///
    /// # Errors
    /// Kind `usage` if settings do not fit together.
    pub fn builder(self, hooks: Hooks) -> Result<ClientBuilder, Error> {
        let options = self.call_options()?;
        let mut builder = if self.from_env == Some(true) { ClientBuilder::from_env() } else { Client::builder() };
        builder = identity::apply(builder.options(options), self.azure, self.workload_identity, hooks)?;
        if let Some(limits) = self.limits {
            builder = builder.limits(limits.into());
        }
        if let Some(retries) = self.retry_budget {
            builder = builder.retry_budget(RetryBudget::of_retries(retries));
        }
        if let Some(cassette) = self.cassette {
            builder = builder.cassette(cassette.into());
        }
        if let Some(show) = self.observe_content {
            builder = builder.observe_content(show);
        }
        if let Some(limit) = duration("connect_timeout_s", self.connect_timeout_s)? {
            builder = builder.connect_timeout(limit);
        }
        if let Some(on) = self.system_proxy {
            builder = builder.system_proxy(on);
        }
        if let Some(file) = self.ca_file {
            builder = builder.ca_certificate_file(file);
        }
        match (self.client_cert_file, self.client_key_file) {
            (Some(certificate), Some(key)) => builder = builder.client_certificate_files(certificate, key),
            (None, None) => {}
            _ => return Err(Error::usage("`client_cert_file` and `client_key_file` belong together")),
        }
        if let Some(url) = self.proxy {
            builder = builder.proxy(url);
        }
        if let Some(hosts) = self.no_proxy {
            builder = builder.no_proxy(hosts);
        }
        for (host, addresses) in self.resolve.into_iter().flatten() {
            builder = builder.resolve(host, addresses);
        }
        let unacknowledged = duration("tcp_user_timeout_s", self.tcp_user_timeout_s)?;
        let version = self.http_version;
        if let Some(other) = version.as_deref().filter(|version| !matches!(*version, "1.1" | "2")) {
            return Err(Error::usage(format!("`http_version` is \"1.1\" or \"2\", not {other:?}")));
        }
        Ok(builder.network(|mut network| {
            if let Some(limit) = unacknowledged {
                network = network.tcp_user_timeout(limit);
            }
            match version.as_deref() {
                Some("1.1") => network.http1_only(true),
                Some(_) => network.http2_prior_knowledge(true),
                None => network,
            }
        }))
    }
}

#[cfg(test)]
mod tests;
