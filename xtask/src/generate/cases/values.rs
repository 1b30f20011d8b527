//! Values made from the description: always the same ones, within the limits.

use serde_json::{Map, Value, json};

use crate::generate::schema::Schema;
use crate::generate::schema::defs::{FieldDef, StructDef, TypeDef, UnionDef};
use crate::generate::schema::expr::{Expr, Scalar};

/// How much of a value is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// What must be there.
    Smallest,
    /// Also optional members, down to so many levels.
    Levels(u8),
}

impl Extent {
    fn optional(self) -> bool {
        matches!(self, Self::Levels(levels) if levels > 0)
    }

    fn deeper(self) -> Self {
        match self {
            Self::Levels(levels) if levels > 0 => Self::Levels(levels - 1),
            _ => Self::Smallest,
        }
    }
}

/// Makes values; remembers the structs it is inside of, so that recursion ends.
#[derive(Debug)]
pub struct Maker<'a> {
    schema: &'a Schema,
    inside: Vec<&'a str>,
}

impl<'a> Maker<'a> {
    /// A maker for types of this description.
    pub fn new(schema: &'a Schema) -> Self {
        Self { schema, inside: Vec::new() }
    }

    /// The members of a struct, in the order in which clients write them: constants, required, optional. `skip` names
    /// members that are left out.
    pub fn members(&mut self, def: &'a StructDef, extent: Extent, skip: Option<&str>) -> Map<String, Value> {
        let mut members = Map::new();
        let wanted = |field: &&FieldDef| Some(field.name.as_str()) != skip && (field.required || extent.optional());
        let rank = |field: &&FieldDef| match (&field.constant, field.required && !field.nullable) {
            (Some(_), _) => 0,
            (None, true) => 1,
            (None, false) => 2,
        };
        let mut fields: Vec<&FieldDef> = def.fields.iter().filter(wanted).collect();
        fields.sort_by_key(rank);
        for field in fields {
            if field.required {
                members.insert(field.name.clone(), self.field(field, extent));
            } else if let Some(value) = self.optional(field, extent) {
                members.insert(field.name.clone(), value);
            }
        }
        members
    }

    /// An optional member, unless it would lead back into a struct that is being made.
    fn optional(&mut self, field: &'a FieldDef, extent: Extent) -> Option<Value> {
        let leads_back = field.ty.as_ref().and_then(Expr::name).is_some_and(|name| self.inside.contains(&name));
        (!leads_back).then(|| self.field(field, extent))
    }

    fn field(&mut self, field: &'a FieldDef, extent: Extent) -> Value {
        if let Some(constant) = &field.constant {
            return constant.clone();
        }
        match &field.ty {
            Some(Expr::Scalar(scalar)) => scalar_value(*scalar, field),
            Some(Expr::List(item)) => {
                let count = field.min_items.unwrap_or(1).clamp(1, 3);
                let leads_back = item.name().is_some_and(|name| self.inside.contains(&name));
                if leads_back && field.min_items.unwrap_or(0) == 0 {
                    return json!([]);
                }
                (0..count).map(|_| self.expr(item, &field.name, extent.deeper())).collect()
            }
            Some(expr) => self.expr(expr, &field.name, extent.deeper()),
            None => Value::Null,
        }
    }

    /// A value of any type; `name` says what for, which shows in texts.
    pub fn expr(&mut self, expr: &'a Expr, name: &str, extent: Extent) -> Value {
        match expr {
            Expr::Scalar(scalar) => scalar_value(*scalar, &bare(name)),
            Expr::List(item) => Value::Array(vec![self.expr(item, name, extent)]),
            Expr::Map(item) => json!({ "key": self.expr(item, name, extent) }),
            Expr::Named(target) => match self.schema.types.get_key_value(target) {
                Some((target, ty)) => self.named(target, &ty.def, extent),
                None => Value::Null,
            },
        }
    }

