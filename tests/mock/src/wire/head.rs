//! The head of a request.

use crate::check::find;

/// Verb, target and headers of a request.
#[derive(Debug, Clone, Default)]
pub struct Head {
    /// `1.0`, `1.1` or `2`.
    pub version: &'static str,
    /// HTTP method.
    pub verb: String,
    /// The target as it was sent.
    pub target: String,
    /// The target's path, still encoded; of `CONNECT`, the authority.
    pub path: String,
    /// The target's query, still encoded.
    pub query: String,
    /// Headers in order, names in lower case.
    pub headers: Vec<(String, String)>,
}

impl Head {
    /// The first header of that (lower- or mixed-case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(k, _)| k.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// The path below `/v1`, as the description writes it.
    pub(crate) fn api_path(&self) -> &str {
        self.path.strip_prefix("/v1").filter(|rest| rest.starts_with('/')).unwrap_or(&self.path)
    }

    /// What of the head decides the route.
    pub(crate) fn line(&self) -> crate::api::Line<'_> {
        let accept = self.header("accept").unwrap_or_default();
        crate::api::Line { verb: &self.verb, path: self.api_path(), query: &self.query, accept }
    }

    pub(crate) fn is_control(&self) -> bool {
        self.path.starts_with("/__mock/")
    }

    /// Sets target, path and query from a target in any of its forms.
    pub(crate) fn set_target(&mut self, target: &str) {
        self.target = target.to_owned();
        let rest = match target.split_once("://") {
            Some((_, rest)) => rest.find('/').map_or("/", |i| &rest[i..]),
            None => target,
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        (self.path, self.query) = (path.to_owned(), query.to_owned());
    }

    /// Reads a head of HTTP/1 if `bytes` hold a whole one: the head and its length.
    ///
    /// # Errors
    /// Says what is malformed.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, String> {
        let Some(end) = find(bytes, b"\r\n\r\n") else { return Ok(None) };
        // Header values are Latin-1 on the wire; each byte becomes one character, so none is lost.
        let text: String = bytes[..end].iter().map(|b| char::from(*b)).collect();
        let mut lines = text.split("\r\n");
        let line = lines.next().unwrap_or_default();
        let mut words = line.split(' ');
        let (verb, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let version = match words.next() {
            Some("HTTP/1.1") => "1.1",
            Some("HTTP/1.0") => "1.0",
            other => return Err(format!("the request line has the version {other:?}")),
        };
        if verb.is_empty() || target.is_empty() || words.next().is_some() {
            return Err(format!("the request line is {line:?}"));
        }
        let mut head = Self { version, verb: verb.to_owned(), ..Self::default() };
        head.set_target(target);
        for line in lines {
            let (name, value) = line.split_once(':').ok_or(format!("a header line has no colon: {line:?}"))?;
            if name.is_empty() || name.contains([' ', '\t', '\r', '\n']) || value.contains(['\r', '\n', '\0']) {
                return Err(format!("a header has the name {name:?}"));
            }
            head.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        Ok(Some((head, end + 4)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_when_it_is_whole() {
        let text = b"POST /v1/files?a=b HTTP/1.1\r\nHost: x\r\nX-A:  1 \r\n\r\nbody";
        for end in 0..text.len() - 4 {
            assert!(Head::parse(&text[..end]).expect("so far well formed").is_none());
        }
        let (head, length) = Head::parse(text).expect("well formed").expect("whole");
        assert_eq!(length, text.len() - 4);
        assert_eq!((head.verb.as_str(), head.path.as_str(), head.query.as_str()), ("POST", "/v1/files", "a=b"));
        assert_eq!((head.api_path(), head.header("X-a")), ("/files", Some("1")));
    }

    #[test]
    fn targets_of_proxies_are_understood() {
        let mut head = Head::default();
        head.set_target("http://api.test:1/v1/models?x=1");
        assert_eq!((head.path.as_str(), head.query.as_str()), ("/v1/models", "x=1"));
        head.set_target("api.test:443");
        assert_eq!(head.path, "api.test:443");
    }

    #[test]
    fn malformed_heads_are_refused() {
        for text in [
            "GET /\r\n\r\n",
            "GET / HTTP/3\r\n\r\n",
            "GET / HTTP/1.1\r\nno colon\r\n\r\n",
            "GET / HTTP/1.1\r\n a: b\r\n\r\n",
        ] {
            assert!(Head::parse(text.as_bytes()).is_err(), "{text:?}");
        }
    }
}
