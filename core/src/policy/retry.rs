//! Whether an attempt that failed is followed by another: a pure function of what is known.
//!
//! Connection failures, 408, 409, 429 and 5xx are repeated, with backoff or after the wait the server asks for. The
//! server's `x-should-retry` overrides the status. An exhausted quota is never repeated. A server that asks for more than
//! [`LONGEST_WAIT`] gets no further request: the caller is told the wait instead.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode};

use super::backoff::Backoff;
use super::retry_after::retry_after;
use crate::operation::Verb;

/// The longest wait that the client sits out on a server's word.
pub const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// How an attempt failed.
#[derive(Clone, Copy, Debug)]
pub enum Failure<'a> {
    /// The server answered with an error.
    Reply {
        /// The reply's status.
        status: StatusCode,
        /// The reply's headers.
        headers: &'a HeaderMap,
        /// `code` of the error object in the body, if it has one.
        code: Option<&'a str>,
        /// `type` of that error object.
        error_type: Option<&'a str>,
    },
    /// No connection came about, or it broke before the reply's head.
    Connection,
    /// The connection broke inside the reply's body: the server has done the work.
    Body,
    /// No connection, or no reply, within the time an attempt has.
    Timeout,
    /// Something that no repetition changes: a certificate refused, a request that cannot be sent, a source that failed.
    Permanent,
}

/// An attempt that failed, and what is needed to judge it.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// How it failed.
    pub failure: Failure<'a>,
    /// Attempts made so far, this one included.
    pub made: u32,
    /// Most repetitions allowed after the first attempt.
    pub max_retries: u32,
    /// Whether the request does no harm when the server has already carried it out; see [`safe_to_repeat`].
    pub safe: bool,
    /// Whether the body can be sent again.
    pub replayable: bool,
    /// The time the reply came, for waits that are given as a date.
    pub now: SystemTime,
}

/// What follows a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Another attempt after this wait.
    Retry {
        /// How long to wait first.
        wait: Duration,
        /// Whether the attempt failed by a timeout, which costs more of the retry budget.
        after_timeout: bool,
    },
    /// No other attempt.
    Stop {
        /// Why.
        reason: Stop,
        /// The wait the server asked for, if it did.
        retry_after: Option<Duration>,
    },
}

/// Why there is no other attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// A repetition would fail in the same way.
    Permanent,
    /// As many attempts were made as are allowed.
    Exhausted,
    /// The server asks for a longer wait than [`LONGEST_WAIT`].
    WaitTooLong,
    /// The server may have carried out the request, and must not do so twice.
    Unsafe,
    /// The body came from a source that can be read only once.
    BodySpent,
}

impl Stop {
    /// Whether the same call, made again later, may succeed.
    pub fn is_retryable(self) -> bool {
        !matches!(self, Stop::Permanent)
    }
}

/// Whether a request may be repeated although the server may have carried it out: reading, replacing and deleting may,
/// creating may under an idempotency key, by which the server knows the repetition.
pub fn safe_to_repeat(verb: Verb, has_idempotency_key: bool) -> bool {
    match verb {
        Verb::Get | Verb::Put | Verb::Delete => true,
        Verb::Post | Verb::Patch => has_idempotency_key,
    }
}

/// Decides what follows a failed attempt. `random` is even between 0 and 1, the jitter of the wait.
pub fn decide(attempt: &Attempt<'_>, backoff: &Backoff, random: f64) -> Decision {
    let asked = match attempt.failure {
        Failure::Reply { headers, .. } => retry_after(headers, attempt.now),
        _ => None,
    };
    let stop = |reason| Decision::Stop { reason, retry_after: asked };
    if !is_transient(&attempt.failure) {
        return stop(Stop::Permanent);
    }
    if asked.is_some_and(|wait| wait > LONGEST_WAIT) {
        return stop(Stop::WaitTooLong);
    }
    if matches!(attempt.failure, Failure::Body) && !attempt.safe {
        return stop(Stop::Unsafe);
    }
    if !attempt.replayable {
        return stop(Stop::BodySpent);
    }
    if attempt.made > attempt.max_retries {
        return stop(Stop::Exhausted);
    }
    // "At once" from a server in trouble still means spread out.
    let wait = match asked {
        Some(wait) if !wait.is_zero() => wait,
        _ => backoff.wait(attempt.made.saturating_sub(1), random),
    };
    Decision::Retry { wait, after_timeout: matches!(attempt.failure, Failure::Timeout) }
}

