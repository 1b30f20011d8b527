//! JSON, both ways: one flat parse of the text, types that read themselves from it without ever failing on an object,
//! and a writer that gives back what was read.
//!
//! - [`Doc`] and [`Node`]: a parsed document, borrowed.
//! - [`Decode`] and [`Encode`]: types that go over the wire. [`decode`], [`decode_strict`], [`encode`].
//! - [`Json`]: any value. [`Map`]: an object with free names. [`Vector`]: an embedding. [`Extra`]: the rest of an object.
//!
//! # What decoding promises
//!
//! For every JSON object `x` and every struct of the API, `encode(decode(x))` means the same as `x`. What a field cannot
//! hold is kept in [`Extra`]: unknown members, values of another type, a required member's absence, an explicit `null`. A
//! field assigned later wins. In detail:
//!
//! - A required member that is absent, `null` or of another type leaves its field at the blank value (`""`, `0`, `[]`), and
//!   is written only once the field has another one.
//! - An item or map value of another type is left out of the field; the list's or map's text is written again as long as the
//!   field is not changed. The same holds for a number that a double rounds, and for `1.0` in an integer field.
//! - Of members with one name the last counts. A lone surrogate reads as U+FFFD.
//! - A [`Vector`] is exact in the doubles it holds, not in their spelling; one that came as base64 is written as a list,
//!   unless the caller asked for base64.
//!
//! # Why it is built this way
//!
//! The tape is one allocation a document, and none where documents follow each other. A struct's own code only lists its
//! fields; one function reads and one writes the objects of all types, so the code of 1,800 types is small, compiles
//! fast and stays in the processor's caches.

mod codec;
mod error;
mod extra;
mod field;
mod file;
pub(crate) mod macros;
mod map;
mod node;
mod number;
pub(crate) mod open_enum;
mod plan;
mod reader;
mod retrace;
mod scan;
pub(crate) mod shims;
mod show;
mod slot;
mod tape;
mod text;
pub(crate) mod union;
mod value;
mod vector;
mod writer;

#[cfg(test)]
mod tests;

pub use codec::{Context, Decode, Encode, Kinds, Strict, decode, decode_strict, encode};
pub(crate) use codec::{decode_joined, decode_keeping_base64};
pub use error::{DecodeError, DecodeErrorKind, EncodeError};
pub use extra::Extra;
pub use map::Map;
pub use node::{Items, Kind, Member, Members, Node};
pub use tape::{Doc, MAX_DEPTH};
pub use value::Json;
pub use vector::Vector;
pub use writer::Writer;

pub(crate) use codec::decode_into;
pub(crate) use node::{Spot, path as path_at};
pub(crate) use reader::Reader;
pub(crate) use slot::{Filled, Slot, slot};

pub use crate::secret::Secret;
#[allow(unused_imports)] // which of them are used depends on the generated types
pub(crate) use macros::{
    model, object, open_enum, open_enum_traits, response, serde_shims, setters, union, value_traits,
};
pub(crate) use text::unescape;

/// What the macros' expansions name.
pub(crate) mod macro_support {
    pub(crate) use super::codec::Fit;
    pub(crate) use super::extra::write_object;
    pub(crate) use super::field::{Const, Shape, mode, read_object};
    pub(crate) use super::show::{debug, equal};
    pub(crate) use super::slot::{Slot, part, slot};
    pub(crate) use super::union::{Arm, Arms};
    pub(crate) use super::{open_enum, shims, union};
}
