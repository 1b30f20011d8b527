//! Structs: reading the members of an object into fields.
//!
//! The macros make a table of names and a list of slots; everything else is here and compiled once.

use super::codec::{Context, Fit, Kinds};
use super::extra::{Extra, fingerprint};
use super::node::{Kind, Node};
use super::slot::{Filled, Slot};
use super::tape::Doc;
use super::{text, value};
use std::collections::HashMap;

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

/// [`Const::required`] in the macros' words, as a bit.
#[allow(non_upper_case_globals)]
pub mod mode {
    /// Written unless the wire left it out.
    pub const req: u128 = 1;
    /// Written only if it was on the wire.
    pub const opt: u128 = 0;
}

/// What tells a struct from others. Places count from 0: the required fields, the optional ones, the constants.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Its required fields: bit and name.
    pub required: &'static [(u8, &'static str)],
    /// Its optional fields: bit and name.
    pub optional: &'static [(u8, &'static str)],
    /// Its constants.
    pub constants: &'static [Const],
}

impl Shape {
    /// Nothing.
    pub const ANY: &Shape = &Shape { required: &[], optional: &[], constants: &[] };

    /// The bit and the name of the field at `place`; none if a constant stands there.
    #[inline]
    pub(super) fn field(&self, place: usize) -> Option<(u8, &'static str)> {
        self.required.get(place).or_else(|| self.optional.get(place - self.required.len())).copied()
    }

    fn first_constant(&self) -> usize {
        self.required.len() + self.optional.len()
    }

    /// The place of a name. The search starts at `hint`: members often come in the order of the fields.
    #[inline]
    fn place(&self, name: &[u8], hint: usize) -> Option<usize> {
        let (required, optional) = (self.required.len(), self.first_constant());
        let is = |field: &(u8, &str)| field.1.as_bytes() == name;
        if let Some(rest) = self.required.get(hint..)
            && let Some(place) = rest.iter().position(is)
        {
            return Some(hint + place);
        }
        let from = hint.clamp(required, optional) - required;
        if let Some(place) = self.optional[from..].iter().position(is) {
            return Some(required + from + place);
        }
        if let Some(place) = self.required[..hint.min(required)].iter().position(is) {
            return Some(place);
        }
        if let Some(place) = self.optional[..from].iter().position(is) {
            return Some(required + place);
        }
        self.constants.iter().position(|constant| constant.name.as_bytes() == name).map(|place| optional + place)
    }
}

/// How well a value fits a type of these kinds and this shape.
#[inline(never)]
pub(super) fn fit(node: Node<'_>, kinds: Kinds, shape: &Shape) -> Fit {
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
    /// Index of its key.
    key: u32,
    /// Its place in the [`Shape`], or one of the two below.
    place: u32,
}

/// In [`Pending::place`]: no field has this name.
const UNKNOWN: u32 = u32::MAX;
/// In [`Pending::place`]: another member of this name comes later.
const REPEATED: u32 = u32::MAX - 1;

/// Reads an object into the fields of a struct, which are blank: false if it is no object. What the fields cannot say
/// goes to `extra`.
#[inline(never)]
pub fn read_object(
    node: Node<'_>,
    cx: &mut Context,
    shape: &Shape,
    extra: &mut Extra,
    slots: &mut [&mut dyn Slot],
) -> bool {
    if node.kind() != Kind::Object {
        return false;
    }
    *extra = Extra::NONE;
    let known = cx.plan.recall(node.index(), shape);
    let (first, count, seen, keep) = match known {
        Some(known) => (known.first, known.count, known.seen, true),
        None => {
            let first = cx.members.len();
            let seen = assign(node, cx, shape);
            let count = cx.members.len() - first;
            (first, count, seen, cx.plan.note(node.index(), shape, first, count, seen))
        }
    };
    for at in first..first + count {
        let Pending { key, place } = cx.members[at];
        let value = Node::at(node.doc(), key + 1);
        if let Some(slot) = slots.get_mut(place as usize) {
            let outer = cx.replace_inexact(false);
            match slot.fill(value, cx) {
                Filled::Value => {
                    if cx.replace_inexact(outer) {
                        keep_part(shape, place, extra, value, &**slot);
                    }
                }
                Filled::Null => {
                    cx.replace_inexact(outer);
                    if let Some((number, _)) = shape.field(place as usize) {
                        extra.mark(number);
                    }
                }
                Filled::Misfit(kinds) => {
                    cx.replace_inexact(outer);
                    misfit(shape, place, extra, value, cx, kinds);
                }
            }
        } else if place != REPEATED {
            let name = Node::at(node.doc(), key).inside().unwrap_or_default();
            let constant = shape.constants.get((place as usize).wrapping_sub(slots.len()));
            other_member(constant, name, extra, value, cx);
        }
    }
    if !keep {
        cx.members.truncate(first);
    }
    for (place, constant) in shape.constants.iter().enumerate() {
        if constant.required && !seen.has(shape.first_constant() + place) {
            absent(constant.number, constant.name, extra, node, cx);
        }
    }
    for (place, (number, name)) in shape.required.iter().enumerate() {
        if !seen.has(place) {
            absent(*number, name, extra, node, cx);
        }
    }
    true
}

