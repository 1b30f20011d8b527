//! The opening handshake: what is asked, and whether the answer means a WebSocket (RFC 6455, section 4).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    CONNECTION, HeaderMap, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// One handshake; its key is used once.
#[derive(Debug)]
pub(crate) struct Handshake {
    key: String,
}

impl Handshake {
    /// A handshake with a random key.
    pub(crate) fn new() -> Self {
        Self { key: STANDARD.encode(uuid::Uuid::new_v4().as_bytes()) }
    }

    /// Adds the headers that ask for a WebSocket, in place of any of these names.
    pub(crate) fn ask(&self, headers: &mut HeaderMap) {
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        if let Ok(key) = HeaderValue::from_str(&self.key) {
            headers.insert(SEC_WEBSOCKET_KEY, key);
        }
    }

    /// Adds what the server of a recording answers, in place of any headers of these names.
    pub(crate) fn answer(asked: &HeaderMap, reply: &mut HeaderMap) {
        reply.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        reply.insert(UPGRADE, HeaderValue::from_static("websocket"));
        let key = asked.get(SEC_WEBSOCKET_KEY).and_then(|key| key.to_str().ok()).unwrap_or_default();
        if let Ok(accept) = HeaderValue::from_str(&accept(key)) {
            reply.insert(SEC_WEBSOCKET_ACCEPT, accept);
        }
    }

    /// Checks the headers of a 101.
    ///
    /// # Errors
    /// Says what is wrong with the answer.
    pub(crate) fn check(&self, asked: &HeaderMap, reply: &HeaderMap) -> Result<(), &'static str> {
        if !has_word(reply, &UPGRADE, "websocket") {
            return Err("it switches to another protocol than `websocket`");
        }
        if !has_word(reply, &CONNECTION, "upgrade") {
            return Err("its `Connection` header does not say `Upgrade`");
        }
        if reply.get(SEC_WEBSOCKET_ACCEPT).map(HeaderValue::as_bytes) != Some(accept(&self.key).as_bytes()) {
            return Err("its `Sec-WebSocket-Accept` is not the answer to our key");
        }
        if reply.contains_key(SEC_WEBSOCKET_EXTENSIONS) {
            return Err("it uses an extension that was not asked for");
        }
        match (asked.get(SEC_WEBSOCKET_PROTOCOL), reply.get(SEC_WEBSOCKET_PROTOCOL)) {
            (None, Some(_)) => Err("it names a subprotocol, and none was asked for"),
            _ => Ok(()),
        }
    }
}

/// The answer that belongs to a key.
fn accept(key: &str) -> String {
    STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, format!("{key}{GUID}").as_bytes()))
}

fn has_word(headers: &HeaderMap, name: &http::HeaderName, word: &str) -> bool {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|found| found.trim().eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(handshake: &Handshake) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(UPGRADE, HeaderValue::from_static("WebSocket"));
        headers.insert(CONNECTION, HeaderValue::from_static("keep-alive, Upgrade"));
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept(&handshake.key).parse().unwrap());
        headers
    }

    #[test]
    fn the_answer_to_the_key_of_the_standard_is_that_of_the_standard() {
        assert_eq!(accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn keys_are_sixteen_bytes_and_differ() {
        let (one, two) = (Handshake::new(), Handshake::new());
        assert_eq!(STANDARD.decode(&one.key).unwrap().len(), 16);
        assert_ne!(one.key, two.key);
    }

    #[test]
    fn a_right_answer_is_taken_and_each_wrong_part_is_named() {
        let handshake = Handshake::new();
        let mut asked = HeaderMap::new();
        handshake.ask(&mut asked);
        assert_eq!(handshake.check(&asked, &reply(&handshake)), Ok(()));
        let wrong: &[(http::HeaderName, Option<&str>, &str)] = &[
            (UPGRADE, Some("h2c"), "another protocol"),
            (UPGRADE, None, "another protocol"),
            (CONNECTION, Some("close"), "`Connection`"),
            (SEC_WEBSOCKET_ACCEPT, Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "our key"),
            (SEC_WEBSOCKET_ACCEPT, None, "our key"),
            (SEC_WEBSOCKET_EXTENSIONS, Some("permessage-deflate"), "extension"),
            (SEC_WEBSOCKET_PROTOCOL, Some("chat"), "subprotocol"),
        ];
        for (name, value, named) in wrong {
            let mut headers = reply(&handshake);
            headers.remove(name);
            if let Some(value) = value {
                headers.insert(name, HeaderValue::from_static(value));
            }
            let why = handshake.check(&asked, &headers).unwrap_err();
            assert!(why.contains(named), "{name}: {why}");
        }
    }
}
