//! What JSON becomes in Python: the shapes of official types, for the decoder's tables.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::facts::{Definition, Facts, Field};
use super::ty::Ty;
use super::types::core_type;
use crate::generate::schema::Schema;
use crate::generate::schema::expr::{Expr, Scalar};

/// What a JSON value becomes. Numbers are places in [`Shapes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shape {
    /// Plain data.
    Any,
    /// A number with a fraction.
    Float,
    /// An instance of a class.
    Model(usize),
    /// A list.
    List(usize),
    /// An object with any keys.
    Map(usize),
    /// One of several.
    Union(usize),
    /// An embedding.
    Vector,
}

/// A class of replies.
#[derive(Debug)]
pub struct Model {
    /// Its full name.
    pub name: String,
    /// Members that are not plain, by wire name.
    pub fields: BTreeMap<String, Shape>,
    /// Members that must be there.
    pub required: Vec<String>,
    /// Members whose text must be one of these.
    pub constants: BTreeMap<String, Vec<String>>,
}

/// One of several shapes.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Union {
    /// Member that names the arm.
    pub tag: Option<String>,
    /// Arms by the member's value.
    pub arms: Vec<(String, Shape)>,
    /// Arms to be tried in their order.
    pub fallback: Vec<Shape>,
}

/// All shapes, each once.
#[derive(Debug, Default)]
pub struct Shapes {
    /// Classes, in the order of their names.
    pub models: Vec<Model>,
    /// Shapes of items.
    pub items: Vec<Shape>,
    /// Unions.
    pub unions: Vec<Union>,
    index: BTreeMap<String, usize>,
}

/// Members that tell the arms of a union apart, where it does not say which one does, the likeliest first.
const TAGS: [&str; 5] = ["type", "object", "event", "role", "kind"];

impl Shapes {
    /// Of all classes of the package.
    pub fn new(schema: &Schema, facts: &Facts) -> Self {
        let mut shapes = Self::default();
        let mut classes = Vec::new();
        for (module, content) in &facts.modules {
            let super::facts::Module::File(definitions, _) = content else { continue };
            for (name, definition) in definitions {
                if let Definition::Model(class) = definition {
                    classes.push((format!("{module}.{name}"), module, name, class));
                }
            }
        }
        classes.sort_by(|a, b| a.0.cmp(&b.0));
        shapes.index = classes.iter().enumerate().map(|(at, class)| (class.0.clone(), at)).collect();
        for (full, module, name, class) in classes {
            let fields = facts.fields(class);
            let core = core_type(schema, facts, module, name).and_then(|ty| ty.def.structure());
            let vector = |field: &Field| {
                core.and_then(|def| def.fields.iter().find(|one| one.name == field.wire))
                    .is_some_and(|one| one.ty == Some(Expr::Scalar(Scalar::Vector)))
            };
            let mut shaped = BTreeMap::new();
            for field in &fields {
                let shape = if vector(field) { Shape::Vector } else { shapes.of(facts, &field.ty) };
                if shape != Shape::Any {
                    shaped.insert(field.wire.clone(), shape);
                }
            }
            let constants = fields.iter().filter_map(|field| Some((field.wire.clone(), constants(&field.ty)?)));
            let constants = constants.collect();
            let required = fields.iter().filter(|field| !field.optional).map(|field| field.wire.clone()).collect();
            shapes.models.push(Model { name: full, fields: shaped, required, constants });
        }
        shapes
    }

    /// The shape of a type.
    pub fn of(&mut self, facts: &Facts, ty: &Ty) -> Shape {
        match ty {
            Ty::Scalar("number") => Shape::Float,
            Ty::List(item) | Ty::Iterable(item) | Ty::Sequence(item) => match self.of(facts, item) {
                Shape::Any => Shape::Any,
                item => Shape::List(self.item(item)),
            },
            Ty::Map(item) => match self.of(facts, item) {
                Shape::Any => Shape::Any,
                item => Shape::Map(self.item(item)),
            },
            Ty::Named(name) => match (self.index.get(name), facts.definition(name)) {
                (Some(at), _) => Shape::Model(*at),
                (None, Some(Definition::Alias(ty))) => self.of(facts, ty),
                _ => Shape::Any,
            },
            Ty::Union { .. } => self.union(facts, ty),
            Ty::Scalar(_) | Ty::Null | Ty::Literal(_) | Ty::Runtime(..) => Shape::Any,
        }
    }

    fn item(&mut self, shape: Shape) -> usize {
        self.items.iter().position(|known| *known == shape).unwrap_or_else(|| {
            self.items.push(shape);
            self.items.len() - 1
        })
    }

    fn add(&mut self, union: Union) -> Shape {
        let at = self.unions.iter().position(|known| *known == union).unwrap_or_else(|| {
            self.unions.push(union);
            self.unions.len() - 1
        });
        Shape::Union(at)
    }

