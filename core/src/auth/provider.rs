//! What a token provider is and what it gives.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::secret::Secret;
use crate::transport::Transport;

/// What went wrong in a provider. Its text is shown to the caller, so it must hold no secret.
pub type ProviderError = Box<dyn StdError + Send + Sync>;

/// What [`TokenProvider::token`] returns.
pub type TokenFuture<'a> = Pin<Box<dyn Future<Output = Result<Token, ProviderError>> + Send + 'a>>;

/// Gives bearer tokens. Closures that return a future of a token, or of a text, are providers:
///
/// ```no_run
/// use std::time::Duration;
/// use threadline::auth::Token;
///
/// # async fn ask_the_vault() -> Result<String, std::io::Error> { Ok(String::new()) }
/// # fn run() -> Result<(), threadline::Error> {
/// let client = threadline::Client::builder()
///     .token_provider(|| async {
///         let text = ask_the_vault().await?;
///         Ok::<_, std::io::Error>(Token::new(text).expires_in(Duration::from_secs(3600)))
///     })
///     .build()?;
/// # let _ = client; Ok(()) }
/// ```
pub trait TokenProvider: Send + Sync + 'static {
    /// A token to send with the next requests.
    ///
    /// Never called a second time before the first answer is there, whatever the number of calls that wait for it, unless
    /// [`is_shared`](Self::is_shared) says otherwise: the answer must not depend on which of them asks. An
    /// answer that takes longer than 60 s counts as a failure. Dropping the future must abandon the work.
    fn token<'a>(&'a self, context: &'a TokenContext) -> TokenFuture<'a>;

    /// Whether calls that need a token at the same time may wait for one answer together. Default: yes.
    ///
    /// Say no where the answer depends on who asks (a tenant that the caller's task carries with it, say): each call then asks for itself,
    /// also while another waits. A token with a lifetime is kept for all of them nevertheless; so the very first answer, which shows whether
    /// it has one, is waited for.
    fn is_shared(&self) -> bool {
        true
    }
}

impl<F, Fut, T, E> TokenProvider for F
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
    T: Into<Token>,
    E: Into<ProviderError>,
{
    fn token<'a>(&'a self, _: &'a TokenContext) -> TokenFuture<'a> {
        let answer = self();
        Box::pin(async move { answer.await.map(Into::into).map_err(Into::into) })
    }
}

/// What a provider may use of the client that asks.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TokenContext {
    /// The client's transport: its proxies and certificates.
    pub transport: Arc<dyn Transport>,
}

/// A bearer token, with its lifetime where that is known.
#[derive(Debug, Clone)]
#[must_use]
pub struct Token {
    pub(super) value: Secret,
    pub(super) expires_in: Option<Duration>,
    pub(super) refresh_in: Option<Duration>,
}

impl Token {
    /// A token of unknown lifetime: used for one request, then asked for again. White space around it is removed.
    pub fn new(value: impl AsRef<str>) -> Self {
        Self { value: Secret::from(value.as_ref().trim()), expires_in: None, refresh_in: None }
    }

    /// How long the token is good for, from now on. It is kept that long, and renewed five minutes before the end, or
    /// halfway where it lives less than ten minutes.
    pub fn expires_in(mut self, lifetime: Duration) -> Self {
        self.expires_in = Some(lifetime);
        self
    }

    /// After how long a new token should be asked for. No effect on tokens without a lifetime.
    pub fn refresh_in(mut self, wait: Duration) -> Self {
        self.refresh_in = Some(wait);
        self
    }
}

impl From<String> for Token {
    fn from(value: String) -> Self {
        Self::new(value)
    }
}

impl From<&str> for Token {
    fn from(value: &str) -> Self {
        Self::new(value)
    }
}

impl From<Secret> for Token {
    fn from(value: Secret) -> Self {
        Self::new(value.expose())
    }
}

/// One token for ever.
pub(crate) struct FixedToken(pub(crate) Secret);

impl TokenProvider for FixedToken {
    fn token<'a>(&'a self, _: &'a TokenContext) -> TokenFuture<'a> {
        let token = Token::from(self.0.clone());
        Box::pin(std::future::ready(Ok(token)))
    }
}

/// The failure of a refresh, shared by all who waited for it.
#[derive(Clone)]
pub(super) struct Failure(pub(super) Arc<dyn StdError + Send + Sync>);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for Failure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        // The failure itself, for whoever looks for an error of a type of his own.
        Some(&*self.0)
    }
}
