//! The file: JSON whose bodies keep their numbers and the order of their members, indented for people and for `diff`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The version of the format that is written, and the only one that is read.
pub(super) const VERSION: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Tape {
    pub(super) threadline_cassette: u32,
    pub(super) exchanges: Vec<Exchange>,
}

/// A request and what came back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Exchange {
    pub(super) request: Asked,
    pub(super) reply: Answered,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) path: String,
    /// `name=value`, decoded, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) query: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) headers: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<Body>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Body {
    Json(Box<RawValue>),
    Text(String),
    Base64(String),
    Multipart(Vec<Part>),
}

/// A part of a form. A file is known by its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) filename: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) content_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) length: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sha256: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Answered {
    pub(super) status: u16,
    /// Milliseconds until the head was there.
    #[serde(default)]
    pub(super) after_ms: u64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) headers: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<ReplyBody>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ended: Option<Ended>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ReplyBody {
    Json(Box<RawValue>),
    Text(String),
    Base64(String),
    Stream(Vec<Piece>),
    /// The messages of a WebSocket, of both sides.
    Socket(Vec<Said>),
}

/// Who says something on a WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Side {
    Client,
    Server,
}

/// A message, or a close frame, with the milliseconds since the one before.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Said {
    pub(super) from: Side,
    #[serde(default)]
    pub(super) after_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) json: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) base64: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) close: Option<Closed>,
}

/// What a close frame says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Closed {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<u16>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) reason: String,
}

/// A piece of a stream: an event, with the milliseconds since the one before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Piece {
    #[serde(default)]
    pub(super) after_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) base64: Option<String>,
}

/// How a body ended, other than properly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Ended {
    /// The connection broke.
    Broken(String),
    /// The program stopped reading.
    Unread,
}

impl Tape {
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let tape: Self = serde_json::from_str(text).map_err(|error| format!("is no cassette: {error}"))?;
        if tape.threadline_cassette != VERSION {
            let version = tape.threadline_cassette;
            return Err(format!("is a cassette of version {version}; this library reads version {VERSION}"));
        }
        Ok(tape)
    }

    pub(super) fn write(exchanges: Vec<Exchange>) -> Result<String, String> {
        let tape = Self { threadline_cassette: VERSION, exchanges };
        serde_json::to_string(&tape).map(|text| indented(&text)).map_err(|error| error.to_string())
    }
}

/// Valid JSON without the white space between its tokens.
pub(super) fn compact(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    walk(json, |token| out.push_str(token));
    out
}

/// Valid JSON, indented; lists without objects stay on their line.
fn indented(json: &str) -> String {
    let mut tokens = Vec::new();
    walk(json, |token| tokens.push(token));
    let mut out = String::with_capacity(json.len() * 2);
    let mut open: Vec<bool> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let line = |out: &mut String, depth: usize| {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', depth));
        };
        match *token {
            "{" | "[" => {
                out.push_str(token);
                let end = if *token == "{" { "}" } else { "]" };
                let inline = tokens.get(at + 1) == Some(&end) || *token == "[" && is_flat(&tokens[at + 1..]);
                open.push(!inline);
                if !inline {
                    line(&mut out, open.len());
                }
            }
            "}" | "]" => {
                if open.pop() == Some(true) {
                    line(&mut out, open.len());
                }
                out.push_str(token);
            }
            "," => {
                out.push(',');
                match open.last() {
                    Some(true) => line(&mut out, open.len()),
                    _ => out.push(' '),
                }
            }
            ":" => out.push_str(": "),
            scalar => out.push_str(scalar),
        }
    }
    out.push('\n');
    out
}

/// Whether a list holds neither lists nor objects.
fn is_flat(rest: &[&str]) -> bool {
    let inside = rest.iter().take_while(|token| **token != "]");
    !inside.into_iter().any(|token| matches!(*token, "{" | "["))
}

/// Calls back with each token of valid JSON.
fn walk<'a>(json: &'a str, mut found: impl FnMut(&'a str)) {
    let bytes = json.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        match bytes[at] {
            b' ' | b'\n' | b'\r' | b'\t' => {
                at += 1;
                continue;
            }
            b'"' => {
                at += 1;
                while at < bytes.len() && bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
            }
            b'{' | b'}' | b'[' | b']' | b',' | b':' => at += 1,
            _ => {
                while at < bytes.len() && !matches!(bytes[at], b' ' | b'\n' | b'\r' | b'\t' | b'}' | b']' | b',' | b':')
                {
                    at += 1;
                }
            }
        }
        found(&json[start..at.min(json.len())]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indenting_changes_no_token_and_is_undone() {
        let text = r#"{"a":[1.50,-2e+05,12345678901234567890],"b":{"c":[],"d":{},"e":[{"f":"x\",\\"}]},"g":null}"#;
        let pretty = indented(text);
        assert_eq!(compact(&pretty), text);
        assert!(pretty.contains("\"a\": [1.50, -2e+05, 12345678901234567890],\n"), "{pretty}");
        assert!(pretty.contains("\"c\": [],\n") && pretty.ends_with("\n}\n"), "{pretty}");
    }

    #[test]
    fn a_tape_is_read_as_it_was_written() {
        let json = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
        let exchange = Exchange {
            request: Asked {
                method: "POST".to_owned(),
                path: "/v1/x".to_owned(),
                query: vec!["a=b".to_owned()],
                headers: BTreeMap::new(),
                body: Some(Body::Json(json(r#"{"z":1.0,"a":[1,2]}"#))),
            },
            reply: Answered {
                status: 200,
                after_ms: 5,
                headers: BTreeMap::new(),
                body: Some(ReplyBody::Stream(vec![Piece {
                    after_ms: 1,
                    text: Some("data: é\n\n".to_owned()),
                    base64: None,
                }])),
                ended: Some(Ended::Broken("why".to_owned())),
            },
        };
        let text = Tape::write(vec![exchange]).unwrap();
        let tape = Tape::read(&text).unwrap();
        assert_eq!(Tape::write(tape.exchanges).unwrap(), text);
        assert!(text.contains("\"z\": 1.0"), "{text}");
    }

    #[test]
    fn other_files_are_refused() {
        assert!(Tape::read("{}").unwrap_err().contains("no cassette"));
        assert!(Tape::read(r#"{"threadline_cassette":9,"exchanges":[]}"#).unwrap_err().contains("version 9"));
    }

    proptest::proptest! {
        #[test]
        fn any_json_survives(value in "\\PC{0,40}", number in proptest::num::f64::NORMAL) {
            let text = serde_json::json!({"t": value, "n": number, "l": [value, {"x": []}]}).to_string();
            proptest::prop_assert_eq!(compact(&indented(&text)), text);
        }
    }
}
