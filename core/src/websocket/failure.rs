//! Why a connection ended, and the errors made of it.

use std::time::Duration;

use tokio_websockets::Error as WsError;
use tokio_websockets::proto::ProtocolError;

use super::{ABNORMAL, Close};
use crate::error::{Error, ErrorKind};
use crate::secret::Secret;

/// The end of a connection. It can be told more than once: to the reader, and to everyone who still sends.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) kind: ErrorKind,
    pub(super) message: String,
    pub(super) close: Close,
    /// Code to send before the connection is dropped, where we are the ones who end it.
    pub(super) answer: Option<u16>,
}

impl Failure {
    /// The connection broke without a close frame.
    pub(super) fn broken(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Connection, message: message.into(), close: Close::new(ABNORMAL, ""), answer: None }
    }

    /// What came cannot be used.
    fn unusable(message: String, answer: u16) -> Self {
        Self { kind: ErrorKind::Decode, message, close: Close::new(answer, ""), answer: Some(answer) }
    }

    /// The server sent a close frame.
    pub(super) fn closed(code: u16, reason: &str) -> Self {
        let close = Close::new(code, reason);
        let message = format!("the server closed the connection with code {close}");
        Self { kind: ErrorKind::Closed, message, close, answer: None }
    }

    /// The server did not answer our close frame.
    pub(super) fn unconfirmed(limit: Duration) -> Self {
        let message = format!("the server did not confirm the close within {limit:?}; the connection was dropped");
        Self { kind: ErrorKind::Timeout, ..Self::broken(message) }
    }

    /// Nobody holds the connection any more.
    pub(super) fn dropped() -> Self {
        Self { kind: ErrorKind::Closed, close: Close::new(1000, ""), ..Self::broken("the connection was closed here") }
    }

    /// The same without any mention of a secret.
    pub(super) fn without(mut self, secret: Option<&Secret>) -> Self {
        if let Some(secret) = secret.map(Secret::expose).filter(|secret| secret.len() >= 8) {
            self.message = self.message.replace(secret, "***");
            self.close.reason = self.close.reason.replace(secret, "***");
        }
        self
    }

    /// Whether the server has closed in due form, with whatever code.
    pub(super) fn is_closed(&self) -> bool {
        self.kind == ErrorKind::Closed
    }

    /// A message that could not be read or written. No payload gets into the text.
    pub(super) fn of(error: &WsError) -> Self {
        match error {
            WsError::Io(error) => Self::broken(format!("the connection broke: {error}")),
            WsError::AlreadyClosed => Self::broken("the connection is closed"),
            WsError::PayloadTooLong { len, max_len } => Self::unusable(
                format!(
                    "a message of {len} bytes or more exceeds the limit of {max_len} bytes; \
                     `max_message_bytes` raises it"
                ),
                1009,
            ),
            WsError::Protocol(ProtocolError::InvalidUtf8) => {
                Self::unusable("the server sent a text message that is not UTF-8".to_owned(), 1007)
            }
            other => Self::unusable(format!("the server broke the WebSocket protocol: {other}"), 1002),
        }
    }

    /// The error to show.
    pub(super) fn error(&self) -> Error {
        let retryable = self.kind == ErrorKind::Connection || self.close.is_recoverable();
        Error::new(self.kind, self.message.clone()).with_retryable(retryable).with_close(self.close.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_has_its_kind_and_its_answer() {
        let reset = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        let cases = [
            (WsError::Io(reset), ErrorKind::Connection, None, true),
            (WsError::AlreadyClosed, ErrorKind::Connection, None, true),
            (WsError::Protocol(ProtocolError::InvalidRsv), ErrorKind::Decode, Some(1002), false),
            (WsError::Protocol(ProtocolError::InvalidUtf8), ErrorKind::Decode, Some(1007), false),
            (WsError::PayloadTooLong { len: 10, max_len: 5 }, ErrorKind::Decode, Some(1009), false),
        ];
        for (error, kind, answer, retryable) in cases {
            let failure = Failure::of(&error);
            assert_eq!((failure.kind, failure.answer), (kind, answer), "{error}");
            let shown = failure.error();
            assert_eq!(shown.is_retryable(), retryable, "{shown}");
        }
    }

    #[test]
    fn a_close_frame_is_kept_with_code_and_reason() {
        let error = Failure::closed(1008, "no").error();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Closed, false));
        assert_eq!(error.close(), Some(&Close::new(1008, "no")));
        assert!(error.message().contains("1008 (policy violation): no"));
    }
}
