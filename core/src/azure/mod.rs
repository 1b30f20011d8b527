//! Azure OpenAI: the same API under another address, with deployments, dated versions and its own credentials.
//!
//! [`AzureOpenAI`] holds what an Azure resource needs; [`ClientBuilder::azure`](crate::ClientBuilder::azure) makes a
//! client of it, with all the typed methods of any client.

mod builder;
mod error;
mod route;

use std::fmt;
use std::sync::Arc;

use crate::auth::{FixedToken, TokenProvider, TokenSource};
use crate::secret::Secret;

pub use self::error::{AzureError, ContentFilter};
pub(crate) use self::route::Azure;

/// Settings of a client of Azure OpenAI. Credentials are the builder's
/// [`api_key`](crate::ClientBuilder::api_key) (sent as `api-key`), a token, or a token provider (sent as bearer tokens);
/// only one of them may be given.
///
/// ```no_run
/// use threadline::Client;
/// use threadline::azure::AzureOpenAI;
///
/// # fn run() -> Result<(), threadline::Error> {
/// let azure = AzureOpenAI::new()
///     .azure_endpoint("https://my-resource.openai.azure.com")
///     .api_version("2024-10-21");
/// let client = Client::builder().azure(azure).api_key("...").build()?;
/// # let _ = client; Ok(()) }
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct AzureOpenAI {
    endpoint: Option<String>,
    deployment: Option<String>,
    api_version: Option<String>,
    token: Option<Arc<TokenSource>>,
    token_given_twice: bool,
    v1: bool,
    environment: Environment,
}

/// What the environment says, used where the program says nothing.
#[derive(Clone, Default)]
struct Environment {
    read: bool,
    api_key: Option<Secret>,
    ad_token: Option<Secret>,
    endpoint: Option<String>,
    api_version: Option<String>,
}

impl fmt::Debug for AzureOpenAI {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AzureOpenAI")
            .field("endpoint", &self.endpoint.as_deref().map(crate::client::without_user_and_query))
            .field("deployment", &self.deployment)
            .field("api_version", &self.api_version)
            .field("v1", &self.v1)
            .finish_non_exhaustive()
    }
}

impl AzureOpenAI {
    /// Settings from the program alone; the environment is not read.
    pub fn new() -> Self {
        Self::default()
    }

    /// Settings from the environment where the program gives none: `AZURE_OPENAI_ENDPOINT`, `OPENAI_API_VERSION`, and, if
    /// no credential is given at all, `AZURE_OPENAI_AD_TOKEN` or else `AZURE_OPENAI_API_KEY`.
    pub fn from_env() -> Self {
        Self::default().fill_from(|name| std::env::var(name).ok())
    }

    fn fill_from(mut self, lookup: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name| lookup(name).map(|value: String| value.trim().to_owned()).filter(|value| !value.is_empty());
        self.environment = Environment {
            read: true,
            api_key: get("AZURE_OPENAI_API_KEY").map(Secret::from),
            ad_token: get("AZURE_OPENAI_AD_TOKEN").map(Secret::from),
            endpoint: get("AZURE_OPENAI_ENDPOINT"),
            api_version: get("OPENAI_API_VERSION"),
        };
        self
    }

    /// The resource's address, such as `https://my-resource.openai.azure.com`. One that ends in `/openai/v1` means
    /// [`v1`](Self::v1). Excludes a base URL.
    pub fn azure_endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Some(url.into());
        self
    }

    /// The deployment that all calls of deployment-scoped operations (chat, completions, embeddings, audio, images) go to.
    /// Without it, the `model` of each call names its deployment. No effect on a client with a base URL of its own.
    pub fn azure_deployment(mut self, name: impl Into<String>) -> Self {
        self.deployment = Some(name.into());
        self
    }

    /// The version of the service's API, sent as the query parameter `api-version`. Required, except for
    /// [`v1`](Self::v1).
    pub fn api_version(mut self, version: impl Into<String>) -> Self {
        self.api_version = Some(version.into());
        self
    }

    /// A token of Microsoft Entra ID, for programs that live no longer than it does.
    pub fn azure_ad_token(self, token: impl AsRef<str>) -> Self {
        self.with_token(TokenSource::new(FixedToken(Secret::from(token.as_ref().trim()))))
    }

    /// Asks this provider for tokens of Microsoft Entra ID.
    pub fn azure_ad_token_provider(self, provider: impl TokenProvider) -> Self {
        self.with_token(TokenSource::new(provider))
    }

    fn with_token(mut self, source: Arc<TokenSource>) -> Self {
        self.token_given_twice |= self.token.is_some();
        self.token = Some(source);
        self
    }

    /// Uses the undated API below `/openai/v1`: no deployments in paths, `model` names the deployment, and `api-version`
    /// is sent only if it is given.
    pub fn v1(mut self, on: bool) -> Self {
        self.v1 = on;
        self
    }
}
