//! An attempt that failed: the error to show, and what the retry policy wants to know.

use crate::error::{Error, ErrorKind};
use crate::policy::retry::Failure;
use crate::transport::{TransportError, TransportErrorKind};

/// A failed attempt.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) error: Error,
    class: Class,
    /// Whether a request was made of it at all.
    pub(super) sent: bool,
}

#[derive(Debug, Clone, Copy)]
enum Class {
    Reply,
    Connection,
    Body,
    Timeout,
    Permanent,
}

impl Failed {
    /// The server refused: its status and headers, which the error carries, decide.
    pub(super) fn reply(error: Error) -> Self {
        Self { error, class: Class::Reply, sent: true }
    }

    /// Nothing that another attempt would change.
    pub(super) fn permanent(error: Error) -> Self {
        Self { error, class: Class::Permanent, sent: true }
    }

    /// The request could not be made.
    pub(super) fn unsent(error: Error) -> Self {
        Self { error, class: Class::Permanent, sent: false }
    }

    /// The exchange failed before the reply's head.
    pub(super) fn sending(error: TransportError) -> Self {
        let class = match error.kind() {
            TransportErrorKind::Connect | TransportErrorKind::Send | TransportErrorKind::Read => Class::Connection,
            TransportErrorKind::ConnectTimeout => Class::Timeout,
            _ => Class::Permanent,
        };
        let sent = error.kind() != TransportErrorKind::Request;
        Self { error: transport_error(error), class, sent }
    }

    /// The exchange failed inside the reply's body.
    pub(super) fn reading(error: Error) -> Self {
        let class = if error.kind() == ErrorKind::Connection { Class::Body } else { Class::Permanent };
        Self { error, class, sent: true }
    }

    pub(super) fn failure(&self) -> Failure<'_> {
        match (self.class, self.error.status().and_then(|status| http::StatusCode::from_u16(status).ok())) {
            (Class::Reply, Some(status)) => Failure::Reply {
                status,
                headers: self.error.headers(),
                code: self.error.code(),
                error_type: self.error.error_type(),
            },
            (Class::Connection, _) => Failure::Connection,
            (Class::Body, _) => Failure::Body,
            (Class::Timeout, _) => Failure::Timeout,
            (Class::Reply | Class::Permanent, _) => Failure::Permanent,
        }
    }
}

/// A failed exchange as the error that callers see.
pub(crate) fn transport_error(error: TransportError) -> Error {
    let kind = match error.kind() {
        TransportErrorKind::ConnectTimeout => ErrorKind::Timeout,
        TransportErrorKind::Decode => ErrorKind::Decode,
        TransportErrorKind::Upload | TransportErrorKind::Request => ErrorKind::Usage,
        _ => ErrorKind::Connection,
    };
    let final_word =
        matches!(error.kind(), TransportErrorKind::Tls | TransportErrorKind::Proxy | TransportErrorKind::Objection);
    let retryable = matches!(kind, ErrorKind::Connection | ErrorKind::Timeout) && !final_word;
    Error::new(kind, error.message().to_owned()).with_retryable(retryable).with_source(error)
}
