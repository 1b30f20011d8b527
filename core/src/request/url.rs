//! URLs: the base that a client was given, and the address of one call below it.
//!
//! A path parameter stays within its segment whatever it holds: everything but the characters that a segment may hold as
//! they are is percent-encoded, and what a server or a proxy could read as another path is refused.

use std::fmt::{self, Write as _};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use super::InvalidRequest;

/// What is encoded in a path segment: all but the `pchar` of RFC 3986.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

/// What is encoded in names and values of a query: all but the unreserved characters of RFC 3986.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The address that all paths of the API are below, such as `https://api.openai.com/v1`.
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl {
    /// Origin and path, without a slash at the end.
    root: String,
    query: Option<String>,
    origin: Origin,
}

/// Scheme, host and port: whom a credential may be shown to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    scheme: String,
    host: String,
    port: Option<u16>,
}

impl BaseUrl {
    /// Reads a base URL. A path is kept and so is a query, which stands before the parameters of each call; a slash at
    /// the end makes no difference.
    ///
    /// # Errors
    /// When it is not an absolute `http` or `https` URL, or holds a fragment, user information, a `.` or `..` segment,
    /// a backslash, white space or a control character.
    pub fn parse(text: &str) -> Result<Self, InvalidRequest> {
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(refuse("holds white space or a control character; remove it"));
        }
        let scheme = text.find("://").map(|end| text[..end].to_ascii_lowercase());
        if !matches!(scheme.as_deref(), Some("http" | "https")) {
            return Err(refuse("must start with `https://` or `http://`"));
        }
        let rest = text.split_once("://").map_or("", |(_, rest)| rest);
        if text.contains('\\') {
            return Err(refuse("holds a backslash; write `/`"));
        }
        if text.contains('#') {
            return Err(refuse("holds a fragment (`#…`), which is never sent; remove it"));
        }
        let location = rest.split('?').next().unwrap_or_default();
        let (authority, path) = location.split_once('/').unwrap_or((location, ""));
        if authority.is_empty() {
            return Err(refuse("names no host"));
        }
        if authority.contains('@') {
            return Err(refuse("holds a user name or password; give credentials as `api_key` or as a header"));
        }
        if path.split('/').any(is_dot_segment) {
            return Err(refuse("holds a `.` or `..` path segment; write the path that is meant"));
        }
        let url = Url::parse(text).map_err(|error| refuse(&format!("is not valid: {error}")))?;
        let origin = Origin::of(&url).ok_or_else(|| refuse("names no host"))?;
        let query = url.query().filter(|query| !query.is_empty()).map(str::to_owned);
        let mut root = url;
        root.set_query(None);
        Ok(Self { root: root.as_str().trim_end_matches('/').to_owned(), query, origin })
    }

    /// The address of one call: the path template with its placeholders filled, and the query.
    ///
    /// # Errors
    /// When a value is empty, is `.` or `..` (percent-encoded or not), or holds a control character.
    pub fn join<V: AsRef<str>>(
        &self,
        template: &str,
        values: &[V],
        query: &[(String, String)],
    ) -> Result<String, InvalidRequest> {
        let mut url = String::with_capacity(self.root.len() + template.len() + 32 * (values.len() + query.len()));
        url.push_str(&self.root);
        let mut values = values.iter();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            let value = values.next().map(AsRef::as_ref);
            let value =
                value.ok_or_else(|| InvalidRequest::new(format!("no value for the path parameter `{name}`")))?;
            match name.strip_prefix('+') {
                Some(name) => {
                    check_path(name, value)?;
                    // The slash of the template is there already.
                    url.push_str(before.trim_end_matches('/'));
                    url.push_str(if value.is_empty() || value.starts_with(['/', '?']) { "" } else { "/" });
                    url.push_str(value);
                }
                None => {
                    check_segment(name, value)?;
                    url.push_str(before);
                    url.extend(utf8_percent_encode(value, SEGMENT));
                }
            }
            rest = after;
        }
        url.push_str(rest);
        if values.next().is_some() {
            return Err(InvalidRequest::new(format!("more path values than `{template}` has parameters")));
        }
        // A route may have a query of its own (`/responses?beta=true`); of values only those of a `{+name}` can bring one in.
        let mut separator = if url.contains('?') { '&' } else { '?' };
        if let Some(own) = &self.query {
            url.push(separator);
            url.push_str(own);
            separator = '&';
        }
        for (name, value) in query {
            url.push(separator);
            separator = '&';
            // Writing to a string cannot fail.
            let _ = write!(url, "{}={}", utf8_percent_encode(name, QUERY), utf8_percent_encode(value, QUERY));
        }
        Ok(url)
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl fmt::Debug for BaseUrl {
    /// Leaves the query out: it may hold a key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let query = self.query.as_ref().map(|_| "***");
        f.debug_struct("BaseUrl").field("root", &self.root).field("query", &query).finish()
    }
}

