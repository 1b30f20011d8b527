//! What does not reach the file.

use std::borrow::Cow;

use http::HeaderMap;

use crate::json::{Doc, Kind, Node};

const STRUCK: &str = "***";

/// Headers that are kept.
const KEPT: [&str; 14] = [
    "accept",
    "apim-request-id",
    "content-type",
    "location",
    "openai-beta",
    "openai-processing-ms",
    "openai-version",
    "retry-after",
    "retry-after-ms",
    "x-ms-retry-after-ms",
    "x-request-id",
    "x-should-retry",
    "content-disposition",
    "content-language",
];
/// Headers that are never kept, whoever asks: their values are struck out everywhere else too.
const SECRET: [&str; 9] = [
    "authorization",
    "proxy-authorization",
    "api-key",
    "x-api-key",
    "cookie",
    "set-cookie",
    "openai-organization",
    "openai-project",
    "x-amz-security-token",
];
/// Members of JSON bodies whose texts are struck out.
const MEMBERS: [&str; 14] = [
    "access_token",
    "api_key",
    "apikey",
    "authorization",
    "client_secret",
    "id_token",
    "organization_id",
    "password",
    "private_key",
    "refresh_token",
    "secret",
    "signing_secret",
    "subject_token",
    "webhook_secret",
];
/// Query parameters whose values are struck out.
const QUERY: [&str; 7] = ["access_token", "api-key", "api_key", "code", "key", "sig", "token"];
/// How keys and names of accounts begin.
const PREFIXES: [&str; 6] = ["sk-", "ek_", "org-", "proj_", "user-", "whsec_"];
/// Shorter words after such a prefix are ordinary ones.
const LEAST: usize = 16;

/// The rules, those of the program included.
#[derive(Clone, Default)]
pub(super) struct Redaction {
    pub(super) members: Vec<String>,
    pub(super) query: Vec<String>,
    pub(super) texts: Vec<String>,
    pub(super) headers: Vec<String>,
}

impl Redaction {
    /// The headers that are kept, with what is left of their values.
    pub(super) fn headers(&self, headers: &HeaderMap) -> impl Iterator<Item = (String, String)> {
        headers.keys().filter(|name| self.keeps(name.as_str())).map(|name| {
            let values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
            let value = values.collect::<Vec<_>>().join(", ");
            (name.to_string(), self.text(&value).into_owned())
        })
    }

    fn keeps(&self, name: &str) -> bool {
        let known =
            KEPT.contains(&name) || name.starts_with("x-ratelimit-") || self.headers.iter().any(|own| own == name);
        known && !SECRET.contains(&name)
    }

    /// The same rules, which also know the credentials of this request.
    pub(super) fn knowing(&self, headers: &HeaderMap) -> Self {
        let mut rules = self.clone();
        for name in SECRET {
            for value in headers.get_all(name) {
                let value = String::from_utf8_lossy(value.as_bytes());
                let word = value.rsplit(' ').next().unwrap_or_default();
                if word.len() >= 6 {
                    rules.texts.push(word.to_owned());
                }
            }
        }
        rules
    }

    pub(super) fn query(&self, name: &str, value: &str) -> String {
        let secret = QUERY.contains(&name) || self.query.iter().any(|own| own == name);
        if secret { STRUCK.to_owned() } else { self.text(value).into_owned() }
    }

    /// A text without keys, names of accounts and what the program wants struck out.
    pub(super) fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut out = Cow::Borrowed(text);
        for secret in self.texts.iter().filter(|secret| !secret.is_empty()) {
            if out.contains(secret.as_str()) {
                out = Cow::Owned(out.replace(secret.as_str(), STRUCK));
            }
        }
        match keys(&out) {
            Some(struck) => Cow::Owned(struck),
            None => out,
        }
    }

    /// A JSON text without white space between tokens and without secrets; `None` if it is no JSON.
    pub(super) fn json(&self, text: &[u8]) -> Option<String> {
        let doc = Doc::parse(text).ok()?;
        let mut out = String::with_capacity(text.len());
        self.write(doc.root(), false, &mut out);
        Some(out)
    }

    fn write(&self, node: Node<'_>, secret: bool, out: &mut String) {
        match node.kind() {
            Kind::Object => {
                out.push('{');
                for (index, member) in node.members().enumerate() {
                    let name = member.name();
                    let lower = name.to_ascii_lowercase();
                    if index > 0 {
                        out.push(',');
                    }
                    // Writing a string as JSON cannot fail.
                    out.push_str(&serde_json::to_string(&name).unwrap_or_default());
                    out.push(':');
                    let named = MEMBERS.contains(&lower.as_str()) || self.members.contains(&lower);
                    // Headers that a tool is to send hold the keys of others.
                    self.write(member.value, named || lower == "headers" || secret, out);
                }
                out.push('}');
            }
            Kind::List => {
                out.push('[');
                for (index, item) in node.items().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    self.write(item, secret, out);
                }
                out.push(']');
            }
            Kind::String if secret && node.raw() != "\"\"" => out.push_str("\"***\""),
            Kind::String => out.push_str(&self.text(node.raw())),
            _ => out.push_str(node.raw()),
        }
    }

    /// An event of a stream: data that is JSON by the rules for JSON, all else by those for text. What holds no secret
    /// stays byte for byte.
    pub(super) fn frame(&self, frame: &str) -> String {
        let mut out = String::with_capacity(frame.len());
        for line in frame.split_inclusive('\n') {
            let data = line.strip_prefix("data:").map(str::trim);
            match data.and_then(|data| Some((data, self.json(data.as_bytes())?))) {
                Some((data, clean)) if super::format::compact(data) != clean => {
                    out.push_str("data: ");
                    out.push_str(&clean);
                    out.push_str(&line[line.trim_end().len()..]);
                }
                Some(_) => out.push_str(line),
                None => out.push_str(&self.text(line)),
            }
        }
        out
    }
}