    fn named(&mut self, name: &'a str, def: &'a TypeDef, extent: Extent) -> Value {
        match def {
            TypeDef::Enum(def) => def.values.first().cloned().map_or(Value::Null, Value::String),
            TypeDef::Struct(def) => {
                self.inside.push(name);
                let members = self.members(def, extent, None);
                self.inside.pop();
                Value::Object(members)
            }
            TypeDef::Union(def) => {
                self.inside.push(name);
                let value = self.arm(def).map_or(Value::Null, |expr| self.expr(expr, "text", extent));
                self.inside.pop();
                value
            }
        }
    }

    /// The first arm that does not lead back to where we are.
    fn arm(&self, def: &'a UnionDef) -> Option<&'a Expr> {
        let straight = def.arms.iter().find(|arm| arm.ty.name().is_none_or(|name| !self.inside.contains(&name)));
        straight.or(def.arms.first()).map(|arm| &arm.ty)
    }
}

/// A member that has nothing but a name.
fn bare(name: &str) -> FieldDef {
    FieldDef { name: name.to_owned(), ..FieldDef::default() }
}

fn scalar_value(scalar: Scalar, field: &FieldDef) -> Value {
    if let Some(first) = field.values.first() {
        return Value::Number(first.clone());
    }
    match scalar {
        Scalar::String => Value::String(text(field)),
        Scalar::Secret => json!("secret-text"),
        Scalar::Integer => json!(integer(field)),
        Scalar::Number => number(field),
        Scalar::Boolean => json!(true),
        Scalar::Json => json!({ "any": ["json", 1, true, null] }),
        Scalar::Bytes => json!("aGVsbG8="),
        Scalar::File => json!({ "$file": { "text": "hello", "filename": "hello.txt", "content_type": "text/plain" } }),
        Scalar::Vector => json!([0.25, -0.5]),
        Scalar::Null => Value::Null,
    }
}

fn text(field: &FieldDef) -> String {
    let known = match field.format.as_deref() {
        Some("uri" | "url") => Some("https://example.com/a"),
        Some("date") => Some("2026-01-31"),
        Some("date-time") => Some("2026-01-31T12:00:00Z"),
        Some("email") => Some("someone@example.com"),
        _ => None,
    };
    let default = field.default.as_ref().and_then(Value::as_str);
    let base = match (known, &field.pattern, default) {
        (Some(known), ..) => known.to_owned(),
        // A default of a patterned text is the surest text that fits.
        (None, Some(_), Some(default)) => default.to_owned(),
        (None, Some(pattern), None) => super::pattern::example(pattern).unwrap_or_else(|| field.name.clone()),
        (None, None, _) => format!("{}-1", field.name),
    };
    let (low, high) = (field.min_length.unwrap_or(0), field.max_length.unwrap_or(u64::MAX));
    let mut text: String = base.chars().take(usize::try_from(high).unwrap_or(usize::MAX)).collect();
    while (text.chars().count() as u64) < low {
        text.push('x');
    }
    text
}

fn integer(field: &FieldDef) -> i64 {
    let bound = |number: &Option<serde_json::Number>| number.as_ref().and_then(serde_json::Number::as_f64);
    if field.format.as_deref() == Some("unixtime") {
        return 1_767_225_600;
    }
    let low = bound(&field.exclusive_minimum).map(|low| low + 1.0).or(bound(&field.minimum));
    let high = bound(&field.maximum).unwrap_or(f64::MAX);
    // Two rather than one where the limits allow it: a client that sends its own default is seen.
    low.unwrap_or(2.0).max(2.0).min(high) as i64
}

fn number(field: &FieldDef) -> Value {
    let bound = |number: &Option<serde_json::Number>| number.as_ref().and_then(serde_json::Number::as_f64);
    let low = bound(&field.exclusive_minimum).or(bound(&field.minimum)).unwrap_or(0.0);
    let high = bound(&field.maximum).unwrap_or(low + 1.0);
    let value = if low < 0.5 && 0.5 <= high { 0.5 } else { f64::midpoint(low, high) };
    json!(value)
}
