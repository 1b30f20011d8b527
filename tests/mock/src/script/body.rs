//! The bytes of a body: pieces held in memory, and texts repeated while they are sent.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::Value;

use super::{Part, Raw, Reply};

/// Blocks that a body hands out are about this long.
pub(crate) const BLOCK: usize = 256 * 1024;

/// A stretch of a body.
#[derive(Debug, Clone)]
pub(crate) enum Piece {
    Held(Bytes),
    Repeat(Bytes, u64),
}

/// A body as a list of stretches.
#[derive(Debug, Clone, Default)]
pub(crate) struct Body {
    pub pieces: Vec<Piece>,
}

impl Body {
    pub(crate) fn held(bytes: impl Into<Bytes>) -> Self {
        Self { pieces: vec![Piece::Held(bytes.into())] }
    }

    /// Its length in bytes.
    pub(crate) fn length(&self) -> u64 {
        let length = |p: &Piece| match p {
            Piece::Held(b) => b.len() as u64,
            Piece::Repeat(b, n) => b.len() as u64 * n,
        };
        self.pieces.iter().map(length).sum()
    }

    /// The body of a reply and its usual content type; `None` where the reply names none. `fill` replaces `${…}`.
    pub(crate) fn of(reply: &Reply, fill: &dyn Fn(&str) -> String) -> Result<Option<(Self, &'static str)>, String> {
        let eol = reply.eol.as_deref().unwrap_or("\n");
        let one = if let Some(value) = &reply.json {
            Part::Json(value.clone())
        } else if let Some(text) = &reply.text {
            Part::Text(text.clone())
        } else if let Some(text) = &reply.base64 {
            Part::Base64(text.clone())
        } else if let Some(value) = &reply.sse {
            Part::Sse(value.clone())
        } else if let Some((text, times)) = &reply.repeat {
            Part::Repeat(text.clone(), *times)
        } else if let Some(parts) = &reply.parts {
            let kind = parts.first().map_or("application/octet-stream", content_type);
            return Ok(Some((Self::joined(parts, eol, fill)?, kind)));
        } else {
            return Ok(None);
        };
        Ok(Some((Self::joined(std::slice::from_ref(&one), eol, fill)?, content_type(&one))))
    }

    /// The bytes that stand for head and body.
    pub(crate) fn raw(raw: &Raw, fill: &dyn Fn(&str) -> String) -> Result<Self, String> {
        match raw {
            Raw::Text(text) => Ok(Self::held(fill(text).into_bytes())),
            Raw::Parts(parts) => Self::joined(parts, "\n", fill),
        }
    }

    fn joined(parts: &[Part], eol: &str, fill: &dyn Fn(&str) -> String) -> Result<Self, String> {
        let piece = |part: &Part| {
            Ok(match part {
                Part::Json(value) => Piece::Held(fill(&value.to_string()).into()),
                Part::Text(text) => Piece::Held(fill(text).into()),
                Part::Base64(text) => Piece::Held(STANDARD.decode(text).map_err(|e| format!("base64: {e}"))?.into()),
                Part::Sse(value) => Piece::Held(fill(&sse(value, eol)?).into()),
                Part::Repeat(text, times) => Piece::Repeat(text.clone().into(), *times),
            })
        };
        Ok(Self { pieces: parts.iter().map(piece).collect::<Result<_, String>>()? })
    }

    pub(crate) fn reader(&self) -> Reader {
        Reader { pieces: self.pieces.clone().into(), left: None, block: None }
    }
}

fn content_type(part: &Part) -> &'static str {
    match part {
        Part::Json(_) => "application/json",
        Part::Text(_) => "text/plain; charset=utf-8",
        Part::Sse(_) => "text/event-stream",
        Part::Base64(_) | Part::Repeat(..) => "application/octet-stream",
    }
}

