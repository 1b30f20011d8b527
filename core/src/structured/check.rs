//! Whether a value fits a schema of the strict kind.

use std::collections::HashSet;

use super::tree::{Object, Tree};
use crate::json::{Doc, Json};

/// Checks a JSON value against a schema, as far as the strict kind of schema goes: `type`, `enum`, `const`,
/// `properties`, `required`, `additionalProperties`, `items`, `anyOf`, `$ref`, and the limits of numbers, lengths and
/// lists. Patterns and formats are not looked at.
///
/// # Errors
/// The JSON path of the first misfit and what is wrong there; the value itself is not quoted.
pub fn check_schema(value: &Json, schema: &Json) -> Result<(), String> {
    let schema = Tree::of(schema);
    let value = match Doc::parse(value.raw().as_bytes()) {
        Ok(doc) => Tree::from(doc.root()),
        Err(error) => return Err(error.to_string()),
    };
    Check { root: &schema }.value(&value, &schema, "$", 0)
}

struct Check<'a> {
    root: &'a Tree,
}

impl Check<'_> {
    fn value(&self, value: &Tree, schema: &Tree, path: &str, depth: usize) -> Result<(), String> {
        let misfit = |why: &str| Err(format!("{path}: {why}"));
        let members = match schema {
            Tree::Object(members) => members,
            Tree::Bool(true) => return Ok(()),
            _ => return misfit("nothing fits here"),
        };
        if let Some(Tree::Text(pointer)) = members.get("$ref") {
            // A reference that leads to itself only would never end; a value is never that deep.
            return match self.resolve(pointer) {
                Some(target) if depth < 256 => self.value(value, target, path, depth + 1),
                _ => misfit("the schema refers to nothing"),
            };
        }
        if let Some(Tree::List(arms)) = members.get("anyOf") {
            self.any_of(value, arms, path, depth)?;
        }
        if let Some(types) = members.get("type")
            && !has_type(value, types)
        {
            return misfit(&format!("expected {}, found {}", shown_types(types), type_of(value)));
        }
        if let Some(Tree::List(allowed)) = members.get("enum")
            && !allowed.iter().any(|one| same(one, value))
        {
            return misfit("not one of the allowed values");
        }
        if let Some(only) = members.get("const")
            && !same(only, value)
        {
            return misfit("not the one allowed value");
        }
        match value {
            Tree::Object(found) => self.object(found, members, path, depth),
            Tree::List(items) => {
                limits(items.len() as f64, members, ["minItems", "maxItems"], "items", path)?;
                let Some(schema) = members.get("items") else { return Ok(()) };
                let mut items = items.iter().enumerate();
                items.try_for_each(|(index, item)| self.value(item, schema, &format!("{path}[{index}]"), depth + 1))
            }
            Tree::Text(text) => {
                limits(text.chars().count() as f64, members, ["minLength", "maxLength"], "characters", path)
            }
            Tree::Number(_) => number(value, members, path),
            _ => Ok(()),
        }
    }

    fn any_of(&self, value: &Tree, arms: &[Tree], path: &str, depth: usize) -> Result<(), String> {
        let mut worst = None;
        for arm in arms {
            match self.value(value, arm, path, depth + 1) {
                Ok(()) => return Ok(()),
                // The arm that went deepest is the one that was meant.
                Err(why) if worst.as_ref().is_none_or(|other: &String| reach(&why) > reach(other)) => worst = Some(why),
                Err(_) => {}
            }
        }
        match worst {
            Some(why) if arms.len() == 1 || reach(&why) > path.len() => Err(why),
            _ => Err(format!("{path}: fits none of the {} alternatives", arms.len())),
        }
    }

    fn object(&self, found: &Object, members: &Object, path: &str, depth: usize) -> Result<(), String> {
        if let Some(Tree::List(required)) = members.get("required")
            && let Some(name) = required.iter().filter_map(Tree::as_text).find(|name| !found.contains_key(*name))
        {
            return Err(format!("{path}: the member `{name}` is absent"));
        }
        let empty = Object::new();
        let properties = members.get("properties").and_then(Tree::as_object).unwrap_or(&empty);
        for (name, value) in found {
            let at = format!("{path}.{name}");
            match (properties.get(name), members.get("additionalProperties")) {
                (Some(schema), _) => self.value(value, schema, &at, depth + 1)?,
                (None, Some(Tree::Bool(false))) => {
                    return Err(format!("{path}: a member that the schema does not have"));
                }
                (None, Some(schema @ Tree::Object(_))) => self.value(value, schema, &at, depth + 1)?,
                (None, _) => {}
            }
        }
        Ok(())
    }

    fn resolve(&self, pointer: &str) -> Option<&Tree> {
        let mut at = self.root;
        for step in pointer.strip_prefix('#')?.split('/').skip(1) {
            at = at.as_object()?.get(&step.replace("~1", "/").replace("~0", "~"))?;
        }
        Some(at)
    }
}

/// How long the path at the start of a message is.
fn reach(why: &str) -> usize {
    why.find(": ").unwrap_or_default()
}

