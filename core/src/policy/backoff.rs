//! How long to wait before a further attempt when the server does not say.

use std::time::Duration;

/// Exponential backoff with full jitter: a random wait between zero and a bound that doubles with each attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// Bound of the first wait. Default: 0.5 s.
    pub first: Duration,
    /// Bound that no wait exceeds. Default: 8 s.
    pub cap: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: Duration::from_millis(500), cap: Duration::from_secs(8) }
    }
}

impl Backoff {
    /// The longest wait before retry number `retry` (the first retry is 0).
    pub fn bound(&self, retry: u32) -> Duration {
        2u32.checked_pow(retry)
            .and_then(|factor| self.first.checked_mul(factor))
            .map_or(self.cap, |bound| bound.min(self.cap))
    }

    /// The wait before retry number `retry`; `random` is even between 0 and 1 (see [`random`]).
    pub fn wait(&self, retry: u32, random: f64) -> Duration {
        // A comparison with NaN is false: no wait.
        let random = if random > 0.0 { random.min(1.0) } else { 0.0 };
        self.bound(retry).mul_f64(random)
    }
}

/// A random number between 0 and 1, the source of jitter outside tests.
pub fn random() -> f64 {
    fastrand::f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_doubles_up_to_the_cap() {
        let backoff = Backoff::default();
        let bounds: Vec<u64> =
            [0, 1, 2, 3, 4, 5, 31, 32, u32::MAX].map(|n| backoff.bound(n).as_millis() as u64).to_vec();
        assert_eq!(bounds, [500, 1000, 2000, 4000, 8000, 8000, 8000, 8000, 8000]);
    }

    #[test]
    fn jitter_covers_everything_from_zero_to_the_bound() {
        let backoff = Backoff::default();
        let waits = [0.0, 0.25, 0.5, 1.0, -1.0, 7.0].map(|random| backoff.wait(1, random).as_millis());
        assert_eq!(waits, [0, 250, 500, 1000, 0, 1000]);
    }

    #[test]
    fn a_broken_random_source_means_no_wait() {
        assert_eq!(Backoff::default().wait(0, f64::NAN), Duration::ZERO);
    }

    #[test]
    fn the_random_source_spreads() {
        let numbers: Vec<f64> = (0..1000).map(|_| random()).collect();
        assert!(numbers.iter().all(|number| (0.0..1.0).contains(number)));
        assert!(numbers.iter().any(|&number| number < 0.1) && numbers.iter().any(|&number| number > 0.9));
    }
}
