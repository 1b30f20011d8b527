//! Schemas as the service takes them with `strict: true`.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;
use percent_encoding::percent_decode_str;

use super::merge::{ANNOTATIONS, merge};
use super::tree::{Object, Tree};
use crate::error::Error;
use crate::json::Json;

/// Keywords that are sent as they stand. The others are dropped where they only narrow or describe, since the value is
/// checked again when it is read, and refused where they change what a value looks like.
const KEPT: &[&str] = &[
    "title",
    "description",
    "type",
    "enum",
    "const",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "anyOf",
    "pattern",
    "format",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
];

/// Values of `format` that the service knows.
const FORMATS: &[&str] = &["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"];

const REFUSED: &[&str] = &[
    "not",
    "if",
    "then",
    "else",
    "patternProperties",
    "propertyNames",
    "dependentRequired",
    "dependentSchemas",
    "dependencies",
    "contains",
    "$dynamicRef",
    "$recursiveRef",
];

const TYPES: &[&str] = &["object", "array", "string", "number", "integer", "boolean", "null"];

/// How deep schemas may stand in each other, and how many there may be. The service's own limits are lower.
const MAX_DEPTH: usize = 64;
const MAX_SCHEMAS: usize = 50_000;

/// The schema in the form that the service demands where `strict` is true, for structured outputs and for function
/// tools. A schema that has that form already comes back as it is.
///
/// - Every property is required, and no other is allowed. What may be absent should be nullable instead.
/// - `oneOf` becomes `anyOf`; `allOf`, and what stands beside `$ref` or `anyOf`, are merged into one schema.
/// - `nullable: true` becomes a `null` type; a tuple of equal items becomes a list of that length.
/// - Defaults, examples and keywords that the service does not know are dropped. They only describe or narrow, and
///   what comes back is checked again when it is read.
/// - Definitions move to `$defs`; those that nothing refers to are left out.
///
/// # Errors
/// Kind `usage`, with the JSON path, for what has no such form: maps with free names, values of any type, tuples of
/// different items, `not`, `if`, `patternProperties` and the like, a root that is not an object.
pub fn strict_schema(schema: &Json) -> Result<Json, Error> {
    let tree = Tree::of(schema);
    let mut strict =
        Strict { root: &tree, names: IndexMap::new(), taken: HashSet::new(), recursive: HashMap::new(), seen: 0 };
    let members = strict.flat(&tree, "$", 0)?;
    let Tree::Object(mut out) = strict.typed(members, "$", 0)? else { return Err(refuse("$", NOT_AN_OBJECT)) };
    if out.get("type").and_then(Tree::as_text) != Some("object") {
        return Err(refuse("$", NOT_AN_OBJECT));
    }
    let defs = strict.definitions()?;
    if !defs.is_empty() {
        out.insert("$defs".to_owned(), Tree::Object(defs));
    }
    Ok(Tree::Object(out).to_json())
}

const NOT_AN_OBJECT: &str = "the outermost schema must be a plain object, neither a list, an enum nor a choice; put it into a field of a struct";

fn refuse(path: &str, why: &str) -> Error {
    Error::usage(format!("this schema has no strict form: at `{path}`: {why}"))
}

struct Strict<'a> {
    root: &'a Tree,
    /// Pointers that are referred to, with their names in the new `$defs`.
    names: IndexMap<String, String>,
    taken: HashSet<String>,
    /// Pointers of which it is known whether they lead back to themselves.
    recursive: HashMap<String, bool>,
    seen: usize,
}

