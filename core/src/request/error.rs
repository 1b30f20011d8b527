//! Requests that cannot be sent as they were asked for.

use std::borrow::Cow;
use std::fmt;

/// Why a request cannot be sent: what is wrong with it and what to do. Never holds a header value, a credential or a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidRequest {
    message: Cow<'static, str>,
}

impl InvalidRequest {
    pub(crate) fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self { message: message.into() }
    }
}

impl fmt::Display for InvalidRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for InvalidRequest {}