    fn union(&mut self, facts: &Facts, ty: &Ty) -> Shape {
        let (mut tag, mut arms) = (None, Vec::new());
        flatten(facts, ty, &mut tag, &mut arms, 0);
        // A number beside other kinds keeps the kind it was written with.
        let mut shapes: Vec<Shape> = Vec::new();
        for arm in &arms {
            let shape = self.of(facts, arm);
            if !matches!(shape, Shape::Any | Shape::Float) && !shapes.contains(&shape) {
                shapes.push(shape);
            }
        }
        let single = arms.iter().filter(|arm| !matches!(arm, Ty::Null)).count() == 1;
        match shapes.as_slice() {
            [] if single => {
                arms.iter().map(|arm| self.of(facts, arm)).find(|one| *one == Shape::Float).unwrap_or(Shape::Any)
            }
            [] => Shape::Any,
            // Any other object fits too where the union also takes plain ones, and the decoder asks `required` only in a union.
            [only] if !self.takes_objects(facts, &arms) => *only,
            _ => self.tagged(facts, tag, &arms, shapes),
        }
    }

    /// Whether plain objects are among the arms.
    fn takes_objects(&mut self, facts: &Facts, arms: &[Ty]) -> bool {
        arms.iter().any(|arm| match arm {
            Ty::Map(item) => self.of(facts, item) == Shape::Any,
            Ty::Scalar("json") => true,
            Ty::Named(name) => matches!(facts.definition(name), Some(Definition::Params(_))),
            _ => false,
        })
    }

    /// The arms by a member's value, as far as they have one.
    fn tagged(&mut self, facts: &Facts, tag: Option<String>, arms: &[Ty], shapes: Vec<Shape>) -> Shape {
        let values = |tag: &str| -> Vec<(Shape, Vec<String>)> {
            let found = arms.iter().filter_map(|arm| {
                let Ty::Named(name) = arm else { return None };
                let Some(Definition::Model(class)) = facts.definition(name) else { return None };
                let field = facts.fields(class).into_iter().find(|field| field.wire == tag)?;
                Some((Shape::Model(*self.index.get(name)?), constants(&field.ty)?))
            });
            found.collect()
        };
        let models = shapes.iter().filter(|shape| matches!(shape, Shape::Model(_))).count();
        let told = |tag: &&str| {
            let values = values(tag);
            let different: BTreeSet<&String> = values.iter().flat_map(|(_, values)| values).collect();
            values.len() == models && different.len() > 1
        };
        let tag = tag.or_else(|| TAGS.iter().find(|tag| models > 1 && told(tag)).map(|tag| (*tag).to_owned()));
        let mut union = Union { tag: tag.clone(), ..Union::default() };
        let mut by_value: BTreeMap<String, Vec<Shape>> = BTreeMap::new();
        let mut placed: BTreeSet<Shape> = BTreeSet::new();
        for (shape, values) in tag.as_deref().map(values).unwrap_or_default() {
            placed.insert(shape);
            for value in values {
                let shapes = by_value.entry(value).or_default();
                if !shapes.contains(&shape) {
                    shapes.push(shape);
                }
            }
        }
        for (value, shapes) in by_value {
            let shape = match shapes.as_slice() {
                [only] => *only,
                _ => self.add(Union { fallback: shapes, ..Union::default() }),
            };
            union.arms.push((value, shape));
        }
        union.fallback = shapes.into_iter().filter(|shape| !placed.contains(shape)).collect();
        if self.takes_objects(facts, arms) {
            union.fallback.push(Shape::Any);
        }
        self.add(union)
    }
}

/// Arms of a union and of the unions it is made of; the first tag met is the union's.
fn flatten(facts: &Facts, ty: &Ty, tag: &mut Option<String>, arms: &mut Vec<Ty>, depth: usize) {
    match ty {
        Ty::Union { tag: own, arms: inner } => {
            if tag.is_none() {
                tag.clone_from(own);
            }
            inner.iter().for_each(|arm| flatten(facts, arm, tag, arms, depth + 1));
        }
        Ty::Named(name) => match facts.definition(name) {
            Some(Definition::Alias(alias)) if depth < 16 => flatten(facts, alias, tag, arms, depth + 1),
            _ => arms.push(ty.clone()),
        },
        other => arms.push(other.clone()),
    }
}

/// The texts that a member can have, where it can have no others.
fn constants(ty: &Ty) -> Option<Vec<String>> {
    let texts: Option<Vec<String>> = ty
        .arms()
        .iter()
        .filter(|arm| **arm != Ty::Null)
        .map(|arm| if let Ty::Literal(Value::String(text)) = arm { Some(text.clone()) } else { None })
        .collect();
    texts.filter(|texts| !texts.is_empty())
}
