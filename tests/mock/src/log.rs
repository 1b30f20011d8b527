//! What the server saw and sent.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::{Bytes, BytesMut};
use serde_json::{Map, Value, json};

use crate::check::{Part, Violation};

/// The log keeps so much of each body.
pub const KEPT: usize = 1 << 20;

/// Checking a request needs its whole body; a longer one is not checked.
const CHECKED: usize = 64 << 20;

/// A body that went by: all of it measured, its beginning kept.
#[derive(Debug, Clone)]
pub struct BodyLog {
    /// Length in bytes.
    pub length: u64,
    /// SHA-256 in hex.
    pub sha256: String,
    /// Its beginning, at most [`KEPT`] bytes.
    pub first: Bytes,
    /// The parts, where it is a form.
    pub parts: Option<Vec<Part>>,
}

impl BodyLog {
    /// Whether all of it was kept.
    pub fn complete(&self) -> bool {
        self.first.len() as u64 == self.length
    }

    /// The body as JSON, if it is that and was kept whole.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.first).ok().filter(|_| self.complete())
    }

    /// What was kept, as text; invalid UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.first).into_owned()
    }

    /// As the log shows it.
    pub fn to_json(&self) -> Value {
        let mut out = Map::new();
        out.insert("length".into(), self.length.into());
        out.insert("sha256".into(), self.sha256.clone().into());
        out.insert("complete".into(), self.complete().into());
        match &self.parts {
            Some(parts) => {
                out.insert("parts".into(), parts.iter().map(part_json).collect());
            }
            None => show(&self.first, self.json(), &mut out),
        }
        Value::Object(out)
    }
}

fn part_json(part: &Part) -> Value {
    let mut out = Map::new();
    out.insert("name".into(), part.name.clone().into());
    out.insert("filename".into(), part.filename.clone().into());
    out.insert("content_type".into(), part.content_type.clone().into());
    out.insert("length".into(), part.data.len().into());
    out.insert("sha256".into(), sha256(&part.data).into());
    let is_json = part.content_type.as_deref() == Some("application/json");
    show(&part.data, serde_json::from_slice(&part.data).ok().filter(|_| is_json), &mut out);
    Value::Object(out)
}

fn show(bytes: &[u8], json: Option<Value>, out: &mut Map<String, Value>) {
    let (key, value) = match (json, std::str::from_utf8(bytes)) {
        (Some(value), _) => ("json", value),
        (None, Ok(text)) => ("text", text.into()),
        (None, Err(_)) => ("base64", STANDARD.encode(bytes).into()),
    };
    out.insert(key.into(), value);
}

