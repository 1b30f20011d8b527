//! The description, read, checked and prepared. Knows nothing of any language.
//!
//! After [`Schema::load`] nothing changes any more: an output reads from here and from no other output.

pub mod check;
pub mod defs;
pub mod docs;
pub mod expr;
pub mod graph;
pub mod load;
pub mod unions;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use defs::{EnumDef, NamesFile, OperationDef, StructDef, TypeDef, UnionDef};

use super::Problems;

/// Everything an output may ask for.
#[derive(Debug)]
pub struct Schema {
    /// Operations in the order of their ids.
    pub operations: Vec<Operation>,
    /// Types that an operation or a root needs, by name.
    pub types: BTreeMap<String, Type>,
    /// Names given by hand for Rust.
    pub rust_names: NamesFile,
}

/// An operation with what belongs to it.
#[derive(Debug)]
pub struct Operation {
    /// The facts.
    pub def: OperationDef,
    /// The file it stands in, or, where that has very many operations, a large resource in it. Groups the outputs.
    pub group: String,
    /// One line in our words.
    pub summary: Option<String>,
}

/// A type with what preparation found out about it.
#[derive(Debug)]
pub struct Type {
    /// The facts.
    pub def: TypeDef,
    /// The file it stands in (without the number of a continued one), which groups the outputs.
    pub area: String,
    /// Texts in our words: `""` for the type, else by member or value.
    pub docs: BTreeMap<String, String>,
    /// Reached from an operation's arguments. Every other type is only received.
    pub sent: bool,
    /// Where it is used, for texts: `field` of `Type`, sorted, the first ones only.
    pub used_by: Vec<Use>,
    /// Members that hold, by value, a struct which holds this one again. Languages that lay structs out inline need
    /// an indirection there; which member it is follows from the description alone.
    pub recursive: BTreeSet<String>,
    /// Members that a language surface passes apart from the rest (the stream flag).
    pub hidden: BTreeSet<String>,
}

/// One place where a type is used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// Arguments of an operation.
    Arguments(String),
    /// Reply of an operation.
    Reply(String),
    /// Item of a list operation.
    Item(String),
    /// Event of a stream.
    Event(String),
    /// A member of another type.
    Member {
        /// The other type.
        owner: String,
        /// Its member, or its arm.
        member: String,
    },
}

impl Schema {
    /// Reads and checks `api/` and finds out what the outputs need to know.
    pub fn load(api: &Path) -> Result<Self, Problems> {
        let raw = load::read(api)?;
        check::check(&raw)?;
        graph::prepare(raw)
    }

    /// The type of this name. Checked before: every name in the description exists.
    pub fn get(&self, name: &str) -> Option<&Type> {
        self.types.get(name)
    }

    /// The struct of this name, if it is one.
    pub fn structure(&self, name: &str) -> Option<&StructDef> {
        self.types.get(name).and_then(|ty| ty.def.structure())
    }
}

impl TypeDef {
    /// The struct, if it is one.
    pub fn structure(&self) -> Option<&StructDef> {
        if let Self::Struct(def) = self { Some(def) } else { None }
    }

    /// The enum, if it is one.
    pub fn enumeration(&self) -> Option<&EnumDef> {
        if let Self::Enum(def) = self { Some(def) } else { None }
    }

    /// The union, if it is one.
    pub fn union(&self) -> Option<&UnionDef> {
        if let Self::Union(def) = self { Some(def) } else { None }
    }

    /// Whether the vendor has marked it as deprecated.
    pub fn deprecated(&self) -> bool {
        match self {
            Self::Struct(def) => def.deprecated,
            Self::Enum(def) => def.deprecated,
            Self::Union(def) => def.deprecated,
        }
    }
}

impl Operation {
    /// Resource path: the id without the method.
    pub fn resource(&self) -> &str {
        self.def.id.rsplit_once('.').map_or("", |(resource, _)| resource)
    }

    /// Official method name: the last part of the id.
    pub fn method(&self) -> &str {
        self.def.id.rsplit_once('.').map_or(&self.def.id, |(_, method)| method)
    }

    /// Official names of this route: its id first, then the others.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.def.id.as_str()).chain(self.def.python.aliases.iter().map(String::as_str))
    }

    /// The argument that asks for a stream.
    pub fn stream_param(&self) -> Option<&str> {
        self.def.stream.as_ref().and_then(|stream| stream.param.as_deref())
    }

    /// Kind of the reply; `empty` where the description names none.
    pub fn reply_kind(&self) -> &str {
        self.def.reply.as_ref().map_or("empty", |reply| reply.kind.as_str())
    }

    /// Whether it gives nothing but events.
    pub fn only_streams(&self) -> bool {
        self.reply_kind() == "events"
    }
}
