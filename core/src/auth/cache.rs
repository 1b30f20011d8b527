//! Which token to use at which time: a plain state machine, driven by a clock that is handed in.

use std::time::Duration;

use super::Token;
use crate::secret::Secret;

/// How long before its end a token is renewed, unless it says so itself.
const AHEAD: Duration = Duration::from_secs(300);
/// How long a token that is still good is used on after a failed renewal, before the next try.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

/// What to do about the token of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Lookup {
    /// Use this one.
    Use(Secret),
    /// Ask for a new one; this one is still good should that fail.
    Renew(Secret),
    /// Ask for a new one.
    Fetch,
}

/// The token held, if one is. Times are counted from any fixed point.
#[derive(Debug, Default)]
pub(super) struct TokenCache {
    held: Option<Held>,
}

#[derive(Debug)]
struct Held {
    value: Secret,
    refresh_at: Duration,
    expires_at: Duration,
}

impl TokenCache {
    pub(super) fn look(&self, now: Duration) -> Lookup {
        match &self.held {
            Some(held) if now < held.refresh_at.min(held.expires_at) => Lookup::Use(held.value.clone()),
            Some(held) if now < held.expires_at => Lookup::Renew(held.value.clone()),
            _ => Lookup::Fetch,
        }
    }

    /// Keeps a token that came at this time. One without a lifetime is not kept.
    pub(super) fn store(&mut self, token: &Token, now: Duration) {
        self.held = token.expires_in.map(|lifetime| {
            let refresh_in = token.refresh_in.unwrap_or_else(|| lifetime - AHEAD.min(lifetime / 2));
            Held {
                value: token.value.clone(),
                refresh_at: now.saturating_add(refresh_in),
                expires_at: now.saturating_add(lifetime),
            }
        });
    }

    /// A renewal failed at this time.
    pub(super) fn failed(&mut self, now: Duration) {
        if let Some(held) = &mut self.held {
            held.refresh_at = held.refresh_at.max(now.saturating_add(AFTER_FAILURE));
        }
    }

    /// The server does not accept this token. Another one that has come meanwhile stays.
    pub(super) fn refused(&mut self, value: &Secret) {
        if self.held.as_ref().is_some_and(|held| held.value == *value) {
            self.held = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn holding(token: Token, now: Duration) -> TokenCache {
        let mut cache = TokenCache::default();
        cache.store(&token, now);
        cache
    }

    fn usable(lookup: Lookup) -> char {
        match lookup {
            Lookup::Use(_) => 'u',
            Lookup::Renew(_) => 'r',
            Lookup::Fetch => 'f',
        }
    }

    #[test]
    fn a_token_is_used_then_renewed_then_gone() {
        let cache = holding(Token::new("t").expires_in(s(3600)), s(100));
        let at = |now| usable(cache.look(s(now)));
        assert_eq!([100, 3399, 3400, 3699, 3700, 9999].map(at), ['u', 'u', 'r', 'r', 'f', 'f']);
    }

    #[test]
    fn a_short_life_is_renewed_halfway() {
        let cache = holding(Token::new("t").expires_in(s(60)), s(0));
        assert_eq!([29, 30, 59, 60].map(|now| usable(cache.look(s(now)))), ['u', 'r', 'r', 'f']);
        let cache = holding(Token::new("t").expires_in(s(0)), s(0));
        assert_eq!(cache.look(s(0)), Lookup::Fetch);
    }

    #[test]
    fn a_token_may_name_its_renewal() {
        let cache = holding(Token::new("t").expires_in(s(60)).refresh_in(s(50)), s(0));
        assert_eq!([49, 50, 60].map(|now| usable(cache.look(s(now)))), ['u', 'r', 'f']);
        let late = holding(Token::new("t").expires_in(s(60)).refresh_in(s(90)), s(0));
        assert_eq!([59, 60].map(|now| usable(late.look(s(now)))), ['u', 'f']);
    }

    #[test]
    fn without_a_lifetime_nothing_is_kept() {
        let mut cache = holding(Token::new("t").expires_in(s(60)), s(0));
        cache.store(&Token::new("next"), s(1));
        assert_eq!(cache.look(s(1)), Lookup::Fetch);
    }

    #[test]
    fn a_failed_renewal_is_tried_again_a_little_later() {
        let mut cache = holding(Token::new("t").expires_in(s(60)), s(0));
        cache.failed(s(30));
        assert_eq!([30, 34, 35, 60].map(|now| usable(cache.look(s(now)))), ['u', 'u', 'r', 'f']);
    }

    #[test]
    fn a_refused_token_goes_and_a_newer_one_stays() {
        let mut cache = holding(Token::new("new").expires_in(s(60)), s(0));
        cache.refused(&Secret::from("old"));
        assert_eq!(cache.look(s(0)), Lookup::Use(Secret::from("new")));
        cache.refused(&Secret::from("new"));
        assert_eq!(cache.look(s(0)), Lookup::Fetch);
    }

    #[test]
    fn lifetimes_beyond_the_clock_are_long_and_not_wrong() {
        let cache = holding(Token::new("t").expires_in(Duration::MAX), s(10));
        assert_eq!(usable(cache.look(s(1 << 40))), 'u');
    }
}