/// Whether another attempt may have another outcome.
fn is_transient(failure: &Failure<'_>) -> bool {
    match failure {
        Failure::Connection | Failure::Body | Failure::Timeout => true,
        Failure::Permanent => false,
        Failure::Reply { status, headers, code, error_type } => {
            if [code, error_type].into_iter().any(|text| *text == Some("insufficient_quota")) {
                return false;
            }
            match headers.get("x-should-retry").map(|value| value.as_bytes().trim_ascii()) {
                Some(b"true") => true,
                Some(b"false") => false,
                _ => matches!(status.as_u16(), 408 | 409 | 429) || status.as_u16() >= 500,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (http::HeaderName::from_static(name), value.parse().expect("value"))).collect()
    }

    fn attempt(failure: Failure<'_>) -> Attempt<'_> {
        let now = SystemTime::UNIX_EPOCH;
        Attempt { failure, made: 1, max_retries: 2, safe: true, replayable: true, now }
    }

    fn reply<'a>(status: u16, headers: &'a HeaderMap, code: Option<&'a str>) -> Attempt<'a> {
        let status = StatusCode::from_u16(status).expect("status");
        attempt(Failure::Reply { status, headers, code, error_type: None })
    }

    fn decide(attempt: &Attempt<'_>) -> Decision {
        super::decide(attempt, &Backoff::default(), 1.0)
    }

    fn stopped(attempt: &Attempt<'_>) -> Option<Stop> {
        match decide(attempt) {
            Decision::Retry { .. } => None,
            Decision::Stop { reason, .. } => Some(reason),
        }
    }

    #[test]
    fn the_status_decides() {
        let none = HeaderMap::new();
        for status in [408, 409, 429, 500, 501, 502, 503, 504, 520, 529, 599] {
            assert_eq!(stopped(&reply(status, &none, None)), None, "{status}");
        }
        for status in [200, 204, 301, 304, 307, 400, 401, 402, 403, 404, 405, 410, 413, 418, 422, 428, 499] {
            assert_eq!(stopped(&reply(status, &none, None)), Some(Stop::Permanent), "{status}");
        }
    }

    #[test]
    fn the_server_can_override_the_status_both_ways() {
        assert_eq!(stopped(&reply(400, &headers(&[("x-should-retry", "true")]), None)), None);
        assert_eq!(stopped(&reply(503, &headers(&[("x-should-retry", "false")]), None)), Some(Stop::Permanent));
        for noise in ["", "TRUE", "1", "yes"] {
            let headers = headers(&[("x-should-retry", noise)]);
            assert_eq!(stopped(&reply(503, &headers, None)), None, "{noise:?}");
            assert_eq!(stopped(&reply(400, &headers, None)), Some(Stop::Permanent), "{noise:?}");
        }
    }

    #[test]
    fn an_exhausted_quota_is_final_whatever_else_is_said() {
        let insist = headers(&[("x-should-retry", "true"), ("retry-after", "1")]);
        assert_eq!(stopped(&reply(429, &insist, Some("insufficient_quota"))), Some(Stop::Permanent));
        assert_eq!(stopped(&reply(429, &insist, Some("rate_limit_exceeded"))), None);
        let failure = Failure::Reply {
            status: StatusCode::TOO_MANY_REQUESTS,
            headers: &insist,
            code: None,
            error_type: Some("insufficient_quota"),
        };
        assert_eq!(stopped(&attempt(failure)), Some(Stop::Permanent));
    }

    #[test]
    fn failures_below_http_are_repeated_unless_nothing_would_change() {
        for failure in [Failure::Connection, Failure::Body, Failure::Timeout] {
            assert_eq!(stopped(&attempt(failure)), None, "{failure:?}");
        }
        assert_eq!(stopped(&attempt(Failure::Permanent)), Some(Stop::Permanent));
    }

    #[test]
    fn a_timeout_is_marked_as_one() {
        let marked = |failure| matches!(decide(&attempt(failure)), Decision::Retry { after_timeout: true, .. });
        assert!(marked(Failure::Timeout));
        assert!(!marked(Failure::Connection));
    }

    #[test]
    fn work_that_may_have_been_done_is_repeated_only_where_that_is_safe() {
        let unsafe_ = |failure| Attempt { safe: false, ..attempt(failure) };
        assert_eq!(stopped(&unsafe_(Failure::Body)), Some(Stop::Unsafe));
        assert_eq!(stopped(&unsafe_(Failure::Connection)), None);
        assert!(safe_to_repeat(Verb::Get, false) && safe_to_repeat(Verb::Delete, false));
        assert!(safe_to_repeat(Verb::Post, true) && !safe_to_repeat(Verb::Post, false));
    }

    #[test]
    fn a_body_that_is_spent_ends_it() {
        assert_eq!(stopped(&Attempt { replayable: false, ..attempt(Failure::Connection) }), Some(Stop::BodySpent));
    }

    #[test]
    fn attempts_are_counted_from_the_first() {
        for max_retries in [0, 1, 2, 5] {
            let made =
                (1..20).find(|&made| stopped(&Attempt { made, max_retries, ..attempt(Failure::Connection) }).is_some());
            assert_eq!(made, Some(max_retries + 1));
        }
        let last = Attempt { made: 3, ..attempt(Failure::Connection) };
        assert_eq!(stopped(&last), Some(Stop::Exhausted));
        assert!(Stop::Exhausted.is_retryable() && !Stop::Permanent.is_retryable());
    }

    #[test]
    fn the_wait_is_the_servers_where_it_gave_one_and_backoff_elsewhere() {
        let wait = |made, value: Option<&str>| {
            let headers = value.map_or_else(HeaderMap::new, |value| headers(&[("retry-after", value)]));
            match decide(&Attempt { made, max_retries: 9, ..reply(503, &headers, None) }) {
                Decision::Retry { wait, .. } => wait.as_millis(),
                Decision::Stop { reason, .. } => panic!("{reason:?}"),
            }
        };
        assert_eq!([1, 2, 3, 4, 5, 6].map(|made| wait(made, None)), [500, 1000, 2000, 4000, 8000, 8000]);
        assert_eq!(wait(1, Some("7")), 7000);
        assert_eq!(wait(1, Some("60")), 60_000);
        assert_eq!(wait(1, Some("0")), 500, "an immediate retry is still spread");
        assert_eq!(wait(2, Some("-5")), 1000);
        assert_eq!(wait(2, Some("NaN")), 1000);
        assert_eq!(wait(1, Some("Thu, 01 Jan 1970 00:00:09 GMT")), 9000);
    }

    #[test]
    fn a_long_wait_is_handed_to_the_caller() {
        for (status, value, seconds) in
            [(429, "3600", 3600), (503, "61", 61), (429, "Thu, 01 Jan 1970 01:00:00 GMT", 3600)]
        {
            let headers = headers(&[("retry-after", value)]);
            let expected =
                Decision::Stop { reason: Stop::WaitTooLong, retry_after: Some(Duration::from_secs(seconds)) };
            assert_eq!(decide(&reply(status, &headers, None)), expected);
        }
    }

    #[test]
    fn the_servers_wait_is_kept_for_the_caller_on_every_stop() {
        let headers = headers(&[("retry-after", "5")]);
        let retry_after = Some(Duration::from_secs(5));
        let last = Attempt { made: 3, ..reply(429, &headers, None) };
        assert_eq!(decide(&last), Decision::Stop { reason: Stop::Exhausted, retry_after });
        let quota = reply(429, &headers, Some("insufficient_quota"));
        assert_eq!(decide(&quota), Decision::Stop { reason: Stop::Permanent, retry_after });
    }
}
