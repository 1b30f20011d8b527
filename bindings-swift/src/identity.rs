//! Who a client is, other than by a key: token providers, workload identity, Azure.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use threadline::ClientBuilder;
use threadline::auth::{
    AzureManagedIdentity, GcpIdToken, K8sServiceAccount, SubjectTokenType, Token, TokenContext, TokenFuture,
    WorkloadIdentity, subject_token,
};
use threadline::azure::AzureOpenAI;

use crate::error::CallError;
use crate::options::duration;

/// A bearer token, with its lifetime where that is known.
#[derive(uniffi::Record)]
pub struct ProvidedToken {
    /// The token.
    pub token: String,
    /// How long it can be used, in seconds.
    pub expires_in: Option<f64>,
    /// When to ask for the next one, in seconds.
    pub refresh_in: Option<f64>,
}

impl std::fmt::Debug for ProvidedToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProvidedToken").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

/// Gives bearer tokens, on a thread that may wait. Never asked a second time before the first answer.
#[uniffi::export(with_foreign)]
pub trait TokenProvider: Send + Sync {
    /// A token to send with the next requests. An error's message is shown to the caller.
    fn token(&self) -> Result<ProvidedToken, CallError>;
}

struct Foreign(Arc<dyn TokenProvider>);

impl threadline::auth::TokenProvider for Foreign {
    fn token<'a>(&'a self, _: &'a TokenContext) -> TokenFuture<'a> {
        let provider = Arc::clone(&self.0);
        Box::pin(async move {
            let given = tokio::task::spawn_blocking(move || provider.token()).await??;
            let mut token = Token::new(given.token);
            if let Some(lifetime) = given.expires_in.map(Duration::try_from_secs_f64).transpose()? {
                token = token.expires_in(lifetime);
            }
            if let Some(wait) = given.refresh_in.map(Duration::try_from_secs_f64).transpose()? {
                token = token.refresh_in(wait);
            }
            Ok(token)
        })
    }
}

/// `azure` of the settings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AzureSettings {
    endpoint: Option<String>,
    deployment: Option<String>,
    api_version: Option<String>,
    ad_token: Option<String>,
    #[serde(default)]
    v1: bool,
    #[serde(default)]
    from_env: bool,
}

/// `workload_identity` of the settings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WorkloadSettings {
    identity_provider_id: String,
    service_account_id: String,
    provider: SubjectSettings,
    token_exchange_url: Option<String>,
    refresh_buffer_seconds: Option<f64>,
}

/// Where the subject token comes from.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum SubjectSettings {
    Text { token: String, token_type: String },
    K8s { token_file_path: Option<String> },
    Azure { endpoint: Option<String>, resource: Option<String>, object_id: Option<String>, client_id: Option<String> },
    Gcp { endpoint: Option<String>, audience: Option<String> },
    X509,
}

/// The builder with the identity that the settings describe.
pub(crate) fn apply(
    builder: ClientBuilder,
    azure: Option<AzureSettings>,
    workload: Option<WorkloadSettings>,
    tokens: Option<Arc<dyn TokenProvider>>,
) -> Result<ClientBuilder, CallError> {
    let tokens = tokens.map(Foreign);
    let builder = match (azure, tokens) {
        (Some(azure), tokens) => builder.azure(of_azure(azure, tokens)),
        (None, Some(tokens)) => builder.token_provider(tokens),
        (None, None) => builder,
    };
    Ok(match workload {
        Some(workload) => builder.workload_identity(of_workload(workload)?),
        None => builder,
    })
}

fn of_azure(settings: AzureSettings, tokens: Option<Foreign>) -> AzureOpenAI {
    let mut azure = if settings.from_env { AzureOpenAI::from_env() } else { AzureOpenAI::new() };
    azure = settings.endpoint.into_iter().fold(azure, AzureOpenAI::azure_endpoint);
    azure = settings.deployment.into_iter().fold(azure, AzureOpenAI::azure_deployment);
    azure = settings.api_version.into_iter().fold(azure, AzureOpenAI::api_version);
    azure = settings.ad_token.into_iter().fold(azure, AzureOpenAI::azure_ad_token);
    azure = tokens.into_iter().fold(azure, AzureOpenAI::azure_ad_token_provider);
    azure.v1(settings.v1)
}

fn of_workload(settings: WorkloadSettings) -> Result<WorkloadIdentity, CallError> {
    let (provider, account) = (settings.identity_provider_id, settings.service_account_id);
    let mut identity = match settings.provider {
        SubjectSettings::Text { token, token_type } => {
            let kind = if token_type == "id" { SubjectTokenType::Id } else { SubjectTokenType::Jwt };
            let get = move || std::future::ready(Ok(token.clone()));
            WorkloadIdentity::new(provider, account, subject_token(kind, get))
        }
        SubjectSettings::K8s { token_file_path } => {
            let source = token_file_path.into_iter().fold(K8sServiceAccount::new(), K8sServiceAccount::token_file_path);
            WorkloadIdentity::new(provider, account, source)
        }
        SubjectSettings::Azure { endpoint, resource, object_id, client_id } => {
            let mut source = endpoint.into_iter().fold(AzureManagedIdentity::new(), AzureManagedIdentity::endpoint);
            source = resource.into_iter().fold(source, AzureManagedIdentity::resource);
            source = object_id.into_iter().fold(source, AzureManagedIdentity::object_id);
            source = client_id.into_iter().fold(source, AzureManagedIdentity::client_id);
            WorkloadIdentity::new(provider, account, source)
        }
        SubjectSettings::Gcp { endpoint, audience } => {
            let source = endpoint.into_iter().fold(GcpIdToken::new(), GcpIdToken::endpoint);
            WorkloadIdentity::new(provider, account, audience.into_iter().fold(source, GcpIdToken::audience))
        }
        SubjectSettings::X509 => WorkloadIdentity::x509(provider, account),
    };
    if let Some(url) = settings.token_exchange_url {
        identity = identity.token_exchange_url(url);
    }
    if let Some(buffer) = duration("refresh_buffer_seconds", settings.refresh_buffer_seconds)? {
        identity = identity.refresh_buffer(buffer);
    }
    Ok(identity)
}
