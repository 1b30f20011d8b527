//! The limiter: the queues of the pacer with calls in them, and the gate for calls at the same time.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::pacer::{Hold, Pacer, Place, Rate, Turn};
use super::{Admission, Limits, estimate};
use crate::error::{Error, ErrorKind};
use crate::response::RateLimit;

/// Keeps [`Limits`]. Clones share what they count; so do all clients that are given the same one.
#[derive(Clone)]
pub struct Limiter {
    inner: Arc<Inner>,
}

struct Inner {
    start: Instant,
    state: Mutex<State>,
    gate: Option<Arc<Semaphore>>,
}

struct State {
    pacer: Pacer,
    /// How those who wait are called.
    bells: HashMap<u64, Arc<Notify>>,
}

/// What a call wants of the limiter.
#[derive(Debug)]
pub(crate) struct Ask {
    /// The model, or nothing.
    lane: String,
    tokens: u64,
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter").field("waiting", &self.waiting()).finish_non_exhaustive()
    }
}

impl Limiter {
    /// A limiter of these settings. Nothing was sent yet.
    pub fn new(limits: Limits) -> Self {
        let state = State { pacer: Pacer::new(&limits), bells: HashMap::new() };
        let gate = limits.max_concurrent.map(|count| Arc::new(Semaphore::new(count)));
        Self { inner: Arc::new(Inner { start: Instant::now(), state: Mutex::new(state), gate }) }
    }

    /// How many requests wait for their turn now.
    pub fn waiting(&self) -> usize {
        self.state().bells.len()
    }

    pub(crate) fn ask(&self, model: Option<String>, fields: &[u8]) -> Ask {
        let lane = model.unwrap_or_default();
        let tokens = if self.state().pacer.counts_tokens(&lane) { estimate::tokens(fields) } else { 0 };
        Ask { lane, tokens }
    }

    /// Waits for the turn of a request. `fits` says whether a wait leaves time for the call.
    pub(crate) async fn admit(&self, ask: &Ask, fits: impl Fn(Duration) -> bool) -> Result<Admission, Error> {
        let bell = Arc::new(Notify::new());
        let place = {
            let mut state = self.state();
            let place = state.pacer.join(&ask.lane, ask.tokens, self.now());
            state.bells.insert(place.ticket, Arc::clone(&bell));
            place
        };
        // From here on whoever gives up leaves the queue, and the next one is called.
        let mut admission = Admission::new(self.clone(), place.clone());
        loop {
            let now = self.now();
            let turn = self.state().pacer.poll(&place, now);
            let Turn::Wait { until, hold, first } = turn else { break };
            let wait = until.saturating_sub(now);
            if !fits(wait) {
                return Err(self.refusal(ask, wait, hold));
            }
            match self.inner.start.checked_add(until).filter(|_| first) {
                Some(until) => drop(timeout_at(until, bell.notified()).await),
                None => bell.notified().await,
            }
        }
        self.ring(&place.lane, |state| drop(state.bells.remove(&place.ticket)));
        if let Some(gate) = &self.inner.gate {
            // The gate is never closed.
            admission.permit = Arc::clone(gate).acquire_owned().await.ok();
        }
        self.state().pacer.sent(&place, self.now());
        Ok(admission)
    }

    fn refusal(&self, ask: &Ask, wait: Duration, hold: Hold) -> Error {
        let whose = match ask.lane.as_str() {
            "" => "requests without a model".to_owned(),
            model => format!("model {model}"),
        };
        let Rate { requests, tokens } = self.state().pacer.rate_of(&ask.lane);
        let limits = [requests.map(|n| format!("{n} requests")), tokens.map(|n| format!("{n} tokens"))];
        let limits = limits.into_iter().flatten().collect::<Vec<_>>().join(" and ");
        let why = match hold {
            Hold::Pause => "the provider asked for a pause".to_owned(),
            Hold::Provider => "the provider's limits, as its headers state them, are used up".to_owned(),
            Hold::Queue | Hold::Own if limits.is_empty() => "others wait before it".to_owned(),
            Hold::Queue | Hold::Own => format!("the client's own limit of {limits} a minute is used up"),
        };
        let wait_s = wait.as_secs_f64();
        let message = format!(
            "not sent, because {why} ({whose}): its turn comes in {wait_s:.1} s, after the call's total time. \
             Give the call more time, or raise the limits"
        );
        Error::new(ErrorKind::RateLimit, message).with_retryable(true).with_retry_after(Some(wait))
    }

