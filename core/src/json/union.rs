//! Unions: which arm a value belongs to.
//!
//! One look at the value and no trial decoding. With a tag, the arms that list the tag's value; of those the first
//! whose required members are all there, else the first. Without (no tag in the union, none in the value, or a value
//! that no arm lists), the arms of the value's kind: the one alone, or the one that fits best. What fits none is kept
//! as it is.

use super::codec::{Context, Decode, Fit, Kinds};
use super::node::{Kind, Node};
use super::slot::{Filled, Slot};
use super::value::Json;

/// What the choice needs to know of an arm.
#[derive(Debug, Clone, Copy)]
pub struct Arm {
    /// The tag's values that mean this arm. None: it is chosen by shape.
    pub tags: &'static [&'static str],
    /// The kinds of value it takes.
    pub kinds: Kinds,
    /// How well a value fits it.
    pub fit: fn(Node<'_>) -> Fit,
}

/// A union as the choice sees it.
#[derive(Debug, Clone, Copy)]
pub struct Arms {
    /// The name of its tag, if it has one.
    pub tag: &'static [&'static str],
    /// Its arms, in the order to try.
    pub arms: &'static [Arm],
}

/// A union, whichever of its arms it is.
pub trait Union {
    /// Becomes the arm of this index, with a blank value.
    fn choose(&mut self, arm: usize);

    /// Becomes a value that belongs to no arm.
    fn set_unknown(&mut self, value: Json);

    /// The arm's value, to be read.
    fn slot(&mut self) -> &mut dyn Slot;
}

/// Reads a value into the arm it belongs to, or keeps it as it came: no arm was chosen, or the chosen one could not
/// read it.
#[inline(never)]
pub fn read(union: &mut dyn Union, arms: &Arms, node: Node<'_>, cx: &mut Context) -> bool {
    let chosen = pick(arms, node);
    if let Some(arm) = chosen {
        union.choose(arm);
        if union.slot().fill(node, cx) == Filled::Value {
            return true;
        }
    }
    union.set_unknown(unknown(arms.arms, chosen.is_some(), node, cx));
    true
}

/// A blank value of a boxed arm.
pub fn boxed<T: Decode>() -> Box<T> {
    Box::new(T::blank())
}

#[inline(never)]
fn unknown(arms: &[Arm], chosen: bool, node: Node<'_>, cx: &mut Context) -> Json {
    let kinds = arms.iter().fold(Kinds::NONE, |kinds, arm| kinds.or(arm.kinds));
    if kinds.has(node.kind()) && !chosen {
        cx.unknown(node);
    } else {
        cx.misfit(node, kinds);
    }
    node.into()
}

/// How well the best arm of a union fits, for a union in a union.
pub fn fit(union: &Arms, node: Node<'_>) -> Fit {
    pick(union, node).map_or(Fit::NO, |index| (union.arms[index].fit)(node))
}

#[inline(never)]
fn pick(union: &Arms, node: Node<'_>) -> Option<usize> {
    let kind = node.kind();
    let arms = || union.arms.iter().enumerate().filter(|(_, arm)| arm.kinds.has(kind));
    let tag = union.tag.first();
    let tag_value = tag.filter(|_| kind == Kind::Object).and_then(|tag| node.get(tag)?.as_str());
    if let Some(value) = &tag_value {
        let mut tagged = arms().filter(|(_, arm)| arm.tags.contains(&value.as_ref()));
        if let Some(first) = tagged.next() {
            let alone = tagged.clone().next().is_none();
            let fits = |arm: &(usize, &Arm)| (arm.1.fit)(node) == Fit::FULL;
            let best = if alone || fits(&first) { first } else { tagged.find(fits).unwrap_or(first) };
            return Some(best.0);
        }
    }
    let by_shape = |arm: &(usize, &Arm)| tag_value.is_none() || arm.1.tags.is_empty();
    let mut candidates = arms().filter(by_shape);
    let first = candidates.next()?;
    if tag_value.is_none()
        && candidates.clone().next().is_none()
        && (kind != Kind::Object || (first.1.fit)(node) != Fit::NO)
    {
        return Some(first.0);
    }
    // The first of the best: arms stand in the order to try.
    let (mut best, mut index) = ((first.1.fit)(node), first.0);
    for candidate in candidates {
        let fit = (candidate.1.fit)(node);
        if fit > best {
            (best, index) = (fit, candidate.0);
        }
    }
    let enough = match (tag, &tag_value) {
        // A tag that no arm knows: a new kind of thing, unless it is all that an arm asks for.
        (Some(_), Some(_)) => best == Fit::FULL,
        (Some(_), None) if kind == Kind::Object => best >= Fit::SHAPE,
        _ => best > Fit::partial(0),
    };
    enough.then_some(index)
}
