//! String enums that keep the values they do not know: what all of them share.

use super::codec::{Context, Fit, Kinds};
use super::node::Node;
use super::text;
use std::borrow::Cow;

/// The kinds an enum is read from.
pub const KINDS: Kinds = Kinds::STRING;

/// A string that may be a value of the enum.
#[derive(Debug)]
pub struct Text<'a> {
    text: Cow<'a, str>,
    exact: bool,
}

/// The value's text, if it is a string.
pub fn text(node: Node<'_>) -> Option<Text<'_>> {
    let (text, exact) = text::unescape_exact(node.inside()?);
    Some(Text { text, exact })
}

impl Text<'_> {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The text to keep, as the enum does not know it.
    #[inline(never)]
    pub fn unknown(self, node: Node<'_>, cx: &mut Context) -> String {
        if !self.exact {
            cx.inexact();
        }
        cx.unknown(node);
        self.text.into_owned()
    }
}

/// How well a value fits: best if the enum knows it.
pub fn fit(is_text: bool, known: bool) -> Fit {
    match (is_text, known) {
        (false, _) => Fit::NO,
        (true, false) => Fit::SHAPE,
        (true, true) => Fit::FULL,
    }
}
