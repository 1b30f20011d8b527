//! From a scripted reply, or an answer made from the description, to what goes on the wire.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::{Body, Cut, CutWait, Do, End, EndWith, Framing, Reply, body::Reader, encode::Encoded};
use crate::{
    log::{BodyLog, Meter},
    synth::{Answer, Content},
    wire::ReplyHead,
};

/// A body encoded in memory; a longer one is encoded while it is sent.
const ENCODED_AT_ONCE: u64 = 4 << 20;

/// The log measures a body up to this long before it is sent.
const MEASURED: u64 = 64 << 20;

type Headers = Vec<(String, String)>;

/// A reply ready to be played.
pub(crate) struct Plan {
    pub reply: Reply,
    /// Status, headers, how often.
    pub interim: Vec<(u16, Headers, u64)>,
    /// Absent for raw bytes and for nothing.
    pub head: Option<ReplyHead>,
    pub feed: Feed,
    pub cuts: Vec<CutWait>,
    pub end: EndWith,
    pub log: BodyLog,
}

impl Plan {
    /// Plans a reply. `answer` is what the unscripted service would say, where the reply asks for it.
    ///
    /// # Errors
    /// Says what in the reply cannot be done.
    pub(crate) fn new(reply: Reply, answer: Option<Answer>, fill: &dyn Fn(&str) -> String) -> Result<Self, String> {
        let mut plain = match &reply.raw {
            Some(raw) => Plain { body: Body::raw(raw, fill)?, ..Plain::default() },
            None => match Body::of(&reply, fill)? {
                Some((body, kind)) => Plain { body, content_type: Some(kind.to_owned()), ..Plain::default() },
                None => answer.map(|a| Plain::of(a, &reply)).transpose()?.unwrap_or_default(),
            },
        };
        let log = measure(&plain.body);
        let (feed, length) = match reply.encoding {
            None => (Feed::new(Source::Plain(plain.body.reader())), Some(plain.body.length())),
            Some(encoding) => {
                let encoded = Encoded::new(encoding, plain.body.reader()).map_err(|e| e.to_string())?;
                plain.headers.push(("content-encoding".to_owned(), encoding.name().to_owned()));
                if plain.body.length() <= ENCODED_AT_ONCE {
                    let bytes = encoded.all().map_err(|e| e.to_string())?;
                    let length = bytes.len() as u64;
                    (Feed::new(Source::Plain(Body::held(bytes).reader())), Some(length))
                } else {
                    (Feed::new(Source::Encoded(Box::new(encoded))), None)
                }
            }
        };
        let events = plain.content_type.as_deref() == Some("text/event-stream");
        let framing = match reply.framing {
            Some(framing) => framing,
            None if events || length.is_none() => Framing::Chunked,
            None => Framing::Length,
        };
        let headless = reply.raw.is_some() || reply.nothing;
        let tunnel = matches!(&reply.end, Some(End::Word(Do::Tunnel) | End::Full(EndWith { r#do: Do::Tunnel, .. })));
        // What follows the head of an open tunnel is no body.
        let framing = if tunnel { Framing::Tunnel } else { framing };
        if matches!(&reply.end, Some(End::Word(Do::Leave))) {
            // In HTTP/2 GOAWAY says it, and this header is left out.
            plain.headers.push(("connection".to_owned(), "close".to_owned()));
        }
        let head = (!headless).then(|| head_of(&reply, &plain, framing, length, fill));
        let interim = reply.interim.iter().map(|i| (i.status, given(&i.headers, fill), i.times.count())).collect();
        let mut cuts: Vec<_> = plain.cuts.iter().map(|at| CutWait { at: *at, ms: 0, gate: None }).collect();
        cuts.extend(reply.cut.iter().map(|cut| match cut {
            Cut::At(at) => CutWait { at: *at, ms: 0, gate: None },
            Cut::Wait(wait) => wait.clone(),
        }));
        cuts.sort_by_key(|c| c.at);
        let broken_off = reply.stop.is_some() || reply.last_chunk == Some(false);
        let end = match reply.end.clone() {
            Some(End::Full(end)) => EndWith { to: end.to.as_deref().map(fill), ..end },
            Some(End::Word(word)) => EndWith { r#do: word, ..EndWith::default() },
            None if headless || broken_off || framing == Framing::Close => {
                EndWith { r#do: Do::Close, ..EndWith::default() }
            }
            None => EndWith::default(),
        };
        Ok(Self { reply, interim, head, feed, cuts, end, log })
    }

    /// The same for a request to `target`, to which a tunnel leads that names no other place.
    pub(crate) fn towards(mut self, target: &str) -> Self {
        if self.end.r#do == Do::Tunnel && self.end.to.is_none() {
            self.end.to = Some(target.to_owned());
        }
        self
    }
}

/// A body before its encoding.
#[derive(Default)]
struct Plain {
    body: Body,
    status: Option<u16>,
    content_type: Option<String>,
    headers: Headers,
    cuts: Vec<u64>,
}

impl Plain {
    fn of(answer: Answer, reply: &Reply) -> Result<Self, String> {
        let over = reply.synth.as_ref().filter(|v| v.is_object());
        let mut plain = Self { status: Some(answer.status), headers: answer.headers, ..Self::default() };
        if over.is_some() && !matches!(answer.content, Content::Json(_)) {
            return Err("synth: members can only be laid over a JSON reply".to_owned());
        }
        match answer.content {
            Content::Empty => {}
            Content::Json(mut value) => {
                if let Some(over) = over {
                    lay_over(&mut value, over);
                }
                plain.body = Body::held(value.to_string().into_bytes());
                plain.content_type = Some("application/json".to_owned());
            }
            Content::Text(text) => {
                plain.body = Body::held(text.into_bytes());
                plain.content_type = Some("text/plain; charset=utf-8".to_owned());
            }
            Content::Bytes(kind, bytes) => {
                plain.body = Body::held(bytes);
                plain.content_type = Some(kind);
            }
            Content::Events(frames) => {
                let mut text = String::new();
                for frame in frames {
                    text.push_str(&frame);
                    plain.cuts.push(text.len() as u64);
                }
                plain.body = Body::held(text.into_bytes());
                plain.content_type = Some("text/event-stream".to_owned());
            }
        }
        Ok(plain)
    }
}

/// Lays the members of `over` over `value`: objects member by member, a null takes away, anything else replaces.
fn lay_over(value: &mut Value, over: &Value) {
    let (Some(map), Some(over)) = (value.as_object_mut(), over.as_object()) else {
        *value = over.clone();
        return;
    };
    for (key, new) in over {
        match map.get_mut(key) {
            _ if new.is_null() => {
                map.shift_remove(key);
            }
            Some(old) => lay_over(old, new),
            None => {
                map.insert(key.clone(), new.clone());
            }
        }
    }
}

fn measure(body: &Body) -> BodyLog {
    let mut meter = Meter::default();
    let length = body.length();
    let mut reader = body.reader();
    while let Some(block) = reader.next() {
        meter.push(&block);
        if length > MEASURED {
            break;
        }
    }
    meter.log()
}

fn given(headers: &serde_json::Map<String, Value>, fill: &dyn Fn(&str) -> String) -> Headers {
    let mut out = Vec::new();
    for (name, value) in headers {
        let texts = match value {
            Value::Array(list) => list.as_slice(),
            Value::Null => &[],
            one => std::slice::from_ref(one),
        };
        let text = |v: &Value| v.as_str().map_or_else(|| v.to_string(), fill);
        out.extend(texts.iter().map(|v| (name.to_ascii_lowercase(), text(v))));
    }
    out
}

fn head_of(
    reply: &Reply,
    plain: &Plain,
    framing: Framing,
    length: Option<u64>,
    fill: &dyn Fn(&str) -> String,
) -> ReplyHead {
    let mut usual = Vec::new();
    if let Some(kind) = &plain.content_type {
        usual.push(("content-type".to_owned(), kind.clone()));
    }
    usual.extend(plain.headers.clone());
    match (framing, length) {
        (Framing::Length, Some(length)) => usual.push(("content-length".to_owned(), length.to_string())),
        (Framing::Length, None) => {}
        (Framing::Chunked, _) => usual.push(("transfer-encoding".to_owned(), "chunked".to_owned())),
        (Framing::Tunnel, _) => {}
        (Framing::Close, _) => usual.push(("connection".to_owned(), "close".to_owned())),
    }
    usual.retain(|(name, _)| !reply.headers.keys().any(|given| given.eq_ignore_ascii_case(name)));
    let mut headers = usual;
    headers.extend(given(&reply.headers, fill));
    let (mut left, mut n) = (reply.pad_head, 0);
    while left > 0 {
        let size = left.min(4000);
        headers.push((format!("x-pad-{n}"), "p".repeat(size)));
        (left, n) = (left - size, n + 1);
    }
    ReplyHead {
        status: reply.status.or(plain.status).unwrap_or(200),
        reason: reply.reason.clone(),
        headers,
        framing,
        piece: reply.head_piece,
        every: Duration::from_millis(reply.head_every_ms),
    }
}

enum Source {
    Plain(Reader),
    Encoded(Box<Encoded>),
}

/// Hands out a body in pieces of the wanted size.
pub(crate) struct Feed {
    source: Source,
    pending: Bytes,
}

impl Feed {
    fn new(source: Source) -> Self {
        Self { source, pending: Bytes::new() }
    }

    fn block(&mut self) -> Result<Option<Bytes>, String> {
        match &mut self.source {
            Source::Plain(reader) => Ok(reader.next()),
            Source::Encoded(encoded) => encoded.next().map_err(|e| e.to_string()),
        }
    }

    /// The next `exact` bytes (fewer at the end), or, without it, what is at hand; `None` at the end.
    pub(crate) fn take(&mut self, exact: Option<usize>) -> Result<Option<Bytes>, String> {
        if self.pending.is_empty() {
            match self.block()? {
                Some(block) => self.pending = block,
                None => return Ok(None),
            }
        }
        let Some(want) = exact else { return Ok(Some(std::mem::take(&mut self.pending))) };
        if self.pending.len() < want {
            let mut joined = bytes::BytesMut::from(&self.pending[..]);
            while joined.len() < want {
                match self.block()? {
                    Some(block) => joined.extend_from_slice(&block),
                    None => break,
                }
            }
            self.pending = joined.freeze();
        }
        Ok(Some(self.pending.split_to(want.min(self.pending.len()))))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_are_laid_over() {
        let mut value = json!({"a": 1, "b": {"c": 2, "d": 3}, "e": [1]});
        lay_over(&mut value, &json!({"a": null, "b": {"c": "x"}, "e": [2, 3], "f": true}));
        assert_eq!(value, json!({"b": {"c": "x", "d": 3}, "e": [2, 3], "f": true}));
    }

    #[test]
    fn the_feed_keeps_to_the_wanted_sizes() {
        let body = Body {
            pieces: vec![
                super::super::body::Piece::Repeat("abc".into(), 4),
                super::super::body::Piece::Held("de".into()),
            ],
        };
        let mut feed = Feed::new(Source::Plain(body.reader()));
        let mut got = Vec::new();
        while let Some(bytes) = feed.take(Some(5)).expect("no encoding can fail") {
            got.push(String::from_utf8(bytes.to_vec()).expect("UTF-8"));
        }
        assert_eq!(got, ["abcab", "cabca", "bcde"]);
    }
}
