//! Values made from types, the same each time.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Number, Value, json};

use super::{schema, text};
use crate::{
    api::{Api, Field, TypeDef, TypeExpr, Union},
    check::{Checker, FILE_MARK},
};

/// Makes values of types.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Maker<'a> {
    api: &'a Api,
    /// Objects nested less deep than this get their optional members.
    optional: usize,
}

/// Where a value stands: decides what it says.
#[derive(Clone, Copy)]
struct Place<'a> {
    name: &'a str,
    owner: &'a str,
    field: Option<&'a Field>,
    seed: u64,
    depth: usize,
}

impl<'a> Maker<'a> {
    /// A maker that fills optional members of objects nested less deep than `optional`.
    pub(crate) fn new(api: &'a Api, optional: usize) -> Self {
        Self { api, optional }
    }

    /// A value of that type; `null` if the type has no finite value.
    pub(crate) fn make(&self, ty: &'a TypeExpr, name: &'a str, seed: u64) -> Value {
        let place = Place { name, owner: "", field: None, seed, depth: 0 };
        self.value(ty, place, &mut Vec::new()).unwrap_or(Value::Null)
    }

    /// A value of a named type.
    pub(crate) fn named(&self, name: &str, seed: u64) -> Value {
        match self.api.type_def(name) {
            Some(_) => Maker::new(self.api, self.optional).make(&TypeExpr::Named(name.to_owned()), "", seed),
            None => Value::Null,
        }
    }

    /// The value of one member.
    pub(crate) fn member(&self, field: &'a Field, owner: &'a str, seed: u64) -> Option<Value> {
        let place = Place { name: &field.name, owner, field: Some(field), seed, depth: 0 };
        self.field(field, place, &mut Vec::new())
    }

    fn value<'s>(&self, ty: &'s TypeExpr, place: Place<'s>, stack: &mut Vec<&'s str>) -> Option<Value>
    where
        'a: 's,
    {
        Some(match ty {
            TypeExpr::String | TypeExpr::Secret => {
                text::string(place.name, place.owner, place.field, place.seed).into()
            }
            TypeExpr::Integer => integer(place),
            TypeExpr::Number => number(place),
            TypeExpr::Boolean => Value::Bool(match place.name {
                "deleted" => true,
                "has_more" => false,
                _ => place.seed % 2 == 1,
            }),
            TypeExpr::Json => json!({"answer": place.seed % 100, "list": [null, true, "x"]}),
            TypeExpr::Bytes => STANDARD.encode(place.seed.to_le_bytes()).into(),
            TypeExpr::File => json!({ FILE_MARK: 0 }),
            TypeExpr::Vector => vector(8, place.seed),
            TypeExpr::Null => Value::Null,
            TypeExpr::Map(item) => {
                let at = Place { name: "value", field: None, ..place };
                self.value(item, at, stack).map_or_else(|| json!({}), |v| json!({"key": v}))
            }
            TypeExpr::List(item) => return self.list(item, place, stack),
            TypeExpr::Named(name) => {
                if stack.contains(&name.as_str()) {
                    return None;
                }
                stack.push(name);
                let value = self.defined(name, place, stack);
                stack.pop();
                return value;
            }
        })
    }

    fn list<'s>(&self, item: &'s TypeExpr, place: Place<'s>, stack: &mut Vec<&'s str>) -> Option<Value>
    where
        'a: 's,
    {
        let count = |key| place.field.and_then(|f| f.count(key));
        let least = count("min_items").unwrap_or(0);
        let most = count("max_items").unwrap_or(usize::MAX);
        let wanted = (1 + (place.seed % 2) as usize).clamp(least.min(most), most);
        let name = place.name.strip_suffix('s').unwrap_or(place.name);
        let items: Option<Vec<_>> = (0..wanted)
            .map(|i| {
                let at = Place { name, field: None, seed: text::mix(place.seed, i as u64), ..place };
                self.value(item, at, stack)
            })
            .collect();
        match items {
            Some(items) => Some(items.into()),
            None if least == 0 => Some(json!([])),
            None => None,
        }
    }

    fn defined<'s>(&self, name: &'s str, place: Place<'s>, stack: &mut Vec<&'s str>) -> Option<Value>
    where
        'a: 's,
    {
        match self.api.type_def(name)? {
            TypeDef::Enum(values) => {
                let usual = ["completed", "active", "succeeded", "assistant"];
                let preferred =
                    usual.iter().find(|u| ["status", "role"].contains(&place.name) && values.iter().any(|v| v == **u));
                let by_seed = || values.get(place.seed as usize % values.len().max(1)).cloned().unwrap_or_default();
                Some(preferred.map_or_else(by_seed, |p| (*p).to_owned()).into())
            }
            TypeDef::Struct(s) => {
                let mut object = Map::new();
                for field in &s.fields {
                    let seed = text::mix(place.seed, text::hash(&field.name));
                    let at = Place { name: &field.name, owner: name, field: Some(field), seed, depth: place.depth + 1 };
                    if !field.required && place.depth >= self.optional {
                        continue;
                    }
                    match self.field(field, at, stack) {
                        Some(value) => {
                            object.insert(field.name.clone(), value);
                        }
                        None if field.required => return None,
                        None => {}
                    }
                }
                Some(Value::Object(object))
            }
            TypeDef::Union(u) => self.union(u, place, stack),
        }
    }

    fn union<'s>(&self, u: &'s Union, place: Place<'s>, stack: &mut Vec<&'s str>) -> Option<Value>
    where
        'a: 's,
    {
        let (nulls, arms): (Vec<_>, Vec<_>) = u.arms.iter().partition(|a| a.ty == TypeExpr::Null);
        let start = place.seed as usize % arms.len().max(1);
        for arm in arms[start..].iter().chain(&arms[..start]).chain(&nulls) {
            let Some(mut value) = self.value(&arm.ty, place, stack) else { continue };
            if let (Some(tag), Some(object)) = (&u.tag, value.as_object_mut()) {
                let have = object.get(tag).and_then(Value::as_str);
                if !arm.tags.is_empty() && !arm.tags.iter().any(|t| Some(t.as_str()) == have) {
                    let index = place.seed as usize % arm.tags.len();
                    object.insert(tag.clone(), arm.tags[index].clone().into());
                }
            }
            return Some(value);
        }
        None
    }

    fn field<'s>(&self, field: &'s Field, place: Place<'s>, stack: &mut Vec<&'s str>) -> Option<Value>
    where
        'a: 's,
    {
        if let Some(constant) = &field.constant {
            return Some(constant.clone());
        }
        let default = field.limits.get("default").filter(|d| !d.is_null() && field.required);
        if let Some(default) = default.filter(|d| Checker::new(self.api, false).check(&field.ty, d, "").is_empty()) {
            return Some(default.clone());
        }
        // Absent, null and a value are three things; replies show them all.
        if field.nullable && place.seed % 7 == 3 {
            return Some(Value::Null);
        }
        match self.value(&field.ty, place, stack) {
            None if field.nullable => Some(Value::Null),
            value => value,
        }
    }
}

