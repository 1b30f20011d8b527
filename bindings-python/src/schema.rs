//! The tables that generated code fills in: which Python classes a reply is made of.
//!
//! `cargo xtask generate` writes one static of each into `crate::generated`. The classes themselves are found by module and
//! name when the first instance is made. Of the response classes, which are thousands, the table has text only: a pointer to each
//! of their members' names would be a relocation, by which a process pays a megabyte and more for classes that it never sees.

use std::cmp::Ordering;
use std::sync::{LazyLock, OnceLock};

use threadline::operation::Operation;

use crate::generated::{MODELS, PAGE, PAGES};

/// What a JSON value becomes in Python. A value of another kind than its shape says is handed out as plain data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Plain data: `dict`, `list`, `str`, `int`, `float`, `bool`, `None`.
    Any,
    /// A number that is a `float` even where it is written without a fraction.
    Float,
    /// An instance of a class: its place, for [`model`].
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
    pub fields: Vec<(&'static str, Shape)>,
    /// Members, by the wire's name, that the description requires. They decide between arms of a union without a tag.
    pub required: Vec<&'static str>,
    /// Members whose text must be one of these for the class to fit, where a union has no tag.
    pub constants: Vec<(&'static str, Vec<&'static str>)>,
}

/// The response class at this place.
pub(crate) fn model(place: u16) -> &'static Model {
    static READ: LazyLock<Vec<OnceLock<Box<Model>>>> = LazyLock::new(|| (0..MODELS).map(|_| OnceLock::new()).collect());
    READ[usize::from(place)].get_or_init(|| Box::new(Model::read(line(usize::from(place)))))
}

/// The place of the response class of this full name.
pub(crate) fn place_of(full_name: &str) -> Option<u16> {
    let (mut low, mut high) = (0, MODELS);
    while low < high {
        let middle = low + (high - low) / 2;
        match full_name_of(line(middle)).cmp(full_name) {
            Ordering::Equal => return u16::try_from(middle).ok(),
            Ordering::Less => low = middle + 1,
            Ordering::Greater => high = middle,
        }
    }
    None
}

/// The text of a class.
fn line(place: usize) -> &'static str {
    let (text, starts) = PAGES[place / PAGE];
    let at = place % PAGE;
    // Without the line's end.
    &text[starts[at] as usize..starts[at + 1] as usize - 1]
}

fn full_name_of(line: &str) -> &str {
    line.split(';').next().unwrap_or_default()
}

impl Model {
    /// What `cargo xtask generate` has written: `NAME;MEMBER=SHAPE,...;REQUIRED,...;MEMBER=TEXT|...,...`.
    fn read(line: &'static str) -> Self {
        let mut parts = line.split(';');
        let mut part = || parts.next().unwrap_or_default();
        let (module, name) = part().rsplit_once('.').unwrap_or_default();
        let fields = items(part()).filter_map(|item| item.split_once('='));
        let fields = fields.map(|(name, shape)| (name, Shape::read(shape))).collect();
        let required = items(part()).collect();
        let constants = items(part()).filter_map(|item| item.split_once('='));
        let constants = constants.map(|(name, texts)| (name, texts.split('|').collect())).collect();
        Self { module, name, fields, required, constants }
    }
}

fn items(part: &'static str) -> impl Iterator<Item = &'static str> {
    part.split(',').filter(|item| !item.is_empty())
}

impl Shape {
    fn read(text: &str) -> Self {
        let (kind, place) = text.split_at(1);
        let place = place.parse().unwrap_or_default();
        match kind {
            "f" => Self::Float,
            "v" => Self::Vector,
            "m" => Self::Model(place),
            "l" => Self::List(place),
            "o" => Self::Map(place),
            "u" => Self::Union(place),
            _ => Self::Any,
        }
    }
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
