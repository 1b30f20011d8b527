//! The retry budget: what keeps an outage from being multiplied by its clients.
//!
//! A client owns one bucket of 500 tokens, shared by all its calls. A retry takes 10 tokens, a retry after a timeout 20. A
//! call that succeeds gives back what its last retry took, or 1 if it needed none. When every call fails, the bucket
//! pays for 50 retries in all, so that 500 calls cause at most 550 requests, and more calls still fewer in proportion:
//! 1.1 times the traffic. When one call in twenty fails and its retry succeeds, the bucket never runs dry.

use std::sync::atomic::{AtomicU32, Ordering};

/// Tokens of a full bucket.
pub const CAPACITY: u32 = 500;

/// Tokens a retry takes after a failure that came fast.
pub const RETRY_COST: u32 = 10;

/// Tokens a retry takes after a timeout: an overloaded server is the last thing to press.
pub const TIMEOUT_COST: u32 = 20;

/// Tokens given back by a call that needed no retry.
const PLAIN_REFUND: u32 = 1;

/// The tokens that a client's calls share.
#[derive(Debug)]
pub struct RetryBudget {
    tokens: AtomicU32,
    /// `None`: there is no end to it.
    capacity: Option<u32>,
}

/// The right to one retry, paid for.
#[derive(Debug)]
#[must_use = "a retry that was paid for should be made"]
pub struct Permit {
    cost: u32,
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self { tokens: AtomicU32::new(CAPACITY), capacity: Some(CAPACITY) }
    }
}

impl RetryBudget {
    /// A budget for so many retries while nothing succeeds. 0: no retry at all.
    pub fn of_retries(count: u32) -> Self {
        let capacity = count.saturating_mul(RETRY_COST);
        Self { tokens: AtomicU32::new(capacity), capacity: Some(capacity) }
    }

    /// A budget that never ends: every call makes its `max_retries`.
    pub fn unlimited() -> Self {
        Self { tokens: AtomicU32::new(u32::MAX), capacity: None }
    }

    /// Pays for one retry; `None` when the tokens do not reach.
    pub fn acquire(&self, after_timeout: bool) -> Option<Permit> {
        let cost = if after_timeout { TIMEOUT_COST } else { RETRY_COST };
        if self.capacity.is_none() {
            return Some(Permit { cost: 0 });
        }
        let take = |tokens: u32| tokens.checked_sub(cost);
        self.tokens.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).ok().map(|_| Permit { cost })
    }

    /// Records a call that succeeded, with the permit of its last retry if it made one.
    pub fn succeeded(&self, last_retry: Option<Permit>) {
        let Some(capacity) = self.capacity else { return };
        let refund = last_retry.map_or(PLAIN_REFUND, |permit| permit.cost);
        let give = |tokens: u32| Some(tokens.saturating_add(refund).min(capacity));
        // The closure always answers, so the update cannot fail.
        let _ = self.tokens.fetch_update(Ordering::Relaxed, Ordering::Relaxed, give);
    }

    /// Tokens left.
    pub fn tokens(&self) -> u32 {
        self.tokens.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes calls of up to two retries; `fails` says whether a request fails. Returns the number of requests.
    fn requests(budget: &RetryBudget, calls: u32, after_timeout: bool, mut fails: impl FnMut() -> bool) -> u32 {
        let mut requests = 0;
        for _ in 0..calls {
            let mut permit = None;
            for retry in 0..=2 {
                requests += 1;
                if !fails() {
                    budget.succeeded(permit.take());
                    break;
                }
                if retry == 2 {
                    break;
                }
                permit = budget.acquire(after_timeout);
                if permit.is_none() {
                    break;
                }
            }
        }
        requests
    }

    #[test]
    fn when_everything_fails_traffic_stays_within_a_tenth_more() {
        for calls in [500, 1000, 10_000] {
            for after_timeout in [false, true] {
                let sent = requests(&RetryBudget::default(), calls, after_timeout, || true);
                assert!(f64::from(sent) <= 1.1 * f64::from(calls), "{sent} requests for {calls} calls");
            }
        }
        assert_eq!(requests(&RetryBudget::default(), 500, false, || true), 550);
        assert_eq!(requests(&RetryBudget::default(), 500, true, || true), 525);
    }

    #[test]
    fn a_few_failures_never_run_it_dry() {
        let budget = RetryBudget::default();
        let mut count = 0;
        let mut every_twentieth = || {
            count += 1;
            count % 20 == 0
        };
        let sent = requests(&budget, 10_000, false, &mut every_twentieth);
        assert!(sent > 10_500, "every failed request was repeated, {sent} requests");
        assert!(budget.tokens() > CAPACITY - 2 * RETRY_COST);
    }

    #[test]
    fn after_an_outage_successes_fill_it_again() {
        let budget = RetryBudget::default();
        requests(&budget, 1000, false, || true);
        assert!(budget.acquire(false).is_none());
        requests(&budget, RETRY_COST, false, || false);
        assert!(budget.acquire(false).is_some());
        requests(&budget, 10_000, false, || false);
        assert_eq!(budget.tokens(), CAPACITY);
    }

    #[test]
    fn a_retry_that_succeeds_gives_its_price_back() {
        let budget = RetryBudget::default();
        let permit = budget.acquire(true);
        assert_eq!(budget.tokens(), CAPACITY - TIMEOUT_COST);
        budget.succeeded(permit);
        assert_eq!(budget.tokens(), CAPACITY);
    }

    #[test]
    fn a_budget_may_be_smaller_or_without_end() {
        let small = RetryBudget::of_retries(2);
        assert!(small.acquire(false).is_some() && small.acquire(false).is_some() && small.acquire(false).is_none());
        (0..1000).for_each(|_| small.succeeded(None));
        assert_eq!(small.tokens(), 2 * RETRY_COST);
        assert!(RetryBudget::of_retries(0).acquire(false).is_none());
        let endless = RetryBudget::unlimited();
        assert!((0..100_000).all(|_| endless.acquire(true).is_some()));
    }

    #[test]
    fn threads_never_spend_a_token_twice() {
        let budget = RetryBudget::default();
        let granted: usize = std::thread::scope(|scope| {
            let workers: Vec<_> =
                (0..4).map(|_| scope.spawn(|| (0..100).filter(|_| budget.acquire(false).is_some()).count())).collect();
            workers.into_iter().map(|worker| worker.join().expect("worker")).sum()
        });
        assert_eq!(granted, (CAPACITY / RETRY_COST) as usize);
    }
}
