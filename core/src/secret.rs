//! Secrets: keys, tokens, signing secrets.

use crate::json::{Context, Decode, Encode, Kinds, Node, Writer};
use std::fmt;
use zeroize::Zeroize;

/// A string that must not be seen. `Debug` and `Display` show `***`; the memory is zeroed when it is dropped.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Secret {
    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it is the empty string.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for Secret {
    fn from(secret: String) -> Self {
        Self(secret)
    }
}

impl From<&str> for Secret {
    fn from(secret: &str) -> Self {
        Self::from(secret.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Encode for Secret {
    fn encode(&self, w: &mut Writer) {
        w.secret(self.expose());
    }
}

impl Decode for Secret {
    const KINDS: Kinds = Kinds::STRING;

    fn blank() -> Self {
        Self(String::new())
    }

    fn read(&mut self, node: Node<'_>, cx: &mut Context) -> bool {
        self.0.read(node, cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_shown() {
        let secret = Secret::from("sk-123");
        assert_eq!(format!("{secret} {secret:?} {:?}", Some(&secret)), "*** *** Some(***)");
        assert_eq!(secret.expose(), "sk-123");
    }
}
