//! What a struct's fields cannot say about the object it was decoded from.

use super::codec::{Encode, Presence};
use super::value::Json;
use super::writer::Writer;
use super::{field, text};
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

    /// What is left of a struct of this shape when all that it requires was absent.
    #[inline(never)]
    pub(crate) fn absent(shape: field::Shape) -> Self {
        let mut this = Self::NONE;
        for constant in shape.constants.iter().filter(|constant| constant.required) {
            this.mark(constant.number);
        }
        for (number, _) in shape.required {
            this.mark(*number);
        }
        this
    }

    pub(crate) fn mark(&mut self, number: u8) {
        self.marks[usize::from(number / 64)] |= 1 << (number % 64);
    }

    pub(super) fn marked(&self, number: u8) -> bool {
        self.marks[usize::from(number / 64)] >> (number % 64) & 1 == 1
    }

    /// Keeps a member whose name is written as `raw_name`.
    pub(super) fn keep(&mut self, raw_name: &str, value: Json, part: Option<u64>) {
        self.rest.get_or_insert_default().push(Member { name: raw_name.into(), value, part });
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

/// Writes one object: the constants, the fields, then what [`Extra`] keeps.
pub struct ObjectWriter<'a> {
    writer: &'a mut Writer,
    extra: &'a Extra,
    /// Members of `extra` that a field has been written in place of.
    replaced: Vec<usize>,
}

impl fmt::Debug for ObjectWriter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectWriter").finish_non_exhaustive()
    }
}

impl<'a> ObjectWriter<'a> {
    /// Starts an object with its constants.
    pub fn new(writer: &'a mut Writer, extra: &'a Extra, shape: field::Shape) -> Self {
        writer.begin_object();
        let mut this = Self { writer, extra, replaced: Vec::new() };
        this.constants(shape.constants);
        this
    }

    fn constants(&mut self, constants: &[field::Const]) {
        for constant in constants {
            if self.extra.marked(constant.number) != constant.required && self.extra.find(constant.name).is_none() {
                self.writer.raw_key(constant.name);
                self.writer.raw(constant.text);
            }
        }
    }

    /// Writes a field, unless `extra` says that it was not there or knows better.
    // Generic so that the type checker need not find the coercion to `dyn` at each of thousands of calls.
    #[inline]
    pub fn field<T: Encode>(&mut self, number: u8, name: &str, value: &T) {
        self.write(number, name, &value);
    }

    fn write(&mut self, number: u8, name: &str, value: &dyn Encode) {
        let presence = value.presence();
        if !self.extra.is_plain() {
            if !self.writes(number, name, value, presence) {
                return;
            }
        } else if presence == Presence::Absent {
            return;
        }
        self.writer.key(name);
        value.encode(self.writer);
    }

    /// Whether the field is written, where `extra` has something to say.
    fn writes(&mut self, number: u8, name: &str, value: &dyn Encode, presence: Presence) -> bool {
        let kept = self.extra.find(name);
        let marked = self.extra.marked(number);
        let writes = match presence {
            Presence::Absent => marked && kept.is_none(),
            Presence::Required if marked && is_blank(value) => false,
            _ => match kept.and_then(|index| self.extra.members()[index].part) {
                Some(part) => part != fingerprint(value),
                None => true,
            },
        };
        if writes {
            self.replaced.extend(kept);
        }
        writes
    }

    /// Ends the object.
    pub fn end(self) {
        for (index, member) in self.extra.members().iter().enumerate() {
            if !self.replaced.contains(&index) {
                self.writer.raw_key(&member.name);
                self.writer.raw(member.value.raw());
            }
        }
        self.writer.end_object();
    }
}
