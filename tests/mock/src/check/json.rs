//! Checks a JSON value against a type of the description.

use serde_json::{Map, Value};

use super::Violation;
use crate::api::{Api, Field, Struct, TypeDef, TypeExpr, Union};

/// The member that stands for a file part inside the value of a form.
pub(crate) const FILE_MARK: &str = "$part";

/// No more than so many violations of one value are listed.
const MOST: usize = 20;

/// Checks values against types.
#[derive(Debug, Clone, Copy)]
pub struct Checker<'a> {
    api: &'a Api,
    allow_unknown: bool,
}

impl<'a> Checker<'a> {
    /// A checker; with `allow_unknown`, members that the description does not know are no violation.
    pub fn new(api: &'a Api, allow_unknown: bool) -> Self {
        Self { api, allow_unknown }
    }

    /// All violations of `ty` in `value`, their paths beginning with `path`.
    pub fn check(&self, ty: &TypeExpr, value: &Value, path: &str) -> Vec<Violation> {
        let mut out = Vec::new();
        self.value(ty, value, path, &mut out);
        out
    }

    /// Checks the members of an object against those of a struct.
    pub(crate) fn members(&self, fields: &[&Field], object: &Map<String, Value>, path: &str, out: &mut Vec<Violation>) {
        for field in fields {
            let path = join(path, &field.name);
            match object.get(&field.name) {
                Some(value) => self.field(field, value, &path, out),
                None if field.required => report(out, &path, "is required"),
                None => {}
            }
        }
        if self.allow_unknown {
            return;
        }
        for name in object.keys().filter(|name| fields.iter().all(|f| f.name != **name)) {
            report(out, &join(path, name), "is not a known member");
        }
    }

    fn field(&self, field: &Field, value: &Value, path: &str, out: &mut Vec<Violation>) {
        if value.is_null() && field.nullable {
            return;
        }
        if let Some(constant) = &field.constant {
            if value != constant {
                report(out, path, format!("must be {constant}, is {}", short(value)));
            }
            return;
        }
        let before = out.len();
        self.value(&field.ty, value, path, out);
        if out.len() == before {
            limits(field, value, path, out);
        }
    }

    fn value(&self, ty: &TypeExpr, value: &Value, path: &str, out: &mut Vec<Violation>) {
        if out.len() >= MOST {
            return;
        }
        let mut need = |ok: bool, what: &str| {
            if !ok {
                report(out, path, format!("must be {what}, is {}", short(value)));
            }
        };
        match ty {
            TypeExpr::Json => {}
            TypeExpr::String | TypeExpr::Secret | TypeExpr::Bytes => need(value.is_string(), "a text"),
            TypeExpr::Integer => need(is_integer(value), "a whole number"),
            TypeExpr::Number => need(value.is_number(), "a number"),
            TypeExpr::Boolean => need(value.is_boolean(), "true or false"),
            TypeExpr::Null => need(value.is_null(), "null"),
            TypeExpr::File => need(value.get(FILE_MARK).is_some(), "a file part with a file name"),
            TypeExpr::Vector => {
                let numbers = value.as_array().is_some_and(|list| list.iter().all(Value::is_number));
                need(numbers || value.is_string(), "a list of numbers or a text");
            }
            TypeExpr::List(item) => match value {
                Value::Array(list) => {
                    for (i, v) in list.iter().enumerate() {
                        self.value(item, v, &format!("{path}[{i}]"), out);
                    }
                }
                _ => need(false, "a list"),
            },
            TypeExpr::Map(item) => match value {
                Value::Object(map) => {
                    for (k, v) in map {
                        self.value(item, v, &join(path, k), out);
                    }
                }
                _ => need(false, "an object"),
            },
            TypeExpr::Named(name) => match self.api.type_def(name) {
                Some(TypeDef::Struct(s)) => self.object(s, value, path, out),
                Some(TypeDef::Enum(_)) => need(value.is_string(), "a text"),
                Some(TypeDef::Union(u)) => self.union(u, name, value, path, out),
                None => report(out, path, format!("has the type {name}, which is not defined")),
            },
        }
    }

