//! Where a token provider is set: on a client, on options, on one call.

use super::{TokenProvider, TokenSource, WorkloadIdentity};
use crate::client::{Call, ClientBuilder, RequestOptions};

impl RequestOptions {
    /// Asks this provider for a bearer token, in place of an API key. Its tokens are kept with these options and shared by
    /// their clones. In one scope only one of key and provider may be set; the nearer scope wins.
    pub fn token_provider(mut self, provider: impl TokenProvider) -> Self {
        self.token_source = Some(TokenSource::new(provider));
        self
    }

    pub(crate) fn has_credential(&self) -> bool {
        self.api_key.is_some() || self.token_source.is_some()
    }

    /// Whether a header of the caller's own takes the place of the credential, be it by being left out.
    pub(crate) fn has_own_credential_header(&self) -> bool {
        self.headers
            .iter()
            .any(|(name, _)| ["authorization", "api-key"].iter().any(|own| name.eq_ignore_ascii_case(own)))
    }

    /// Takes the key or provider of the scope around this one, where this one has neither.
    pub(crate) fn inherit_credential(&mut self, base: &Self) {
        if !self.has_credential() {
            self.api_key.clone_from(&base.api_key);
            self.token_source.clone_from(&base.token_source);
        }
    }
}

impl ClientBuilder {
    /// Asks this provider for a bearer token, in place of an API key. A token with a lifetime is kept, shared by all calls
    /// and clones of the client, and renewed before it ends. `OPENAI_API_KEY` of the environment then has no effect.
    pub fn token_provider(self, provider: impl TokenProvider) -> Self {
        self.change_options(|options| options.token_provider(provider))
    }

    /// Trades a token of the platform this program runs on for tokens of the API, in place of an API key. An identity by
    /// certificate goes to `https://mtls.api.openai.com/v1` unless a base URL is set.
    pub fn workload_identity(self, identity: WorkloadIdentity) -> Self {
        self.default_base_url(identity.default_base_url()).change_options(|options| options.token_provider(identity))
    }
}

impl<R> Call<R> {
    /// Asks this provider for the bearer token of this call, in place of the client's credential.
    pub fn token_provider(mut self, provider: impl TokenProvider) -> Self {
        self.inner.options.token_source = Some(TokenSource::new(provider));
        self
    }
}