/// An embedding of `dimensions` numbers, all of them exact in f32.
pub(crate) fn vector(dimensions: usize, seed: u64) -> Value {
    (0..dimensions).map(|i| ((text::mix(seed, i as u64) % 2048) as f64 - 1024.0) / 1024.0).map(|n| json!(n)).collect()
}

fn integer(place: Place<'_>) -> Value {
    let time = place.field.and_then(|f| f.text("format")) == Some("unixtime") || place.name.ends_with("_at");
    let wanted =
        if time || place.name == "created" { 1_767_225_600 + place.seed % 1_000_000 } else { 1 + place.seed % 100 };
    let bounded = bounded(wanted as f64, place);
    if bounded.fract() == 0.0 { (bounded as i64).into() } else { (bounded.ceil() as i64).into() }
}

fn number(place: Place<'_>) -> Value {
    let wanted = (place.seed % 1000) as f64 / 8.0;
    Number::from_f64(bounded(wanted, place)).map_or(Value::Null, Value::Number)
}

fn bounded(wanted: f64, place: Place<'_>) -> f64 {
    let Some(field) = place.field else { return wanted };
    if let Some(values) = field.limits.get("values").and_then(Value::as_array).filter(|v| !v.is_empty()) {
        return values[place.seed as usize % values.len()].as_f64().unwrap_or(wanted);
    }
    let least = field.number("minimum").or(field.number("exclusive_minimum").map(|n| n + 0.5));
    let most = field.number("maximum").or(field.number("exclusive_maximum").map(|n| n - 0.5));
    let span = match (least, most) {
        (Some(least), Some(most)) if wanted > most && most - least > 1.0 => least + wanted % (most - least),
        _ => wanted,
    };
    span.min(most.unwrap_or(f64::MAX)).max(least.unwrap_or(f64::MIN))
}

/// A value that fits a JSON Schema a caller sent, such as the parameters of a function.
pub(crate) fn of_schema(schema: Option<&Value>) -> Value {
    schema.map_or_else(|| json!({}), |s| schema::sample(s, s, "value", 0))
}

/// The numbers of an embedding as base64 of little-endian f32.
pub(crate) fn base64_of(numbers: &Value) -> Value {
    let floats = numbers.as_array().into_iter().flatten().filter_map(Value::as_f64);
    STANDARD.encode(floats.flat_map(|n| (n as f32).to_le_bytes()).collect::<Vec<_>>()).into()
}
