//! The client, its settings, and the two ways every call takes: [`Client::execute`] and [`Client::stream`].

mod args;
mod attempt;
mod builder;
mod call;
mod connect;
mod deadline;
mod failed;
mod hedge;
mod network;
mod options;
mod prepare;
mod redirect;
mod upgrade;

use std::sync::Arc;

pub use self::args::Args;
pub(crate) use self::builder::Ambient;
pub use self::builder::ClientBuilder;
pub use self::call::{Call, CallFuture, Outcome};
pub(crate) use self::call::{Parts, sealed};
pub use self::connect::ConnectTarget;
pub(crate) use self::deadline::Deadline;
pub(crate) use self::failed::transport_error;
pub use self::options::RequestOptions;
pub(crate) use self::options::option_setters;
pub(crate) use self::options::without_user_and_query;
pub(crate) use self::upgrade::{Switched, upgrade};
use crate::azure::Azure;
use crate::error::Error;
use crate::limits::Limiter;
use crate::observe::{Observer, Observing};
use crate::operation::Operation;
use crate::policy::budget::{Permit, RetryBudget};
use crate::request::InvalidRequest;
use crate::request::url::BaseUrl;
use crate::response::{Download, RawReply};
use crate::stream::{RawEventStream, Resume};
use crate::transport::Transport;

/// A client of the API. Cheap to clone; clones share connections and the retry budget.
///
/// ```no_run
/// # async fn run() -> Result<(), threadline::Error> {
/// let client = threadline::Client::from_env()?;
/// # let _ = client; Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    options: RequestOptions,
    /// The base URL of these options, read once.
    base: Result<BaseUrl, InvalidRequest>,
    transport: Arc<dyn Transport>,
    budget: Arc<RetryBudget>,
    azure: Option<Arc<Azure>>,
    limiter: Option<Limiter>,
    observing: Arc<Observing>,
}

/// What a client shares with its clones, whatever their options.
#[derive(Clone)]
struct Shared {
    transport: Arc<dyn Transport>,
    budget: Arc<RetryBudget>,
    azure: Option<Arc<Azure>>,
    limiter: Option<Limiter>,
    observing: Arc<Observing>,
}

impl Inner {
    fn new(options: RequestOptions, shared: Shared) -> Self {
        let Shared { transport, budget, azure, limiter, observing } = shared;
        let base = BaseUrl::parse(options.base_url.as_deref().unwrap_or(prepare::DEFAULT_BASE_URL));
        Self { options, base, transport, budget, azure, limiter, observing }
    }

