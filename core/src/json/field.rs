//! Structs: reading the members of an object into fields, and writing them back.
//!
//! The macros make one short call a field; everything else is here and compiled once.

use super::codec::{Context, Decode, Encode, Fit, Kinds};
use super::extra::{Extra, fingerprint};
use super::node::{Kind, Node};
use super::tape::Doc;
use super::value::Json;
use super::{text, value};
use std::collections::HashMap;
use std::fmt;

/// A member with one possible value: no Rust field, written by itself.
#[derive(Debug, Clone, Copy)]
pub struct Const {
    /// Its bit in the marks of [`Extra`].
    pub number: u8,
    /// Its member's name.
    pub name: &'static str,
    /// Its JSON text.
    pub text: &'static str,
    /// Whether it is written unless the wire left it out; if not, it is written only if it was on the wire.
    pub required: bool,
}

impl Const {
    fn is(&self, node: Node<'_>) -> bool {
        node.raw() == self.text
            || node.kind() != Kind::List && Doc::parse_text(self.text).is_ok_and(|doc| value::same(node, doc.root()))
    }
}

/// [`Const::required`] in the macros' words.
#[allow(non_upper_case_globals)]
pub mod mode {
    /// Written unless the wire left it out.
    pub const req: bool = true;
    /// Written only if it was on the wire.
    pub const opt: bool = false;
}

/// What tells a struct from others.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Its constants.
    pub constants: &'static [Const],
    /// Its required fields: bit and name.
    pub required: &'static [(u8, &'static str)],
}

impl Shape {
    /// Nothing.
    pub const ANY: Shape = Shape { constants: &[], required: &[] };
}

/// How well a value fits a type of these kinds and this shape.
#[inline(never)]
pub(super) fn fit(node: Node<'_>, kinds: Kinds, shape: Shape) -> Fit {
    if !kinds.has(node.kind()) {
        return Fit::NO;
    }
    let (mut present, mut constants_absent) = (0, false);
    for constant in shape.constants {
        match node.get(constant.name) {
            Some(value) if constant.is(value) => present += 1,
            Some(_) => return Fit::NO,
            None => constants_absent |= constant.required,
        }
    }
    let required = shape.required.iter().filter(|(_, name)| node.get(name).is_some()).count();
    if required < shape.required.len() {
        Fit::partial(present + required as u32)
    } else if constants_absent {
        Fit::SHAPE
    } else {
        Fit::FULL
    }
}

/// In [`Context::members`]: this member has been read.
const READ: u32 = u32::MAX;

/// Reads one object, field by field. Members usually come in the order of the fields, so each search starts where the
/// last one ended.
pub struct ObjectReader<'a, 'c> {
    node: Node<'a>,
    cx: &'c mut Context,
    /// Where this object's members start in `cx.members`.
    base: usize,
    next: usize,
    extra: Extra,
}

impl fmt::Debug for ObjectReader<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectReader").field("node", &self.node).finish_non_exhaustive()
    }
}

impl<'a, 'c> ObjectReader<'a, 'c> {
    /// Starts to read an object; none if it is not one.
    #[inline(never)]
    pub fn new(node: Node<'a>, cx: &'c mut Context, shape: Shape) -> Option<Self> {
        if node.kind() != Kind::Object {
            return None;
        }
        let base = cx.members.len();
        cx.members.extend(node.members().map(|member| member.key.index()));
        drop_repeated(node.doc(), &mut cx.members, base);
        let mut reader = Self { node, cx, base, next: 0, extra: Extra::default() };
        for constant in shape.constants {
            reader.constant(constant);
        }
        Some(reader)
    }

    fn constant(&mut self, constant: &Const) {
        match self.find(constant.name) {
            None if constant.required => {
                self.extra.mark(constant.number);
                self.cx.absent(self.node, constant.name);
            }
            None => {}
            Some(member) if !constant.is(member) => {
                self.extra.keep(constant.name, member.into(), None);
                self.cx.other_constant(member, constant.text);
            }
            Some(_) if !constant.required => self.extra.mark(constant.number),
            Some(_) => {}
        }
    }

    /// Reads a required field into `slot`, which is blank.
    #[inline(never)]
    pub fn required<T: Decode>(&mut self, number: u8, name: &'static str, slot: &mut T) {
        let Some((node, outer)) = self.begin_required(number, name) else { return };
        match T::decode(node, self.cx) {
            Some(value) => {
                // A blank owns nothing, so it need not be dropped: less code in thousands of instances.
                std::mem::forget(std::mem::replace(slot, value));
                self.end_field(name, node, outer, &&*slot);
            }
            None => self.misfit(Some(number), name, node, outer, T::KINDS),
        }
    }

