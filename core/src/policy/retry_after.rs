//! How long the server asks us to wait: `retry-after-ms`, Azure's `x-ms-retry-after-ms`, and `Retry-After`.

use std::time::{Duration, SystemTime};

use http::HeaderMap;

/// The longest wait that is reported. Larger requests are cut to it.
pub const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Reads the wait that a reply asks for, `now` being the time the reply came.
///
/// Milliseconds win over `Retry-After`, which holds seconds, with or without a fraction, or an HTTP date. A date that
/// has passed is a wait of zero. What is negative, not a number or not understood is no answer: `None`.
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    for name in ["retry-after-ms", "x-ms-retry-after-ms"] {
        if let Some(wait) = text(name).and_then(|value| number(value, 1000.0)) {
            return Some(wait);
        }
    }
    let value = text("retry-after")?;
    number(value, 1.0).or_else(|| date(value, now))
}

/// A decimal number of units, `per_second` of which make a second.
fn number(value: &str, per_second: f64) -> Option<Duration> {
    if !value.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return None;
    }
    let seconds = value.parse::<f64>().ok()? / per_second;
    Some(Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST).min(LONGEST))
}

fn date(value: &str, now: SystemTime) -> Option<Duration> {
    let until = httpdate::parse_http_date(value).ok()?;
    Some(until.duration_since(now).unwrap_or(Duration::ZERO).min(LONGEST))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    /// Sun, 06 Nov 1994 08:49:37 GMT.
    const NOW: Duration = Duration::from_secs(784_111_777);

    fn read(pairs: &[(&'static str, &str)]) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).expect("valid header value"));
        }
        retry_after(&headers, SystemTime::UNIX_EPOCH + NOW)
    }

    #[test]
    fn seconds_dates_and_nonsense_are_told_apart() {
        let table: &[(&str, Option<Duration>)] = &[
            ("0", Some(Duration::ZERO)),
            ("1", Some(Duration::from_secs(1))),
            ("1.5", Some(Duration::from_millis(1500))),
            (".25", Some(Duration::from_millis(250))),
            (" 2 ", Some(Duration::from_secs(2))),
            ("60", Some(Duration::from_secs(60))),
            ("3600", Some(Duration::from_secs(3600))),
            ("1e3", Some(Duration::from_secs(1000))),
            ("1e400", Some(LONGEST)),
            ("99999999999999999999999999", Some(LONGEST)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(Duration::from_secs(10))),
            ("Sunday, 06-Nov-94 08:49:47 GMT", Some(Duration::from_secs(10))),
            ("Sun Nov  6 08:49:47 1994", Some(Duration::from_secs(10))),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(Duration::ZERO)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(Duration::ZERO)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(LONGEST)),
            ("-1", None),
            ("-0.5", None),
            ("+1", None),
            ("NaN", None),
            ("nan", None),
            ("inf", None),
            ("infinity", None),
            ("-inf", None),
            ("", None),
            (".", None),
            ("1,5", None),
            ("1 second", None),
            ("0x10", None),
            ("soon", None),
            ("Sun, 99 Nov 1994 08:49:37 GMT", None),
        ];
        for (value, expected) in table {
            assert_eq!(read(&[("retry-after", value)]), *expected, "{value:?}");
        }
    }

    #[test]
    fn milliseconds_win_where_they_are_understood() {
        let both = |ms, seconds| read(&[("retry-after-ms", ms), ("retry-after", seconds)]);
        assert_eq!(both("250", "9"), Some(Duration::from_millis(250)));
        assert_eq!(both("0.5", "9"), Some(Duration::from_micros(500)));
        assert_eq!(both("0", "9"), Some(Duration::ZERO));
        assert_eq!(both("-1", "9"), Some(Duration::from_secs(9)));
        assert_eq!(both("NaN", "9"), Some(Duration::from_secs(9)));
        assert_eq!(both("Sun, 06 Nov 1994 08:49:47 GMT", "9"), Some(Duration::from_secs(9)));
        assert_eq!(read(&[("retry-after-ms", "3600000")]), Some(Duration::from_secs(3600)));
        let azure = |ms, own| read(&[("x-ms-retry-after-ms", own), ("retry-after-ms", ms), ("retry-after", "9")]);
        assert_eq!(azure("250", "700"), Some(Duration::from_millis(250)));
        assert_eq!(azure("?", "700"), Some(Duration::from_millis(700)));
        assert_eq!(azure("?", "?"), Some(Duration::from_secs(9)));
    }

    #[test]
    fn the_first_of_several_headers_counts() {
        assert_eq!(read(&[("retry-after", "1"), ("retry-after", "2")]), Some(Duration::from_secs(1)));
    }

    #[test]
    fn missing_and_unreadable_headers_are_no_answer() {
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[("retry-after", "1\u{E9}")]), None);
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics_or_exceeds_the_longest(value in "\\PC{0,40}", number in proptest::num::f64::ANY) {
            for value in [value, number.to_string(), format!("{number:e}")] {
                for wait in [super::number(&value, 1.0), super::number(&value, 1000.0), date(&value, SystemTime::now())] {
                    proptest::prop_assert!(wait.is_none_or(|wait| wait <= LONGEST));
                }
            }
        }
    }
}
