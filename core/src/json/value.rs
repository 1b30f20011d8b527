//! `Json`: any JSON value, as the text it came in.

use super::codec::{Context, Decode, Encode, Kinds};
use super::error::DecodeError;
use super::node::{Kind, Node};
use super::tape::Doc;
use super::writer::Writer;
use super::{number, text};
use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

/// Any JSON value: its text, known to be valid, read only when asked. Control characters that a server left unescaped in
/// strings are escaped in it.
///
/// Numbers keep their text, so that neither a large integer nor the difference between `1` and `1.0` is lost. Two
/// values are equal if they mean the same: white space, the order of members and the spelling of numbers and
/// strings do not count; of members with one name the last counts.
#[derive(Clone, Default)]
pub struct Json {
    /// None is `null`.
    text: Option<Box<str>>,
}

impl Json {
    /// `null`
    pub const NULL: Json = Json { text: None };

    /// Takes JSON text.
    ///
    /// # Errors
    /// When it is not one JSON value, or is nested deeper than [`super::MAX_DEPTH`] levels.
    pub fn parse(text: &str) -> Result<Self, DecodeError> {
        Ok(Self::from(Doc::parse_text(text)?.root()))
    }

    /// A JSON string of that value. (A `&str` is not taken for JSON text or a string by guess.)
    pub fn string(value: impl AsRef<str>) -> Self {
        let mut writer = Writer::new();
        writer.string(value.as_ref());
        Self::valid(writer.text())
    }

    /// The JSON that a value of serde serialises to.
    ///
    /// # Errors
    /// When serde cannot serialise it to JSON.
    pub fn from_serialize<T: serde::Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        serde_json::to_string(value).map(|text| Self::valid(&text))
    }

    /// Text that is known to be valid JSON.
    pub(crate) fn valid(text: &str) -> Self {
        Self { text: if text == "null" { None } else { Some(text.into()) } }
    }

    /// The JSON text.
    pub fn raw(&self) -> &str {
        self.text.as_deref().unwrap_or("null")
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        self.text.is_none()
    }

    /// The string's value, if it is a string.
    pub fn as_string(&self) -> Option<String> {
        self.with(|node| node.as_str().map(std::borrow::Cow::into_owned))
    }

    /// The member of an object, or the item of a list by its index written as text.
    pub fn get(&self, name: &str) -> Option<Json> {
        self.with(|node| match node.kind() {
            Kind::List => node.items().nth(name.parse().ok()?).map(Json::from),
            _ => node.get(name).map(Json::from),
        })
    }

    /// The value as a tree. An integer beyond 64 bits becomes the nearest double there.
    pub fn to_value(&self) -> serde_json::Value {
        self.with(to_value)
    }

    /// Decodes it as any type of serde.
    ///
    /// # Errors
    /// When it does not fit that type.
    pub fn decode<T: serde::de::DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.raw())
    }

    /// Reads the value. The depth is not limited: it was when the text came in. Only [`From<serde_json::Value>`]
    /// takes deeper ones, and reading it needs no more stack than dropping that value did.
    pub(super) fn with<T>(&self, read: impl FnOnce(Node<'_>) -> T) -> T {
        match Doc::parse_limited(self.raw(), usize::MAX) {
            Ok(doc) => read(doc.root()),
            Err(error) => unreachable!("the text was checked when the value was made: {error}"),
        }
    }
}

impl From<Node<'_>> for Json {
    fn from(node: Node<'_>) -> Self {
        Self::valid(&text::tidy(node.raw()))
    }
}

impl From<serde_json::Value> for Json {
    fn from(value: serde_json::Value) -> Self {
        Self::valid(&value.to_string())
    }
}

impl FromStr for Json {
    type Err = DecodeError;

    fn from_str(text: &str) -> Result<Self, DecodeError> {
        Self::parse(text)
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.raw())
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.raw())
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.raw() == other.raw() || self.with(|a| other.with(|b| same(a, b)))
    }
}

impl Eq for Json {}

impl Encode for Json {
    fn encode(&self, w: &mut Writer) {
        w.raw(self.raw());
    }
}

impl Decode for Json {
    const KINDS: Kinds = Kinds::ANY;

    fn blank() -> Self {
        Self::NULL
    }

    fn read(&mut self, node: Node<'_>, _: &mut Context) -> bool {
        *self = node.into();
        true
    }
}

/// Whether two values mean the same.
pub(super) fn same(a: Node<'_>, b: Node<'_>) -> bool {
    if a.kind() != b.kind() {
        return false;
    }
    match a.kind() {
        Kind::Null | Kind::Bool => a.raw() == b.raw(),
        Kind::Number => number::same(a.raw(), b.raw()),
        Kind::String => a.raw() == b.raw() || a.as_str() == b.as_str(),
        Kind::List => a.len() == b.len() && a.items().zip(b.items()).all(|(a, b)| same(a, b)),
        Kind::Object => {
            let a: HashMap<_, _> =
                a.members().map(|member| (text::unescape(member.raw_name()), member.value)).collect();
            let b: HashMap<_, _> =
                b.members().map(|member| (text::unescape(member.raw_name()), member.value)).collect();
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(*a, *b)))
        }
    }
}

fn to_value(node: Node<'_>) -> serde_json::Value {
    use serde_json::Value;
    match node.kind() {
        Kind::Null => Value::Null,
        Kind::Bool => Value::Bool(node.as_bool() == Some(true)),
        Kind::String => Value::String(node.as_str().unwrap_or_default().into_owned()),
        Kind::Number => serde_json::from_str(node.raw()).unwrap_or(Value::Null),
        Kind::List => Value::Array(node.items().map(to_value).collect()),
        Kind::Object => {
            Value::Object(node.members().map(|member| (member.name().into_owned(), to_value(member.value))).collect())
        }
    }
}
