//! The two traits of every type that goes over the wire, and their meaning for the types of Rust.

use super::error::{DecodeError, DecodeErrorKind};
use super::field::{self, Pending, Shape};
use super::node::{Kind, Node};
use super::plan::Plan;
use super::slot::{Filled, Slot, read_items, slot};
use super::tape::{Doc, utf8};
use super::writer::Writer;
use super::{number, reader};
use std::fmt;

/// A type that can be written as JSON.
pub trait Encode {
    /// Writes it as one JSON value.
    fn encode(&self, w: &mut Writer);

    /// Whether a member of this value is written at all.
    #[doc(hidden)]
    fn presence(&self) -> Presence {
        Presence::Required
    }
}

/// Whether a field has something to write.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It always has.
    Required,
    /// It might not have, but has.
    Present,
    /// It has not.
    Absent,
}

/// A type that can be read from JSON.
///
/// Decoding is lenient: an object always decodes, whatever is in it (see [`super::Extra`]).
pub trait Decode: Encode + Sized {
    /// The kinds of JSON value that it is read from; objects unless it says otherwise.
    const KINDS: Kinds = Kinds::OBJECT;

    /// The value of a required field whose member is absent. It owns no memory.
    // A function, as is `shape`: two constants in each of thousands of types would be evaluated by every `cargo check`.
    #[doc(hidden)]
    fn blank() -> Self;

    /// What tells a struct from others.
    #[doc(hidden)]
    fn shape() -> &'static Shape {
        Shape::ANY
    }

    /// Reads it into `self`, which is blank. False when the value is of another type, and then `self` is blank still; a
    /// part of it that is goes to [`Context::dropped`].
    // In place, so that no value moves from one level of a document to the next.
    fn read(&mut self, node: Node<'_>, cx: &mut Context) -> bool;

    /// Reads it. None when the value is of another type.
    fn decode(node: Node<'_>, cx: &mut Context) -> Option<Self> {
        let mut this = Self::blank();
        this.read(node, cx).then_some(this)
    }

    /// How well a value fits, for a union's choice among arms of the same kind.
    #[doc(hidden)]
    fn fit(node: Node<'_>) -> Fit {
        field::fit(node, Self::KINDS, Self::shape())
    }
}

/// How well a value fits a type: more is better.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fit(pub(super) u32);

impl Fit {
    /// Another kind of value, or a constant with another value.
    pub(super) const NO: Fit = Fit(0);
    /// All that is required is there, but for a constant.
    pub(super) const SHAPE: Fit = Fit(u32::MAX - 1);
    /// All that is required is there.
    pub(super) const FULL: Fit = Fit(u32::MAX);

    /// So many of the required members are there, but not all.
    pub(super) fn partial(members: u32) -> Fit {
        Fit(1 + members)
    }
}

/// A set of kinds of JSON value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Kinds(u8);

impl Kinds {
    /// No value.
    pub const NONE: Kinds = Kinds(0);
    /// `null`
    pub const NULL: Kinds = Kinds(1);
    /// `true` or `false`
    pub const BOOL: Kinds = Kinds(2);
    /// A number.
    pub const NUMBER: Kinds = Kinds(4);
    /// A string.
    pub const STRING: Kinds = Kinds(8);
    /// A list.
    pub const LIST: Kinds = Kinds(16);
    /// An object.
    pub const OBJECT: Kinds = Kinds(32);
    /// A number without a fraction that fits in 64 bits.
    pub const INTEGER: Kinds = Kinds(64 | 4);
    /// Any value.
    pub const ANY: Kinds = Kinds(63);

    /// What is in either set.
    pub const fn or(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }

    /// What is in any of the sets.
    pub const fn all(sets: &[Kinds]) -> Kinds {
        let mut all = Kinds(0);
        let mut index = 0;
        while index < sets.len() {
            all = all.or(sets[index]);
            index += 1;
        }
        all
    }

    /// Whether a kind is in the set.
    pub const fn has(self, kind: Kind) -> bool {
        let bit = match kind {
            Kind::Null => 1,
            Kind::Bool => 2,
            Kind::Number => 4,
            Kind::String => 8,
            Kind::List => 16,
            Kind::Object => 32,
        };
        self.0 & bit != 0
    }
}

