//! Fields, seen without their types.
//!
//! What a struct's code does is hand over its fields as [`Slot`]s, in the order of its [`Shape`](super::field::Shape).
//! Reading, writing and choosing among them is then one piece of code for all types.

use super::codec::{Context, Decode, Encode, Kinds};
use super::node::Node;

/// A place that a value can be read into, and written from.
pub trait Slot: Encode {
    /// Reads a value into the place, which is blank.
    fn fill(&mut self, node: Node<'_>, cx: &mut Context) -> Filled;
}

/// What [`Slot::fill`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filled {
    /// A value; the place holds it.
    Value,
    /// `null`, which leaves an optional place blank.
    Null,
    /// A value of another kind than these; the place is blank still.
    Misfit(Kinds),
}

impl<T: Decode> Slot for T {
    fn fill(&mut self, node: Node<'_>, cx: &mut Context) -> Filled {
        if self.read(node, cx) { Filled::Value } else { Filled::Misfit(T::KINDS) }
    }
}

impl<T: Decode> Slot for Option<T> {
    fn fill(&mut self, node: Node<'_>, cx: &mut Context) -> Filled {
        if node.is_null() {
            return Filled::Null;
        }
        if self.insert(T::blank()).read(node, cx) {
            return Filled::Value;
        }
        *self = None;
        Filled::Misfit(T::KINDS)
    }
}

/// A field to be read.
// A call, because the type checker takes longer to find the coercion in each of thousands of places.
#[inline(always)]
pub fn slot<T: Slot>(field: &mut T) -> &mut dyn Slot {
    field
}

/// A field to be written.
#[inline(always)]
pub fn part<T: Slot>(field: &T) -> &dyn Slot {
    field
}

/// A list that items are read into.
pub(super) trait List {
    /// Adds a blank item.
    fn add(&mut self) -> &mut dyn Slot;

    /// Takes the last item out.
    fn remove_last(&mut self);
}

impl<T: Decode> List for Vec<T> {
    fn add(&mut self) -> &mut dyn Slot {
        let place = self.len();
        self.push(T::blank());
        &mut self[place]
    }

    fn remove_last(&mut self) {
        self.pop();
    }
}

/// Reads the items of a list. One of another type is left out.
#[inline(never)]
pub(super) fn read_items(node: Node<'_>, cx: &mut Context, list: &mut dyn List) {
    for item in node.items() {
        if let Filled::Misfit(kinds) = list.add().fill(item, cx) {
            list.remove_last();
            cx.dropped(item, kinds);
        }
    }
}
