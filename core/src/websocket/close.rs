//! How a connection ended.

use std::fmt;

/// Code that stands for an end without a close frame; never sent.
pub const ABNORMAL: u16 = 1006;
/// Code that stands for a close frame without a code; never sent.
pub const NO_STATUS: u16 = 1005;

/// How a WebSocket ended: the code and reason of the server's close frame.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Close {
    /// Status code of RFC 6455: 1000 is a proper end, 1005 a close frame without a code, 1006 no close frame at all.
    pub code: u16,
    /// What the server says about it; often empty, 123 bytes at most.
    pub reason: String,
}

impl Close {
    /// A close with this code and reason.
    pub fn new(code: u16, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into() }
    }

    /// Whether the server ended the conversation in due form: 1000, or a close frame without a code.
    pub fn is_normal(&self) -> bool {
        matches!(self.code, 1000 | NO_STATUS)
    }

    /// Whether a new connection may succeed: the server goes away, restarts, is overloaded or failed, or the
    /// connection broke. 1000 and refusals (1002, 1003, 1007 to 1010, 3000 and above) are final.
    pub fn is_recoverable(&self) -> bool {
        matches!(self.code, 1001 | NO_STATUS | ABNORMAL | 1011 | 1012 | 1013 | 1015)
    }

    /// The code's name in RFC 6455 and its registry.
    pub fn name(&self) -> &'static str {
        match self.code {
            1000 => "normal closure",
            1001 => "going away",
            1002 => "protocol error",
            1003 => "unsupported data",
            NO_STATUS => "no status",
            ABNORMAL => "no close frame",
            1007 => "invalid data",
            1008 => "policy violation",
            1009 => "message too big",
            1010 => "extension missing",
            1011 => "internal error",
            1012 => "service restart",
            1013 => "try again later",
            1014 => "bad gateway",
            1015 => "TLS failure",
            3000..=3999 => "registered code",
            4000..=4999 => "the server's own code",
            _ => "unknown code",
        }
    }

    /// Whether this code may stand in a close frame.
    pub(crate) fn may_send(code: u16) -> bool {
        matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }
}

impl fmt::Display for Close {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.code, self.name())?;
        if !self.reason.is_empty() {
            write!(f, ": {}", self.reason)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_apart() {
        let of = |code| Close::new(code, "");
        let normal: Vec<u16> = (1000..1016).filter(|code| of(*code).is_normal()).collect();
        assert_eq!(normal, [1000, 1005]);
        let again: Vec<u16> = (1000..5000).filter(|code| of(*code).is_recoverable()).collect();
        assert_eq!(again, [1001, 1005, 1006, 1011, 1012, 1013, 1015]);
        let barred: Vec<u16> = (1000..1017).filter(|code| !Close::may_send(*code)).collect();
        assert_eq!(barred, [1004, 1005, 1006, 1015, 1016]);
    }

    #[test]
    fn it_reads_as_a_sentence() {
        assert_eq!(Close::new(1008, "slow down").to_string(), "1008 (policy violation): slow down");
        assert_eq!(Close::new(4001, "").to_string(), "4001 (the server's own code)");
    }
}
