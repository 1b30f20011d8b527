//! Who a client is, other than by a key: token providers, workload identity, Azure.

use napi::{Error as HostError, Result};
use serde::Deserialize;
use threadline::auth::{
    AzureManagedIdentity, GcpIdToken, K8sServiceAccount, SubjectTokenType, Token, TokenContext, TokenFuture,
    TokenProvider, WorkloadIdentity, subject_token,
};
use threadline::azure::AzureOpenAI;
use threadline::{ClientBuilder, Error, ErrorKind};

use crate::host::{Answer, Callback, Failure};
use crate::options::seconds;
use crate::settings::{Azure, Settings, Subject, Workload};

/// The builder with the identity that these settings describe.
pub(crate) fn apply(builder: ClientBuilder, settings: &mut Settings, hub: &Callback) -> Result<ClientBuilder> {
    let provider = settings.token_provider.map(|function| Tokens(hub.sibling(function)));
    let builder = match (settings.azure.take(), provider) {
        (Some(azure), provider) => builder.azure(of_azure(azure, provider)),
        (None, Some(provider)) => builder.token_provider(provider),
        (None, None) => builder,
    };
    match settings.workload_identity.take() {
        Some(identity) => Ok(builder.workload_identity(workload(identity, hub)?)),
        None => Ok(builder),
    }
}

fn of_azure(given: Azure, provider: Option<Tokens>) -> AzureOpenAI {
    let mut azure = if given.from_env { AzureOpenAI::from_env() } else { AzureOpenAI::new() };
    if let Some(url) = given.endpoint {
        azure = azure.azure_endpoint(url);
    }
    if let Some(name) = given.deployment {
        azure = azure.azure_deployment(name);
    }
    if let Some(version) = given.api_version {
        azure = azure.api_version(version);
    }
    if let Some(token) = given.ad_token {
        azure = azure.azure_ad_token(token);
    }
    if let Some(provider) = provider {
        azure = azure.azure_ad_token_provider(provider);
    }
    azure.v1(given.v1)
}

fn workload(given: Workload, hub: &Callback) -> Result<WorkloadIdentity> {
    let (provider, account) = (given.identity_provider_id, given.service_account_id);
    macro_rules! with {
        ($source:ident, $($name:ident)*) => { $( if let Some(value) = $name { $source = $source.$name(value); } )* };
    }
    let mut identity = match given.provider {
        Subject::K8s { token_file_path } => {
            let mut source = K8sServiceAccount::new();
            with!(source, token_file_path);
            WorkloadIdentity::new(provider, account, source)
        }
        Subject::Azure { endpoint, resource, object_id, client_id, msi_res_id, api_version } => {
            let mut source = AzureManagedIdentity::new();
            with!(source, endpoint resource object_id client_id msi_res_id api_version);
            WorkloadIdentity::new(provider, account, source)
        }
        Subject::Gcp { endpoint, audience } => {
            let mut source = GcpIdToken::new();
            with!(source, endpoint audience);
            WorkloadIdentity::new(provider, account, source)
        }
        Subject::X509 => WorkloadIdentity::x509(provider, account),
        Subject::Function { function, token_type } => {
            let kind = match token_type.as_deref() {
                Some("id") => SubjectTokenType::Id,
                Some("jwt") | None => SubjectTokenType::Jwt,
                Some(other) => return Err(HostError::from_reason(format!("there is no token type {other:?}"))),
            };
            let callback = hub.sibling(function);
            let get = move || {
                let callback = callback.clone();
                async move {
                    text(&callback).await.map_err(|error| {
                        Error::new(ErrorKind::Authentication, format!("the subject token provider failed: {error}"))
                    })
                }
            };
            WorkloadIdentity::new(provider, account, subject_token(kind, get))
        }
    };
    if let Some(url) = given.token_exchange_url {
        identity = identity.token_exchange_url(url);
    }
    if let Some(buffer) = given.refresh_buffer_seconds {
        identity = identity.refresh_buffer(seconds(buffer)?);
    }
    Ok(identity)
}

async fn text(callback: &Callback) -> std::result::Result<String, Failure> {
    match callback.ask(String::new(), None).await? {
        Answer::Text(text) => Ok(text),
        _ => Err(Failure { number: None, message: "the provider gave no text".into() }),
    }
}

/// A function that gives tokens: the JSON of `token`, `expires_in` and `refresh_in` (seconds).
struct Tokens(Callback);

#[derive(Deserialize)]
struct Given {
    token: String,
    expires_in: Option<f64>,
    refresh_in: Option<f64>,
}

impl TokenProvider for Tokens {
    fn token<'a>(&'a self, _: &'a TokenContext) -> TokenFuture<'a> {
        Box::pin(async move {
            let given: Given = serde_json::from_str(&text(&self.0).await?)?;
            let mut token = Token::new(given.token);
            if let Some(lifetime) = given.expires_in {
                token = token.expires_in(seconds(lifetime).map_err(|error| error.reason.to_string())?);
            }
            if let Some(wait) = given.refresh_in {
                token = token.refresh_in(seconds(wait).map_err(|error| error.reason.to_string())?);
            }
            Ok(token)
        })
    }
}
