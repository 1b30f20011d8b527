//! String enums that keep the values they do not know: what all of them share.

use super::codec::{Context, Fit, Kinds};
use super::node::Node;

/// The kinds an enum is read from.
pub const KINDS: Kinds = Kinds::STRING;

/// An enum that a text can be read into.
pub trait OpenEnum {
    /// Becomes the value of this text: false if the enum does not know it.
    fn set(&mut self, text: &str) -> bool;

    /// Becomes this text, which the enum does not know.
    fn set_unknown(&mut self, text: String);
}

/// Reads a string.
#[inline(never)]
pub fn read(place: &mut dyn OpenEnum, node: Node<'_>, cx: &mut Context) -> bool {
    let Some((text, exact)) = node.as_exact_str() else { return false };
    if !place.set(&text) {
        if !exact {
            cx.inexact();
        }
        cx.unknown(node);
        place.set_unknown(text.into_owned());
    }
    true
}

/// How well a value fits: best if the enum knows it.
#[inline(never)]
pub fn fit(place: &mut dyn OpenEnum, node: Node<'_>) -> Fit {
    match node.as_str() {
        None => Fit::NO,
        Some(text) if place.set(&text) => Fit::FULL,
        Some(_) => Fit::SHAPE,
    }
}