impl Strict<'_> {
    /// The strict form of a schema inside.
    fn schema(&mut self, tree: &Tree, path: &str, depth: usize) -> Result<Tree, Error> {
        self.seen += 1;
        if depth > MAX_DEPTH || self.seen > MAX_SCHEMAS {
            return Err(refuse(path, "it is too large, or refers to itself in a way that cannot stay a reference"));
        }
        if let Some((pointer, beside)) = self.reference(tree, path)? {
            if beside.is_empty() {
                return Ok(Tree::from([("$ref", Tree::Text(pointer))]));
            }
            let mut wrapper = beside;
            wrapper.insert("anyOf".into(), Tree::List(vec![Tree::from([("$ref", Tree::Text(pointer))])]));
            return Ok(Tree::Object(wrapper));
        }
        let members = self.flat(tree, path, depth)?;
        self.typed(members, path, depth)
    }

    /// The new reference, if this schema can stay one, and the descriptions beside it. The service takes nothing beside
    /// `$ref`, so one with a description is written out, unless that would never end.
    fn reference(&mut self, tree: &Tree, path: &str) -> Result<Option<(String, Object)>, Error> {
        let Some(Tree::Text(pointer)) = tree.as_object().and_then(|members| members.get("$ref")) else {
            return Ok(None);
        };
        let mut beside = significant(tree);
        beside.shift_remove("$ref");
        self.resolve(pointer, path)?;
        let plain = beside.is_empty();
        let describes = beside.keys().all(|keyword| ANNOTATIONS.contains(&keyword.as_str()));
        if !(plain || describes && self.is_recursive(pointer)) {
            return Ok(None);
        }
        if pointer == "#" {
            return Ok(Some((pointer.clone(), beside)));
        }
        if !self.names.contains_key(pointer) {
            let name = self.free_name(pointer);
            self.names.insert(pointer.clone(), name);
        }
        Ok(Some((format!("#/$defs/{}", self.names[pointer]), beside)))
    }

    fn free_name(&mut self, pointer: &str) -> String {
        let last = pointer.rsplit('/').next().unwrap_or_default();
        let plain = |c: char| if c.is_ascii_alphanumeric() || "_-.".contains(c) { c } else { '_' };
        let wanted: String = unescape(last).chars().map(plain).collect();
        let mut name = wanted.clone();
        let mut number = 2;
        while !self.taken.insert(name.clone()) {
            name = format!("{wanted}_{number}");
            number += 1;
        }
        name
    }

    fn definitions(&mut self) -> Result<Object, Error> {
        let mut defs = Object::new();
        // Each definition may refer to further ones.
        while let Some((pointer, name)) = self.names.get_index(defs.len()).map(|(p, n)| (p.clone(), n.clone())) {
            let path = format!("$.$defs.{name}");
            let target = self.resolve(&pointer, &path)?.clone();
            let schema = self.schema(&target, &path, 1)?;
            defs.insert(name, schema);
        }
        Ok(defs)
    }

    fn resolve(&self, pointer: &str, path: &str) -> Result<&Tree, Error> {
        let missing = || refuse(path, &format!("the reference `{pointer}` leads nowhere"));
        let Some(rest) = pointer.strip_prefix('#') else {
            return Err(refuse(path, &format!("the reference `{pointer}` leads out of this schema")));
        };
        let mut at = self.root;
        for step in rest.split('/').skip(1).map(unescape) {
            at = match at {
                Tree::Object(members) => members.get(&step),
                Tree::List(items) => step.parse().ok().and_then(|index: usize| items.get(index)),
                _ => None,
            }
            .ok_or_else(missing)?;
        }
        Ok(at)
    }

    /// Whether the schema at this pointer refers to itself, by whatever way.
    fn is_recursive(&mut self, pointer: &str) -> bool {
        if let Some(known) = self.recursive.get(pointer) {
            return *known;
        }
        let found = self.leads_back(pointer);
        self.recursive.insert(pointer.to_owned(), found);
        found
    }

    fn leads_back(&self, pointer: &str) -> bool {
        let mut open = vec![pointer.to_owned()];
        let mut seen = HashSet::new();
        while let Some(next) = open.pop() {
            let mut found = Vec::new();
            if let Ok(tree) = self.resolve(&next, "$") {
                references(tree, &mut found);
            }
            if found.iter().any(|reference| reference == pointer) {
                return true;
            }
            open.extend(found.into_iter().filter(|reference| seen.insert(reference.clone())));
        }
        false
    }

    /// The schema with its own `$ref` and `allOf` merged into it.
    fn flat(&self, tree: &Tree, path: &str, depth: usize) -> Result<Object, Error> {
        match tree {
            Tree::Object(_) if depth <= MAX_DEPTH => {}
            Tree::Object(_) => return Err(refuse(path, "it refers to itself in a way that cannot stay a reference")),
            Tree::Bool(true) => return Err(refuse(path, ANY)),
            _ => return Err(refuse(path, "a schema is an object")),
        }
        let mut members = significant(tree);
        let mut parts = Vec::new();
        if let Some(reference) = members.shift_remove("$ref") {
            let pointer = reference.as_text().ok_or_else(|| refuse(path, "`$ref` must be a text"))?;
            parts.push((self.resolve(pointer, path)?, path.to_owned()));
        }
        let arms = members.shift_remove("allOf");
        if let Some(arms) = &arms {
            let arms = arms.as_list().ok_or_else(|| refuse(path, "`allOf` must be a list"))?;
            parts.extend(arms.iter().enumerate().map(|(index, arm)| (arm, format!("{path}.allOf[{index}]"))));
        }
        for (part, at) in parts {
            let part = self.flat(part, &at, depth + 1)?;
            merge(&mut members, &part).map_err(|why| refuse(&at, &why))?;
        }
        Ok(members)
    }

    /// The strict form of a schema that has neither `$ref` nor `allOf` any more.
    fn typed(&mut self, mut members: Object, path: &str, depth: usize) -> Result<Tree, Error> {
        if let Some(keyword) = REFUSED.iter().find(|keyword| members.contains_key(**keyword)) {
            return Err(refuse(path, &format!("`{keyword}` cannot be expressed")));
        }
        let nullable = members.shift_remove("nullable") == Some(Tree::Bool(true));
        if let Some(arms) = members.shift_remove("oneOf")
            && members.insert("anyOf".into(), arms).is_some()
        {
            return Err(refuse(path, "`oneOf` and `anyOf` cannot both be expressed"));
        }
        if members.contains_key("anyOf") {
            return self.choice(members, nullable, path, depth);
        }
        infer_type(&mut members, path)?;
        if nullable {
            allow_null(&mut members);
        }
        let types = types(&members, path)?;
        if types.iter().any(|name| name == "array") {
            self.list(&mut members, path, depth)?;
        }
        if types.iter().any(|name| name == "object") {
            self.object(&mut members, path, depth)?;
        }
        if members.get("format").is_some_and(|format| !format.as_text().is_some_and(|name| FORMATS.contains(&name))) {
            members.shift_remove("format");
        }
        members.retain(|keyword, _| KEPT.contains(&keyword.as_str()));
        Ok(Tree::Object(members))
    }

    /// A choice between schemas. What stands beside it holds for each of them.
    fn choice(&mut self, mut members: Object, nullable: bool, path: &str, depth: usize) -> Result<Tree, Error> {
        let Some(Tree::List(arms)) = members.shift_remove("anyOf") else {
            return Err(refuse(path, "`anyOf` and `oneOf` must be lists"));
        };
        members.retain(|keyword, _| KEPT.contains(&keyword.as_str()) && keyword != "format");
        let (mut out, beside): (Object, Object) =
            members.into_iter().partition(|(keyword, _)| ANNOTATIONS.contains(&keyword.as_str()));
        let mut list = Vec::with_capacity(arms.len());
        for (index, arm) in arms.iter().enumerate() {
            let at = format!("{path}.anyOf[{index}]");
            if beside.is_empty() {
                list.push(self.schema(arm, &at, depth + 1)?);
                continue;
            }
            let mut both = beside.clone();
            merge(&mut both, &self.flat(arm, &at, depth + 1)?).map_err(|why| refuse(&at, &why))?;
            list.push(self.typed(both, &at, depth + 1)?);
        }
        let null = Tree::from([("type", Tree::text("null"))]);
        if nullable && !list.contains(&null) {
            list.push(null);
        }
        if list.len() == 1
            && let Some(Tree::Object(only)) = list.pop()
        {
            if !only.contains_key("$ref") {
                merge(&mut out, &only).map_err(|why| refuse(path, &why))?;
                return Ok(Tree::Object(out));
            }
            list.push(Tree::Object(only));
        }
        out.insert("anyOf".into(), Tree::List(list));
        Ok(Tree::Object(out))
    }

    fn list(&mut self, members: &mut Object, path: &str, depth: usize) -> Result<(), Error> {
        if let Some(Tree::List(places)) = members.shift_remove("prefixItems") {
            // Descriptions aside, all places must hold the same.
            let Some(first) = places.first().filter(|first| places.iter().all(|place| place == *first)) else {
                return Err(refuse(
                    path,
                    "a tuple of different items cannot be expressed; use a struct with named fields",
                ));
            };
            let length = Tree::Number(places.len().to_string());
            members.insert("items".into(), first.clone());
            members.insert("minItems".into(), length.clone());
            members.insert("maxItems".into(), length);
        }
        let at = format!("{path}.items");
        let Some(items) = members.get("items") else { return Err(refuse(&at, ANY)) };
        let items = self.schema(&items.clone(), &at, depth + 1)?;
        members.insert("items".into(), items);
        Ok(())
    }

    fn object(&mut self, members: &mut Object, path: &str, depth: usize) -> Result<(), Error> {
        if !matches!(members.get("additionalProperties"), None | Some(Tree::Bool(false))) {
            return Err(refuse(path, FREE_NAMES));
        }
        // Members that are there keep their places.
        let properties = match members.get("properties") {
            None => Object::new(),
            Some(Tree::Object(properties)) => properties.clone(),
            Some(_) => return Err(refuse(path, "`properties` must be an object")),
        };
        let mut out = Object::new();
        for (name, schema) in properties {
            let schema = self.schema(&schema, &format!("{path}.properties.{name}"), depth + 1)?;
            out.insert(name, schema);
        }
        let required = out.keys().map(Tree::text).collect();
        members.insert("properties".into(), Tree::Object(out));
        members.insert("required".into(), Tree::List(required));
        members.insert("additionalProperties".into(), Tree::Bool(false));
        Ok(())
    }
}

