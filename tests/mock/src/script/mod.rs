//! Scripted replies as data. `README.md` of this crate describes every key.

mod body;
mod encode;
mod plan;
mod play;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::wire::ws::Step;

pub(crate) use body::Body;
pub(crate) use plan::Plan;
pub(crate) use play::{play, raw_on_accept};

/// One reply of a script.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Reply {
    /// Why it is there; not looked at.
    pub note: Option<Value>,
    /// Which requests it answers, such as `POST /chat/completions`.
    pub r#for: Option<String>,
    /// How many requests it answers.
    pub times: Times,
    /// When it acts.
    pub on: On,
    /// How the request's body is read.
    pub read: Read,
    /// Whether `Expect: 100-continue` is answered; default yes.
    pub r#continue: Option<bool>,
    /// Status code; default 200.
    pub status: Option<u16>,
    /// Reason phrase; default the usual one.
    pub reason: Option<String>,
    /// Headers: a text, a list of texts, or null.
    pub headers: Map<String, Value>,
    /// Heads sent before the head.
    pub interim: Vec<Interim>,
    /// Bytes of header lines to add.
    pub pad_head: usize,
    /// Body: any JSON.
    pub json: Option<Value>,
    /// Body: a text.
    pub text: Option<String>,
    /// Body: bytes.
    pub base64: Option<String>,
    /// Body: server-sent events, verbatim or as a list of frames.
    pub sse: Option<Value>,
    /// Body: a text so many times.
    pub repeat: Option<(String, u64)>,
    /// Body: parts joined.
    pub parts: Option<Vec<Part>>,
    /// What the unscripted service answers, perhaps with members laid over it.
    pub synth: Option<Value>,
    /// Written instead of head and body.
    pub raw: Option<Raw>,
    /// Nothing is written.
    pub nothing: bool,
    /// A conversation over a WebSocket, after the handshake.
    pub ws: Option<Vec<Step>>,
    /// `gzip`, `br` or `zstd`.
    pub encoding: Option<Encoding>,
    /// Offsets of bytes to invert.
    pub corrupt: Vec<u64>,
    /// How the body's end is marked.
    pub framing: Option<Framing>,
    /// Line ending of `sse` lists.
    pub eol: Option<String>,
    /// Wait before the head, in milliseconds.
    pub delay_ms: u64,
    /// Wait between head and body, in milliseconds.
    pub body_delay_ms: u64,
    /// Size of the head's pieces.
    pub head_piece: Option<usize>,
    /// Wait between the head's pieces, in milliseconds.
    pub head_every_ms: u64,
    /// Size of the body's pieces.
    pub piece: Option<usize>,
    /// Wait between the body's pieces, in milliseconds.
    pub every_ms: u64,
    /// Offsets at which a piece ends.
    pub cut: Vec<Cut>,
    /// Gate to wait for before the head.
    pub gate: Option<String>,
    /// Offset at which the body breaks off.
    pub stop: Option<u64>,
    /// Whether a chunked body gets its closing chunk; default yes.
    pub last_chunk: Option<bool>,
    /// What happens after the body.
    pub end: Option<End>,
}

/// How many requests a reply answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Times {
    /// So many.
    Count(u64),
    /// All that come.
    Word(Always),
}

/// The word `always`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Always {
    /// Without end.
    Always,
}

impl Default for Times {
    fn default() -> Self {
        Self::Count(1)
    }
}

impl Times {
    /// The number; the largest there is for `always`.
    pub(crate) fn count(self) -> u64 {
        match self {
            Self::Count(n) => n,
            Self::Word(Always::Always) => u64::MAX,
        }
    }
}

/// When a reply acts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum On {
    /// The whole request was read.
    #[default]
    Request,
    /// The head of a request was read.
    Head,
    /// A connection was accepted.
    Accept,
}

/// How a request's body is read before the reply.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Read {
    /// No more than so many bytes.
    pub bytes: Option<u64>,
    /// In pieces of so many bytes.
    pub piece: Option<usize>,
    /// Wait between pieces, in milliseconds.
    pub every_ms: u64,
}

/// A head before the head.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interim {
    /// Status code, 100 to 199.
    pub status: u16,
    /// Headers.
    #[serde(default)]
    pub headers: Map<String, Value>,
    /// How often.
    #[serde(default)]
    pub times: Times,
}

/// A piece of a body made of parts.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Any JSON.
    Json(Value),
    /// A text.
    Text(String),
    /// Bytes.
    Base64(String),
    /// Server-sent events.
    Sse(Value),
    /// A text so many times.
    Repeat(String, u64),
}

/// Bytes written as they are.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Raw {
    /// A text.
    Text(String),
    /// Parts joined.
    Parts(Vec<Part>),
}

/// A content encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// `gzip`
    Gzip,
    /// Brotli
    Br,
    /// Zstandard
    Zstd,
}

impl Encoding {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Br => "br",
            Self::Zstd => "zstd",
        }
    }
}

