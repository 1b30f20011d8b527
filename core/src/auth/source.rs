//! A provider with its cache: many calls, one refresh.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{Shared, WeakShared};
use tokio::time::{Instant, timeout};

use super::cache::{Lookup, TokenCache};
use super::provider::{Failure, Token, TokenContext, TokenProvider};
use crate::error::{Error, ErrorKind};
use crate::secret::Secret;
use crate::transport::Transport;

/// Longest time a provider may take. A refresh that hangs would otherwise catch every call that comes later.
const LONGEST_REFRESH: Duration = Duration::from_secs(60);
/// How long a call waits for a renewal while the token it could use is still good.
const PATIENCE: Duration = Duration::from_secs(5);

type Refresh = Pin<Box<dyn Future<Output = Result<Token, Failure>> + Send>>;

/// Gives the tokens of one provider to all calls of a client and of its clones.
pub(crate) struct TokenSource {
    provider: Box<dyn TokenProvider>,
    start: Instant,
    state: Mutex<State>,
    first: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    cache: TokenCache,
    /// The refresh under way. It lives as long as somebody waits for it; the last one to give up ends it.
    refresh: Option<WeakShared<Refresh>>,
    /// Whether the last token had a lifetime, and so is for every call; no after a failure. Nothing: there was no answer yet.
    lasting: Option<bool>,
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSource").finish_non_exhaustive()
    }
}

impl TokenSource {
    pub(crate) fn new(provider: impl TokenProvider) -> Arc<Self> {
        let provider = Box::new(provider);
        Arc::new(Self {
            provider,
            start: Instant::now(),
            state: Mutex::default(),
            first: tokio::sync::Mutex::default(),
        })
    }

    /// A token for the next request.
    pub(crate) async fn token(self: &Arc<Self>, transport: &Arc<dyn Transport>) -> Result<Secret, Error> {
        let _first = self.turn().await;
        let (refresh, spare) = {
            let mut state = self.state();
            match state.cache.look(self.now()) {
                Lookup::Use(token) => return Ok(token),
                Lookup::Renew(token) => match state.running() {
                    // Somebody sees to it already.
                    Some(_) => return Ok(token),
                    None => (self.refresh(&mut state, transport), Some(token)),
                },
                // Nobody else may so much as poll it: it would run in his context.
                Lookup::Fetch if !self.provider.is_shared() && state.lasting != Some(true) => {
                    (self.asking(transport), None)
                }
                Lookup::Fetch => (state.running().unwrap_or_else(|| self.refresh(&mut state, transport)), None),
            }
        };
        let Some(spare) = spare else { return outcome(refresh.await) };
        match timeout(PATIENCE, refresh).await {
            Ok(Ok(token)) => outcome(Ok(token)),
            Ok(Err(_)) => Ok(spare),
            Err(_) => {
                self.state().cache.failed(self.now());
                Ok(spare)
            }
        }
    }

    /// Only the first answer shows whether those of a provider that is not shared are for everybody: until then they come one by one.
    async fn turn(&self) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        let is_unknown = || !self.provider.is_shared() && self.state().lasting.is_none();
        if !is_unknown() {
            return None;
        }
        let turn = self.first.lock().await;
        is_unknown().then_some(turn)
    }

    /// Tells that the server does not accept this token.
    pub(crate) fn refused(&self, token: &Secret) {
        self.state().cache.refused(token);
    }

    /// Asks, for all who come meanwhile.
    fn refresh(self: &Arc<Self>, state: &mut State, transport: &Arc<dyn Transport>) -> Shared<Refresh> {
        let refresh = self.asking(transport);
        state.refresh = refresh.downgrade();
        refresh
    }

    fn asking(self: &Arc<Self>, transport: &Arc<dyn Transport>) -> Shared<Refresh> {
        let (source, transport) = (Arc::clone(self), Arc::clone(transport));
        let refresh: Refresh = Box::pin(async move {
            let answer = source.ask(&transport).await;
            source.state().refresh = None;
            answer
        });
        refresh.shared()
    }

    /// Asks the provider, and keeps what it gives.
    async fn ask(&self, transport: &Arc<dyn Transport>) -> Result<Token, Failure> {
        let context = TokenContext { transport: Arc::clone(transport) };
        let answer = timeout(LONGEST_REFRESH, self.provider.token(&context)).await;
        let now = self.now();
        let mut state = self.state();
        state.lasting = Some(matches!(&answer, Ok(Ok(token)) if token.expires_in.is_some()));
        match answer {
            Ok(Ok(token)) => {
                state.cache.store(&token, now);
                Ok(token)
            }
            Ok(Err(error)) => {
                state.cache.failed(now);
                Err(Failure(error.into()))
            }
            Err(_) => {
                state.cache.failed(now);
                let message = format!("no answer within {LONGEST_REFRESH:?}");
                Err(Failure(Arc::new(Error::new(ErrorKind::Timeout, message))))
            }
        }
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn running(&self) -> Option<Shared<Refresh>> {
        self.refresh.as_ref().and_then(WeakShared::upgrade)
    }
}

