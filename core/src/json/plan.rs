//! Which members are which fields, remembered from one document to the next one like it.

use super::field::{Seen, Shape};

/// Most objects, and most members of them, that are remembered.
const MAX_OBJECTS: usize = 64;
const MAX_MEMBERS: usize = 1 << 10;

/// What was found about the objects of a document, in the order in which they were read.
#[derive(Debug, Default)]
pub(super) struct Plan {
    objects: Vec<Object>,
    next: usize,
    state: State,
}

/// One object that was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Object {
    /// Index of its opening entry.
    node: u32,
    /// Address of the shape that it was read as. Two shapes at one address are the same.
    shape: usize,
    /// Where its members are among [`Context::members`](super::Context).
    pub(super) first: usize,
    pub(super) count: usize,
    pub(super) seen: Seen,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing is remembered.
    #[default]
    Off,
    /// The document is new: what is found is noted.
    Noting,
    /// The document is like the last one.
    Following,
    /// It is not quite: the next one begins anew.
    Lost,
}

impl Plan {
    /// A document begins: whether the members of the last one are still needed.
    pub(super) fn begin(&mut self, alike: bool) -> bool {
        let follows = alike && matches!(self.state, State::Noting | State::Following);
        self.next = 0;
        self.state = if follows { State::Following } else { State::Noting };
        if !follows {
            self.objects.clear();
        }
        follows
    }

    /// What is known of the object that is to be read now.
    #[inline]
    pub(super) fn recall(&mut self, node: u32, shape: &Shape) -> Option<Object> {
        if self.state != State::Following {
            return None;
        }
        match self.objects.get(self.next) {
            Some(object) if object.node == node && object.shape == std::ptr::from_ref(shape).addr() => {
                self.next += 1;
                Some(*object)
            }
            _ => {
                self.state = State::Lost;
                None
            }
        }
    }

    /// Notes what was found of an object: whether its members are to be kept.
    pub(super) fn note(&mut self, node: u32, shape: &Shape, first: usize, count: usize, seen: Seen) -> bool {
        if self.state != State::Noting {
            return false;
        }
        if self.objects.len() == MAX_OBJECTS || first + count > MAX_MEMBERS {
            self.state = State::Off;
            return false;
        }
        self.objects.push(Object { node, shape: std::ptr::from_ref(shape).addr(), first, count, seen });
        true
    }
}
