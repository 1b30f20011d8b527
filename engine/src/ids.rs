//! Ids, times and the hidden order of rows.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::error::ApiError;

const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A new id: the prefix and 24 random letters.
pub(crate) fn new(prefix: &str) -> String {
    let mut id = String::with_capacity(prefix.len() + 24);
    id.push_str(prefix);
    let mut random = [0u8; 48];
    while id.len() < prefix.len() + 24 {
        // Without randomness ids would collide or be guessed; nothing sensible can go on then.
        getrandom::fill(&mut random).expect("the operating system gives random bytes");
        // 248 is the largest multiple of 62 in a byte: beyond it some letters would be likelier.
        let letters = random.iter().filter(|byte| **byte < 248).map(|byte| LETTERS[usize::from(byte % 62)] as char);
        let missing = prefix.len() + 24 - id.len();
        id.extend(letters.take(missing));
    }
    id
}

/// Refuses an id that cannot be one of this kind. `prefix` has no separator: `thread`, `msg`.
pub(crate) fn check(param: &str, id: &str, prefix: &str) -> Result<(), ApiError> {
    let rest = id.strip_prefix(prefix);
    let separated = rest.is_some_and(|rest| rest.starts_with('_') || (prefix == "file" && rest.starts_with('-')));
    if separated && id.len() <= 256 {
        return Ok(());
    }
    let shown: String = id.chars().take(64).collect();
    let message = format!("Invalid '{param}': '{shown}'. Expected an ID that begins with '{prefix}'.");
    Err(ApiError::param(param, "invalid_value", message))
}

/// A file's id as it is kept: `file_` stands for `file-`.
pub(crate) fn file(id: &str) -> String {
    id.strip_prefix("file_").map_or_else(|| id.to_owned(), |rest| format!("file-{rest}"))
}

/// Milliseconds since 1970 by this machine's clock.
pub(crate) fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

/// Seconds since 1970 by this machine's clock.
pub(crate) fn now() -> i64 {
    now_ms() / 1000
}

/// A number that is larger than all this process gave before, and in the order of time between processes.
pub(crate) fn sequence() -> i64 {
    static LAST: AtomicI64 = AtomicI64::new(0);
    let micros = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as i64);
    let mut last = LAST.load(Ordering::Relaxed);
    loop {
        let next = micros.max(last + 1);
        match LAST.compare_exchange_weak(last, next, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => return next,
            Err(seen) => last = seen,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_prefix_and_24_letters_and_differ() {
        let ids: std::collections::HashSet<String> = (0..1000).map(|_| new("thread_")).collect();
        assert_eq!(ids.len(), 1000);
        for id in ids {
            assert_eq!(id.len(), 31);
            assert!(check("thread_id", &id, "thread").is_ok());
            assert!(id[7..].bytes().all(|byte| byte.is_ascii_alphanumeric()));
        }
    }

    #[test]
    fn wrong_prefixes_are_refused_with_the_parameter() {
        let error = check("thread_id", "undefined", "thread").unwrap_err();
        assert_eq!(error.message, "Invalid 'thread_id': 'undefined'. Expected an ID that begins with 'thread'.");
        assert_eq!((error.param.as_deref(), error.code), (Some("thread_id"), Some("invalid_value")));
        assert!(check("run_id", "runner", "run").is_err());
        assert!(check("file_id", "file-x", "file").is_ok());
        assert!(check("file_id", "file_x", "file").is_ok());
        assert!(check("thread_id", "thread-x", "thread").is_err());
        assert_eq!((file("file_x_y"), file("file-x"), file("x")), ("file-x_y".into(), "file-x".into(), "x".into()));
    }

    #[test]
    fn the_sequence_is_strict() {
        let numbers: Vec<i64> = (0..10_000).map(|_| sequence()).collect();
        assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
