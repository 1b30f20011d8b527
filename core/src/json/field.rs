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

/// One member of an object being read, in [`Context::members`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Pending {
    /// Index of its key; [`READ`] once it has been read.
    key: u32,
    /// [`mark_of`] its name.
    mark: u32,
}

/// In [`Pending::key`]: this member has been read.
const READ: u32 = u32::MAX;

/// Tells most names apart without looking at them: length, first, middle and last byte. 0 in a document that escapes
/// names, where the text may differ and the name not.
#[inline]
fn mark_of(name: &[u8], doc: &Doc<'_>) -> u32 {
    match name {
        [first, .., last] if !doc.escaped_keys => {
            u32::from_le_bytes([name.len() as u8, *first, name[name.len() / 2], *last])
        }
        [only] if !doc.escaped_keys => u32::from(*only),
        _ => 0,
    }
}

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
        let doc = node.doc();
        // Room for the objects inside too, so that most documents need one allocation here.
        cx.members.reserve(node.len().max(if base == 0 { 32 } else { 0 }));
        cx.members.extend(
            node.members()
                .map(|member| Pending { key: member.key.index(), mark: mark_of(member.raw_name().as_bytes(), doc) }),
        );
        drop_repeated(doc, &mut cx.members, base);
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
        for Pending { key: index, .. } in self.cx.members.drain(self.base..) {
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
        let mark = mark_of(name.as_bytes(), doc);
        let members = &mut self.cx.members[self.base..];
        let is = |member: &Pending| member.mark == mark && member.key != READ && is_key(doc, member.key, name);
        let (before, after) = members.split_at(self.next);
        let place = match after.iter().position(is) {
            Some(place) => self.next + place,
            None => before.iter().position(is)?,
        };
        let value = Node::at(doc, members[place].key + 1);
        members[place].key = READ;
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
fn drop_repeated(doc: &Doc<'_>, members: &mut Vec<Pending>, base: usize) {
    let name = |member: &Pending| Node::at(doc, member.key).inside().unwrap_or_default();
    let mine = &mut members[base..];
    let mut repeated = false;
    if mine.len() <= 64 && !doc.escaped_keys {
        // Names of different bits differ; few pass, and those are compared.
        let mut seen = 0u64;
        for at in 0..mine.len() {
            let (earlier, this) = mine.split_at_mut(at);
            let this = &this[0];
            let bit = 1 << (this.mark.wrapping_mul(0x9E37_79B1) >> 26);
            if seen & bit != 0 {
                for earlier in earlier.iter_mut().filter(|earlier| earlier.key != READ && earlier.mark == this.mark) {
                    if name(earlier) == name(this) {
                        earlier.key = READ;
                        repeated = true;
                    }
                }
            }
            seen |= bit;
        }
    } else {
        let mut last = HashMap::with_capacity(mine.len());
        for at in 0..mine.len() {
            if let Some(earlier) = last.insert(text::unescape(name(&mine[at])), at) {
                mine[earlier].key = READ;
                repeated = true;
            }
        }
    }
    if repeated {
        let mine = members.split_off(base);
        members.extend(mine.into_iter().filter(|member| member.key != READ));
    }
}
