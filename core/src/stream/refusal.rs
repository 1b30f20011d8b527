//! A reply that was to be a stream of events and is something else.

use bytes::{Bytes, BytesMut};
use http::HeaderMap;

use crate::error::{Error, ErrorKind};
use crate::response::{Problem, peek_error, short_content_type};

/// How much of such a reply is read.
const MAX_BYTES: usize = 64 << 10;

/// What the first bytes of a stream's body tell.
#[derive(Debug)]
pub(super) enum Opening {
    /// Nothing but blanks so far.
    Unknown,
    /// Server-sent events, whatever the content type says.
    Events,
    /// Something that cannot be events: its text so far.
    Other(BytesMut),
}

impl Opening {
    /// Judges a piece of the body: gives it back if it belongs to a stream of events.
    pub(super) fn pass(&mut self, piece: Bytes) -> Option<Bytes> {
        match self {
            Self::Events => Some(piece),
            Self::Other(text) => {
                text.extend_from_slice(&piece[..piece.len().min(MAX_BYTES.saturating_sub(text.len()))]);
                None
            }
            Self::Unknown => {
                let start = piece.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&piece).trim_ascii_start();
                match start.first() {
                    // No field of an event starts like JSON or HTML does.
                    Some(b'{' | b'[' | b'<') => {
                        *self = Self::Other(BytesMut::from(&start[..start.len().min(MAX_BYTES)]));
                        None
                    }
                    Some(_) => {
                        *self = Self::Events;
                        Some(piece)
                    }
                    None => Some(piece),
                }
            }
        }
    }

    /// The error that the reply is, as soon as enough of it is there. `ended` says that no more will come.
    pub(super) fn error(&self, headers: &HeaderMap, ended: bool) -> Option<Error> {
        // Asked after each piece: nothing may be done for a stream that is one.
        if matches!(self, Self::Events) {
            return None;
        }
        let content_type = short_content_type(headers);
        match self {
            Self::Events => None,
            Self::Unknown if ended && !content_type.ends_with("event-stream") => {
                let message =
                    format!("a stream of events was due, but the reply is empty (content type {content_type})");
                Some(Error::new(ErrorKind::Decode, message))
            }
            Self::Unknown => None,
            Self::Other(text) => {
                if text.first() != Some(&b'<') {
                    let complete = serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok();
                    if !complete && !ended && text.len() < MAX_BYTES {
                        return None;
                    }
                    if let Some(error) = peek_error(text) {
                        return Some(error.with_body(Bytes::copy_from_slice(text)));
                    }
                    // An object that says what is wrong in some other shape.
                    let problem = Problem::parse(text).filter(|p| p.message.is_some() && !is_result(text));
                    if let Some(problem) = problem {
                        return Some(problem.into_error(ErrorKind::Api, String::new));
                    }
                }
                let what = if text.first() == Some(&b'<') { "an HTML page" } else { "one JSON value" };
                let message = format!(
                    "a stream of events was due, but the reply is {what} (content type {content_type}); \
                     the provider may not stream this operation"
                );
                Some(Error::new(ErrorKind::Decode, message).with_body(Bytes::copy_from_slice(text)))
            }
        }
    }
}

fn is_result(text: &[u8]) -> bool {
    memchr::memmem::find(text, b"\"choices\"").is_some() || memchr::memmem::find(text, b"\"object\"").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(content_type: &'static str, pieces: &[&'static str]) -> Option<Error> {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", content_type.parse().unwrap());
        let mut opening = Opening::Unknown;
        for piece in pieces {
            opening.pass(Bytes::from_static(piece.as_bytes()));
        }
        opening.error(&headers, true)
    }

    #[test]
    fn the_first_character_tells_and_not_the_content_type() {
        assert!(error_of("text/html", &["data: {}\n\n"]).is_none());
        assert!(error_of("application/json", &[" \n", "data: {}\n\n"]).is_none());
        assert!(error_of("text/event-stream", &[]).is_none());
        let html = error_of("text/event-stream", &["<html>"]).unwrap();
        assert_eq!(html.kind(), ErrorKind::Decode);
    }

    #[test]
    fn json_errors_keep_the_providers_message() {
        let error = error_of("application/json", &["{\"error\":", "{\"message\":\"m\"}}"]).unwrap();
        assert_eq!((error.kind(), error.message()), (ErrorKind::Api, "m"));
        let error = error_of("application/json", &["{\"detail\":\"m\"}"]).unwrap();
        assert_eq!((error.kind(), error.message()), (ErrorKind::Api, "m"));
    }

    #[test]
    fn pages_results_and_silence_name_the_content_type() {
        for (content_type, pieces) in [
            ("text/html", &["<!doctype html>"][..]),
            ("application/json", &["{\"object\":\"chat.completion\",\"choices\":[]}"][..]),
            ("text/plain", &[][..]),
        ] {
            let error = error_of(content_type, pieces).unwrap();
            assert_eq!(error.kind(), ErrorKind::Decode);
            assert!(error.message().contains(content_type));
        }
    }
}