/// SHA-256 in hex.
pub fn sha256(bytes: &[u8]) -> String {
    hex(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Measures a body as it goes by.
pub(crate) struct Meter {
    length: u64,
    hash: ring::digest::Context,
    kept: BytesMut,
    limit: usize,
}

impl Meter {
    /// For a request's body, of which more is kept so that it can be checked.
    pub(crate) fn for_checking() -> Self {
        Self { limit: CHECKED, ..Self::default() }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        self.hash.update(bytes);
        let room = self.limit - self.kept.len();
        self.kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// The log of a message that is here whole.
    pub(crate) fn of(bytes: &[u8]) -> BodyLog {
        let mut meter = Self::default();
        meter.push(bytes);
        meter.log()
    }

    /// The log of the body so far.
    pub(crate) fn log(&self) -> BodyLog {
        let first = Bytes::copy_from_slice(&self.kept[..self.kept.len().min(KEPT)]);
        BodyLog { length: self.length, sha256: hex(self.hash.clone().finish().as_ref()), first, parts: None }
    }

    /// The whole body, if it was not too long.
    pub(crate) fn whole(self) -> Option<Bytes> {
        (self.kept.len() as u64 == self.length).then(|| self.kept.freeze())
    }
}

impl Default for Meter {
    fn default() -> Self {
        let hash = ring::digest::Context::new(&ring::digest::SHA256);
        Self { length: 0, hash, kept: BytesMut::new(), limit: KEPT }
    }
}

/// One request and its reply.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Number, from 1, in the order in which heads arrived.
    pub n: usize,
    /// Number of its connection.
    pub connection: usize,
    /// Number of the request on its connection, or of its HTTP/2 stream.
    pub stream: u32,
    /// Its head.
    pub head: crate::wire::Head,
    /// The operation it is for.
    pub operation: Option<String>,
    /// When its head arrived, in milliseconds since the server started.
    pub at_ms: u64,
    /// Its body; empty until it was read.
    pub body: BodyLog,
    /// How it breaks the description.
    pub violations: Vec<Violation>,
    /// What was answered; absent until then.
    pub reply: Option<Sent>,
    /// What was said over the WebSocket that the request opened.
    pub socket: Option<Conversation>,
}

/// Messages of a WebSocket.
#[derive(Debug, Clone, Default)]
pub struct Conversation {
    /// What the client sent.
    pub received: Vec<BodyLog>,
    /// What the server sent.
    pub sent: Vec<BodyLog>,
    /// Code and reason of the client's close frame.
    pub closed: Option<(Option<u16>, String)>,
}

impl Conversation {
    fn to_json(&self) -> Value {
        let all = |messages: &[BodyLog]| messages.iter().map(BodyLog::to_json).collect::<Vec<_>>();
        let closed = self.closed.as_ref().map(|(code, reason)| json!({"code": code, "reason": reason}));
        json!({"received": all(&self.received), "sent": all(&self.sent), "closed": closed})
    }
}

/// A reply that was sent, or is being sent.
#[derive(Debug, Clone)]
pub struct Sent {
    /// `scripted`, `synthesised`, `refused`, `unscripted`.
    pub source: &'static str,
    /// Status code; 0 where raw bytes or nothing was sent.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// The body before any content encoding and cutting; of what was sent so far where it is made while it is sent.
    pub body: BodyLog,
    /// Whether it was sent to its end.
    pub whole: bool,
}

impl Seen {
    /// As the log shows it.
    pub fn to_json(&self) -> Value {
        let head = &self.head;
        json!({
            "n": self.n, "connection": self.connection, "stream": self.stream, "version": head.version,
            "verb": head.verb, "target": head.target, "path": head.path, "query": head.query,
            "headers": head.headers, "operation": self.operation, "at_ms": self.at_ms, "body": self.body.to_json(),
            "violations": self.violations,
            "reply": self.reply.as_ref().map(|r| json!({"source": r.source, "status": r.status, "headers": r.headers,
                "body": r.body.to_json(), "whole": r.whole})),
            "socket": self.socket.as_ref().map(Conversation::to_json),
        })
    }
}

/// Who closed a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClosedBy {
    /// The client.
    Client,
    /// This server.
    Server,
}

/// A connection.
#[derive(Debug, Clone)]
pub struct ConnectionLog {
    /// Number, from 1.
    pub n: usize,
    /// When it was accepted, in milliseconds since the server started.
    pub opened_ms: u64,
    /// When it was closed.
    pub closed_ms: Option<u64>,
    /// Who closed it.
    pub closed_by: Option<ClosedBy>,
    /// Number of requests on it.
    pub requests: usize,
    /// Bytes received.
    pub bytes_in: u64,
    /// Bytes sent.
    pub bytes_out: u64,
    /// Whether it was closed while a reply was being written.
    pub unsent: bool,
}

impl ConnectionLog {
    /// As the log shows it.
    pub fn to_json(&self) -> Value {
        let by = self.closed_by.map(|by| if by == ClosedBy::Client { "client" } else { "server" });
        json!({"n": self.n, "opened_ms": self.opened_ms, "closed_ms": self.closed_ms, "closed_by": by,
            "requests": self.requests, "bytes_in": self.bytes_in, "bytes_out": self.bytes_out, "unsent": self.unsent})
    }
}

/// Counters of a connection that is open, shared with whoever reads the log.
#[derive(Debug, Default, Clone)]
pub(crate) struct Tally(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    unsent: AtomicBool,
    control: AtomicBool,
    server_closes: AtomicBool,
}

impl Tally {
    pub(crate) fn received(&self, n: usize) {
        self.0.bytes_in.fetch_add(n as u64, Relaxed);
    }

    pub(crate) fn sent(&self, n: usize) {
        self.0.bytes_out.fetch_add(n as u64, Relaxed);
    }

    pub(crate) fn bytes_out(&self) -> u64 {
        self.0.bytes_out.load(Relaxed)
    }

    /// The client closed while a reply was being written.
    pub(crate) fn cut_off(&self) {
        self.0.unsent.store(true, Relaxed);
    }

    /// The server is about to close.
    pub(crate) fn closing(&self) {
        self.0.server_closes.store(true, Relaxed);
    }

    pub(crate) fn closed_by(&self) -> ClosedBy {
        if self.0.server_closes.load(Relaxed) { ClosedBy::Server } else { ClosedBy::Client }
    }

    /// The connection carries control requests: the log leaves it out and a reset spares it.
    pub(crate) fn set_control(&self) {
        self.0.control.store(true, Relaxed);
    }

    pub(crate) fn is_control(&self) -> bool {
        self.0.control.load(Relaxed)
    }

    pub(crate) fn write_to(&self, log: &mut ConnectionLog) {
        log.bytes_in = self.0.bytes_in.load(Relaxed);
        log.bytes_out = self.0.bytes_out.load(Relaxed);
        log.unsent = self.0.unsent.load(Relaxed);
    }
}