/// The field holds less than the text says.
#[cold]
fn keep_part(shape: &Shape, place: u32, extra: &mut Extra, value: Node<'_>, slot: &dyn Slot) {
    if let Some((_, name)) = shape.field(place as usize) {
        extra.keep(name, value.into(), Some(fingerprint(slot)));
    }
}

/// The value does not fit the field: kept as it is.
#[cold]
fn misfit(shape: &Shape, place: u32, extra: &mut Extra, value: Node<'_>, cx: &mut Context, kinds: Kinds) {
    if let Some((number, name)) = shape.field(place as usize) {
        if (place as usize) < shape.required.len() {
            extra.mark(number);
        }
        extra.keep(name, value.into(), None);
    }
    cx.misfit(value, kinds);
}

/// A constant, or a member that the API description does not know.
fn other_member(constant: Option<&Const>, name: &str, extra: &mut Extra, value: Node<'_>, cx: &mut Context) {
    match constant {
        None => extra.keep(name, value.into(), None),
        Some(constant) if !constant.is(value) => {
            extra.keep(constant.name, value.into(), None);
            cx.other_constant(value, constant.text);
        }
        Some(constant) if !constant.required => extra.mark(constant.number),
        Some(_) => {}
    }
}

/// Something required was not there.
#[cold]
fn absent(number: u8, name: &str, extra: &mut Extra, node: Node<'_>, cx: &mut Context) {
    extra.mark(number);
    cx.absent(node, name);
}

/// The places whose names an object has. Fields and constants have numbers below 128, so there are no more places.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen([u64; 2]);

impl Seen {
    fn has(self, place: usize) -> bool {
        self.0[place / 64] >> (place % 64) & 1 == 1
    }

    /// Adds a place: false if it was there.
    #[inline]
    fn add(&mut self, place: usize) -> bool {
        let (word, bit) = (&mut self.0[place / 64], 1 << (place % 64));
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }
}

/// Finds the place of each member.
fn assign(node: Node<'_>, cx: &mut Context, shape: &Shape) -> Seen {
    let base = cx.members.len();
    cx.members.reserve(node.len());
    let (mut seen, mut unknown, mut hint) = (Seen::default(), 0, 0);
    for member in node.members() {
        let place = match shape.place(&member.name_bytes(), hint) {
            Some(place) => {
                hint = place + 1;
                if !seen.add(place) {
                    forget_earlier(&mut cx.members[base..], place as u32);
                }
                place as u32
            }
            None => {
                unknown += 1;
                UNKNOWN
            }
        };
        cx.members.push(Pending { key: member.key.index(), place });
    }
    if unknown > 1 {
        forget_repeated(node.doc(), &mut cx.members[base..]);
    }
    seen
}

#[cold]
fn forget_earlier(members: &mut [Pending], place: u32) {
    for member in members.iter_mut().filter(|member| member.place == place) {
        member.place = REPEATED;
    }
}

/// Of members with one name the last stays. Here are those that no field has a name for.
fn forget_repeated(doc: &Doc<'_>, members: &mut [Pending]) {
    let name = |member: &Pending| Node::at(doc, member.key).inside().unwrap_or_default();
    if members.len() <= 32 && !doc.escaped_keys {
        for at in 1..members.len() {
            let (earlier, this) = members.split_at_mut(at);
            if this[0].place == UNKNOWN {
                let this = name(&this[0]);
                for earlier in earlier.iter_mut().filter(|member| member.place == UNKNOWN && name(member) == this) {
                    earlier.place = REPEATED;
                }
            }
        }
        return;
    }
    let mut last = HashMap::with_capacity(members.len());
    for at in 0..members.len() {
        if members[at].place == UNKNOWN
            && let Some(earlier) = last.insert(text::unescape(name(&members[at])), at)
        {
            members[earlier].place = REPEATED;
        }
    }
}