impl fmt::Display for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = if self.0 & 64 == 0 { "a number" } else { "an integer of 64 bits" };
        let names = [
            (Kind::Object, "an object"),
            (Kind::List, "a list"),
            (Kind::String, "a string"),
            (Kind::Number, number),
            (Kind::Bool, "a boolean"),
            (Kind::Null, "null"),
        ];
        let names: Vec<_> = names.iter().filter(|(kind, _)| self.has(*kind)).map(|(_, name)| *name).collect();
        f.write_str(&names.join(" or "))
    }
}

impl fmt::Debug for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn name_of(node: Node<'_>) -> &'static str {
    match node.kind() {
        Kind::Null => "null",
        Kind::Bool => "a boolean",
        Kind::Number => "a number",
        Kind::String => "a string",
        Kind::List => "a list",
        Kind::Object => "an object",
    }
}

/// How strict decoding is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Strict {
    /// Whether an enum value or a union tag that the API description does not know is an error too.
    pub unknown_values: bool,
    /// Whether a required member may be absent all the same.
    pub absent_members: bool,
    /// Whether the text may name files of this machine, which are read when the value is sent.
    pub local_files: bool,
}

impl Strict {
    /// Refuses enum values and union tags that the API description does not know.
    pub fn unknown_values(mut self) -> Self {
        self.unknown_values = true;
        self
    }

    /// Takes objects whose required members are absent: only what is there must be of its type.
    pub fn absent_members(mut self) -> Self {
        self.absent_members = true;
        self
    }

    /// Takes a file that is described by its path. Only for texts whose author may read this machine's files; elsewhere such a
    /// file is a member of another type.
    pub fn local_files(mut self) -> Self {
        self.local_files = true;
        self
    }
}

/// The state of one decoding.
#[derive(Debug, Default)]
pub struct Context {
    strict: Option<Strict>,
    error: Option<DecodeError>,
    /// Something was decoded that would not be encoded as it was; the next field up keeps the text.
    inexact: bool,
    /// Vectors that come as base64 stay so.
    pub(super) keep_base64: bool,
    /// Members of the objects being read, innermost last.
    pub(super) members: Vec<Pending>,
    pub(super) plan: Plan,
    alike: bool,
}

/// Most members that memory is kept for.
const MAX_MEMBERS: usize = 1 << 12;

impl Context {
    /// Makes it as new but for its memory and its plan.
    pub(super) fn reset(&mut self) {
        (self.strict, self.error, self.inexact, self.keep_base64) = (None, None, false, false);
        if self.members.capacity() > MAX_MEMBERS {
            self.members = Vec::new();
            self.plan = Plan::default();
        }
    }

    /// The document that comes now is to be read as the last one was if it is `alike`: of the same structure and names.
    pub(super) fn follow(&mut self, alike: bool) {
        self.alike = alike;
        if !self.plan.begin(alike) {
            self.members.clear();
        }
    }

    /// Whether the document is alike the last one.
    pub(crate) fn is_alike(&self) -> bool {
        self.alike
    }

    /// A value of another type was left out of what is being decoded.
    pub fn dropped(&mut self, node: Node<'_>, expected: Kinds) {
        self.inexact = true;
        self.misfit(node, expected);
    }

    /// What is being decoded will not be encoded as it stands.
    pub fn inexact(&mut self) {
        self.inexact = true;
    }

    /// Sets the note of [`Context::inexact`] and gives back what it was: each field notes its own.
    pub(super) fn replace_inexact(&mut self, inexact: bool) -> bool {
        std::mem::replace(&mut self.inexact, inexact)
    }

    /// A value is of another type: an error where decoding is strict.
    #[inline]
    pub(super) fn misfit(&mut self, node: Node<'_>, expected: Kinds) {
        if self.strict.is_some() && self.error.is_none() {
            self.error = Some(wrong_kind(node, expected));
        }
    }

    /// A required member is absent: an error where decoding is strict.
    #[inline]
    pub(super) fn absent(&mut self, object: Node<'_>, name: &str) {
        if self.strict.is_some_and(|strict| !strict.absent_members) && self.error.is_none() {
            let path = format!("{}.{name}", object.path());
            let message = "a required member is absent".to_owned();
            self.error = Some(DecodeError::new(DecodeErrorKind::Absent, path, object.offset(), message));
        }
    }