    fn object(&self, s: &Struct, value: &Value, path: &str, out: &mut Vec<Violation>) {
        match value {
            Value::Object(map) => self.members(&s.fields.iter().collect::<Vec<_>>(), map, path, out),
            _ => report(out, path, format!("must be an object, is {}", short(value))),
        }
    }

    /// Some arm must fit; if none does, the complaint is that of the arm which comes nearest.
    fn union(&self, u: &Union, name: &str, value: &Value, path: &str, out: &mut Vec<Violation>) {
        let tag = u.tag.as_deref().and_then(|t| value.get(t)).and_then(Value::as_str);
        let tagged: Vec<_> =
            u.arms.iter().filter(|a| tag.is_some_and(|t| a.tags.iter().any(|have| have == t))).collect();
        let arms: Vec<_> = if tagged.is_empty() {
            u.arms.iter().filter(|a| tag.is_none() || a.tags.is_empty() || !value.is_object()).collect()
        } else {
            tagged
        };
        let mut nearest: Option<Vec<Violation>> = None;
        for arm in arms {
            let found = self.check(&arm.ty, value, path);
            if found.is_empty() {
                return;
            }
            let kind_misfit = found.iter().any(|v| v.path == path);
            if nearest.as_ref().is_none_or(|n| (kind_misfit, found.len()) < (n.iter().any(|v| v.path == path), n.len()))
            {
                nearest = Some(found);
            }
        }
        match nearest {
            Some(found) if found.iter().all(|v| v.path != path) => out.extend(found),
            _ => report(out, path, format!("fits no kind of {name}, is {}", short(value))),
        }
    }
}

fn is_integer(value: &Value) -> bool {
    value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|n| n.fract() == 0.0 && n.is_finite())
}

fn limits(field: &Field, value: &Value, path: &str, out: &mut Vec<Violation>) {
    if let Some(n) = value.as_f64() {
        let bounds = [
            ("minimum", "at least", f64::ge as fn(&f64, &f64) -> bool),
            ("maximum", "at most", f64::le),
            ("exclusive_minimum", "more than", f64::gt),
            ("exclusive_maximum", "less than", f64::lt),
        ];
        for (key, words, holds) in bounds {
            if let Some(limit) = field.number(key).filter(|limit| !holds(&n, limit)) {
                report(out, path, format!("must be {words} {limit}, is {n}"));
            }
        }
        if let Some(values) = field.limits.get("values").and_then(Value::as_array)
            && !values.iter().any(|v| v.as_f64() == Some(n))
        {
            report(out, path, format!("must be one of {}, is {n}", Value::from(values.clone())));
        }
    }
    let size = |out: &mut Vec<Violation>, have: usize, least: &str, most: &str, what: &str| {
        if let Some(limit) = field.count(least).filter(|limit| have < *limit) {
            report(out, path, format!("must have at least {limit} {what}, has {have}"));
        }
        if let Some(limit) = field.count(most).filter(|limit| have > *limit) {
            report(out, path, format!("must have at most {limit} {what}, has {have}"));
        }
    };
    match value {
        Value::String(text) => {
            size(out, text.chars().count(), "min_length", "max_length", "characters");
            if let Some(pattern) = field.text("pattern") {
                match regex_lite::Regex::new(pattern) {
                    Ok(regex) if !regex.is_match(text) => report(out, path, format!("must match {pattern}")),
                    Ok(_) => {}
                    Err(e) => report(out, path, format!("the description's pattern {pattern} is broken: {e}")),
                }
            }
        }
        Value::Array(list) => size(out, list.len(), "min_items", "max_items", "items"),
        _ => {}
    }
}

pub(crate) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

pub(crate) fn report(out: &mut Vec<Violation>, path: &str, message: impl Into<String>) {
    if out.len() < MOST {
        out.push(Violation { path: path.to_owned(), message: message.into() });
    }
}

