//! Settings of a client and options of a call as the JSON text that `lib/internal/settings.ts` writes.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

/// Options of a call, and the defaults of a client.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Options {
    pub(crate) api_key: Option<String>,
    pub(crate) admin_api_key: Option<String>,
    pub(crate) organization: Option<String>,
    pub(crate) project: Option<String>,
    pub(crate) base_url: Option<String>,
    pub(crate) webhook_secret: Option<String>,
    /// Seconds, as all times.
    pub(crate) timeout: Option<f64>,
    pub(crate) idle_timeout: Option<f64>,
    pub(crate) first_event_timeout: Option<f64>,
    pub(crate) hedge_after: Option<f64>,
    pub(crate) max_retries: Option<u32>,
    pub(crate) max_response_bytes: Option<u64>,
    pub(crate) idempotency_key: Option<String>,
    /// Name and value; none: the header is left out.
    pub(crate) headers: Vec<(String, Option<String>)>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: serde_json::Map<String, Value>,
}

/// What a client is made of.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    pub(crate) options: Options,
    pub(crate) connect_timeout: Option<f64>,
    pub(crate) tcp_user_timeout: Option<f64>,
    pub(crate) http_version: Option<String>,
    pub(crate) system_proxy: Option<bool>,
    pub(crate) proxy: Option<String>,
    pub(crate) no_proxy: Option<String>,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) client_cert_file: Option<PathBuf>,
    pub(crate) client_key_file: Option<PathBuf>,
    pub(crate) resolve: BTreeMap<String, Vec<std::net::IpAddr>>,
    pub(crate) limits: Option<Limits>,
    pub(crate) retry_budget: Option<u32>,
    pub(crate) cassette: Option<Recording>,
    pub(crate) azure: Option<Azure>,
    pub(crate) workload_identity: Option<Workload>,
    /// Number of the function that gives tokens.
    pub(crate) token_provider: Option<u32>,
    /// Number of the function that sends requests in place of the core's transport.
    pub(crate) transport: Option<u32>,
    /// A store, or an object with more about the engine.
    pub(crate) assistants: Option<Value>,
    pub(crate) observe: bool,
    pub(crate) observe_content: bool,
    /// `true`, or a table of prices.
    pub(crate) usage: Option<Value>,
}

/// Limits of a client.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Limits {
    pub(crate) requests_per_minute: Option<u64>,
    pub(crate) tokens_per_minute: Option<u64>,
    pub(crate) max_concurrent: Option<usize>,
    pub(crate) learn: Option<bool>,
    pub(crate) models: BTreeMap<String, ModelLimits>,
}

/// Limits of one model.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ModelLimits {
    pub(crate) requests_per_minute: Option<u64>,
    pub(crate) tokens_per_minute: Option<u64>,
}

/// Where requests and replies are recorded.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recording {
    pub(crate) file: PathBuf,
    pub(crate) mode: Option<String>,
    #[serde(default)]
    pub(crate) fast: bool,
    #[serde(default)]
    pub(crate) allow_repeats: bool,
    #[serde(default)]
    pub(crate) ignore: Vec<String>,
    #[serde(default)]
    pub(crate) redact_members: Vec<String>,
    #[serde(default)]
    pub(crate) keep_headers: Vec<String>,
}

/// A client of Azure.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Azure {
    pub(crate) endpoint: Option<String>,
    pub(crate) deployment: Option<String>,
    pub(crate) api_version: Option<String>,
    pub(crate) ad_token: Option<String>,
    pub(crate) v1: bool,
    pub(crate) from_env: bool,
}

/// An identity that is exchanged for tokens.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Workload {
    pub(crate) identity_provider_id: String,
    pub(crate) service_account_id: String,
    pub(crate) provider: Subject,
    pub(crate) token_exchange_url: Option<String>,
    pub(crate) refresh_buffer_seconds: Option<f64>,
}

/// Where its own token comes from.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum Subject {
    /// A function.
    Function { function: u32, token_type: Option<String> },
    /// A file in a pod.
    K8s { token_file_path: Option<PathBuf> },
    /// A managed identity.
    Azure {
        endpoint: Option<String>,
        resource: Option<String>,
        object_id: Option<String>,
        client_id: Option<String>,
        msi_res_id: Option<String>,
        api_version: Option<String>,
    },
    /// A machine's identity.
    Gcp { endpoint: Option<String>, audience: Option<String> },
    /// The client's certificate.
    X509,
}
