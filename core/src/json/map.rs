//! `Map`: an object with names of the user's choosing.

use super::codec::{Context, Decode, Encode, Kinds};
use super::node::{Kind, Node};
use super::text;
use super::writer::Writer;
use indexmap::IndexMap;
use std::fmt;
use std::hash::{BuildHasher, DefaultHasher, RandomState};
use std::ops::{Deref, DerefMut};
use std::sync::LazyLock;

/// An object whose names are data, such as `metadata`, in the order of the wire. Behaves as an
/// [`indexmap::IndexMap`] with `String` keys.
#[derive(Clone, PartialEq)]
pub struct Map<T>(IndexMap<String, T, Keys>);

/// Hashing of a [`Map`]'s names, with keys that are random for each process: a server cannot choose names that collide.
#[derive(Debug, Clone, Copy, Default)]
pub struct Keys;

impl BuildHasher for Keys {
    type Hasher = DefaultHasher;

    fn build_hasher(&self) -> DefaultHasher {
        static RANDOM: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        RANDOM.build_hasher()
    }
}

impl<T> Map<T> {
    /// An empty map.
    pub const fn new() -> Self {
        Self(IndexMap::with_hasher(Keys))
    }
}

impl<T> Default for Map<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Deref for Map<T> {
    type Target = IndexMap<String, T, Keys>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<T> DerefMut for Map<T> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl<T: fmt::Debug> fmt::Debug for Map<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(&self.0).finish()
    }
}

impl<K: Into<String>, V: Into<T>, T> FromIterator<(K, V)> for Map<T> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(items: I) -> Self {
        Self(items.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl<K: Into<String>, V: Into<T>, T, const N: usize> From<[(K, V); N]> for Map<T> {
    fn from(items: [(K, V); N]) -> Self {
        items.into_iter().collect()
    }
}

impl<T> IntoIterator for Map<T> {
    type Item = (String, T);
    type IntoIter = indexmap::map::IntoIter<String, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Map<T> {
    type Item = (&'a String, &'a T);
    type IntoIter = indexmap::map::Iter<'a, String, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<T: Encode> Encode for Map<T> {
    fn encode(&self, w: &mut Writer) {
        w.begin_object();
        for (name, value) in &self.0 {
            w.key(name);
            value.encode(w);
        }
        w.end_object();
    }
}

/// A value of another type is left out, as in a list.
impl<T: Decode> Decode for Map<T> {
    const KINDS: Kinds = Kinds::OBJECT;

    fn blank() -> Self {
        Self::new()
    }

    fn read(&mut self, node: Node<'_>, cx: &mut Context) -> bool {
        if node.kind() != Kind::Object {
            return false;
        }
        self.0.reserve(node.len().min(4096));
        for member in node.members() {
            let (name, exact) = text::unescape_exact(member.raw_name());
            if !exact {
                cx.inexact();
            }
            match T::decode(member.value, cx) {
                Some(value) => drop(self.0.insert(name.into_owned(), value)),
                None => {
                    self.0.shift_remove(name.as_ref());
                    cx.dropped(member.value, T::KINDS);
                }
            }
        }
        true
    }
}
