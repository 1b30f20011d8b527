//! Waits that servers ask for, and the decision that follows: bounded, whatever the headers hold.
#![no_main]

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue, StatusCode};
use libfuzzer_sys::fuzz_target;
use threadline::policy::backoff::Backoff;
use threadline::policy::retry::{Attempt, Decision, Failure, LONGEST_WAIT, decide};
use threadline::policy::retry_after::{LONGEST, retry_after};

fuzz_target!(|input: (u16, u8, &[u8])| {
    let (status, made, text) = input;
    let Ok(status) = StatusCode::from_u16(status) else { return };
    let mut headers = HeaderMap::new();
    for (name, value) in
        ["retry-after", "retry-after-ms", "x-should-retry"].into_iter().zip(text.split(|&b| b == b'\n'))
    {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.insert(name, value);
        }
    }
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    assert!(retry_after(&headers, now).is_none_or(|wait| wait <= LONGEST));
    let failure = Failure::Reply { status, headers: &headers, code: None, error_type: None };
    let attempt = Attempt { failure, made: made.into(), max_retries: 2, safe: true, replayable: true, now };
    match decide(&attempt, &Backoff::default(), 1.0) {
        Decision::Retry { wait, .. } => assert!(wait <= LONGEST_WAIT && made <= 2),
        Decision::Stop { retry_after, .. } => assert!(retry_after.is_none_or(|wait| wait <= LONGEST)),
    }
});