    pub(super) fn answered(&self, place: &Place, said: &RateLimit, pause: Option<Duration>) {
        let now = self.now();
        let mut state = self.state();
        state.pacer.answered(place, said, pause, now);
        if pause.is_some() {
            // Everybody's turn has moved; who cannot wait so long is to know at once.
            for ticket in state.pacer.all(&place.lane) {
                if let Some(bell) = state.bells.get(&ticket) {
                    bell.notify_one();
                }
            }
        } else {
            state.call(&place.lane);
        }
    }

    pub(super) fn used(&self, place: &Place, tokens: u64) {
        self.ring(&place.lane, |state| state.pacer.used(place, tokens));
    }

    pub(super) fn leave(&self, place: &Place) {
        self.ring(&place.lane, |state| {
            state.bells.remove(&place.ticket);
            state.pacer.leave(place);
        });
    }

    /// Changes something, and calls the first of the queue to look at it.
    fn ring(&self, lane: &str, change: impl FnOnce(&mut State)) {
        let mut state = self.state();
        change(&mut state);
        state.call(lane);
    }

    fn now(&self) -> Duration {
        self.inner.start.elapsed()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn call(&self, lane: &str) {
        if let Some(bell) = self.pacer.first(lane).and_then(|ticket| self.bells.get(&ticket)) {
            bell.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use futures_util::future::join_all;
    use http::{HeaderMap, StatusCode};

    use super::*;

    fn ask(limiter: &Limiter) -> Ask {
        limiter.ask(Some("m".to_owned()), b"{}")
    }

    async fn pass(limiter: &Limiter) -> Admission {
        limiter.admit(&ask(limiter), |_| true).await.expect("there is time")
    }

    #[tokio::test(start_paused = true)]
    async fn calls_wait_in_the_order_in_which_they_came() {
        let limiter = Limiter::new(Limits::new().requests_per_minute(2));
        let start = Instant::now();
        let passing = (0..6).map(|_| async {
            let admission = pass(&limiter).await;
            drop(admission);
            start.elapsed().as_secs()
        });
        assert_eq!(join_all(passing).await, [0, 0, 60, 60, 120, 120]);
        assert_eq!(limiter.waiting(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_does_not_fit_fails_at_once() {
        let limiter = Limiter::new(Limits::new().requests_per_minute(1));
        drop(pass(&limiter).await);
        let error = limiter.admit(&ask(&limiter), |wait| wait < Duration::from_secs(10)).now_or_never();
        let error = error.expect("no wait").expect_err("no room");
        assert_eq!(error.kind(), ErrorKind::RateLimit);
        assert_eq!(error.retry_after(), Some(Duration::from_secs(60)));
        assert!(error.message().contains("1 requests a minute") && error.message().contains("model m"), "{error}");
        assert_eq!(limiter.waiting(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_leaves_the_queue_to_the_next() {
        let limiter = Limiter::new(Limits::new().requests_per_minute(1));
        drop(pass(&limiter).await);
        let start = Instant::now();
        let mut first = Box::pin(pass(&limiter));
        assert!(first.as_mut().now_or_never().is_none());
        let mut second = Box::pin(pass(&limiter));
        assert!(second.as_mut().now_or_never().is_none());
        drop(first);
        drop(second.await);
        assert_eq!(start.elapsed().as_secs(), 60);
    }

    #[tokio::test(start_paused = true)]
    async fn the_gate_lets_so_many_through_and_more_when_they_end() {
        let limiter = Limiter::new(Limits::new().max_concurrent(2));
        let (one, _two) = (pass(&limiter).await, pass(&limiter).await);
        let mut third = Box::pin(pass(&limiter));
        assert!(third.as_mut().now_or_never().is_none());
        drop(one);
        assert!(third.now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_at_the_gate_and_gives_up_counts_nowhere() {
        let limiter = Limiter::new(Limits::new().max_concurrent(1).requests_per_minute(2));
        let one = pass(&limiter).await;
        assert!(Box::pin(pass(&limiter)).now_or_never().is_none());
        drop(one);
        assert!(pass(&limiter).now_or_never().is_some(), "the request that was given up takes no place");
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_reaches_those_who_wait() {
        let limiter = Limiter::new(Limits::new().requests_per_minute(1));
        let sent = pass(&limiter).await;
        let asked = ask(&limiter);
        let mut waiting = Box::pin(limiter.admit(&asked, |wait| wait < Duration::from_secs(100)));
        assert!(waiting.as_mut().now_or_never().is_none());
        let headers = HeaderMap::from_iter([(http::header::RETRY_AFTER, "50".parse().expect("a value"))]);
        sent.answered(StatusCode::TOO_MANY_REQUESTS, &headers);
        drop(sent);
        assert!(waiting.as_mut().now_or_never().is_none(), "the own limit is the longer wait");
        let start = Instant::now();
        drop(waiting.await.expect("there is time"));
        assert_eq!(start.elapsed().as_secs(), 60);
    }
}
