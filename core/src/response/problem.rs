//! Reads the many shapes in which providers say that something is wrong.

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde_json::Value;

use crate::error::{Error, ErrorKind};

/// Longest message kept.
const MAX_MESSAGE: usize = 4 << 10;
/// Longest `type`, `code` or `param` kept.
const MAX_WORD: usize = 256;

/// What an error reply, or an error frame of a stream, says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) message: Option<String>,
    pub(crate) error_type: Option<String>,
    pub(crate) code: Option<String>,
    pub(crate) param: Option<String>,
}

impl Problem {
    /// Reads a JSON text; `None` if it is not JSON or says nothing.
    pub(crate) fn parse(json: &[u8]) -> Option<Self> {
        let json = json.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(json);
        let value: Value = serde_json::from_slice(json).ok()?;
        let mut problem = Self::default();
        problem.read(&value, 0);
        (problem != Self::default()).then_some(problem)
    }

    /// A problem told in plain words.
    pub(crate) fn from_text(text: &str) -> Self {
        Self { message: Some(cut(text, MAX_MESSAGE)), ..Self::default() }
    }

    fn read(&mut self, value: &Value, depth: usize) {
        match value {
            Value::String(text) => set(&mut self.message, text, MAX_MESSAGE),
            // Some providers wrap the object in a list, others give a list of objections.
            Value::Array(list) => {
                if let (Some(first), true) = (list.first(), depth < 4) {
                    self.read(first, depth + 1);
                }
            }
            Value::Object(map) if depth < 4 => {
                for key in ["error", "errors"] {
                    if let Some(inner) = map.get(key).filter(|inner| !inner.is_null()) {
                        self.read(inner, depth + 1);
                    }
                }
                // `{"error": "invalid_grant", "error_description": "..."}`: the first is a code then.
                if let Some(Value::String(text)) = map.get("error_description") {
                    self.code = self.code.take().or_else(|| self.message.take());
                    set(&mut self.message, text, MAX_MESSAGE);
                }
                for key in ["message", "msg", "detail", "details"] {
                    match map.get(key) {
                        Some(Value::String(text)) => set(&mut self.message, text, MAX_MESSAGE),
                        Some(inner @ (Value::Object(_) | Value::Array(_))) if self.message.is_none() => {
                            self.read(inner, depth + 1);
                        }
                        _ => {}
                    }
                }
                set_word(&mut self.error_type, map.get("type"));
                set_word(&mut self.code, map.get("code"));
                set_word(&mut self.param, map.get("param"));
            }
            _ => {}
        }
    }

    /// The error for this problem; `fallback` is its message where the provider gave none.
    pub(crate) fn into_error(self, kind: ErrorKind, fallback: impl FnOnce() -> String) -> Error {
        let message = self.message.filter(|m| !m.trim().is_empty()).unwrap_or_else(fallback);
        Error::new(kind, message).with_api_fields(self.error_type, self.code, self.param)
    }
}

fn set(place: &mut Option<String>, text: &str, limit: usize) {
    if place.is_none() && !text.is_empty() {
        *place = Some(cut(text, limit));
    }
}

fn set_word(place: &mut Option<String>, value: Option<&Value>) {
    match value {
        Some(Value::String(text)) => set(place, text, MAX_WORD),
        Some(Value::Number(number)) => set(place, &number.to_string(), MAX_WORD),
        _ => {}
    }
}

/// The text's start, at a character's border, with a sign that something is missing.
fn cut(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let mut end = limit - '…'.len_utf8();
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &text[..end])
}

/// The error of a reply with status 400 or above.
pub(crate) fn from_status(status: u16, headers: &HeaderMap, body: Bytes) -> Error {
    let kind = ErrorKind::from_status(status);
    let problem = Problem::parse(&body).unwrap_or_default();
    problem.into_error(kind, || plain_message(status, headers, &body)).with_reply(status, headers).with_body(body)
}

