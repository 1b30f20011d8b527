//! String enums that keep the values they do not know: what all of them share.

use super::codec::{Context, Fit, Kinds};
use super::node::{Kind, Node};
use super::text;

/// The kinds an enum is read from.
pub const KINDS: Kinds = Kinds::STRING;

/// Reads a string and makes an enum of it. `known` tells whether the value is one of the API description.
pub fn read<T>(node: Node<'_>, cx: &mut Context, make: fn(&str) -> Option<T>, other: fn(String) -> T) -> Option<T> {
    let (text, exact) = text::unescape_exact(node.inside()?);
    if let Some(value) = make(&text) {
        return Some(value);
    }
    if !exact {
        cx.inexact();
    }
    cx.unknown(node);
    Some(other(text.into_owned()))
}

/// How well a value fits: best if the enum knows it.
pub fn fit<T>(node: Node<'_>, make: fn(&str) -> Option<T>) -> Fit {
    match node.as_str() {
        _ if node.kind() != Kind::String => Fit::NO,
        Some(text) if make(&text).is_some() => Fit::FULL,
        _ => Fit::SHAPE,
    }
}
