//! A reply's body as it stands in the file.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;

use super::asked::{content_type, json};
use super::format::{Piece, ReplyBody};
use super::multipart::base64;
use super::redact::Redaction;

/// What has come of a body, with the time of each piece since the head.
pub(super) type Pieces = Vec<(Duration, Bytes)>;

/// The body in the form that its content type asks for; `None` if there is none.
pub(super) fn body_of(headers: &HeaderMap, pieces: &Pieces, rules: &Redaction) -> Option<ReplyBody> {
    if pieces.iter().all(|(_, piece)| piece.is_empty()) {
        return None;
    }
    let content_type = content_type(headers);
    if content_type.starts_with("text/event-stream") {
        return Some(ReplyBody::Stream(events(pieces, rules)));
    }
    let whole: Vec<u8> = pieces.iter().flat_map(|(_, piece)| piece.iter().copied()).collect();
    if let Some(json) = json(&whole, rules).filter(|_| !content_type.starts_with("text/")) {
        return Some(ReplyBody::Json(json));
    }
    Some(match std::str::from_utf8(&whole) {
        Ok(text) if !text.contains('\0') => ReplyBody::Text(rules.text(text).into_owned()),
        _ => ReplyBody::Base64(base64(&whole)),
    })
}

/// One piece an event, whatever the pieces in which the network brought them.
fn events(pieces: &Pieces, rules: &Redaction) -> Vec<Piece> {
    let mut found = Vec::new();
    let (mut rest, mut before) = (Vec::new(), Duration::ZERO);
    let mut push = |frame: &[u8], at: Duration| {
        let after_ms = u64::try_from(at.saturating_sub(before).as_millis()).unwrap_or(u64::MAX);
        // What a millisecond cuts off is not lost over many events.
        before += Duration::from_millis(after_ms);
        found.push(match std::str::from_utf8(frame) {
            Ok(text) => Piece { after_ms, text: Some(rules.frame(text)), base64: None },
            Err(_) => Piece { after_ms, text: None, base64: Some(base64(frame)) },
        });
    };
    let mut last = Duration::ZERO;
    for (at, piece) in pieces {
        rest.extend_from_slice(piece);
        last = *at;
        while let Some(end) = end_of_event(&rest) {
            push(&rest[..end], *at);
            rest.drain(..end);
        }
    }
    if !rest.is_empty() {
        push(&rest, last);
    }
    found
}

/// Where the first event ends, behind its empty line.
fn end_of_event(bytes: &[u8]) -> Option<usize> {
    let ends = [&b"\n\n"[..], b"\r\n\r\n", b"\r\r"];
    ends.iter().filter_map(|end| memchr::memmem::find(bytes, end).map(|at| at + end.len())).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(at: u64, text: &'static [u8]) -> (Duration, Bytes) {
        (Duration::from_millis(at), Bytes::from_static(text))
    }

    fn body(content_type: &str, pieces: Pieces) -> Option<ReplyBody> {
        let headers = HeaderMap::from_iter([(http::header::CONTENT_TYPE, content_type.parse().unwrap())]);
        body_of(&headers, &pieces, &Redaction::default())
    }

    #[test]
    fn a_stream_is_cut_at_its_events() {
        let pieces = vec![ms(5, b"data: \xC3"), ms(9, b"\xA9\n\ndata: b\r\n"), ms(30, b"\r\ndata: c\n\n: tail")];
        let Some(ReplyBody::Stream(events)) = body("text/event-stream; charset=utf-8", pieces) else {
            panic!("a stream")
        };
        let shown: Vec<_> = events.iter().map(|event| (event.after_ms, event.text.as_deref().unwrap())).collect();
        assert_eq!(shown, [(9, "data: é\n\n"), (21, "data: b\r\n\r\n"), (0, "data: c\n\n"), (0, ": tail")]);
    }

    #[test]
    fn other_bodies_are_json_text_or_bytes() {
        assert!(
            matches!(body("application/json", vec![ms(0, b"{\"a\""), ms(1, b": 1}")]), Some(ReplyBody::Json(json)) if json.get() == "{\"a\":1}")
        );
        assert!(matches!(body("application/json", vec![ms(0, b"{broken")]), Some(ReplyBody::Text(_))));
        assert!(matches!(body("text/plain", vec![ms(0, b"{}")]), Some(ReplyBody::Text(_))));
        assert!(
            matches!(body("audio/mpeg", vec![ms(0, b"\xFF\x00")]), Some(ReplyBody::Base64(text)) if text == "/wA=")
        );
        assert!(body("application/json", vec![ms(0, b"")]).is_none());
    }
}