    /// A constant has another value: an error where decoding is strict.
    pub(super) fn other_constant(&mut self, node: Node<'_>, text: &str) {
        if self.strict.is_some() && self.error.is_none() {
            let message = format!("expected {text}, found {} of another value", name_of(node));
            self.error = Some(DecodeError::new(DecodeErrorKind::Type, node.path(), node.offset(), message));
        }
    }

    /// Whether a file may be described by its path.
    pub(super) fn takes_local_files(&self) -> bool {
        self.strict.is_some_and(|strict| strict.local_files)
    }

    /// A value that the API description does not know: an error where decoding is strict about it.
    #[inline]
    pub(super) fn unknown(&mut self, node: Node<'_>) {
        if self.strict.is_some_and(|strict| strict.unknown_values) && self.error.is_none() {
            let message = "a value that is not in the API description".to_owned();
            self.error = Some(DecodeError::new(DecodeErrorKind::Unknown, node.path(), node.offset(), message));
        }
    }
}

fn wrong_kind(node: Node<'_>, expected: Kinds) -> DecodeError {
    let found = name_of(node);
    let expected = expected.to_string();
    let message = if expected == found {
        format!("{found} that does not fit")
    } else {
        format!("expected {expected}, found {found}")
    };
    DecodeError::new(DecodeErrorKind::Type, node.path(), node.offset(), message)
}

/// Decodes a document. Lenient: fails only when the text is not JSON, or the whole value is of another kind.
///
/// # Errors
/// See [`DecodeErrorKind`].
pub fn decode<T: Decode>(text: &[u8]) -> Result<T, DecodeError> {
    let mut value = T::blank();
    decode_into(text, slot(&mut value))?;
    Ok(value)
}

/// As [`decode`], with every vector that comes as base64 kept as that text.
pub(crate) fn decode_keeping_base64<T: Decode>(text: &[u8]) -> Result<T, DecodeError> {
    let mut value = T::blank();
    read_into(text, None, true, slot(&mut value))?;
    Ok(value)
}

/// Decodes text that was put together from documents, however deep it is nested by that.
pub(crate) fn decode_joined<T: Decode>(text: &str) -> Option<T> {
    let doc = Doc::parse_limited(text, usize::MAX).ok()?;
    T::decode(doc.root(), &mut Context::default())
}

/// Decodes a document and names the first place where it is not as the API description says.
///
/// # Errors
/// As [`decode`], and for absent required members and members of another type.
pub fn decode_strict<T: Decode>(text: &[u8], strict: Strict) -> Result<T, DecodeError> {
    let mut value = T::blank();
    read_into(text, Some(strict), false, slot(&mut value))?;
    Ok(value)
}

/// As [`decode`], into a place, which is blank.
pub(crate) fn decode_into(text: &[u8], place: &mut dyn Slot) -> Result<(), DecodeError> {
    read_into(text, None, false, place)
}

/// Not generic, so that it is compiled once.
fn read_into(text: &[u8], strict: Option<Strict>, base64: bool, place: &mut dyn Slot) -> Result<(), DecodeError> {
    reader::read(utf8(text)?, |root, cx| {
        (cx.strict, cx.keep_base64) = (strict, base64);
        let filled = place.fill(root, cx);
        match (cx.error.take(), filled) {
            (Some(error), _) => Err(error),
            (None, Filled::Misfit(kinds)) => Err(wrong_kind(root, kinds)),
            (None, _) => Ok(()),
        }
    })?
}

/// Encodes a value that holds no files to JSON text.
///
/// # Errors
/// When a number in it is not finite.
pub fn encode(value: &dyn Encode) -> Result<String, super::EncodeError> {
    let mut writer = Writer::new();
    value.encode(&mut writer);
    writer.finish().map(|(text, _)| text)
}

macro_rules! scalar {
    ($type:ty, $kinds:expr, $blank:expr, |$self:ident, $w:ident| $encode:expr, |$node:ident, $cx:ident| $decode:expr) => {
        impl Encode for $type {
            fn encode(&$self, $w: &mut Writer) {
                $encode
            }
        }

        impl Decode for $type {
            const KINDS: Kinds = $kinds;

            fn blank() -> Self {
                $blank
            }

            fn read(&mut self, $node: Node<'_>, $cx: &mut Context) -> bool {
                let read = |$node: Node<'_>, $cx: &mut Context| -> Option<Self> { $decode };
                read($node, $cx).map(|value| *self = value).is_some()
            }
        }
    };
}