    /// Reads an optional field into `slot`, which is none.
    #[inline(never)]
    pub fn optional<T: Decode>(&mut self, number: u8, name: &'static str, slot: &mut Option<T>) {
        let Some((node, outer)) = self.begin_optional(number, name) else { return };
        match T::decode(node, self.cx) {
            Some(value) => {
                std::mem::forget(slot.replace(value));
                self.end_field(name, node, outer, &&*slot);
            }
            None => self.misfit(None, name, node, outer, T::KINDS),
        }
    }

    /// The member of a required field, and the note of inexactness that stands outside it.
    fn begin_required(&mut self, number: u8, name: &str) -> Option<(Node<'a>, bool)> {
        match self.find(name) {
            Some(node) => Some((node, self.cx.replace_inexact(false))),
            None => {
                self.extra.mark(number);
                self.cx.absent(self.node, name);
                None
            }
        }
    }

    /// The same for an optional field: none where the member is absent or null.
    fn begin_optional(&mut self, number: u8, name: &str) -> Option<(Node<'a>, bool)> {
        let node = self.find(name)?;
        if node.is_null() {
            self.extra.mark(number);
            return None;
        }
        Some((node, self.cx.replace_inexact(false)))
    }

    fn end_field(&mut self, name: &str, node: Node<'_>, outer: bool, value: &dyn Encode) {
        if self.cx.replace_inexact(outer) {
            self.extra.keep(name, node.into(), Some(fingerprint(value)));
        }
    }

    /// The value does not fit the field: kept as it is.
    #[inline(never)]
    fn misfit(&mut self, required: Option<u8>, name: &str, node: Node<'_>, outer: bool, expected: Kinds) {
        self.cx.replace_inexact(outer);
        if let Some(number) = required {
            self.extra.mark(number);
        }
        self.extra.keep(name, node.into(), None);
        self.cx.misfit(node, expected);
    }

    /// Ends the object: what no field has read.
    pub fn rest(&mut self) -> Extra {
        let doc = self.node.doc();
        for index in self.cx.members.drain(self.base..) {
            if index != READ {
                let name = Node::at(doc, index).inside().unwrap_or_default();
                self.extra.keep(name, Json::from(Node::at(doc, index + 1)), None);
            }
        }
        std::mem::take(&mut self.extra)
    }

    #[inline(never)]
    fn find(&mut self, name: &str) -> Option<Node<'a>> {
        let doc = self.node.doc();
        let members = &mut self.cx.members[self.base..];
        let (before, after) = members.split_at_mut(self.next);
        let start = before.len();
        let (place, key) = after
            .iter_mut()
            .enumerate()
            .map(|(place, key)| (place + start, key))
            .chain(before.iter_mut().enumerate())
            .find(|(_, key)| **key != READ && is_key(doc, **key, name))?;
        let value = Node::at(doc, *key + 1);
        *key = READ;
        self.next = place + 1;
        Some(value)
    }
}

#[inline]
fn is_key(doc: &Doc<'_>, index: u32, name: &str) -> bool {
    let entry = doc.tape[index as usize];
    let inside = &doc.text.as_bytes()[entry.start as usize + 1..entry.end as usize - 1];
    if doc.escaped_keys {
        text::same(&doc.text[entry.start as usize + 1..entry.end as usize - 1], name)
    } else {
        inside == name.as_bytes()
    }
}

/// Of members with one name only the last stays.
fn drop_repeated(doc: &Doc<'_>, members: &mut Vec<u32>, base: usize) {
    let key = |index: u32| Node::at(doc, index).inside().unwrap_or_default();
    let mine = &mut members[base..];
    let mut repeated = false;
    if mine.len() <= 64 && !doc.escaped_keys {
        // Names that differ in this hash differ; few pass it, and those are compared.
        let mut seen = 0u64;
        for at in 0..mine.len() {
            let name = key(mine[at]);
            let bit = 1 << (hash(name.as_bytes()) & 63);
            if seen & bit != 0 {
                for earlier in &mut mine[..at] {
                    if *earlier != READ && key(*earlier) == name {
                        *earlier = READ;
                        repeated = true;
                    }
                }
            }
            seen |= bit;
        }
    } else {
        let mut last = HashMap::with_capacity(mine.len());
        for at in 0..mine.len() {
            if let Some(earlier) = last.insert(text::unescape(key(mine[at])), at) {
                mine[earlier] = READ;
                repeated = true;
            }
        }
    }
    if repeated {
        let mine = members.split_off(base);
        members.extend(mine.into_iter().filter(|index| *index != READ));
    }
}

#[inline]
fn hash(name: &[u8]) -> u32 {
    match name {
        [first, .., last] => {
            let middle = name[name.len() / 2];
            let mixed = (name.len() as u32) ^ u32::from(*first) << 3 ^ u32::from(*last) << 6 ^ u32::from(middle) << 10;
            mixed.wrapping_mul(0x9E37_79B1) >> 26
        }
        [only] => u32::from(*only),
        [] => 0,
    }
}
