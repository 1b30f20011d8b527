//! Who a client is, other than by a key: token providers, workload identity, Azure.

use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

use super::options::duration;
use crate::auth::{
    AzureManagedIdentity, GcpIdToken, K8sServiceAccount, SubjectFuture, SubjectTokenProvider, SubjectTokenType,
    TokenContext, TokenFuture, TokenProvider, WorkloadIdentity, subject_token,
};
use crate::azure::AzureOpenAI;
use crate::client::ClientBuilder;
use crate::error::Error;

/// What settings cannot say, because it is code of the program.
#[derive(Default)]
#[non_exhaustive]
pub struct Hooks {
    tokens: Option<Box<dyn TokenProvider>>,
    subject: Option<MakeSubject>,
}

type MakeSubject = Box<dyn FnOnce(SubjectFunction) -> Result<Box<dyn SubjectTokenProvider>, Error>>;

/// A `provider` of a workload identity whose `type` is `function`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SubjectFunction {
    /// Which of the program's functions it is: the member `function`, whatever it holds.
    pub function: Value,
    /// The kind of its tokens: the member `token_type`, `jwt` (the default) or `id`.
    pub token_type: SubjectTokenType,
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks").field("tokens", &self.tokens.is_some()).finish_non_exhaustive()
    }
}

impl Hooks {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the client's bearer tokens: of Entra where the settings have `azure`.
    #[must_use]
    pub fn tokens(mut self, provider: impl TokenProvider) -> Self {
        self.tokens = Some(Box::new(provider));
        self
    }

    /// Makes the provider of subject tokens of a workload identity whose `provider` is a function of the program's.
    #[must_use]
    pub fn subject<P: SubjectTokenProvider>(
        mut self,
        make: impl FnOnce(SubjectFunction) -> Result<P, Error> + 'static,
    ) -> Self {
        self.subject = Some(Box::new(move |function| Ok(Box::new(make(function)?))));
        self
    }
}

struct Tokens(Box<dyn TokenProvider>);

impl TokenProvider for Tokens {
    fn token<'a>(&'a self, context: &'a TokenContext) -> TokenFuture<'a> {
        self.0.token(context)
    }

    fn is_shared(&self) -> bool {
        self.0.is_shared()
    }
}

struct Subject(Box<dyn SubjectTokenProvider>);

impl SubjectTokenProvider for Subject {
    fn token_type(&self) -> SubjectTokenType {
        self.0.token_type()
    }

    fn subject_token(&self) -> SubjectFuture<'_> {
        self.0.subject_token()
    }
}

/// `azure` of the settings.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AzureSettings {
    endpoint: Option<String>,
    deployment: Option<String>,
    api_version: Option<String>,
    ad_token: Option<String>,
    v1: Option<bool>,
    from_env: Option<bool>,
}

/// `workload_identity` of the settings.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WorkloadSettings {
    identity_provider_id: String,
    service_account_id: String,
    provider: SubjectSettings,
    token_exchange_url: Option<String>,
    refresh_buffer_seconds: Option<f64>,
}

impl WorkloadSettings {
    pub(super) fn is_function(&self) -> bool {
        matches!(self.provider, SubjectSettings::Function { .. })
    }
}

/// Where the subject token comes from.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
enum SubjectSettings {
    Text {
        token: String,
        token_type: Option<TokenType>,
    },
    Function {
        #[serde(default)]
        function: Value,
        token_type: Option<TokenType>,
    },
    K8s {
        token_file_path: Option<PathBuf>,
    },
    Azure {
        endpoint: Option<String>,
        resource: Option<String>,
        object_id: Option<String>,
        client_id: Option<String>,
        msi_res_id: Option<String>,
        api_version: Option<String>,
    },
    Gcp {
        endpoint: Option<String>,
        audience: Option<String>,
    },
    X509,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum TokenType {
    Jwt,
    Id,
}

fn kind(token_type: Option<TokenType>) -> SubjectTokenType {
    match token_type {
        Some(TokenType::Id) => SubjectTokenType::Id,
        Some(TokenType::Jwt) | None => SubjectTokenType::Jwt,
    }
}

/// The builder with the identity that the settings describe.
pub(super) fn apply(
    builder: ClientBuilder,
    azure: Option<AzureSettings>,
    workload: Option<WorkloadSettings>,
    hooks: Hooks,
) -> Result<ClientBuilder, Error> {
    let builder = match (azure, hooks.tokens.map(Tokens)) {
        (Some(azure), tokens) => builder.azure(of_azure(azure, tokens)),
        (None, Some(tokens)) => builder.token_provider(tokens),
        (None, None) => builder,
    };
    Ok(match workload {
        Some(workload) => builder.workload_identity(of_workload(workload, hooks.subject)?),
        None => builder,
    })
}

fn of_azure(settings: AzureSettings, tokens: Option<Tokens>) -> AzureOpenAI {
    let mut azure = if settings.from_env == Some(true) { AzureOpenAI::from_env() } else { AzureOpenAI::new() };
    azure = settings.endpoint.into_iter().fold(azure, AzureOpenAI::azure_endpoint);
    azure = settings.deployment.into_iter().fold(azure, AzureOpenAI::azure_deployment);
    azure = settings.api_version.into_iter().fold(azure, AzureOpenAI::api_version);
    azure = settings.ad_token.into_iter().fold(azure, AzureOpenAI::azure_ad_token);
    azure = tokens.into_iter().fold(azure, AzureOpenAI::azure_ad_token_provider);
    azure.v1(settings.v1.unwrap_or_default())
}

fn of_workload(settings: WorkloadSettings, make: Option<MakeSubject>) -> Result<WorkloadIdentity, Error> {
    let ids = (settings.identity_provider_id, settings.service_account_id);
    macro_rules! with {
        ($source:expr, $($name:ident)*) => {{
            let mut source = $source;
            $( if let Some(value) = $name { source = source.$name(value); } )*
            WorkloadIdentity::new(ids.0, ids.1, source)
        }};
    }
    let mut identity = match settings.provider {
        SubjectSettings::Text { token, token_type } => {
            let get = move || std::future::ready(Ok(token.clone()));
            WorkloadIdentity::new(ids.0, ids.1, subject_token(kind(token_type), get))
        }
        SubjectSettings::Function { function, token_type } => {
            let make = make.ok_or_else(|| Error::usage("there is no function that gives subject tokens"))?;
            let subject = make(SubjectFunction { function, token_type: kind(token_type) })?;
            WorkloadIdentity::new(ids.0, ids.1, Subject(subject))
        }
        SubjectSettings::K8s { token_file_path } => with!(K8sServiceAccount::new(), token_file_path),
        SubjectSettings::Azure { endpoint, resource, object_id, client_id, msi_res_id, api_version } => {
            with!(AzureManagedIdentity::new(), endpoint resource object_id client_id msi_res_id api_version)
        }
        SubjectSettings::Gcp { endpoint, audience } => with!(GcpIdToken::new(), endpoint audience),
        SubjectSettings::X509 => WorkloadIdentity::x509(ids.0, ids.1),
    };
    if let Some(url) = settings.token_exchange_url {
        identity = identity.token_exchange_url(url);
    }
    if let Some(buffer) = duration("refresh_buffer_seconds", settings.refresh_buffer_seconds)? {
        identity = identity.refresh_buffer(buffer);
    }
    Ok(identity)
}