scalar!(bool, Kinds::BOOL, false, |self, w| w.bool(*self), |node, _cx| node.as_bool());
scalar!((), Kinds::NULL, (), |self, w| w.null(), |node, _cx| node.is_null().then_some(()));
scalar!(f64, Kinds::NUMBER, 0.0, |self, w| w.float(*self), |node, cx| {
    let value = node.as_f64()?;
    if !number::is_exact(node.raw(), value) {
        cx.inexact();
    }
    Some(value)
});
scalar!(String, Kinds::STRING, String::new(), |self, w| w.string(self), |node, cx| {
    let (text, exact) = node.as_exact_str()?;
    if !exact {
        cx.inexact();
    }
    Some(text.into_owned())
});

impl Encode for i64 {
    fn encode(&self, w: &mut Writer) {
        w.int(*self);
    }
}

impl Decode for i64 {
    const KINDS: Kinds = Kinds::INTEGER;

    fn blank() -> Self {
        0
    }

    fn read(&mut self, node: Node<'_>, cx: &mut Context) -> bool {
        let Some((value, exact)) = node.as_integer() else { return false };
        // `1.0` and `-0` are integers, and stay as they are written.
        if !exact {
            cx.inexact();
        }
        *self = value;
        true
    }

    fn fit(node: Node<'_>) -> Fit {
        if node.as_i64().is_some() { Fit::FULL } else { Fit::NO }
    }
}

impl<T: Encode> Encode for Option<T> {
    fn encode(&self, w: &mut Writer) {
        match self {
            Some(value) => value.encode(w),
            None => w.null(),
        }
    }

    fn presence(&self) -> Presence {
        if self.is_some() { Presence::Present } else { Presence::Absent }
    }
}

/// References are what becomes `dyn Encode`: the table of one holds no drop code of the type.
impl<T: Encode> Encode for &T {
    fn encode(&self, w: &mut Writer) {
        (**self).encode(w);
    }

    fn presence(&self) -> Presence {
        (**self).presence()
    }
}

impl<T: Encode> Encode for Box<T> {
    fn encode(&self, w: &mut Writer) {
        (**self).encode(w);
    }
}

/// For optional fields of a type that holds itself.
impl<T: Decode> Decode for Box<T> {
    const KINDS: Kinds = T::KINDS;

    fn blank() -> Self {
        Self::new(T::blank())
    }

    fn shape() -> &'static Shape {
        T::shape()
    }

    fn read(&mut self, node: Node<'_>, cx: &mut Context) -> bool {
        (**self).read(node, cx)
    }

    fn fit(node: Node<'_>) -> Fit {
        T::fit(node)
    }
}

impl<T: Encode> Encode for Vec<T> {
    fn encode(&self, w: &mut Writer) {
        w.begin_list();
        for item in self {
            item.encode(w);
        }
        w.end_list();
    }
}

/// An item of another type (`null` among objects) is left out, so that the good ones can be used; the list's text is
/// kept in [`super::Extra`] and written again as long as the field is not changed.
impl<T: Decode> Decode for Vec<T> {
    const KINDS: Kinds = Kinds::LIST;

    fn blank() -> Self {
        Vec::new()
    }

    fn read(&mut self, node: Node<'_>, cx: &mut Context) -> bool {
        let Some(expected) = items_expected(node) else { return false };
        // Exactly: room for four large items would not come from the small, quick end of the heap.
        self.reserve_exact(expected);
        read_items(node, cx, self);
        true
    }

    fn fit(node: Node<'_>) -> Fit {
        fit_of_items(node, T::fit)
    }
}

/// How many items to make room for; none if the value is not a list.
fn items_expected(node: Node<'_>) -> Option<usize> {
    // A hostile list of small items of another type must not reserve large ones.
    (node.kind() == Kind::List).then(|| node.len().min(4096))
}

fn fit_of_items(node: Node<'_>, fit: fn(Node<'_>) -> Fit) -> Fit {
    if node.kind() != Kind::List {
        return Fit::NO;
    }
    node.items().map(fit).min().unwrap_or(Fit::FULL)
}
