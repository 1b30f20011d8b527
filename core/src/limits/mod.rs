//! Limits that a client keeps by itself: requests and tokens a minute for each model, and calls at the same time.
//!
//! Without them a client sends what it is told to and repeats what the provider refuses. With them it waits before it
//! sends, first come first served, learns from the `x-ratelimit-*` headers how much the provider has left, and holds
//! everybody back while the provider asks for a pause.

mod admission;
mod estimate;
mod lane;
mod limiter;
mod pacer;

use std::collections::HashMap;
use std::fmt;

use crate::client::ClientBuilder;

pub(crate) use self::admission::Admission;
pub(crate) use self::limiter::Ask;
pub use self::limiter::Limiter;
use self::pacer::Rate;

/// Settings of a [`Limiter`]. What is not set is not limited.
///
/// ```
/// use threadline::Client;
/// use threadline::limits::Limits;
///
/// # fn run() -> Result<(), threadline::Error> {
/// let limits = Limits::new()
///     .requests_per_minute(500)
///     .tokens_per_minute(30_000)
///     .model("gpt-5-mini", Some(5_000), Some(400_000))
///     .max_concurrent(20);
/// let client = Client::builder().api_key("sk-...").limits(limits).build()?;
/// # let _ = client; Ok(()) }
/// # run().unwrap();
/// ```
#[derive(Clone)]
#[must_use]
pub struct Limits {
    rate: Rate,
    models: HashMap<String, Rate>,
    max_concurrent: Option<usize>,
    learn: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self { rate: Rate::default(), models: HashMap::new(), max_concurrent: None, learn: true }
    }
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limits")
            .field("requests_per_minute", &self.rate.requests)
            .field("tokens_per_minute", &self.rate.tokens)
            .field("models", &self.models.len())
            .field("max_concurrent", &self.max_concurrent)
            .field("learn", &self.learn)
            .finish()
    }
}

impl Limits {
    /// No limit but what the provider's headers say.
    pub fn new() -> Self {
        Self::default()
    }

    /// Most requests in any 60 seconds, retries included, counted for each model by itself. Calls that name no model are
    /// counted together. At least 1.
    pub fn requests_per_minute(mut self, count: u64) -> Self {
        self.rate.requests = Some(count.max(1));
        self
    }

    /// Most tokens in any 60 seconds, counted for each model by itself. A request counts with an estimate, a quarter of the
    /// characters of its texts and what it may generate at most, until its reply tells how many it took. A request that is
    /// estimated above the limit waits until nothing else counts. At least 1.
    pub fn tokens_per_minute(mut self, count: u64) -> Self {
        self.rate.tokens = Some(count.max(1));
        self
    }

    /// Requests and tokens a minute of one model, in place of the general ones.
    pub fn model(mut self, name: impl Into<String>, requests: Option<u64>, tokens: Option<u64>) -> Self {
        let least = |count: u64| count.max(1);
        self.models.insert(name.into(), Rate { requests: requests.map(least), tokens: tokens.map(least) });
        self
    }

    /// Most calls at the same time, over all models. A stream and a download count until they end or are dropped. At
    /// least 1.
    pub fn max_concurrent(mut self, count: usize) -> Self {
        self.max_concurrent = Some(count.clamp(1, tokio::sync::Semaphore::MAX_PERMITS));
        self
    }

    /// Whether to go by the `x-ratelimit-*` headers of replies, and to hold back all requests for a model while the
    /// provider asks one of them to wait. Default on.
    pub fn learn(mut self, on: bool) -> Self {
        self.learn = on;
        self
    }
}

impl ClientBuilder {
    /// Keeps these limits, shared by all clones of the client. Default: none.
    pub fn limits(self, limits: Limits) -> Self {
        self.limiter(&Limiter::new(limits))
    }

    /// Keeps the limits of this limiter, which may be shared with other clients.
    pub fn limiter(self, limiter: &Limiter) -> Self {
        self.set_limiter(limiter.clone())
    }
}