/// Writes frames of server-sent events.
fn sse(value: &Value, eol: &str) -> Result<String, String> {
    let frames = match value {
        Value::String(text) => return Ok(text.clone()),
        Value::Array(frames) => frames,
        _ => return Err("sse: must be a text or a list of frames".to_owned()),
    };
    let mut out = String::new();
    for frame in frames {
        let spelled = frame.as_object().filter(|map| {
            let known = ["event", "data", "id", "retry", "comment", "raw"];
            !map.is_empty() && map.keys().all(|key| known.contains(&key.as_str()))
        });
        let Some(map) = spelled else {
            out.push_str(&format!("data: {}{eol}{eol}", plain(frame)));
            continue;
        };
        if let Some(text) = map.get("raw") {
            out.push_str(&plain(text));
            continue;
        }
        for (key, value) in map {
            let name = if key == "comment" { "" } else { key.as_str() };
            for line in plain(value).split('\n') {
                out.push_str(&format!("{name}: {line}{eol}"));
            }
        }
        out.push_str(eol);
    }
    Ok(out)
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Hands a body out in blocks.
#[derive(Debug)]
pub(crate) struct Reader {
    pieces: std::collections::VecDeque<Piece>,
    left: Option<(Bytes, u64)>,
    block: Option<(Bytes, u64)>,
}

impl Reader {
    /// The next block, never empty; `None` at the end. A block of a repeated text holds it a whole number of times
    /// and is the same `Bytes` each time, which the encoder relies on.
    pub(crate) fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some((unit, times)) = self.left.take() {
                if times == 0 || unit.is_empty() {
                    self.block = None;
                    continue;
                }
                let (block, per_block) = self
                    .block
                    .get_or_insert_with(|| {
                        let n = ((BLOCK / unit.len()) as u64).clamp(1, times);
                        (unit.repeat(n as usize).into(), n)
                    })
                    .clone();
                let n = per_block.min(times);
                self.left = Some((unit.clone(), times - n));
                return Some(block.slice(..unit.len() * n as usize));
            }
            match self.pieces.pop_front()? {
                Piece::Held(bytes) if bytes.is_empty() => {}
                Piece::Held(bytes) => return Some(bytes),
                Piece::Repeat(unit, times) => self.left = Some((unit, times)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn all(body: &Body) -> Vec<u8> {
        let mut reader = body.reader();
        std::iter::from_fn(move || reader.next()).flatten().collect()
    }

    fn body_of(value: Value) -> String {
        let reply = super::super::read(&value).expect("well formed").remove(0);
        let (body, _) = Body::of(&reply, &|t| t.replace("${x}", "y")).expect("well formed").expect("a body");
        assert_eq!(body.length(), all(&body).len() as u64);
        String::from_utf8(all(&body)).expect("UTF-8")
    }

    #[test]
    fn frames_are_written_as_listed() {
        let frames = json!([{"id": "c", "choices": []}, "[DONE]", {"event": "e", "data": {"a": 1}}, {"comment": "hb"},
            {"data": "one\ntwo", "id": "7"}, {"raw": "data:x\r\r"}, {"id": "c", "x": "${x}"}]);
        assert_eq!(
            body_of(json!({"sse": frames})),
            "data: {\"id\":\"c\",\"choices\":[]}\n\ndata: [DONE]\n\nevent: e\ndata: {\"a\":1}\n\n: hb\n\n\
             data: one\ndata: two\nid: 7\n\ndata:x\r\rdata: {\"id\":\"c\",\"x\":\"y\"}\n\n"
        );
        assert_eq!(body_of(json!({"sse": ["a"], "eol": "\r\n"})), "data: a\r\n\r\n");
        assert_eq!(body_of(json!({"sse": "verbatim"})), "verbatim");
    }

    #[test]
    fn parts_are_joined_and_repeats_are_exact() {
        let parts = json!([{"text": "<"}, {"repeat": ["ab", 300_001]}, {"base64": "Pg=="}, {"json": {"a": null}}]);
        let text = body_of(json!({"parts": parts}));
        assert_eq!(text.len(), 1 + 600_002 + 1 + 10);
        assert!(text.starts_with("<abab") && text.ends_with("ab>{\"a\":null}"));
        assert_eq!(body_of(json!({"repeat": ["x", 0]})), "");
    }
}
