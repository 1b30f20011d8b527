//! Headers of a reply that must not be shown by accident.

use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE, HeaderName, PROXY_AUTHORIZATION, SET_COOKIE};

use crate::secret::Secret;

/// Headers that open doors, whoever sends them.
const KEEPING: [HeaderName; 4] = [SET_COOKIE, COOKIE, AUTHORIZATION, PROXY_AUTHORIZATION];

/// Marks cookies and credentials, and every value that quotes the call's key: they can be read as before, but `Debug` of the
/// headers shows `Sensitive` in their place.
pub(crate) fn conceal(headers: &mut HeaderMap, key: Option<&Secret>) {
    let key = key.map(Secret::expose).filter(|key| key.len() >= 8);
    for (name, value) in headers.iter_mut() {
        let quotes = key.is_some_and(|key| memchr::memmem::find(value.as_bytes(), key.as_bytes()).is_some());
        if quotes || KEEPING.contains(name) {
            value.set_sensitive(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_credentials_and_the_key_are_not_shown_but_there() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("set-cookie", "session=canary-1"),
            ("authorization", "Bearer canary-2"),
            ("x-echo", "key=canary-3;"),
            ("x-request-id", "req_1"),
        ] {
            headers.append(name, value.parse().unwrap());
        }
        headers.append("set-cookie", "other=canary-4".parse().unwrap());
        conceal(&mut headers, Some(&Secret::from("canary-3")));
        let shown = format!("{headers:?}");
        assert!(shown.contains("req_1") && !shown.contains("canary"), "{shown}");
        assert_eq!(headers["x-echo"], "key=canary-3;");
    }

    #[test]
    fn a_key_too_short_to_be_one_hides_nothing() {
        let mut headers = HeaderMap::new();
        headers.insert("x-echo", "abc".parse().unwrap());
        conceal(&mut headers, Some(&Secret::from("a")));
        conceal(&mut headers, None);
        assert!(!headers["x-echo"].is_sensitive());
    }
}