/// The text with what looks like a key or an account struck out; `None` if nothing does.
fn keys(text: &str) -> Option<String> {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let bytes = text.as_bytes();
    let (mut out, mut kept, mut at) = (String::new(), 0, 0);
    while at < bytes.len() {
        if !word(bytes[at]) {
            at += 1;
            continue;
        }
        let end = at + bytes[at..].iter().take_while(|byte| word(**byte)).count();
        if let Some(prefix) = PREFIXES.iter().find(|prefix| text[at..end].starts_with(**prefix))
            && end - at >= prefix.len() + LEAST
        {
            out.push_str(&text[kept..at + prefix.len()]);
            out.push_str(STRUCK);
            kept = end;
        }
        at = end;
    }
    (kept > 0).then(|| out + &text[kept..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_accounts_are_struck_out_of_any_text() {
        let rules = Redaction::default();
        let text = "sk-proj-abcdefghijklmnop_QRST, (org-ABCDEFGHIJKLMNOPQRSTUVWX) é risk-free task-abcdefghijklmnopqrstuv sk-short";
        assert_eq!(rules.text(text), "sk-***, (org-***) é risk-free task-abcdefghijklmnopqrstuv sk-short");
        assert!(matches!(rules.text("nothing"), Cow::Borrowed(_)));
    }

    #[test]
    fn members_that_hold_secrets_are_struck_out_at_any_depth() {
        let rules = Redaction { members: vec!["own".to_owned()], ..Redaction::default() };
        let json = r#"{ "Client_Secret": "x", "a": [{"own": ["y", 1]}], "tools": [{"headers": {"X": "z"}, "authorization": ""}],
            "token": "stays", "n": 1.50 }"#;
        let expected = r#"{"Client_Secret":"***","a":[{"own":["***",1]}],"tools":[{"headers":{"X":"***"},"authorization":""}],"token":"stays","n":1.50}"#;
        assert_eq!(rules.json(json.as_bytes()).unwrap(), expected);
        assert_eq!(rules.json(b"{"), None);
    }

    #[test]
    fn the_credential_of_a_request_is_struck_out_of_its_reply() {
        let headers = HeaderMap::from_iter([(http::header::AUTHORIZATION, "Bearer local-key".parse().unwrap())]);
        let rules = Redaction::default().knowing(&headers);
        assert_eq!(rules.text("wrong key local-key"), "wrong key ***");
        assert_eq!(rules.headers(&headers).count(), 0);
    }

    #[test]
    fn events_without_secrets_stay_byte_for_byte() {
        let rules = Redaction::default();
        let frame = "event: x\r\ndata: {\"a\": 1}\r\n\r\n";
        assert_eq!(rules.frame(frame), frame);
        assert_eq!(rules.frame("data: {\"secret\": \"s\"}\n\n"), "data: {\"secret\":\"***\"}\n\n");
        assert_eq!(rules.frame("data: [DONE]\n\n"), "data: [DONE]\n\n");
    }

    #[test]
    fn headers_are_kept_by_name_and_credentials_never() {
        let rules = Redaction { headers: vec!["x-own".to_owned(), "cookie".to_owned()], ..Redaction::default() };
        let mut headers = HeaderMap::new();
        for (name, value) in [("x-own", "1"), ("cookie", "2"), ("date", "3"), ("x-ratelimit-limit-requests", "4")] {
            headers.insert(name, value.parse().unwrap());
        }
        let kept: Vec<_> = rules.headers(&headers).map(|(name, _)| name).collect();
        assert_eq!(kept, ["x-own", "x-ratelimit-limit-requests"]);
    }
}
