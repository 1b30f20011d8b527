//! What a struct's fields cannot say about the object it was decoded from.

use super::codec::{Encode, Presence};
use super::field::{Const, Shape};
use super::slot::Slot;
use super::text;
use super::value::Json;
use super::writer::Writer;
use std::borrow::Cow;
use std::fmt;
use std::hash::{DefaultHasher, Hasher};

/// What the fields of a struct cannot say: members that the API description does not know, members whose value does
/// not fit their field, which optional members were `null`, which required ones were absent.
///
/// It is what makes encoding give back what was decoded. Three words; most objects need none of them.
/// When a name stands both here and in a field that has been assigned since, the field wins.
#[derive(Clone, Default)]
pub struct Extra {
    /// One bit a field, by its number. Optional: `null` on the wire. Required: absent or of another type.
    /// Required constant: absent. Optional constant: present.
    marks: [u64; 2],
    #[allow(clippy::box_collection)] // a word in every struct instead of three
    rest: Option<Box<Vec<Member>>>,
}

#[derive(Clone)]
struct Member {
    /// The name as it is written between the quotes.
    name: Box<str>,
    value: Json,
    /// The field of this name holds only part of this value (a list without the items that did not fit, a number
    /// rounded). This is the fingerprint of the field at that time: as long as it is the same, this value is written.
    part: Option<u64>,
}

impl Extra {
    /// The member of that name, if it is kept here.
    pub fn get(&self, name: &str) -> Option<Json> {
        self.find(name).map(|index| self.members()[index].value.clone())
    }

    /// The members kept here: name and value.
    pub fn iter(&self) -> impl Iterator<Item = (Cow<'_, str>, &Json)> {
        self.members().iter().map(|member| (text::unescape(&member.name), &member.value))
    }

    /// Adds a member, in place of one of the same name. It is written unless a field of that name has a value.
    pub fn insert(&mut self, name: &str, value: Json) {
        let mut writer = Writer::new();
        writer.string(name);
        let raw = &writer.text()[1..writer.text().len() - 1];
        self.remove(name);
        self.keep(raw, value, None);
    }

    /// Takes a member out.
    pub fn remove(&mut self, name: &str) -> Option<Json> {
        let index = self.find(name)?;
        self.rest.as_mut().map(|rest| rest.remove(index).value)
    }

    /// Whether no member is kept here.
    pub fn is_empty(&self) -> bool {
        self.members().is_empty()
    }

    fn members(&self) -> &[Member] {
        self.rest.as_deref().map_or(&[], Vec::as_slice)
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.members().iter().position(|member| text::same(&member.name, name))
    }

    /// Nothing.
    pub(crate) const NONE: Self = Self { marks: [0; 2], rest: None };

    /// What is left of a struct when all that it requires was absent: these marks.
    #[inline]
    pub(crate) fn absent(marks: u128) -> Self {
        Self { marks: [marks as u64, (marks >> 64) as u64], rest: None }
    }

    pub(crate) fn mark(&mut self, number: u8) {
        self.marks[usize::from(number / 64)] |= 1 << (number % 64);
    }

    pub(super) fn marked(&self, number: u8) -> bool {
        self.marks[usize::from(number / 64)] >> (number % 64) & 1 == 1
    }

    /// Keeps a member whose name is written as `raw_name`.
    pub(super) fn keep(&mut self, raw_name: &str, value: Json, part: Option<u64>) {
        self.rest.get_or_insert_default().push(Member { name: text::tidy_inside(raw_name).into(), value, part });
    }

    fn is_plain(&self) -> bool {
        self.marks == [0; 2] && self.rest.is_none()
    }
}

impl PartialEq for Extra {
    fn eq(&self, other: &Self) -> bool {
        self.marks == other.marks
            && self.members().len() == other.members().len()
            && self.iter().all(|(name, value)| other.find(&name).is_some_and(|at| other.members()[at].value == *value))
    }
}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Tells two values of a field apart.
pub(super) fn fingerprint(value: &dyn Encode) -> u64 {
    let mut writer = Writer::new();
    value.encode(&mut writer);
    let mut hasher = DefaultHasher::new();
    hasher.write(writer.text().as_bytes());
    hasher.finish()
}

/// Whether a required field still has the value it got for want of a better one.
fn is_blank(value: &dyn Encode) -> bool {
    let mut writer = Writer::new();
    value.encode(&mut writer);
    writer.is_finite() && matches!(writer.text(), "\"\"" | "0" | "0.0" | "false" | "null" | "[]" | "{}")
}

/// Writes one object: the constants, the fields in the order of their shape, then what [`Extra`] keeps.
#[inline(never)]
pub fn write_object(w: &mut Writer, extra: &Extra, shape: &Shape, parts: &[&dyn Slot]) {
    w.begin_object();
    if extra.is_plain() {
        for constant in shape.constants.iter().filter(|constant| constant.required) {
            w.raw_key(constant.name);
            w.raw(constant.text);
        }
        for (place, part) in parts.iter().enumerate() {
            if part.presence() != Presence::Absent {
                write_field(w, shape, place, *part);
            }
        }
    } else {
        write_beside(w, extra, shape, parts);
    }
    w.end_object();
}

fn write_field(w: &mut Writer, shape: &Shape, place: usize, part: &dyn Slot) {
    if let Some((_, name)) = shape.field(place) {
        w.raw_key(name);
        part.encode(w);
    }
}

/// Writes the members of an object of which `extra` knows something.
fn write_beside(w: &mut Writer, extra: &Extra, shape: &Shape, parts: &[&dyn Slot]) {
    for Const { number, name, text, required } in shape.constants {
        if extra.marked(*number) != *required && extra.find(name).is_none() {
            w.raw_key(name);
            w.raw(text);
        }
    }
    // Members of `extra` in place of which a field is written.
    let mut replaced = Vec::new();
    for (place, part) in parts.iter().enumerate() {
        let Some((number, name)) = shape.field(place) else { continue };
        let kept = extra.find(name);
        let marked = extra.marked(number);
        let writes = match part.presence() {
            Presence::Absent => marked && kept.is_none(),
            Presence::Required if marked && is_blank(*part) => false,
            _ => match kept.and_then(|index| extra.members()[index].part) {
                Some(was) => was != fingerprint(*part),
                None => true,
            },
        };
        if writes {
            replaced.extend(kept);
            write_field(w, shape, place, *part);
        }
    }
    for (index, member) in extra.members().iter().enumerate() {
        if !replaced.contains(&index) {
            w.raw_key(&member.name);
            w.raw(member.value.raw());
        }
    }
}
