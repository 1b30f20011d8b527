//! `client` and `options` of a line: the names they may hold, read strictly.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::auth::{AzureConfig, ScriptedToken, ScriptedTokens, WorkloadConfig};
use super::cassette::CassetteConfig;
use super::limits::LimitsConfig;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use threadline::policy::budget::RetryBudget;
use threadline::usage::{Prices, UsageCounter};
use threadline::{Client, ClientBuilder, Json, RequestOptions};
use threadline_engine::{Assistants, AssistantsExt};

/// The configuration of a client.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClientConfig {
    base_url: Option<String>,
    api_key: Option<String>,
    admin_api_key: Option<String>,
    organization: Option<String>,
    project: Option<String>,
    webhook_secret: Option<String>,
    timeout_s: Option<f64>,
    idle_timeout_s: Option<f64>,
    first_event_timeout_s: Option<f64>,
    connect_timeout_s: Option<f64>,
    max_retries: Option<u32>,
    hedge_after_s: Option<f64>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    query: BTreeMap<String, Value>,
    #[serde(default)]
    from_env: bool,
    azure: Option<AzureConfig>,
    tokens: Option<Vec<ScriptedToken>>,
    workload_identity: Option<WorkloadConfig>,
    limits: Option<LimitsConfig>,
    retry_budget: Option<u32>,
    cassette: Option<CassetteConfig>,
    /// A store's URL, or an object.
    assistants: Option<Value>,
    ca_file: Option<PathBuf>,
    client_cert_file: Option<PathBuf>,
    client_key_file: Option<PathBuf>,
    proxy: Option<String>,
    no_proxy: Option<String>,
    #[serde(default)]
    resolve: BTreeMap<String, Vec<IpAddr>>,
    http_version: Option<HttpVersion>,
    tcp_user_timeout_s: Option<f64>,
    /// Whether each answer tells what was observed of its calls.
    #[serde(default)]
    pub(super) observe: bool,
    #[serde(default)]
    observe_content: bool,
    /// Counts usage: `true` with the prices that come with the library, or a price table.
    usage: Option<Value>,
}

/// The version of HTTP that a client is held to.
#[derive(Debug, Clone, Copy, Deserialize)]
enum HttpVersion {
    /// Nothing newer.
    #[serde(rename = "1.1")]
    One,
    /// From the first byte, also without TLS.
    #[serde(rename = "2")]
    Two,
}

impl ClientConfig {
    /// The counter that the configuration asks for.
    pub(super) fn counter(&self) -> Result<Option<UsageCounter>, String> {
        let prices = match &self.usage {
            None | Some(Value::Bool(false)) => return Ok(None),
            Some(Value::Bool(true)) => Prices::shipped(),
            Some(table) => Prices::from_json(&table.to_string()).map_err(|error| error.to_string())?,
        };
        Ok(Some(UsageCounter::with_prices(prices)))
    }