/// A message for a body that is not an error object: plain text as it is, anything else described.
fn plain_message(status: u16, headers: &HeaderMap, body: &[u8]) -> String {
    if status == 407 {
        return "the proxy asks for credentials (status 407): give them in its URL, `http://user:password@host:port`"
            .into();
    }
    let content_type = short_content_type(headers);
    let Ok(text) = std::str::from_utf8(body) else {
        return format!("status {status} with a body of type {content_type}");
    };
    let text = text.trim();
    if text.is_empty() {
        return format!("status {status} with an empty body");
    }
    if text.starts_with('<') || content_type.contains("html") {
        return match title(text) {
            Some(title) => format!("status {status} with an HTML page instead of an error object: {title}"),
            None => format!("status {status} with an HTML page instead of an error object"),
        };
    }
    if text.starts_with(['{', '[']) {
        return format!("status {status} with a body of type {content_type} that names no error");
    }
    cut(text, 500)
}

fn title(html: &str) -> Option<String> {
    let start = html.find("<title>")? + "<title>".len();
    let length = html[start..].find("</title>")?;
    let title = html[start..start + length].trim();
    (!title.is_empty()).then(|| cut(title, 200))
}

/// The reply's content type without parameters, fit for a message.
pub(crate) fn short_content_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let value = value.split(';').next().unwrap_or_default().trim();
    if value.is_empty() { "unknown".to_owned() } else { cut(value, 100) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(json: &str) -> Problem {
        Problem::parse(json.as_bytes()).unwrap_or_default()
    }

    fn message(json: &str) -> String {
        problem(json).message.unwrap_or_default()
    }

    #[test]
    fn the_usual_object_gives_all_four_fields() {
        let json = r#"{"error":{"message":"m","type":"t","code":"c","param":"p"}}"#;
        let all = |s: &str| Some(s.to_owned());
        let expected = Problem { message: all("m"), error_type: all("t"), code: all("c"), param: all("p") };
        assert_eq!(problem(json), expected);
    }

    #[test]
    fn looser_shapes_give_the_message_too() {
        for json in [
            r#"{"error":"m"}"#,
            r#"{"message":"m"}"#,
            r#"{"detail":"m"}"#,
            r#"{"detail":[{"loc":["body"],"msg":"m"}]}"#,
            r#"{"detail":{"message":"m"}}"#,
            r#"{"object":"error","message":"m","code":400}"#,
            r#"[{"error":{"message":"m","code":7}}]"#,
            r#"{"errors":[{"message":"m"}]}"#,
            r#"{"error":{"error":{"message":"m"}}}"#,
            r#""m""#,
            "\u{feff}{\"error\":\"m\"}",
        ] {
            assert_eq!(message(json), "m", "{json}");
        }
    }

    #[test]
    fn numbers_as_code_and_oauth_errors_are_understood() {
        assert_eq!(problem(r#"{"error":{"message":"m","code":503}}"#).code.as_deref(), Some("503"));
        let oauth = problem(r#"{"error":"invalid_grant","error_description":"d"}"#);
        assert_eq!((oauth.code.as_deref(), oauth.message.as_deref()), (Some("invalid_grant"), Some("d")));
    }

    #[test]
    fn long_messages_are_cut_at_a_character() {
        let json = format!(r#"{{"error":{{"message":"{}"}}}}"#, "é".repeat(5000));
        let message = message(&json);
        assert!(message.len() <= MAX_MESSAGE && message.ends_with("é…"));
    }

    #[test]
    fn pages_and_silence_are_described() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, "text/html; charset=utf-8".parse().unwrap());
        let page = b"<html><head><title>502 Bad Gateway</title></head></html>";
        let error = from_status(502, &headers, Bytes::from_static(page));
        assert!(error.message().contains("HTML") && error.message().ends_with("502 Bad Gateway"));
        assert_eq!(error.kind(), ErrorKind::InternalServer);
        let error = from_status(503, &HeaderMap::new(), Bytes::new());
        assert_eq!(error.message(), "status 503 with an empty body");
        assert_eq!(from_status(500, &HeaderMap::new(), Bytes::from_static(b" oops ")).message(), "oops");
    }

    #[test]
    fn deep_nesting_ends() {
        let json = format!("{}1{}", r#"{"error":"#.repeat(100), "}".repeat(100));
        assert_eq!(problem(&json), Problem::default());
    }
}