fn outcome(answer: Result<Token, Failure>) -> Result<Secret, Error> {
    let failure = match answer {
        Ok(token) if token.value.is_empty() => {
            return Err(Error::new(ErrorKind::Authentication, "the token provider gave an empty token"));
        }
        Ok(token) => return Ok(token.value),
        Err(failure) => failure,
    };
    // What an exchange of tokens ended with is told as fully as any other reply.
    let error = match failure.0.downcast_ref::<Error>() {
        None => Error::new(ErrorKind::Authentication, format!("the token provider failed: {failure}")),
        Some(cause) => {
            let own = |text: Option<&str>| text.map(str::to_owned);
            let message = format!("the token provider failed: {}", cause.message());
            let error = Error::new(ErrorKind::Authentication, message)
                .with_api_fields(own(cause.error_type()), own(cause.code()), own(cause.param()))
                .with_retryable(cause.is_retryable());
            match cause.status() {
                Some(status) => error.with_reply(status, cause.headers()).with_body(cause.body().clone()),
                None => error,
            }
        }
    };
    Err(error.with_source(failure))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Notify;

    use super::*;
    use crate::transport::{HttpRequest, SendFuture};

    #[derive(Debug)]
    struct NoTransport;

    impl Transport for NoTransport {
        fn send(&self, _: HttpRequest) -> SendFuture<'_> {
            unreachable!("the providers of these tests send nothing")
        }
    }

    fn transport() -> Arc<dyn Transport> {
        Arc::new(NoTransport)
    }

    /// Counts its calls, and answers each with its number when it is let go.
    fn counting(lifetime: Option<u64>) -> (Arc<TokenSource>, Arc<AtomicUsize>, Arc<Notify>) {
        let (count, gate) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let (counter, wait) = (Arc::clone(&count), Arc::clone(&gate));
        let source = TokenSource::new(move || {
            let number = counter.fetch_add(1, Ordering::Relaxed) + 1;
            let wait = Arc::clone(&wait);
            async move {
                wait.notified().await;
                let token = Token::new(format!("token-{number}"));
                Ok::<_, std::io::Error>(match lifetime {
                    Some(seconds) => token.expires_in(Duration::from_secs(seconds)),
                    None => token,
                })
            }
        });
        (source, count, gate)
    }

    #[tokio::test(start_paused = true)]
    async fn many_waiters_cause_one_refresh() {
        let (source, count, gate) = counting(Some(3600));
        let transport = transport();
        let waiters: Vec<_> = (0..20).map(|_| source.token(&transport)).collect();
        let all = futures_util::future::join_all(waiters);
        gate.notify_one();
        for token in all.await {
            assert_eq!(token.unwrap().expose(), "token-1");
        }
        assert_eq!(count.load(Ordering::Relaxed), 1);
        assert_eq!(source.token(&transport).await.unwrap().expose(), "token-1");
    }

    #[tokio::test(start_paused = true)]
    async fn a_waiter_that_gives_up_takes_nobody_with_it() {
        let (source, count, gate) = counting(Some(3600));
        let transport = transport();
        let mut first = Box::pin(source.token(&transport));
        assert!(first.as_mut().now_or_never().is_none());
        let mut second = Box::pin(source.token(&transport));
        assert!(second.as_mut().now_or_never().is_none());
        drop(first);
        gate.notify_one();
        assert_eq!(second.await.unwrap().expose(), "token-1");
        assert_eq!(count.load(Ordering::Relaxed), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refresh_that_nobody_waits_for_is_abandoned_and_begun_anew() {
        let (source, count, gate) = counting(Some(3600));
        let transport = transport();
        assert!(source.token(&transport).now_or_never().is_none());
        gate.notify_one();
        assert_eq!(source.token(&transport).await.unwrap().expose(), "token-2");
        assert_eq!(count.load(Ordering::Relaxed), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn one_call_renews_ahead_of_the_end_and_the_others_use_what_is_there() {
        let (source, count, gate) = counting(Some(100));
        let transport = transport();
        gate.notify_one();
        source.token(&transport).await.unwrap();
        tokio::time::advance(Duration::from_secs(60)).await;
        let mut renewing = Box::pin(source.token(&transport));
        assert!(renewing.as_mut().now_or_never().is_none());
        let other = source.token(&transport).now_or_never().expect("waits for nothing");
        assert_eq!(other.unwrap().expose(), "token-1");
        gate.notify_one();
        assert_eq!(renewing.await.unwrap().expose(), "token-2");
        assert_eq!(count.load(Ordering::Relaxed), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_renewal_that_hangs_holds_nobody_up_while_the_token_is_good() {
        let (source, _, gate) = counting(Some(100));
        let transport = transport();
        gate.notify_one();
        source.token(&transport).await.unwrap();
        tokio::time::advance(Duration::from_secs(60)).await;
        let before = Instant::now();
        assert_eq!(source.token(&transport).await.unwrap().expose(), "token-1");
        assert_eq!(before.elapsed(), PATIENCE);
        let next = source.token(&transport).now_or_never().expect("the next try comes later");
        assert_eq!(next.unwrap().expose(), "token-1");
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_lifetime_every_request_asks() {
        let (source, count, gate) = counting(None);
        let transport = transport();
        for number in 1..=3 {
            gate.notify_one();
            assert_eq!(source.token(&transport).await.unwrap().expose(), format!("token-{number}"));
        }
        assert_eq!(count.load(Ordering::Relaxed), 3);
    }

    /// A provider whose answers are of the task that asks.
    struct OfTask(Option<Duration>);

    tokio::task_local! {
        static TENANT: &'static str;
    }

    impl TokenProvider for OfTask {
        fn token<'a>(&'a self, _: &'a TokenContext) -> crate::auth::TokenFuture<'a> {
            Box::pin(async move {
                tokio::task::yield_now().await;
                let token = Token::new(TENANT.get());
                Ok(match self.0 {
                    Some(lifetime) => token.expires_in(lifetime),
                    None => token,
                })
            })
        }

        fn is_shared(&self) -> bool {
            false
        }
    }

    #[tokio::test]
    async fn a_provider_that_is_not_shared_is_asked_by_each_caller() {
        let (source, transport) = (TokenSource::new(OfTask(None)), transport());
        for _ in 0..2 {
            let (one, other) = tokio::join!(
                TENANT.scope("one", source.token(&transport)),
                TENANT.scope("other", source.token(&transport))
            );
            assert_eq!((one.unwrap().expose(), other.unwrap().expose()), ("one", "other"));
        }
        // What has a lifetime is said to be for all, those included who ask while the first one waits.
        let source = TokenSource::new(OfTask(Some(Duration::from_secs(3600))));
        let (one, other) = tokio::join!(
            TENANT.scope("one", source.token(&transport)),
            TENANT.scope("other", source.token(&transport))
        );
        assert_eq!((one.unwrap().expose(), other.unwrap().expose()), ("one", "one"));
        assert_eq!(TENANT.scope("other", source.token(&transport)).await.unwrap().expose(), "one");
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_token_is_fetched_anew() {
        let (source, _, gate) = counting(Some(3600));
        let transport = transport();
        gate.notify_one();
        let first = source.token(&transport).await.unwrap();
        source.refused(&first);
        gate.notify_one();
        let second = source.token(&transport).await.unwrap();
        assert_eq!(second.expose(), "token-2");
        source.refused(&first);
        assert_eq!(source.token(&transport).await.unwrap(), second);
    }

    #[tokio::test(start_paused = true)]
    async fn failures_are_authentication_errors_with_their_cause() {
        let failing = TokenSource::new(|| async { Err::<Token, _>(std::io::Error::other("the vault is sealed")) });
        let error = failing.token(&transport()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication);
        assert!(error.message().contains("the vault is sealed"));
        let cause = std::error::Error::source(&error).and_then(std::error::Error::source);
        assert!(cause.is_some_and(|cause| cause.is::<std::io::Error>()), "{cause:?}");
        let empty = TokenSource::new(|| async { Ok::<_, std::io::Error>(" \n") });
        let error = empty.token(&transport()).await.unwrap_err();
        assert!(error.message().contains("empty"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_never_answers_is_given_up() {
        let hanging = TokenSource::new(std::future::pending::<Result<Token, std::io::Error>>);
        let error = hanging.token(&transport()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication);
        assert!(error.message().contains("within 60s") && error.is_retryable(), "{error:?}");
    }
}
