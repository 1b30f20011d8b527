//! Settings of a client.

use std::fmt;
use std::sync::Arc;

use super::options::option_setters;
use super::{Client, Inner, RequestOptions, Shared};
use crate::azure::AzureOpenAI;
use crate::cassette::Cassette;
use crate::error::Error;
use crate::limits::Limiter;
use crate::observe::{Observer, Observing};
use crate::policy::budget::RetryBudget;
use crate::secret::Secret;
use crate::transport::{ReqwestTransportBuilder, Transport};

/// Builds a [`Client`].
#[derive(Default)]
#[must_use]
pub struct ClientBuilder {
    options: RequestOptions,
    pub(super) network: ReqwestTransportBuilder,
    transport: Option<Arc<dyn Transport>>,
    env_read: bool,
    ambient: Ambient,
    default_base_url: Option<&'static str>,
    azure: Option<AzureOpenAI>,
    observing: Observing,
    limiter: Option<Limiter>,
    budget: Option<Arc<RetryBudget>>,
    cassette: Option<Cassette>,
}

/// What the environment put into the options: it yields to what the program says in other words.
#[derive(Default)]
pub(crate) struct Ambient {
    api_key: Option<Secret>,
    base_url: Option<String>,
}

impl Ambient {
    /// Takes what came from the environment out of the options.
    pub(crate) fn forget(&self, options: &mut RequestOptions) {
        self.forget_key(options);
        if self.base_url.is_some() && options.base_url == self.base_url {
            options.base_url = None;
        }
    }

    fn forget_key(&self, options: &mut RequestOptions) {
        if self.api_key.is_some() && options.api_key == self.api_key {
            options.api_key = None;
        }
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").field("options", &self.options).finish_non_exhaustive()
    }
}

impl ClientBuilder {
    option_setters!(.options);

    /// Default settings and no key; the environment is not read.
    pub fn new() -> Self {
        Self::default()
    }

    /// Default settings, with `OPENAI_API_KEY`, `OPENAI_ADMIN_KEY`, `OPENAI_BASE_URL`, `OPENAI_ORG_ID`,
    /// `OPENAI_PROJECT_ID` and `OPENAI_WEBHOOK_SECRET` from the environment where they are set and not empty.
    pub fn from_env() -> Self {
        Self::default().fill_from(|name| std::env::var(name).ok())
    }

    pub(crate) fn fill_from(mut self, lookup: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name| lookup(name).map(|value: String| value.trim().to_owned()).filter(|value| !value.is_empty());
        let options = &mut self.options;
        if let (None, Some(key)) = (&options.api_key, get("OPENAI_API_KEY")) {
            options.set_api_key(key);
            self.ambient.api_key.clone_from(&options.api_key);
        }
        if let (None, Some(key)) = (&options.admin_api_key, get("OPENAI_ADMIN_KEY")) {
            options.set_admin_api_key(key);
        }
        if let (None, Some(url)) = (&options.base_url, get("OPENAI_BASE_URL")) {
            self.ambient.base_url = Some(url.clone());
            options.base_url = Some(url);
        }
        options.organization = options.organization.take().or_else(|| get("OPENAI_ORG_ID"));
        options.project = options.project.take().or_else(|| get("OPENAI_PROJECT_ID"));
        options.webhook_secret = options.webhook_secret.take().or_else(|| get("OPENAI_WEBHOOK_SECRET").map(Into::into));
        self.env_read = true;
        self
    }

    /// Replaces the options gathered so far with these, keeping what they leave unset.
    pub fn options(mut self, options: RequestOptions) -> Self {
        self.options = options.over(&self.options);
        self
    }

    /// Signing secret with which `webhooks().unwrap` verifies deliveries. It is sent nowhere.
    pub fn webhook_secret(mut self, secret: impl Into<String>) -> Self {
        self.options = self.options.webhook_secret(secret);
        self
    }

    /// Sends through this transport instead of the default one, whose settings then have no effect.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// As [`transport`](Self::transport), for one that is shared already.
    pub fn shared_transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    pub(crate) fn change_options(mut self, change: impl FnOnce(RequestOptions) -> RequestOptions) -> Self {
        self.options = change(self.options);
        self
    }

    /// The base URL where none is given.
    pub(crate) fn default_base_url(mut self, url: Option<&'static str>) -> Self {
        self.default_base_url = url;
        self
    }

    pub(crate) fn set_azure(mut self, settings: AzureOpenAI) -> Self {
        self.azure = Some(settings);
        self
    }