fn limits(size: f64, members: &Object, [min, max]: [&str; 2], what: &str, path: &str) -> Result<(), String> {
    let limit = |name: &str| members.get(name).and_then(Tree::as_number);
    match (limit(min), limit(max)) {
        (Some(least), _) if size < least => Err(format!("{path}: fewer than {least} {what}")),
        (_, Some(most)) if size > most => Err(format!("{path}: more than {most} {what}")),
        _ => Ok(()),
    }
}

/// Whether a value is against a limit.
type Breaks = fn(f64, f64) -> bool;

fn number(value: &Tree, members: &Object, path: &str) -> Result<(), String> {
    let Some(value) = value.as_number() else { return Ok(()) };
    let breaks: [(&str, Breaks); 5] = [
        ("minimum", |value, limit| value < limit),
        ("maximum", |value, limit| value > limit),
        ("exclusiveMinimum", |value, limit| value <= limit),
        ("exclusiveMaximum", |value, limit| value >= limit),
        ("multipleOf", |value, step| step > 0.0 && (value / step - (value / step).round()).abs() > 1e-9),
    ];
    for (keyword, breaks) in breaks {
        if let Some(limit) = members.get(keyword).and_then(Tree::as_number)
            && breaks(value, limit)
        {
            return Err(format!("{path}: against `{keyword}` {limit}"));
        }
    }
    Ok(())
}

fn type_of(value: &Tree) -> &'static str {
    match value {
        Tree::Null => "null",
        Tree::Bool(_) => "boolean",
        Tree::Number(_) => "number",
        Tree::Text(_) => "string",
        Tree::List(_) => "array",
        Tree::Object(_) => "object",
    }
}

fn has_type(value: &Tree, types: &Tree) -> bool {
    let is = |name: &Tree| match (name.as_text(), value) {
        (Some("integer"), Tree::Number(_)) => value.as_number().is_some_and(|number| number.fract() == 0.0),
        (Some(name), _) => name == type_of(value),
        _ => false,
    };
    types.as_list().map_or_else(|| is(types), |list| list.iter().any(is))
}

fn shown_types(types: &Tree) -> String {
    let list = types.as_list().map_or_else(|| vec![types], |list| list.iter().collect());
    let mut seen = HashSet::new();
    let names: Vec<&str> = list.into_iter().filter_map(Tree::as_text).filter(|name| seen.insert(*name)).collect();
    names.join(" or ")
}

/// Equal as JSON: `1` is `1.0`.
fn same(a: &Tree, b: &Tree) -> bool {
    match (a, b) {
        (Tree::Number(x), Tree::Number(y)) => x == y || a.as_number() == b.as_number(),
        (Tree::List(x), Tree::List(y)) => x.len() == y.len() && x.iter().zip(y).all(|(x, y)| same(x, y)),
        (Tree::Object(x), Tree::Object(y)) => {
            x.len() == y.len() && x.iter().all(|(name, x)| y.get(name).is_some_and(|y| same(x, y)))
        }
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, schema: &str) -> Result<(), String> {
        check_schema(&Json::parse(value).unwrap(), &Json::parse(schema).unwrap())
    }

    const SCHEMA: &str = r##"{"type":"object","additionalProperties":false,"required":["a","b"],"properties":{
        "a":{"type":"integer","minimum":1,"maximum":5},
        "b":{"anyOf":[{"$ref":"#/$defs/node"},{"type":"null"}]}},
        "$defs":{"node":{"type":"object","required":["next"],"additionalProperties":false,
          "properties":{"next":{"anyOf":[{"$ref":"#/$defs/node"},{"type":"null"}]}}}}}"##;

    #[test]
    fn a_value_that_fits_passes() {
        for value in [r#"{"a":1,"b":null}"#, r#"{"b":{"next":{"next":null}},"a":5.0}"#] {
            assert_eq!(check(value, SCHEMA), Ok(()), "{value}");
        }
    }

    #[test]
    fn the_path_of_the_first_misfit_is_named() {
        for (value, expected) in [
            (r#"[]"#, "$: expected object, found array"),
            (r#"{"a":1}"#, "$: the member `b` is absent"),
            (r#"{"a":"x","b":null}"#, "$.a: expected integer, found string"),
            (r#"{"a":1.5,"b":null}"#, "$.a: expected integer, found number"),
            (r#"{"a":0,"b":null}"#, "$.a: against `minimum` 1"),
            (r#"{"a":1,"b":null,"c":1}"#, "$: a member that the schema does not have"),
            (r#"{"a":1,"b":{"next":{"next":7}}}"#, "$.b.next.next: fits none of the 2 alternatives"),
        ] {
            assert_eq!(check(value, SCHEMA), Err(expected.to_owned()), "{value}");
        }
    }

    #[test]
    fn enums_constants_and_lengths_hold() {
        assert!(check(r#""c""#, r#"{"enum":["a","b"]}"#).is_err());
        assert!(check("1.0", r#"{"const":1}"#).is_ok());
        assert!(check("[1,2,3]", r#"{"maxItems":2}"#).is_err());
        assert!(check(r#""é""#, r#"{"maxLength":1}"#).is_ok());
        assert!(check("0.3", r#"{"multipleOf":0.1}"#).is_ok());
        assert!(check("0.35", r#"{"multipleOf":0.1}"#).is_err());
    }

    #[test]
    fn a_reference_without_end_is_no_fit() {
        assert!(check("1", r##"{"$ref":"#"}"##).is_err());
    }
}