    /// Builds the client.
    pub(super) fn client(self) -> Result<Client, String> {
        let mut builder = if self.from_env { ClientBuilder::from_env() } else { Client::builder() };
        if let Some(url) = self.base_url {
            builder = builder.base_url(url);
        }
        if let Some(key) = self.api_key {
            builder = builder.api_key(key);
        }
        if let Some(key) = self.admin_api_key {
            builder = builder.admin_api_key(key);
        }
        if let Some(organization) = self.organization {
            builder = builder.organization(organization);
        }
        if let Some(project) = self.project {
            builder = builder.project(project);
        }
        if let Some(secret) = self.webhook_secret {
            builder = builder.webhook_secret(secret);
        }
        if let Some(limit) = duration("timeout_s", self.timeout_s)? {
            builder = builder.timeout(limit);
        }
        if let Some(limit) = duration("idle_timeout_s", self.idle_timeout_s)? {
            builder = builder.idle_timeout(limit);
        }
        if let Some(limit) = duration("first_event_timeout_s", self.first_event_timeout_s)? {
            builder = builder.first_event_timeout(limit);
        }
        if let Some(limit) = duration("connect_timeout_s", self.connect_timeout_s)? {
            builder = builder.connect_timeout(limit);
        }
        if let Some(retries) = self.max_retries {
            builder = builder.max_retries(retries);
        }
        if let Some(delay) = duration("hedge_after_s", self.hedge_after_s)? {
            builder = builder.hedge_after(delay);
        }
        builder = builder.observe_content(self.observe_content);
        for (name, value) in self.headers {
            builder = builder.header(name, value);
        }
        for (name, value) in self.query {
            builder = builder.query(name, text(value));
        }
        let tokens = self.tokens.map(ScriptedTokens::from);
        builder = match (self.azure, tokens) {
            (Some(azure), tokens) => azure.apply(builder, tokens),
            (None, Some(tokens)) => builder.token_provider(tokens),
            (None, None) => builder,
        };
        if let Some(identity) = self.workload_identity {
            builder = identity.apply(builder)?;
        }
        if let Some(limits) = self.limits {
            builder = builder.limits(limits.into());
        }
        if let Some(retries) = self.retry_budget {
            builder = builder.retry_budget(RetryBudget::of_retries(retries));
        }
        if let Some(cassette) = self.cassette {
            builder = builder.cassette(cassette.into());
        }
        // Where the environment is not to be read, its proxies are not either.
        builder = builder.system_proxy(self.from_env);
        if let Some(file) = self.ca_file {
            builder = builder.ca_certificate_file(file);
        }
        match (self.client_cert_file, self.client_key_file) {
            (Some(certificate), Some(key)) => builder = builder.client_certificate_files(certificate, key),
            (None, None) => {}
            _ => return Err("`client_cert_file` and `client_key_file` belong together".into()),
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
        let tcp_user_timeout = duration("tcp_user_timeout_s", self.tcp_user_timeout_s)?;
        builder = builder.network(|mut network| {
            if let Some(limit) = tcp_user_timeout {
                network = network.tcp_user_timeout(limit);
            }
            match self.http_version {
                Some(HttpVersion::One) => network.http1_only(true),
                Some(HttpVersion::Two) => network.http2_prior_knowledge(true),
                None => network,
            }
        });
        let client = match self.assistants {
            Some(config) => builder.assistants(Assistants::parse(&text(config))?),
            None => builder.build(),
        };
        client.map_err(|error| error.to_string())
    }
}

/// Options for one call, and the limits of reading that may stand among them.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CallOptions {
    api_key: Option<String>,
    admin_api_key: Option<String>,
    organization: Option<String>,
    project: Option<String>,
    base_url: Option<String>,
    timeout_s: Option<f64>,
    idle_timeout_s: Option<f64>,
    first_event_timeout_s: Option<f64>,
    max_retries: Option<u32>,
    hedge_after_s: Option<f64>,
    #[serde(default)]
    headers: BTreeMap<String, Option<String>>,
    #[serde(default)]
    query: BTreeMap<String, Value>,
    idempotency_key: Option<String>,
    #[serde(default)]
    body: BTreeMap<String, Box<RawValue>>,
    pub(super) max_items: Option<usize>,
    pub(super) max_events: Option<usize>,
}

impl CallOptions {
    /// The options as the client takes them.
    pub(super) fn build(self) -> Result<RequestOptions, String> {
        let mut options = RequestOptions::new();
        if let Some(key) = self.api_key {
            options = options.api_key(key);
        }
        if let Some(key) = self.admin_api_key {
            options = options.admin_api_key(key);
        }
        if let Some(organization) = self.organization {
            options = options.organization(organization);
        }
        if let Some(project) = self.project {
            options = options.project(project);
        }
        if let Some(url) = self.base_url {
            options = options.base_url(url);
        }
        if let Some(limit) = duration("timeout_s", self.timeout_s)? {
            options = options.timeout(limit);
        }
        if let Some(limit) = duration("idle_timeout_s", self.idle_timeout_s)? {
            options = options.idle_timeout(limit);
        }
        if let Some(limit) = duration("first_event_timeout_s", self.first_event_timeout_s)? {
            options = options.first_event_timeout(limit);
        }
        if let Some(retries) = self.max_retries {
            options = options.max_retries(retries);
        }
        if let Some(delay) = duration("hedge_after_s", self.hedge_after_s)? {
            options = options.hedge_after(delay);
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
        if let Some(key) = self.idempotency_key {
            options = options.idempotency_key(key);
        }
        for (name, value) in self.body {
            options = options.extra_body(name, Json::parse(value.get()).map_err(|error| error.to_string())?);
        }
        Ok(options)
    }
}

/// A query value: a text as it is, anything else as JSON.
fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

pub(super) fn duration(name: &str, seconds: Option<f64>) -> Result<Option<Duration>, String> {
    seconds
        .map(|seconds| Duration::try_from_secs_f64(seconds).map_err(|error| format!("`{name}`: {error}")))
        .transpose()
}