/// How a body's end is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Framing {
    /// `Content-Length`
    Length,
    /// `Transfer-Encoding: chunked`
    Chunked,
    /// The end of the connection.
    Close,
    /// Nothing: a tunnel begins.
    #[serde(skip)]
    Tunnel,
}

/// Where a piece ends, and what is waited for there.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Cut {
    /// Only the offset.
    At(u64),
    /// The offset, and a wait.
    Wait(CutWait),
}

/// A wait at an offset.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CutWait {
    /// The offset.
    pub at: u64,
    /// Milliseconds to wait.
    #[serde(default)]
    pub ms: u64,
    /// Gate to wait for.
    #[serde(default)]
    pub gate: Option<String>,
}

/// What happens after the body.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum End {
    /// Only what.
    Word(Do),
    /// What, when and how.
    Full(EndWith),
}

/// What happens to the connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Do {
    /// It serves the next request.
    #[default]
    Keep,
    /// The server closes it.
    Close,
    /// The server resets it.
    Reset,
    /// It stays open, silent.
    Hold,
    /// A text comes on it for ever.
    Heartbeat,
    /// HTTP/2: GOAWAY.
    Goaway,
    /// The client is told with the reply that nothing follows it: `connection: close`, in HTTP/2 GOAWAY.
    Leave,
    /// It stays open, but from the reply on nothing that the client sends arrives.
    Blackhole,
    /// All that comes is passed on to another server, and back.
    Tunnel,
}

/// An end with its particulars.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EndWith {
    /// What happens.
    pub r#do: Do,
    /// Milliseconds to wait before.
    pub after_ms: u64,
    /// Gate to wait for before.
    pub gate: Option<String>,
    /// The heartbeat's text.
    pub text: Option<String>,
    /// Milliseconds between heartbeats.
    pub every_ms: Option<u64>,
    /// Number of heartbeats.
    pub times: Option<u64>,
    /// HTTP/2 error code by its name.
    pub reason: Option<String>,
    /// Where a tunnel leads, `127.0.0.1:PORT`; default: the request's target.
    pub to: Option<String>,
}

/// Reads a script: a list of replies, or one.
///
/// # Errors
/// Says which reply is not understood and why.
pub fn read(value: &Value) -> Result<Vec<Reply>, String> {
    let list = match value {
        Value::Array(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    };
    let mut replies = Vec::with_capacity(list.len());
    for (i, item) in list.iter().enumerate() {
        let reply = Reply::deserialize(item).map_err(|e| format!("reply {i}: {e}"))?;
        let bodies = [
            reply.json.is_some() || item.get("json").is_some(),
            reply.text.is_some(),
            reply.base64.is_some(),
            reply.sse.is_some(),
            reply.repeat.is_some(),
            reply.parts.is_some(),
            reply.synth.is_some(),
            reply.raw.is_some(),
            reply.nothing,
            reply.ws.is_some(),
        ];
        if bodies.iter().filter(|b| **b).count() > 1 {
            return Err(format!("reply {i}: has more than one body"));
        }
        // `"json": null` is a body; serde makes it the same as none.
        let json = item.get("json").cloned();
        replies.push(Reply { json, ..reply });
    }
    Ok(replies)
}

impl Reply {
    /// Whether it is for that verb and path (below `/v1`).
    pub(crate) fn is_for(&self, verb: &str, path: &str) -> bool {
        let Some(want) = &self.r#for else { return true };
        let (want_verb, want_path) = want.split_once(' ').unwrap_or((want, "*"));
        if want_verb != "*" && want_verb != verb {
            return false;
        }
        let any = |s: &str| s == "*" || (s.starts_with('{') && s.ends_with('}'));
        want_path == "*"
            || (want_path.split('/').count() == path.split('/').count()
                && want_path.split('/').zip(path.split('/')).all(|(w, h)| any(w) || w == h))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn unknown_keys_and_two_bodies_are_refused_by_place() {
        let error = read(&json!([{"status": 200}, {"stattus": 500}])).expect_err("a misspelt key");
        assert!(error.starts_with("reply 1: unknown field `stattus`"), "{error}");
        let error = read(&json!({"json": null, "text": "a"})).expect_err("two bodies");
        assert_eq!(error, "reply 0: has more than one body");
    }

    #[test]
    fn null_is_a_body() {
        let replies = read(&json!({"json": null})).expect("well formed");
        assert_eq!(replies[0].json, Some(Value::Null));
        assert_eq!(read(&json!({})).expect("well formed")[0].json, None);
    }

    #[test]
    fn a_reply_says_which_requests_it_is_for() {
        let reply = |text: &str| Reply { r#for: Some(text.into()), ..Reply::default() };
        assert!(reply("GET /files/{id}").is_for("GET", "/files/f_1"));
        assert!(!reply("GET /files/{id}").is_for("GET", "/files/f_1/content"));
        assert!(!reply("GET /files/{id}").is_for("DELETE", "/files/f_1"));
        assert!(reply("* /files").is_for("POST", "/files"));
        assert!(reply("CONNECT *").is_for("CONNECT", "api.test:443"));
        assert!(Reply::default().is_for("GET", "/x"));
    }
}