impl Origin {
    /// The origin of an absolute `http`, `https`, `ws` or `wss` URL; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        Self::of(&Url::parse(text).ok()?)
    }

    fn of(url: &Url) -> Option<Self> {
        let host = url.host_str()?.to_owned();
        if host.is_empty() || !matches!(url.scheme(), "http" | "https" | "ws" | "wss") {
            return None;
        }
        Some(Self { scheme: url.scheme().to_owned(), host, port: url.port_or_known_default() })
    }
}

/// Whether two URLs have the same scheme, host and port. URLs that cannot be read are never the same.
pub fn same_origin(one: &str, other: &str) -> bool {
    Origin::parse(one).is_some_and(|one| Some(one) == Origin::parse(other))
}

fn refuse(what: &str) -> InvalidRequest {
    InvalidRequest::new(format!("the base URL {what}"))
}

fn check_segment(name: &str, value: &str) -> Result<(), InvalidRequest> {
    let problem = if value.is_empty() {
        "is empty, which would address another endpoint"
    } else if value.chars().any(char::is_control) {
        "holds a control character"
    } else if is_dot_segment(value) {
        "is a `.` or `..` path segment, which would address another endpoint"
    } else {
        return Ok(());
    };
    Err(InvalidRequest::new(format!("the path parameter `{name}` {problem}")))
}

/// A path that the caller wrote as a whole.
fn check_path(name: &str, value: &str) -> Result<(), InvalidRequest> {
    let path = value.split('?').next().unwrap_or_default();
    let problem = if value.chars().any(|c| c.is_control() || c.is_whitespace()) {
        "holds white space or a control character; percent-encode it"
    } else if value.contains(['#', '\\']) {
        "holds `#` or a backslash; percent-encode it"
    } else if path.split('/').any(is_dot_segment) {
        "holds a `.` or `..` segment; write the path that is meant"
    } else if path.starts_with("//") {
        "begins with two slashes"
    } else {
        return Ok(());
    };
    Err(InvalidRequest::new(format!("the {name} {problem}")))
}

