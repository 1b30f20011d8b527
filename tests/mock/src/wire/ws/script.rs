//! Steps of a scripted conversation as data. `README.md` of this crate describes every key.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;

use super::frame::{self, Frame};
use crate::script::{Do, Part, Times};

/// One step of a scripted conversation.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Step {
    /// Why it is there; not looked at.
    pub note: Option<Value>,
    /// Sends a text message of this JSON.
    pub json: Option<Value>,
    /// Sends a text message.
    pub text: Option<String>,
    /// Sends a binary message, given in base64.
    pub binary: Option<String>,
    /// Sends a text message of these parts.
    pub parts: Option<Vec<Part>>,
    /// With a message: the number of frames it is sent in.
    pub fragments: Option<usize>,
    /// Sends one event of each type that the server may send here, made from the description.
    pub synth: bool,
    /// Sends a ping.
    pub ping: Option<String>,
    /// Sends a pong that nobody asked for.
    pub pong: Option<String>,
    /// Sends a frame as it is spelled out.
    pub frame: Option<Spelled>,
    /// Sends bytes that are no frame, given in base64.
    pub raw: Option<String>,
    /// Waits for the client's next message, which must have at least these members.
    pub expect: Option<Value>,
    /// Waits for so many messages of the client, whatever they say.
    pub receive: Option<usize>,
    /// Waits for a control frame of the client.
    pub wait_for: Option<Word>,
    /// Sends a close frame and waits for the client's: a code, or `"empty"`.
    pub close: Option<CloseCode>,
    /// With `close`: the reason.
    pub reason: String,
    /// Whether pings of the client are answered from now on.
    pub answer_pings: Option<bool>,
    /// Waits for a gate.
    pub gate: Option<String>,
    /// Waits so many milliseconds.
    pub wait_ms: Option<u64>,
    /// Ends the connection without a close frame: `close`, `reset`, `hold` or `deaf`.
    pub end: Option<End>,
    /// Plays these steps.
    pub steps: Option<Vec<Step>>,
    /// With `steps`: how often.
    pub times: Times,
}

/// A frame spelled out.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spelled {
    /// Operation code, 0 to 15.
    pub opcode: u8,
    /// Whether it is the last of its message.
    #[serde(default = "yes")]
    pub fin: bool,
    /// Reserved bits, 0 to 7.
    #[serde(default)]
    pub rsv: u8,
    /// Whether it is masked, which no server may do.
    #[serde(default)]
    pub masked: bool,
    /// Payload as a text.
    #[serde(default)]
    pub text: String,
    /// Payload in base64, after the text.
    #[serde(default)]
    pub base64: String,
    /// Length that its head states instead of the payload's.
    #[serde(default)]
    pub length: Option<u64>,
}

fn yes() -> bool {
    true
}

/// A control frame of the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// A ping.
    Ping,
    /// A pong.
    Pong,
    /// A close frame.
    Close,
}

/// Code of a close frame.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum CloseCode {
    /// A code.
    Code(u16),
    /// `"empty"`: a close frame without a code.
    Word(Empty),
}

/// The word `empty`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Empty {
    /// No code.
    Empty,
}

/// How a conversation ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// FIN.
    Close,
    /// RST.
    Reset,
    /// It stays open; what the client sends is read and nothing is answered.
    Hold,
}

impl End {
    pub(super) fn r#do(self) -> Do {
        match self {
            Self::Close => Do::Close,
            Self::Reset => Do::Reset,
            Self::Hold => Do::Hold,
        }
    }
}

impl Spelled {
    pub(super) fn bytes(&self) -> Result<Bytes, String> {
        let mut payload = self.text.clone().into_bytes();
        payload.extend(decoded(&self.base64)?);
        let frame =
            Frame { fin: self.fin, rsv: self.rsv & 7, masked: self.masked, ..Frame::new(self.opcode & 15, payload) };
        Ok(frame.bytes(self.length))
    }
}

impl Step {
    /// The message that it sends, if it is such a step: opcode and payload.
    pub(super) fn message(&self, fill: &dyn Fn(&str) -> String) -> Result<Option<(u8, Bytes)>, String> {
        if let Some(value) = &self.json {
            return Ok(Some((frame::TEXT, fill(&value.to_string()).into())));
        }
        if let Some(text) = &self.text {
            return Ok(Some((frame::TEXT, fill(text).into())));
        }
        if let Some(text) = &self.binary {
            return Ok(Some((frame::BINARY, decoded(text)?.into())));
        }
        let Some(parts) = &self.parts else { return Ok(None) };
        let mut bytes = Vec::new();
        for part in parts {
            match part {
                Part::Json(value) => bytes.extend_from_slice(fill(&value.to_string()).as_bytes()),
                Part::Text(text) => bytes.extend_from_slice(fill(text).as_bytes()),
                Part::Base64(text) => bytes.extend(decoded(text)?),
                Part::Repeat(text, times) => (0..*times).for_each(|_| bytes.extend_from_slice(text.as_bytes())),
                Part::Sse(_) => return Err("a message has no server-sent events".to_owned()),
            }
        }
        Ok(Some((frame::TEXT, bytes.into())))
    }
}

pub(super) fn decoded(base64: &str) -> Result<Vec<u8>, String> {
    STANDARD.decode(base64).map_err(|error| format!("base64: {error}"))
}

/// Whether a value has at least what is wanted: members of objects by inclusion, anything else whole.
pub(super) fn includes(want: &Value, value: &Value) -> bool {
    match (want, value) {
        (Value::Object(want), Value::Object(value)) => {
            want.iter().all(|(name, want)| value.get(name).is_some_and(|value| includes(want, value)))
        }
        _ => want == value,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_are_compared_by_inclusion_and_the_rest_whole() {
        let value = json!({"type": "a", "list": [1, {"x": 1, "y": 2}], "deep": {"x": 1, "y": 2}});
        assert!(includes(&json!({"type": "a", "deep": {"y": 2}}), &value));
        assert!(!includes(&json!({"list": [1, {"x": 1}]}), &value));
        assert!(!includes(&json!({"missing": null}), &value));
    }

    #[test]
    fn a_message_is_made_of_its_parts() {
        let step: Step =
            serde_json::from_value(json!({"parts": [{"text": "a"}, {"repeat": ["bc", 2]}]})).expect("a step");
        let message = step.message(&str::to_owned).expect("well formed").expect("a message");
        assert_eq!(message, (frame::TEXT, Bytes::from_static(b"abcbc")));
    }

    #[test]
    fn misspelt_keys_are_refused() {
        assert!(serde_json::from_value::<Step>(json!({"jsn": {}})).is_err());
        assert!(serde_json::from_value::<Step>(json!({"close": "full"})).is_err());
    }
}
