//! The tables that generated code fills in: which Python classes a reply is made of.
//!
//! `cargo xtask generate` writes one static of each into `crate::generated`. The classes themselves are found by module and
//! name when the first instance is made.

use threadline::operation::Operation;

/// What a JSON value becomes in Python. A value of another kind than its shape says is handed out as plain data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Plain data: `dict`, `list`, `str`, `int`, `float`, `bool`, `None`.
    Any,
    /// A number that is a `float` even where it is written without a fraction.
    Float,
    /// An instance of a class: index into [`MODELS`](crate::generated::MODELS).
    Model(u16),
    /// A list whose items have the shape at this index of [`SHAPES`](crate::generated::SHAPES).
    List(u16),
    /// An object with any keys, whose values have the shape at this index of `SHAPES`.
    Map(u16),
    /// One of several: index into [`UNIONS`](crate::generated::UNIONS).
    Union(u16),
    /// A vector: numbers, or base64 of little-endian 32-bit floats.
    Vector,
}

/// A response class.
#[derive(Debug)]
pub struct Model {
    /// Module that defines it, such as `threadline.types.chat.chat_completion`.
    pub module: &'static str,
    /// Its name there.
    pub name: &'static str,
    /// Members, by the wire's name, whose shape is not [`Shape::Any`]. Sorted by name.
    pub fields: &'static [(&'static str, Shape)],
    /// Members, by the wire's name, that the description requires. They decide between arms of a union without a tag.
    pub required: &'static [&'static str],
    /// Members whose text must be one of these for the class to fit, where a union has no tag.
    pub constants: &'static [(&'static str, &'static [&'static str])],
}

/// A value of one of several shapes.
#[derive(Debug)]
pub struct Union {
    /// Member that names the arm.
    pub tag: Option<&'static str>,
    /// Arms by the tag's value.
    pub arms: &'static [(&'static str, Shape)],
    /// Shapes without a tag, tried in this order. An object that fits none becomes a plain `BaseModel`.
    pub fallback: &'static [Shape],
}

/// An operation under one of its official names. Its place in [`ROWS`](crate::generated::ROWS) is the number that generated methods
/// pass to `_call`.
#[derive(Debug)]
pub struct Row {
    /// The operation.
    pub operation: &'static Operation,
    /// Official resource path and method: `beta.threads.runs.create`.
    pub python: &'static str,
    /// Shape of a complete reply; of a list operation, of the page's items' list holder (not used by pages).
    pub result: Shape,
    /// Shape of one event of a stream.
    pub events: Shape,
    /// Shape of one item of a list operation.
    pub item: Shape,
    /// Arguments whose Python name differs: Python name, the wire's name.
    pub renames: &'static [(&'static str, &'static str)],
    /// Arguments that are a text and nothing else.
    pub texts: &'static [&'static str],
    /// Arguments in the order in which they are sent, where that is another than the signature's.
    pub order: &'static [&'static str],
}
