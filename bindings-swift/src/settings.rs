//! Settings of a client, from one JSON object: its own, and those of calls (the module `options`) as defaults.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};
use threadline::cassette::{Cassette, Mode};
use threadline::limits::Limits;
use threadline::policy::budget::RetryBudget;
use threadline::usage::{Prices, UsageCounter};
use threadline::{Client, ClientBuilder};
use threadline_engine::{Assistants, AssistantsExt};

use crate::error::CallError;
use crate::identity::{self, AzureSettings, TokenProvider, WorkloadSettings};
use crate::options::{CallOptions, duration, text};

/// What an object of settings holds.
#[derive(Debug, Deserialize)]
pub(crate) struct Settings {
    /// Whether the environment (`OPENAI_API_KEY` …) gives what is not set here.
    #[serde(default)]
    from_env: bool,
    azure: Option<AzureSettings>,
    workload_identity: Option<WorkloadSettings>,
    limits: Option<LimitSettings>,
    /// How many retries the client may make while nothing succeeds.
    retry_budget: Option<u32>,
    cassette: Option<CassetteSettings>,
    /// A store's URL, or an object.
    assistants: Option<Value>,
    connect_timeout_s: Option<f64>,
    ca_file: Option<PathBuf>,
    client_cert_file: Option<PathBuf>,
    client_key_file: Option<PathBuf>,
    proxy: Option<String>,
    no_proxy: Option<String>,
    /// Whether the environment's proxies are used. Default: yes.
    system_proxy: Option<bool>,
    #[serde(default)]
    resolve: BTreeMap<String, Vec<IpAddr>>,
    /// `"1.1"`: nothing newer; `"2"`: from the first byte.
    http_version: Option<String>,
    tcp_user_timeout_s: Option<f64>,
    /// Whether the client keeps records of its calls.
    #[serde(default)]
    pub(crate) observe: bool,
    #[serde(default)]
    observe_content: bool,
    /// Counts usage: `true` with the prices that come with the library, or a price table.
    usage: Option<Value>,
    /// Options of calls.
    #[serde(flatten)]
    options: Map<String, Value>,
}

/// Limits that the client keeps by itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitSettings {
    requests_per_minute: Option<u64>,
    tokens_per_minute: Option<u64>,
    max_concurrent: Option<usize>,
    learn: Option<bool>,
    #[serde(default)]
    models: BTreeMap<String, ModelLimits>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelLimits {
    requests_per_minute: Option<u64>,
    tokens_per_minute: Option<u64>,
}

/// A file to record into or to replay from.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CassetteSettings {
    file: String,
    #[serde(default)]
    mode: CassetteMode,
    #[serde(default)]
    fast: bool,
    #[serde(default)]
    allow_repeats: bool,
    #[serde(default)]
    ignore: Vec<String>,
    #[serde(default)]
    redact_members: Vec<String>,
    #[serde(default)]
    keep_headers: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum CassetteMode {
    #[default]
    Replay,
    Record,
    RecordMissing,
}

impl Settings {
    pub(crate) fn read(json: &str) -> Result<Self, CallError> {
        crate::options::read("settings", if json.is_empty() { "{}" } else { json })
    }

    /// The counter that the settings ask for.
    pub(crate) fn counter(&self) -> Result<Option<UsageCounter>, CallError> {
        let prices = match &self.usage {
            None | Some(Value::Bool(false)) => return Ok(None),
            Some(Value::Bool(true)) => Prices::shipped(),
            Some(table) => {
                Prices::from_json(&table.to_string()).map_err(|error| CallError::usage(error.to_string()))?
            }
        };
        Ok(Some(UsageCounter::with_prices(prices)))
    }

    /// Builds the client.
    pub(crate) fn client(self, tokens: Option<Arc<dyn TokenProvider>>) -> Result<Client, CallError> {
        let options: CallOptions = serde_json::from_value(Value::Object(self.options))
            .map_err(|error| CallError::usage(format!("settings: {error}")))?;
        let mut builder = if self.from_env { ClientBuilder::from_env() } else { Client::builder() };
        builder = builder.options(options.build()?);
        builder = identity::apply(builder, self.azure, self.workload_identity, tokens)?;
        if let Some(limits) = self.limits {
            builder = builder.limits(limits.into());
        }
        if let Some(retries) = self.retry_budget {
            builder = builder.retry_budget(RetryBudget::of_retries(retries));
        }
        if let Some(cassette) = self.cassette {
            builder = builder.cassette(cassette.into());
        }
        builder = builder.observe_content(self.observe_content);
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
            _ => return Err(CallError::usage("`client_cert_file` and `client_key_file` belong together")),
        }
        if let Some(url) = self.proxy {
            builder = builder.proxy(url);
        }
        if let Some(hosts) = self.no_proxy {
            builder = builder.no_proxy(hosts);
        }
        for (host, addresses) in self.resolve {
            builder = builder.resolve(host, addresses);
        }
        let unacknowledged = duration("tcp_user_timeout_s", self.tcp_user_timeout_s)?;
        let version = self.http_version;
        if let Some(other) = version.as_deref().filter(|version| !matches!(*version, "1.1" | "2")) {
            return Err(CallError::usage(format!("`http_version` is \"1.1\" or \"2\", not {other:?}")));
        }
        builder = builder.network(|mut network| {
            if let Some(limit) = unacknowledged {
                network = network.tcp_user_timeout(limit);
            }
            match version.as_deref() {
                Some("1.1") => network.http1_only(true),
                Some(_) => network.http2_prior_knowledge(true),
                None => network,
            }
        });
        let client = match self.assistants {
            Some(config) => builder.assistants(Assistants::parse(&text(config)).map_err(CallError::usage)?),
            None => builder.build(),
        };
        Ok(client?)
    }
}

impl From<LimitSettings> for Limits {
    fn from(settings: LimitSettings) -> Self {
        let mut limits = Limits::new();
        if let Some(count) = settings.requests_per_minute {
            limits = limits.requests_per_minute(count);
        }
        if let Some(count) = settings.tokens_per_minute {
            limits = limits.tokens_per_minute(count);
        }
        if let Some(count) = settings.max_concurrent {
            limits = limits.max_concurrent(count);
        }
        if let Some(on) = settings.learn {
            limits = limits.learn(on);
        }
        settings.models.into_iter().fold(limits, |limits, (name, model)| {
            limits.model(name, model.requests_per_minute, model.tokens_per_minute)
        })
    }
}

impl From<CassetteSettings> for Cassette {
    fn from(settings: CassetteSettings) -> Self {
        let mode = match settings.mode {
            CassetteMode::Replay => Mode::Replay,
            CassetteMode::Record => Mode::Record,
            CassetteMode::RecordMissing => Mode::RecordMissing,
        };
        let cassette =
            Cassette::new(settings.file).mode(mode).fast(settings.fast).allow_repeats(settings.allow_repeats);
        let cassette = settings.ignore.into_iter().fold(cassette, Cassette::ignore);
        let cassette = settings.redact_members.into_iter().fold(cassette, Cassette::redact_member);
        settings.keep_headers.into_iter().fold(cassette, Cassette::keep_header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_is_none_is_refused_by_name() {
        let settings = Settings::read(r#"{"api_key":"k","time_out":1}"#).unwrap();
        let message = settings.client(None).unwrap_err().to_string();
        assert!(message.contains("`time_out`"), "{message}");
    }
}