/// What a value is, for a message; not its text, which may be long or private.
fn short(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(b) => b.to_string(),
        Value::Number(n) => n.to_string(),
        Value::String(s) if s.len() <= 40 => format!("{s:?}"),
        Value::String(s) => format!("a text of {} characters", s.chars().count()),
        Value::Array(list) => format!("a list of {}", list.len()),
        Value::Object(map) => format!("an object with {:?}", map.keys().take(6).collect::<Vec<_>>()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn api() -> Api {
        Api::from_json(
            r#"{"operations": [], "types": {
            "Message": {"fields": [
                {"name": "role", "type": "Role", "required": true},
                {"name": "content", "type": "Content", "required": true, "nullable": true},
                {"name": "weight", "type": "integer", "minimum": 0, "maximum": 9, "values": [1, 3, 10]},
                {"name": "name", "type": "string", "min_length": 2, "max_length": 4, "pattern": "^[a-z]+$"},
                {"name": "tags", "type": "list<string>", "max_items": 1},
                {"name": "kind", "const": "m"}]},
            "Role": {"enum": ["user"]},
            "Content": {"union": [{"name": "Text", "type": "string"}, {"name": "Parts", "type": "list<Part>"}]},
            "Part": {"tag": "type", "union": [
                {"name": "A", "type": "A", "tags": ["a"]}, {"name": "B", "type": "B", "tags": ["b"]}]},
            "A": {"fields": [{"name": "type", "const": "a", "required": true}, {"name": "x", "type": "number", "required": true}]},
            "B": {"fields": [{"name": "type", "const": "b", "required": true}]}}}"#,
        )
        .expect("well formed")
    }

    fn found(value: Value) -> Vec<String> {
        let (api, ty) = (api(), TypeExpr::Named("Message".into()));
        let list = Checker::new(&api, false).check(&ty, &value, "body");
        list.into_iter().map(|v| format!("{}: {}", v.path, v.message)).collect()
    }

    #[test]
    fn a_fitting_value_has_no_violation() {
        assert_eq!(found(json!({"role": "new role", "content": null, "weight": 1.0, "kind": "m"})), [""; 0]);
        assert_eq!(found(json!({"role": "user", "content": [{"type": "a", "x": 1}, {"type": "b"}]})), [""; 0]);
    }

    #[test]
    fn missing_unknown_and_wrong_members_are_named_by_path() {
        assert_eq!(
            found(json!({"content": "x", "more": 1, "kind": "n", "weight": "3"})),
            [
                "body.role: is required",
                "body.weight: must be a whole number, is \"3\"",
                "body.kind: must be \"m\", is \"n\"",
                "body.more: is not a known member"
            ]
        );
    }

    #[test]
    fn limits_are_checked() {
        let base = json!({"role": "user", "content": ""});
        let with = |key: &str, value: Value| {
            let mut object = base.clone();
            object[key] = value;
            found(object)
        };
        assert_eq!(with("weight", json!(10)), ["body.weight: must be at most 9, is 10"]);
        assert_eq!(with("weight", json!(2)), ["body.weight: must be one of [1,3,10], is 2"]);
        assert_eq!(with("name", json!("a")), ["body.name: must have at least 2 characters, has 1"]);
        assert_eq!(with("name", json!("ABC")), ["body.name: must match ^[a-z]+$"]);
        assert_eq!(with("tags", json!(["a", "b"])), ["body.tags: must have at most 1 items, has 2"]);
    }

    #[test]
    fn a_union_complains_about_the_arm_that_was_meant() {
        assert_eq!(found(json!({"role": "user", "content": [{"type": "a"}]})), ["body.content[0].x: is required"]);
        assert_eq!(
            found(json!({"role": "user", "content": [{"type": "z"}]})),
            ["body.content[0]: fits no kind of Part, is an object with [\"type\"]"]
        );
        assert_eq!(found(json!({"role": "user", "content": 4})), ["body.content: fits no kind of Content, is 4"]);
    }
}
