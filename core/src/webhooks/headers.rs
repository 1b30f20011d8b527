//! Headers of a delivery, in whatever form a web framework has them.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use http::{HeaderMap, HeaderValue};

/// Headers by name, the letter case of which does not count: `http::HeaderMap`, maps of texts, lists of pairs.
///
/// ```
/// use threadline::webhooks::WebhookHeaders;
///
/// let pairs = [("Webhook-Id", "wh_1"), ("webhook-timestamp", "1700000000")];
/// assert_eq!(pairs.header("webhook-id").as_deref(), Some("wh_1"));
/// ```
pub trait WebhookHeaders {
    /// The value of a header, its name being lower-case. Several values are joined by blanks. `None` if there is none,
    /// or it is no text.
    fn header(&self, name: &str) -> Option<Cow<'_, str>>;
}

/// A header's value: a text, its bytes, or several of them.
pub trait HeaderText {
    /// The text; `None` if it is none.
    fn text(&self) -> Option<Cow<'_, str>>;
}

impl WebhookHeaders for HeaderMap {
    fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        join(self.get_all(name).iter().map(HeaderText::text))
    }
}

impl<K: AsRef<str>, V: HeaderText, S> WebhookHeaders for HashMap<K, V, S> {
    fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        find(self.iter(), name)
    }
}

impl<K: AsRef<str>, V: HeaderText> WebhookHeaders for BTreeMap<K, V> {
    fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        find(self.iter(), name)
    }
}

impl<K: AsRef<str>, V: HeaderText> WebhookHeaders for [(K, V)] {
    fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        find(self.iter().map(|(key, value)| (key, value)), name)
    }
}

impl<K: AsRef<str>, V: HeaderText, const N: usize> WebhookHeaders for [(K, V); N] {
    fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        self.as_slice().header(name)
    }
}

impl<K: AsRef<str>, V: HeaderText> WebhookHeaders for Vec<(K, V)> {
    fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        self.as_slice().header(name)
    }
}

impl<H: WebhookHeaders + ?Sized> WebhookHeaders for &H {
    fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        (**self).header(name)
    }
}

impl HeaderText for String {
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self))
    }
}

impl HeaderText for str {
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self))
    }
}

impl HeaderText for HeaderValue {
    fn text(&self) -> Option<Cow<'_, str>> {
        self.to_str().ok().map(Cow::Borrowed)
    }
}

impl HeaderText for [u8] {
    fn text(&self) -> Option<Cow<'_, str>> {
        std::str::from_utf8(self).ok().map(Cow::Borrowed)
    }
}

impl HeaderText for bytes::Bytes {
    fn text(&self) -> Option<Cow<'_, str>> {
        self.as_ref().text()
    }
}

/// Several lines of one header.
impl<V: HeaderText> HeaderText for Vec<V> {
    fn text(&self) -> Option<Cow<'_, str>> {
        join(self.iter().map(HeaderText::text))
    }
}

impl<V: HeaderText + ?Sized> HeaderText for &V {
    fn text(&self) -> Option<Cow<'_, str>> {
        (**self).text()
    }
}

fn find<'a, K: AsRef<str> + 'a, V: HeaderText + 'a>(
    pairs: impl Iterator<Item = (&'a K, &'a V)>,
    name: &str,
) -> Option<Cow<'a, str>> {
    join(pairs.filter(|(key, _)| key.as_ref().eq_ignore_ascii_case(name)).map(|(_, value)| value.text()))
}

fn join<'a>(values: impl Iterator<Item = Option<Cow<'a, str>>>) -> Option<Cow<'a, str>> {
    values.flatten().reduce(|one, other| Cow::Owned(format!("{one} {other}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_found_in_any_letter_case_and_any_map() {
        let mut map = HeaderMap::new();
        map.insert("Webhook-Id", HeaderValue::from_static("a"));
        let hash: HashMap<String, String> = [("WEBHOOK-ID".to_owned(), "a".to_owned())].into();
        let lists: BTreeMap<&str, Vec<String>> = [("Webhook-Id", vec!["a".to_owned()])].into();
        let bytes: Vec<(&str, &[u8])> = vec![("webhook-ID", b"a")];
        let forms: [&dyn WebhookHeaders; 5] = [&map, &hash, &lists, &bytes, &[("webhook-id", "a")]];
        for headers in forms {
            assert_eq!(headers.header("webhook-id").as_deref(), Some("a"));
            assert_eq!(headers.header("webhook-signature"), None);
        }
    }

    #[test]
    fn a_header_that_stands_twice_has_both_values() {
        let mut map = HeaderMap::new();
        map.append("webhook-signature", HeaderValue::from_static("v1,a"));
        map.append("webhook-signature", HeaderValue::from_static("v1,b"));
        assert_eq!(map.header("webhook-signature").as_deref(), Some("v1,a v1,b"));
        let pairs = [("Webhook-Signature", "v1,a"), ("webhook-signature", "v1,b")];
        assert_eq!(pairs.header("webhook-signature").as_deref(), Some("v1,a v1,b"));
    }

    #[test]
    fn a_value_that_is_no_text_is_none() {
        let bytes: [(&str, &[u8]); 1] = [("webhook-id", b"\xFF")];
        assert_eq!(bytes.header("webhook-id"), None);
    }
}