const ANY: &str = "a value of any type cannot be expressed; say which type it has, or take the JSON as a text";
const FREE_NAMES: &str =
    "a map with free names cannot be expressed; use a list of structs with a field for the name and one for the value";

/// The members of a schema without those that only describe and are not sent.
fn significant(tree: &Tree) -> Object {
    let Tree::Object(members) = tree else { return Object::new() };
    let kept = |name: &str| {
        KEPT.contains(&name)
            || REFUSED.contains(&name)
            || ["$ref", "allOf", "oneOf", "nullable", "prefixItems"].contains(&name)
    };
    members.iter().filter(|(name, _)| kept(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn references(tree: &Tree, found: &mut Vec<String>) {
    match tree {
        Tree::List(items) => items.iter().for_each(|item| references(item, found)),
        Tree::Object(members) => {
            if let Some(Tree::Text(pointer)) = members.get("$ref") {
                found.push(pointer.clone());
            }
            members.values().for_each(|value| references(value, found));
        }
        _ => {}
    }
}

fn infer_type(members: &mut Object, path: &str) -> Result<(), Error> {
    if members.contains_key("type") {
        return Ok(());
    }
    let of_value = |value: &Tree| match value {
        Tree::Null => "null",
        Tree::Bool(_) => "boolean",
        Tree::Number(text) if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') => "integer",
        Tree::Number(_) => "number",
        Tree::Text(_) => "string",
        Tree::List(_) => "array",
        Tree::Object(_) => "object",
    };
    let mut names: Vec<&str> = if members.contains_key("properties") || members.contains_key("additionalProperties") {
        vec!["object"]
    } else if members.contains_key("items") || members.contains_key("prefixItems") {
        vec!["array"]
    } else if let Some(value) = members.get("const") {
        vec![of_value(value)]
    } else if let Some(Tree::List(values)) = members.get("enum") {
        values.iter().map(of_value).collect()
    } else {
        return Err(refuse(path, ANY));
    };
    let mut seen = HashSet::new();
    names.retain(|name| seen.insert(*name));
    let mut list: Vec<Tree> = names.into_iter().map(Tree::text).collect();
    let types = if list.len() == 1 { list.remove(0) } else { Tree::List(list) };
    members.insert("type".into(), types);
    Ok(())
}

fn types(members: &Object, path: &str) -> Result<Vec<String>, Error> {
    let names: Option<Vec<String>> = match members.get("type") {
        Some(Tree::Text(name)) => Some(vec![name.clone()]),
        Some(Tree::List(names)) => names.iter().map(|name| name.as_text().map(str::to_owned)).collect(),
        _ => None,
    };
    let names = names.filter(|names| !names.is_empty() && names.iter().all(|name| TYPES.contains(&name.as_str())));
    names.ok_or_else(|| refuse(path, "`type` names no type of JSON"))
}

fn allow_null(members: &mut Object) {
    let null = Tree::text("null");
    match members.get_mut("type") {
        Some(Tree::List(names)) if !names.contains(&null) => names.push(null),
        Some(name @ Tree::Text(_)) if *name != null => *name = Tree::List(vec![name.clone(), null]),
        _ => {}
    }
    if let Some(value) = members.shift_remove("const") {
        members.insert("enum".into(), Tree::List(vec![value]));
    }
    if let Some(Tree::List(values)) = members.get_mut("enum")
        && !values.contains(&Tree::Null)
    {
        values.push(Tree::Null);
    }
}

/// One step of a JSON pointer in a URL.
fn unescape(step: &str) -> String {
    percent_decode_str(step).decode_utf8_lossy().replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests;