    fn shared(&self) -> Shared {
        Shared {
            transport: Arc::clone(&self.transport),
            budget: Arc::clone(&self.budget),
            azure: self.azure.clone(),
            limiter: self.limiter.clone(),
            observing: Arc::clone(&self.observing),
        }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("options", &self.inner.options)
            .field("transport", &self.inner.transport)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// A client with this API key and defaults for everything else; the environment is not read.
    ///
    /// # Errors
    /// Kind `usage` if the key is empty or TLS cannot be set up.
    pub fn new(api_key: impl Into<String>) -> Result<Self, Error> {
        Self::builder().api_key(api_key).build()
    }

    /// A client from the environment: `OPENAI_API_KEY`, and if they are set `OPENAI_ADMIN_KEY`, `OPENAI_BASE_URL`,
    /// `OPENAI_ORG_ID`, `OPENAI_PROJECT_ID` and `OPENAI_WEBHOOK_SECRET`.
    ///
    /// # Errors
    /// Kind `usage` if neither `OPENAI_API_KEY` nor `OPENAI_ADMIN_KEY` is set.
    pub fn from_env() -> Result<Self, Error> {
        ClientBuilder::from_env().build()
    }

    /// Settings to build a client from.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// A client with other defaults, sharing connections, the retry budget and observers with this one.
    #[must_use]
    pub fn with_options(&self, options: RequestOptions) -> Self {
        let options = options.over_client(&self.inner.options);
        Self { inner: Arc::new(Inner::new(options, self.inner.shared())) }
    }

    /// A client whose calls this observer is told about too. It shares all else with this client.
    ///
    /// ```
    /// use threadline::Client;
    /// use threadline::usage::UsageCounter;
    ///
    /// # fn run(client: Client) {
    /// let counter = UsageCounter::new();
    /// let counted = client.with_observer(counter.clone());
    /// # let _ = counted; }
    /// ```
    #[must_use]
    pub fn with_observer(&self, observer: impl Observer) -> Self {
        let mut observing = Observing::clone(&self.inner.observing);
        observing.observers.push(Arc::new(observer));
        let shared = Shared { observing: Arc::new(observing), ..self.inner.shared() };
        Self { inner: Arc::new(Inner::new(self.inner.options.clone(), shared)) }
    }

    /// A client with the same settings whose calls go through what `wrap` makes of this one's transport.
    #[must_use]
    pub fn with_transport(&self, wrap: impl FnOnce(Arc<dyn Transport>) -> Arc<dyn Transport>) -> Self {
        let transport = wrap(Arc::clone(&self.inner.transport));
        let shared = Shared { transport, ..self.inner.shared() };
        Self { inner: Arc::new(Inner::new(self.inner.options.clone(), shared)) }
    }

    /// Where requests go: `https://api.openai.com/v1` unless another was given.
    pub fn base_url(&self) -> &str {
        self.inner.options.base_url.as_deref().unwrap_or(prepare::DEFAULT_BASE_URL)
    }

    /// These options, completed by the client's.
    pub(crate) fn merge(&self, options: RequestOptions) -> RequestOptions {
        options.over_client(&self.inner.options)
    }

    pub(crate) fn retry_budget(&self) -> &RetryBudget {
        &self.inner.budget
    }

    /// The secret that webhook deliveries are signed with.
    pub(crate) fn webhook_secret(&self) -> Option<&crate::secret::Secret> {
        self.inner.options.webhook_secret.as_ref()
    }

    /// Sends a call and reads the whole reply. The typed methods and every language binding come through here, or
    /// through [`download`](Self::download) and [`stream`](Self::stream).
    ///
    /// # Errors
    /// Any [`Error`]; the reply's status is 2xx otherwise.
    pub async fn execute(
        &self,
        op: &'static Operation,
        args: Args,
        options: RequestOptions,
    ) -> Result<RawReply, Error> {
        attempt::execute(self, op, args, options).await
    }

    /// Sends a call and returns when the reply's head is there; the body is read piece by piece.
    ///
    /// # Errors
    /// Any [`Error`]; the reply's status is 2xx otherwise.
    pub async fn download(
        &self,
        op: &'static Operation,
        args: Args,
        options: RequestOptions,
    ) -> Result<Download, Error> {
        attempt::download(self, op, args, options).await
    }

    /// Sends a call whose reply is a stream of events, and returns when the first event is there. An operation that
    /// never ends by itself (a subscription) returns as soon as the reply has begun. A stream of a response in the
    /// background that breaks is taken up again where it was, as often in a row as a call is retried.
    ///
    /// # Errors
    /// Any [`Error`] that happens before the first event; later ones come from the stream.
    pub async fn stream(
        &self,
        op: &'static Operation,
        args: Args,
        options: RequestOptions,
    ) -> Result<RawEventStream, Error> {
        let retries = options.max_retries.or(self.inner.options.max_retries).unwrap_or(prepare::DEFAULT_RETRIES);
        let resume = Resume::of(self, op, &args, &options, retries);
        let mut stream = attempt::stream(self, op, args, options).await?;
        stream.go_on_with(resume);
        Ok(stream)
    }

    /// Pays for a retry that is made outside a call: of a stream that has begun.
    pub(crate) fn retry_permit(&self) -> Option<Permit> {
        self.inner.budget.acquire(false)
    }

    /// That retry succeeded.
    pub(crate) fn retried(&self, permit: Permit) {
        self.inner.budget.succeeded(Some(permit));
    }
}
