//! Decides each redirect: where a request may go on to, and where nothing of it may.

use http::{Method, StatusCode};
use url::Url;

/// Hops that keep the request as it is (307, 308).
const MAX_SAME_REQUEST_HOPS: usize = 3;
/// Hops of a `GET` that the server answers elsewhere (301, 302, 303).
const MAX_GET_HOPS: usize = 1;

/// What to do with a redirect.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Hop {
    /// Send the same request, body and all, to this URL on the same origin.
    Follow(String),
    /// Send nothing, for this reason. The text names no path and no query.
    Refuse(String),
}

/// The hops of one attempt so far.
#[derive(Debug, Default)]
pub(super) struct Trail {
    seen: Vec<Url>,
    get_hops: usize,
    same_hops: usize,
}

/// Whether this status with its `Location` is a redirect. 300, 304 and the like are plain refusals.
pub(super) fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

impl Trail {
    /// Decides the next hop. `replayable` says whether the request has a body that can be sent again, or none.
    pub(super) fn next(
        &mut self,
        method: &Method,
        current: &str,
        status: StatusCode,
        location: Option<&str>,
        replayable: bool,
    ) -> Hop {
        match self.judge(method, current, status, location, replayable) {
            Ok(url) => Hop::Follow(url),
            Err(reason) => Hop::Refuse(reason),
        }
    }

    fn judge(
        &mut self,
        method: &Method,
        current: &str,
        status: StatusCode,
        location: Option<&str>,
        replayable: bool,
    ) -> Result<String, String> {
        let code = status.as_u16();
        let location = location.ok_or_else(|| format!("status {code} names no place to go on to"))?;
        let current = Url::parse(current).map_err(|_| "the request's own URL cannot be read".to_owned())?;
        let target = current.join(location).map_err(|_| format!("status {code} with a `Location` that is no URL"))?;
        if !target.username().is_empty() || target.password().is_some() {
            return Err("the redirect carries user information in its URL; nothing was sent there".to_owned());
        }
        if target.origin() != current.origin() || !matches!(target.scheme(), "http" | "https") {
            let (from, to) = (place(&current), place(&target));
            return Err(format!(
                "redirect (status {code}) from {from} to {to}, another origin; nothing was sent there. \
                 If that is where the API lives, set it as base URL"
            ));
        }
        if self.seen.is_empty() {
            self.seen.push(current);
        }
        if self.seen.contains(&target) {
            return Err("the redirects go round in a circle".to_owned());
        }
        if matches!(code, 307 | 308) {
            self.same_hops += 1;
            if !replayable {
                return Err(format!(
                    "status {code} asks to send the upload again, but its source can be read only once"
                ));
            }
        } else {
            if *method != Method::GET {
                return Err(format!("status {code} would turn this {method} into a GET; the request was not repeated"));
            }
            self.get_hops += 1;
        }
        if self.get_hops > MAX_GET_HOPS || self.same_hops > MAX_SAME_REQUEST_HOPS {
            return Err("too many redirects".to_owned());
        }
        let next = target.to_string();
        self.seen.push(target);
        Ok(next)
    }
}

fn place(url: &Url) -> String {
    let host = url.host_str().unwrap_or("nowhere");
    match url.port() {
        Some(port) => format!("{}://{host}:{port}", url.scheme()),
        None => format!("{}://{host}", url.scheme()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "https://api.example.com/v1/files?limit=2";

    fn hop(method: Method, status: u16, location: &str) -> Hop {
        let status = StatusCode::from_u16(status).unwrap();
        Trail::default().next(&method, HERE, status, Some(location), true)
    }

    fn refused(hop: &Hop, part: &str) -> bool {
        matches!(hop, Hop::Refuse(reason) if reason.contains(part))
    }

    #[test]
    fn the_same_origin_is_followed_with_the_request_as_it_is() {
        for status in [307, 308] {
            let next = hop(Method::POST, status, "/v2/files");
            assert_eq!(next, Hop::Follow("https://api.example.com/v2/files".into()));
        }
        let next = hop(Method::GET, 302, "https://api.example.com:443/x?y=1");
        assert_eq!(next, Hop::Follow("https://api.example.com/x?y=1".into()));
    }

    #[test]
    fn another_origin_is_refused_for_every_status() {
        for status in [301, 302, 303, 307, 308] {
            for method in [Method::GET, Method::POST] {
                for other in
                    ["https://evil.example/", "https://api.example.com:444/", "http://api.example.com/", "//e/"]
                {
                    assert!(refused(&hop(method.clone(), status, other), "another origin"), "{status} {other}");
                }
            }
        }
        assert!(refused(&hop(Method::GET, 302, "file:///etc/passwd"), "another origin"));
    }

    #[test]
    fn user_information_is_refused_and_not_shown() {
        let hop = hop(Method::GET, 302, "https://canary:pw@api.example.com/");
        assert!(refused(&hop, "user information") && !refused(&hop, "canary"));
    }

    #[test]
    fn a_post_is_never_turned_into_a_get() {
        for status in [301, 302, 303] {
            assert!(refused(&hop(Method::POST, status, "/x"), "GET"));
        }
    }

    #[test]
    fn a_get_follows_one_hop_only() {
        let mut trail = Trail::default();
        let found = StatusCode::FOUND;
        assert!(matches!(trail.next(&Method::GET, HERE, found, Some("/a"), true), Hop::Follow(_)));
        let second = trail.next(&Method::GET, "https://api.example.com/a", found, Some("/b"), true);
        assert!(refused(&second, "too many"));
    }

    #[test]
    fn circles_end() {
        let mut trail = Trail::default();
        let status = StatusCode::TEMPORARY_REDIRECT;
        assert!(matches!(trail.next(&Method::GET, HERE, status, Some("/a"), true), Hop::Follow(_)));
        let back = trail.next(&Method::GET, "https://api.example.com/a", status, Some(HERE), true);
        assert!(refused(&back, "circle"));
    }

    #[test]
    fn an_upload_that_cannot_be_read_twice_is_not_sent_on() {
        let hop = Trail::default().next(&Method::POST, HERE, StatusCode::PERMANENT_REDIRECT, Some("/x"), false);
        assert!(refused(&hop, "only once"));
    }

    #[test]
    fn no_location_is_an_error() {
        let hop = Trail::default().next(&Method::GET, HERE, StatusCode::FOUND, None, true);
        assert!(refused(&hop, "names no place"));
    }
}