/// Whether a URL parser takes the segment for "here" or "one up"; `%2e` means a dot too.
fn is_dot_segment(segment: &str) -> bool {
    let bytes = segment.as_bytes();
    let dot = |bytes: &[u8]| match bytes {
        [b'.', ..] => Some(1),
        [b'%', b'2', b'e' | b'E', ..] => Some(3),
        _ => None,
    };
    match dot(bytes) {
        Some(first) if first == bytes.len() => true,
        Some(first) => dot(&bytes[first..]).is_some_and(|second| first + second == bytes.len()),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn join(base: &str, template: &str, values: &[&str], query: &[(&str, &str)]) -> Result<String, String> {
        let query: Vec<_> = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let base = BaseUrl::parse(base).map_err(|error| error.to_string())?;
        base.join(template, values, &query).map_err(|error| error.to_string())
    }

    #[test]
    fn a_path_of_the_callers_own_goes_in_as_it_is() {
        let base = "https://x.example/v1/?k=1";
        for (value, expected) in [
            ("/a/b%20c", "https://x.example/v1/a/b%20c?k=1&q=2"),
            ("a/b", "https://x.example/v1/a/b?k=1&q=2"),
            ("/a?b=c", "https://x.example/v1/a?b=c&k=1&q=2"),
            ("?b=c", "https://x.example/v1?b=c&k=1&q=2"),
            ("", "https://x.example/v1?k=1&q=2"),
        ] {
            assert_eq!(join(base, "/{+path}", &[value], &[("q", "2")]).as_deref(), Ok(expected), "{value}");
        }
        for value in ["/a/../b", "/a b", "/a#b", "//host/a", "/a\\b", "/%2e%2E/a", "/a\n"] {
            assert!(join(base, "/{+path}", &[value], &[]).is_err(), "{value}");
        }
    }

    #[test]
    fn the_path_goes_below_the_base_with_or_without_a_slash() {
        let table = [
            ("https://api.openai.com/v1", "https://api.openai.com/v1/models"),
            ("https://api.openai.com/v1/", "https://api.openai.com/v1/models"),
            ("https://api.openai.com/v1//", "https://api.openai.com/v1/models"),
            ("https://api.openai.com", "https://api.openai.com/models"),
            ("https://api.openai.com/", "https://api.openai.com/models"),
            ("HTTPS://API.OpenAI.com:443/v1", "https://api.openai.com/v1/models"),
            ("http://localhost:8080/a/b/v1", "http://localhost:8080/a/b/v1/models"),
            ("http://[::1]:8080/v1", "http://[::1]:8080/v1/models"),
            ("https://bücher.example/v1", "https://xn--bcher-kva.example/v1/models"),
            ("https://x.example/ä", "https://x.example/%C3%A4/models"),
            ("https://x.example/v1?api-version=2026-01-01", "https://x.example/v1/models?api-version=2026-01-01"),
            ("https://x.example/v1/?api-version=1&b=%20", "https://x.example/v1/models?api-version=1&b=%20"),
            ("https://x.example/v1?", "https://x.example/v1/models"),
            ("https://x.example/v1?a=http://b@c/../d", "https://x.example/v1/models?a=http://b@c/../d"),
            ("https://x.example/a..b/...", "https://x.example/a..b/.../models"),
        ];
        for (base, expected) in table {
            assert_eq!(join(base, "/models", &[], &[]).as_deref(), Ok(expected), "{base}");
        }
    }

    #[test]
    fn a_base_that_means_something_else_is_refused_with_the_reason() {
        let table = [
            ("", "must start with"),
            ("api.openai.com/v1", "must start with"),
            ("//api.openai.com", "must start with"),
            ("ftp://api.openai.com", "must start with"),
            ("file:///etc/passwd", "must start with"),
            ("https:api.openai.com", "must start with"),
            ("https://", "no host"),
            ("https:///v1", "no host"),
            ("https://?a=b", "no host"),
            ("https://user@x.example/v1", "user name or password"),
            ("https://user:canary@x.example/v1", "user name or password"),
            ("https://@x.example/v1", "user name or password"),
            ("https://x.example/v1#part", "fragment"),
            ("https://x.example/v1#", "fragment"),
            ("https://x.example/../v1", "path segment"),
            ("https://x.example/v1/..", "path segment"),
            ("https://x.example/./v1", "path segment"),
            ("https://x.example/%2e%2E/v1", "path segment"),
            ("https://x.example/.%2e/v1", "path segment"),
            ("https://x.example\\v1", "backslash"),
            ("https://x.example/v1\n", "control character"),
            ("https://x.exa\tmple/v1", "control character"),
            (" https://x.example/v1", "white space"),
            ("https://x.example/a\0b", "control character"),
            ("https://x.example:99999/v1", "not valid"),
            ("https://exa mple/v1", "white space"),
            ("https://x<y/v1", "not valid"),
        ];
        for (base, reason) in table {
            let error = BaseUrl::parse(base).expect_err(base).to_string();
            assert!(error.starts_with("the base URL ") && error.contains(reason), "{base:?}: {error}");
            assert!(!error.contains("canary"), "{error}");
        }
    }

    #[test]
    fn path_values_stay_within_their_segment() {
        let table = [
            ("thread_abc-1.2~3", "thread_abc-1.2~3"),
            ("ft:gpt-4o:org::id@v1", "ft:gpt-4o:org::id@v1"),
            ("!$&'()*+,;=", "!$&'()*+,;="),
            ("a/b", "a%2Fb"),
            ("a\\b", "a%5Cb"),
            ("a?b#c", "a%3Fb%23c"),
            ("a%2fb", "a%252fb"),
            ("a b", "a%20b"),
            ("\"<>[]^`{|}", "%22%3C%3E%5B%5D%5E%60%7B%7C%7D"),
            ("é€😀", "%C3%A9%E2%82%AC%F0%9F%98%80"),
            ("...", "..."),
            ("..a", "..a"),
            ("../x", "..%2Fx"),
            ("%2e%2e%2fx", "%252e%252e%252fx"),
        ];
        for (value, expected) in table {
            let url = join("https://x.example/v1", "/threads/{thread_id}/runs", &[value], &[]);
            assert_eq!(url, Ok(format!("https://x.example/v1/threads/{expected}/runs")), "{value}");
        }
    }

    #[test]
    fn path_values_that_address_something_else_are_refused() {
        for value in ["", ".", "..", "%2e", "%2E%2e", ".%2e", "%2E.", "a\nb", "a\0", "\u{85}", "\u{7f}"] {
            let error = join("https://x.example/v1", "/threads/{thread_id}", &[value], &[]).expect_err(value);
            assert!(error.contains("`thread_id`"), "{value:?}: {error}");
        }
        assert!(join("https://x.example", "/a/{b}/{c}", &["1"], &[]).expect_err("one short").contains("`c`"));
        assert!(join("https://x.example", "/a/{b}", &["1", "2"], &[]).is_err());
    }

    #[test]
    fn placeholders_are_filled_in_order() {
        let url = join("https://x.example", "/a/{b}/c/{d}:cancel", &["{d}", "2"], &[]);
        assert_eq!(url.as_deref(), Ok("https://x.example/a/%7Bd%7D/c/2:cancel"));
    }

    #[test]
    fn the_query_follows_the_one_of_the_base() {
        let pairs = [("include[]", "a.b"), ("q", "a b&c=d+é'"), ("", "")];
        let query = "include%5B%5D=a.b&q=a%20b%26c%3Dd%2B%C3%A9%27&=";
        assert_eq!(join("https://x.example", "/m", &[], &pairs), Ok(format!("https://x.example/m?{query}")));
        assert_eq!(join("https://x.example?v=1", "/m", &[], &pairs), Ok(format!("https://x.example/m?v=1&{query}")));
    }

    #[test]
    fn origins_differ_by_scheme_host_and_port() {
        let base = "https://api.example/v1";
        for same in ["https://api.example/other?x#y", "HTTPS://API.EXAMPLE:443", "https://u@api.example"] {
            assert!(same_origin(base, same), "{same}");
        }
        for other in [
            "http://api.example/v1",
            "https://api.example:8443/v1",
            "https://www.api.example/v1",
            "https://api.example./v1",
            "https://api.example.evil/v1",
            "https://api.example@evil/v1",
            "wss://api.example/v1",
            "//api.example/v1",
            "/v1",
            "data:text/plain,x",
            "",
        ] {
            assert!(!same_origin(base, other), "{other}");
        }
        assert!(!same_origin("", "") && !same_origin("mailto:a@b", "mailto:a@b"));
    }

    #[test]
    fn debug_shows_no_query() {
        let base = BaseUrl::parse("https://x.example/v1?key=canary").expect("valid");
        assert!(!format!("{base:?}").contains("canary"));
    }

    proptest! {
        #[test]
        fn any_value_keeps_the_shape_of_the_path(value in "\\PC{1,40}", name in "\\PC{0,10}", argument in "\\PC{0,40}") {
            let base = BaseUrl::parse("https://x.example/v1").expect("valid");
            let query = [(name.clone(), argument.clone())];
            let Ok(url) = base.join("/a/{b}/c", &[&value], &query) else {
                prop_assert!(is_dot_segment(&value) || value.chars().any(char::is_control));
                return Ok(());
            };
            let parsed = Url::parse(&url).expect("joined URLs are valid");
            prop_assert_eq!(parsed.as_str(), &url, "the parser changes nothing");
            let segments: Vec<_> = parsed.path_segments().expect("has a path").collect();
            prop_assert_eq!(segments.len(), 4);
            let decoded = percent_encoding::percent_decode_str(segments[2]).decode_utf8().expect("UTF-8");
            prop_assert_eq!(decoded, value);
            let pairs: Vec<_> = parsed.query_pairs().into_owned().collect();
            prop_assert_eq!(pairs, query);
        }

        #[test]
        fn no_base_panics_or_leaves_its_host(text in "\\PC{0,40}") {
            for text in [text.clone(), format!("https://x.example/{text}")] {
                if let Ok(base) = BaseUrl::parse(&text) {
                    let url = base.join("/m", &[""; 0], &[]).expect("no values");
                    prop_assert_eq!(Origin::parse(&url), Some(base.origin().clone()));
                }
            }
        }
    }
}