    /// Tells this observer about every call. May be given several times.
    ///
    /// ```
    /// use threadline::Client;
    /// use threadline::observe::CallRecord;
    ///
    /// # fn run() -> Result<(), threadline::Error> {
    /// let client = Client::builder()
    ///     .api_key("sk-...")
    ///     .observer(|call: &CallRecord| println!("{} took {:?}", call.span_name(), call.duration))
    ///     .build()?;
    /// # let _ = client; Ok(()) }
    /// # run().expect("a key is enough");
    /// ```
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observing.observers.push(Arc::new(observer));
        self
    }

    /// Whether spans and observers see prompts and outputs. Default: no. They hold whatever people write; think of who
    /// reads your traces before you say yes.
    pub fn observe_content(mut self, show: bool) -> Self {
        self.observing.content = show;
        self
    }

    pub(crate) fn set_limiter(mut self, limiter: Limiter) -> Self {
        self.limiter = Some(limiter);
        self
    }

    pub(crate) fn set_cassette(mut self, cassette: Cassette) -> Self {
        self.cassette = Some(cassette);
        self
    }

    /// Pays for retries from this budget, which may be shared with other clients (`Arc<RetryBudget>`). Default: one of 50
    /// retries, shared by the clones of the client.
    pub fn retry_budget(mut self, budget: impl Into<Arc<RetryBudget>>) -> Self {
        self.budget = Some(budget.into());
        self
    }

    /// Makes the client. Opens no connection.
    ///
    /// # Errors
    /// Kind `usage` if there is neither an API key nor an admin key nor a token provider, a key is empty, two credentials
    /// are given that exclude each other, the base URL cannot be used, a cassette cannot be read, or TLS cannot be set
    /// up.
    pub fn build(self) -> Result<Client, Error> {
        let mut options = self.options;
        let azure = self.azure.map(|azure| azure.settle(&mut options, &self.ambient)).transpose()?;
        if options.token_source.is_some() {
            self.ambient.forget_key(&mut options);
        }
        if options.token_source.is_some() && options.api_key.is_some() {
            return Err(Error::usage("an API key and a token provider exclude each other: give one of them"));
        }
        options.base_url = options.base_url.or_else(|| self.default_base_url.map(str::to_owned));
        let empty = |key: &Option<crate::secret::Secret>| key.as_ref().is_some_and(|k| k.expose().is_empty());
        if empty(&options.api_key) || empty(&options.admin_api_key) {
            return Err(Error::usage("the API key is empty"));
        }
        // A program may authenticate by a header of its own.
        let credential = options.has_credential() || options.has_own_credential_header();
        if !credential && options.admin_api_key.is_none() {
            return Err(Error::usage(if self.env_read {
                "no API key: set the environment variable OPENAI_API_KEY (or OPENAI_ADMIN_KEY), or give a key"
            } else {
                "no API key: give one with `api_key` (or `admin_api_key`), or read the environment with `from_env`"
            }));
        }
        let transport = match self.transport {
            Some(transport) => transport,
            None => Arc::new(self.network.build()?) as Arc<dyn Transport>,
        };
        let transport = match self.cassette {
            Some(cassette) => Arc::new(cassette.transport(transport)?),
            None => transport,
        };
        let budget = self.budget.unwrap_or_default();
        let observing = Arc::new(self.observing);
        let inner = Inner::new(options, Shared { transport, budget, azure, limiter: self.limiter, observing });
        if let Err(error) = &inner.base {
            return Err(error.clone().into());
        }
        Ok(Client { inner: Arc::new(inner) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn env(pairs: &'static [(&'static str, &'static str)]) -> ClientBuilder {
        ClientBuilder::default()
            .fill_from(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn a_missing_key_names_the_variable_to_set() {
        let error = env(&[("OPENAI_API_KEY", " ")]).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage);
        assert!(error.to_string().contains("OPENAI_API_KEY"));
    }

    #[test]
    fn the_environment_fills_what_is_unset() {
        let builder = env(&[
            ("OPENAI_API_KEY", "sk-env\n"),
            ("OPENAI_ORG_ID", "org"),
            ("OPENAI_PROJECT_ID", "proj"),
            ("OPENAI_BASE_URL", "http://localhost/v1"),
            ("OPENAI_ADMIN_KEY", "admin"),
            ("OPENAI_WEBHOOK_SECRET", "whsec_YQ=="),
        ]);
        let options = &builder.options;
        assert_eq!(options.api_key.as_ref().unwrap().expose(), "sk-env");
        assert_eq!(options.admin_api_key.as_ref().unwrap().expose(), "admin");
        assert_eq!(options.organization.as_deref(), Some("org"));
        assert_eq!(options.project.as_deref(), Some("proj"));
        assert_eq!(options.base_url.as_deref(), Some("http://localhost/v1"));
        assert_eq!(options.webhook_secret.as_ref().unwrap().expose(), "whsec_YQ==");
        let set = ClientBuilder::default().api_key("sk-own").fill_from(|_| Some("sk-env".into()));
        assert_eq!(set.options.api_key.unwrap().expose(), "sk-own");
    }

    #[test]
    fn a_key_and_a_token_provider_exclude_each_other() {
        let provider = || std::future::ready(Ok::<_, Error>("token"));
        let error = Client::builder().api_key("k").token_provider(provider).build().unwrap_err();
        assert!(error.message().contains("exclude each other"), "{error}");
        let from_env = env(&[("OPENAI_API_KEY", "sk-env")]).token_provider(provider).build().unwrap();
        assert!(format!("{from_env:?}").contains("api_key: None"));
        assert!(Client::builder().token_provider(provider).build().is_ok());
    }

    #[test]
    fn an_identity_by_certificate_has_a_base_url_of_its_own() {
        let identity = || crate::auth::WorkloadIdentity::x509("idp", "sa");
        let base = |builder: ClientBuilder| builder.build().unwrap().inner.options.base_url.clone().unwrap();
        assert_eq!(base(Client::builder().workload_identity(identity())), "https://mtls.api.openai.com/v1");
        let own = Client::builder().base_url("https://own.example/v1").workload_identity(identity());
        assert_eq!(base(own), "https://own.example/v1");
    }

    #[test]
    fn an_admin_key_alone_is_enough_to_build() {
        assert!(env(&[("OPENAI_ADMIN_KEY", "k")]).build().is_ok());
    }

    #[test]
    fn debug_of_a_client_shows_no_key() {
        let client = Client::new("sk-canary").unwrap();
        assert!(!format!("{client:?}").contains("canary"));
    }
}
