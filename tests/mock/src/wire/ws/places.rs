//! Where WebSockets are spoken, and the opening handshake.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

use crate::{check::Violation, wire::Head};

const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A path where WebSockets are spoken.
#[derive(Debug)]
pub(crate) struct Place {
    path: &'static str,
    /// Header that tells it from another place with the same path.
    beta: bool,
    /// Type of the events that clients send.
    pub(super) client: &'static str,
    /// Type of the events that this server sends.
    pub(super) server: &'static str,
}

const fn place(path: &'static str, beta: bool, client: &'static str, server: &'static str) -> Place {
    Place { path, beta, client, server }
}

static PLACES: &[Place] = &[
    place("/realtime", true, "BetaRealtimeClientEvent", "BetaRealtimeServerEvent"),
    place("/realtime", false, "RealtimeClientEvent", "RealtimeServerEvent"),
    place("/realtime/translations", false, "RealtimeTranslationClientEvent", "RealtimeTranslationServerEvent"),
    place("/responses", true, "BetaResponsesClientEvent", "BetaResponsesServerEvent"),
    place("/responses", false, "ResponsesClientEvent", "ResponsesServerEvent"),
    place("/live/sessions", false, "LiveClientEvent", "LiveServerEvent"),
    place("/live/sessions/{}/attach", false, "ConnectClientEvent", "ConnectServerEvent"),
    place("/live/sessions/{}/fork", false, "ForkClientEvent", "ForkServerEvent"),
];

/// The place that a request wants to speak WebSocket at.
pub(crate) fn place_of(head: &Head) -> Option<&'static Place> {
    let asks = head.verb == "GET" && has_word(head, "upgrade", "websocket");
    let fits = |place: &&Place| {
        let (want, path) = (place.path.split('/'), below_azure(head.api_path()).split('/'));
        want.clone().count() == path.clone().count()
            && want.zip(path).all(|(want, part)| want == part || want == "{}")
            && (!place.beta || head.header("openai-beta").is_some())
    };
    PLACES.iter().find(|place| asks && fits(place))
}

/// Where Azure OpenAI has the same place.
fn below_azure(path: &str) -> &str {
    path.strip_prefix("/openai/v1").or_else(|| path.strip_prefix("/openai")).unwrap_or(path)
}

fn has_word(head: &Head, name: &str, word: &str) -> bool {
    let lines = head.headers.iter().filter(|(found, _)| found.eq_ignore_ascii_case(name));
    lines.flat_map(|(_, value)| value.split(',')).any(|found| found.trim().eq_ignore_ascii_case(word))
}

/// How a handshake breaks RFC 6455.
pub(super) fn violations(head: &Head) -> Vec<Violation> {
    let mut out = Vec::new();
    let mut report = |name: &str, message: &str| {
        out.push(Violation { path: format!("headers.{name}"), message: message.to_owned() });
    };
    if !has_word(head, "connection", "upgrade") {
        report("connection", "must say `Upgrade`");
    }
    if head.header("sec-websocket-version") != Some("13") {
        report("sec-websocket-version", "must be 13");
    }
    let key = head.header("sec-websocket-key").and_then(|key| STANDARD.decode(key).ok());
    if key.is_none_or(|key| key.len() != 16) {
        report("sec-websocket-key", "must be 16 bytes in base64");
    }
    out
}

/// The headers that accept a handshake.
pub(super) fn accepting(head: &Head) -> Vec<(String, String)> {
    let key = head.header("sec-websocket-key").unwrap_or_default();
    let accept = STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, format!("{key}{GUID}").as_bytes()));
    [("upgrade", "websocket".to_owned()), ("connection", "Upgrade".to_owned()), ("sec-websocket-accept", accept)]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(path: &str, headers: &[(&str, &str)]) -> Head {
        let mut head = Head { verb: "GET".to_owned(), ..Head::default() };
        head.set_target(path);
        head.headers = headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        head
    }

    #[test]
    fn places_are_told_by_path_and_header() {
        let upgrade = ("upgrade", "websocket");
        let of = |path, headers: &[_]| place_of(&head(path, headers)).map(|place| place.server);
        assert_eq!(of("/v1/realtime?model=m", &[upgrade]), Some("RealtimeServerEvent"));
        assert_eq!(of("/v1/realtime", &[upgrade, ("openai-beta", "realtime=v1")]), Some("BetaRealtimeServerEvent"));
        assert_eq!(of("/v1/live/sessions/s/attach", &[upgrade]), Some("ConnectServerEvent"));
        assert_eq!(of("/v1/live/sessions/s", &[upgrade]), None);
        assert_eq!(of("/v1/realtime", &[]), None);
    }

    #[test]
    fn the_handshake_of_the_standard_is_answered_as_there() {
        let asked = [
            ("connection", "keep-alive, Upgrade"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        let head_ = head("/v1/realtime", &asked);
        assert!(violations(&head_).is_empty());
        assert_eq!(accepting(&head_)[2].1, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!(violations(&head("/v1/realtime", &[("sec-websocket-key", "AAAA")])).len(), 3);
    }
}
