//! `azure`, `tokens` and `workload_identity` of a client: who it is, other than by a key.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use threadline::ClientBuilder;
use threadline::auth::{
    AzureManagedIdentity, GcpIdToken, K8sServiceAccount, SubjectTokenType, Token, TokenContext, TokenFuture,
    TokenProvider, WorkloadIdentity, subject_token,
};
use threadline::azure::AzureOpenAI;

use super::options::duration;

/// A client of Azure.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AzureConfig {
    endpoint: Option<String>,
    deployment: Option<String>,
    api_version: Option<String>,
    ad_token: Option<String>,
    #[serde(default)]
    v1: bool,
    #[serde(default)]
    from_env: bool,
}

impl AzureConfig {
    /// The builder with these settings; `tokens` is the provider of Entra tokens.
    pub(super) fn apply(self, builder: ClientBuilder, tokens: Option<ScriptedTokens>) -> ClientBuilder {
        let mut azure = if self.from_env { AzureOpenAI::from_env() } else { AzureOpenAI::new() };
        if let Some(endpoint) = self.endpoint {
            azure = azure.azure_endpoint(endpoint);
        }
        if let Some(deployment) = self.deployment {
            azure = azure.azure_deployment(deployment);
        }
        if let Some(version) = self.api_version {
            azure = azure.api_version(version);
        }
        if let Some(token) = self.ad_token {
            azure = azure.azure_ad_token(token);
        }
        if let Some(tokens) = tokens {
            azure = azure.azure_ad_token_provider(tokens);
        }
        builder.azure(azure.v1(self.v1))
    }
}

/// What a token provider answers, one item a call.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum ScriptedToken {
    /// A token without a lifetime.
    Plain(String),
    /// A failure.
    Error {
        /// Its text.
        error: String,
    },
    /// A token with all that can be said of it.
    Full { token: String, expires_in_s: Option<f64>, refresh_in_s: Option<f64>, delay_s: Option<f64> },
}

/// A provider that answers from a list, and fails after its end.
pub(super) struct ScriptedTokens {
    rest: Arc<Mutex<VecDeque<ScriptedToken>>>,
}

impl From<Vec<ScriptedToken>> for ScriptedTokens {
    fn from(tokens: Vec<ScriptedToken>) -> Self {
        Self { rest: Arc::new(Mutex::new(tokens.into())) }
    }
}

impl TokenProvider for ScriptedTokens {
    fn token<'a>(&'a self, _: &'a TokenContext) -> TokenFuture<'a> {
        let next = self.rest.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        Box::pin(async move {
            match next {
                None => Err("the list of tokens is at its end".into()),
                Some(ScriptedToken::Error { error }) => Err(error.into()),
                Some(ScriptedToken::Plain(token)) => Ok(Token::new(token)),
                Some(ScriptedToken::Full { token, expires_in_s, refresh_in_s, delay_s }) => {
                    if let Some(delay) = duration("delay_s", delay_s)? {
                        tokio::time::sleep(delay).await;
                    }
                    let mut token = Token::new(token);
                    if let Some(lifetime) = duration("expires_in_s", expires_in_s)? {
                        token = token.expires_in(lifetime);
                    }
                    if let Some(wait) = duration("refresh_in_s", refresh_in_s)? {
                        token = token.refresh_in(wait);
                    }
                    Ok(token)
                }
            }
        })
    }
}

/// An identity to trade for tokens.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WorkloadConfig {
    identity_provider_id: String,
    service_account_id: String,
    provider: SubjectConfig,
    token_exchange_url: Option<String>,
    refresh_buffer_seconds: Option<f64>,
}

/// Where the subject token comes from.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum SubjectConfig {
    /// A text, as a program's own provider gives it.
    Text { token: String, token_type: String },
    /// `k8s_service_account_token_provider`.
    K8s { token_file_path: String },
    /// `azure_managed_identity_token_provider`.
    Azure { endpoint: String, resource: Option<String>, object_id: Option<String>, client_id: Option<String> },
    /// `gcp_id_token_provider`.
    Gcp { endpoint: String, audience: Option<String> },
    /// The client certificate of the connection.
    X509,
}

impl WorkloadConfig {
    pub(super) fn apply(self, builder: ClientBuilder) -> Result<ClientBuilder, String> {
        let (provider, account) = (self.identity_provider_id, self.service_account_id);
        let mut identity = match self.provider {
            SubjectConfig::Text { token, token_type } => {
                let kind = if token_type == "id" { SubjectTokenType::Id } else { SubjectTokenType::Jwt };
                let get = move || std::future::ready(Ok(token.clone()));
                WorkloadIdentity::new(provider, account, subject_token(kind, get))
            }
            SubjectConfig::K8s { token_file_path } => {
                WorkloadIdentity::new(provider, account, K8sServiceAccount::new().token_file_path(token_file_path))
            }
            SubjectConfig::Azure { endpoint, resource, object_id, client_id } => {
                let mut subject = AzureManagedIdentity::new().endpoint(endpoint);
                subject = resource.into_iter().fold(subject, AzureManagedIdentity::resource);
                subject = object_id.into_iter().fold(subject, AzureManagedIdentity::object_id);
                subject = client_id.into_iter().fold(subject, AzureManagedIdentity::client_id);
                WorkloadIdentity::new(provider, account, subject)
            }
            SubjectConfig::Gcp { endpoint, audience } => {
                let subject = audience.into_iter().fold(GcpIdToken::new().endpoint(endpoint), GcpIdToken::audience);
                WorkloadIdentity::new(provider, account, subject)
            }
            SubjectConfig::X509 => WorkloadIdentity::x509(provider, account),
        };
        if let Some(url) = self.token_exchange_url {
            identity = identity.token_exchange_url(url);
        }
        if let Some(buffer) = duration("refresh_buffer_seconds", self.refresh_buffer_seconds)? {
            identity = identity.refresh_buffer(buffer);
        }
        Ok(builder.workload_identity(identity))
    }
}
