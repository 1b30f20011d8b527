//! The provider's rate limits, as each reply states them.

use std::time::Duration;

use http::HeaderMap;

/// Limits and what is left of them, from the `x-ratelimit-*` headers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct RateLimit {
    /// Requests.
    pub requests: Quota,
    /// Tokens.
    pub tokens: Quota,
}

/// One of the limits. A part is `None` where the provider did not state it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Quota {
    /// How many are allowed in a period.
    pub limit: Option<u64>,
    /// How many are left.
    pub remaining: Option<u64>,
    /// Time until all of them are available again.
    pub reset: Option<Duration>,
}

impl RateLimit {
    /// The limits that these headers state.
    pub fn from_headers(headers: &HeaderMap) -> Self {
        Self { requests: quota(headers, "requests"), tokens: quota(headers, "tokens") }
    }
}

fn quota(headers: &HeaderMap, what: &str) -> Quota {
    let get = |part: &str| headers.get(format!("x-ratelimit-{part}-{what}"))?.to_str().ok();
    let number = |part: &str| get(part)?.trim().parse().ok();
    Quota { limit: number("limit"), remaining: number("remaining"), reset: get("reset").and_then(duration) }
}

/// A duration as providers write it: `20ms`, `1s`, `6m0s`, `1h2m3.5s`, or plain seconds.
fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let value: f64 = rest[..end].parse().ok()?;
        let unit_end = rest[end..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |at| end + at);
        let unit = match &rest[end..unit_end] {
            "d" => 86_400.0,
            "h" => 3_600.0,
            "m" => 60.0,
            "" | "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        seconds += value * unit;
        rest = &rest[unit_end..];
    }
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_become_numbers_and_durations() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("x-ratelimit-limit-requests", "60"),
            ("x-ratelimit-remaining-requests", "59"),
            ("x-ratelimit-reset-requests", "1s"),
            ("x-ratelimit-limit-tokens", "150000"),
            ("x-ratelimit-reset-tokens", "6m0s"),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        let limits = RateLimit::from_headers(&headers);
        assert_eq!(limits.requests.limit, Some(60));
        assert_eq!(limits.requests.reset, Some(Duration::from_secs(1)));
        assert_eq!(limits.tokens.remaining, None);
        assert_eq!(limits.tokens.reset, Some(Duration::from_secs(360)));
    }

    #[test]
    fn odd_durations_are_absent_rather_than_wrong() {
        assert_eq!(duration("20ms"), Some(Duration::from_millis(20)));
        assert_eq!(duration("1h2m3.5s"), Some(Duration::from_millis(3_723_500)));
        assert_eq!(duration("7.66"), Some(Duration::from_millis(7_660)));
        for odd in ["", "s", "1x", "-1s", "1..2s", "NaN", "9e99d"] {
            assert_eq!(duration(odd), None, "{odd}");
        }
    }
}
