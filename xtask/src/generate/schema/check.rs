//! Checks of the description. Each message says where the mistake is and what to write.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::defs::{BodyDef, EndDef, FieldDef, OperationDef, StructDef, TypeDef};
use super::expr::Expr;
use super::load::Raw;
use super::unions;
use crate::generate::Problems;

const LONGEST_NAME: usize = 45;

/// Reports everything that an output could only guess at. (Texts are checked by `xtask/tests/docs.rs`.)
pub fn check(raw: &Raw) -> Result<(), Problems> {
    let mut problems = Problems::default();
    let mut seen: BTreeMap<&str, String> = BTreeMap::new();
    for (group, operation) in &raw.operations {
        let place = format!("api/operations/{group}.json: {}", operation.id);
        for name in std::iter::once(&operation.id).chain(&operation.python.aliases) {
            if let Some(other) = seen.insert(name, place.clone()) {
                problems.add(&place, format!("the name `{name}` is taken by {other}; an official name is unique"));
            }
        }
        Checker { raw, place, problems: &mut problems }.operation(operation);
    }
    for (name, (area, def)) in &raw.types {
        let place = format!("api/types/{area}.json: {name}");
        Checker { raw, place, problems: &mut problems }.definition(name, def);
    }
    for name in raw.roots.sent.iter().chain(&raw.roots.events) {
        Checker { raw, place: "api/roots.json".to_owned(), problems: &mut problems }.name(name);
    }
    problems.or(())
}

struct Checker<'a> {
    raw: &'a Raw,
    place: String,
    problems: &'a mut Problems,
}

impl<'a> Checker<'a> {
    fn add(&mut self, message: impl std::fmt::Display) {
        self.problems.add(&self.place, message);
    }

    fn one_of(&mut self, what: &str, value: &str, known: &[&str]) {
        if !known.contains(&value) {
            self.add(format!("{what} is `{value}`; write one of {}", known.join(", ")));
        }
    }

    fn name(&mut self, name: &str) {
        if !self.raw.types.contains_key(name) {
            self.add(format!("the type `{name}` does not exist; add it to api/types or correct the name"));
        }
    }

    fn expr(&mut self, expr: &Expr) {
        if let Some(name) = expr.name() {
            self.name(name);
        }
    }

    fn params(&self, operation: &OperationDef) -> Option<&'a StructDef> {
        let name = operation.params.as_deref()?;
        self.raw.types.get(name).and_then(|(_, def)| def.structure())
    }

    fn operation(&mut self, operation: &OperationDef) {
        self.one_of("verb", &operation.verb, &["GET", "POST", "DELETE"]);
        let auth = operation.auth.as_deref().unwrap_or("none");
        self.one_of("auth", auth, &["key", "admin", "none"]);
        if operation.id.rsplit_once('.').is_none() || operation.id.split('.').any(str::is_empty) {
            self.add("an id is a resource path and a method, joined by dots");
        }
        let holes: Vec<&str> = operation.path.split('{').skip(1).filter_map(|part| part.split('}').next()).collect();
        if holes != operation.path_params {
            let stated = operation.path_params.join(", ");
            self.add(format!(
                "path_params are [{stated}] but the path has [{}]; write them in its order",
                holes.join(", ")
            ));
        }
        if let Some(name) = &operation.params {
            self.name(name);
            if self.raw.types.contains_key(name) && self.params(operation).is_none() {
                self.add(format!("params `{name}` is not a struct"));
            }
        }
        self.arguments(operation);
        self.outcome(operation);
    }

    fn arguments(&mut self, operation: &OperationDef) {
        let fields: &[FieldDef] = self.params(operation).map_or(&[], |def| &def.fields);
        let names: BTreeSet<&str> = fields.iter().map(|field| field.name.as_str()).collect();
        for name in operation.path_params.iter().filter(|name| names.contains(name.as_str())) {
            self.add(format!(
                "`{name}` is a path parameter and a field of its params; rename one in api/overrides.json"
            ));
        }
        let mut mentioned: Vec<(&str, &str)> = operation.query.iter().map(|name| ("query", name.as_str())).collect();
        mentioned.extend(operation.header_params.keys().map(|name| ("header_params", name.as_str())));
        mentioned.extend(operation.part_types.keys().map(|name| ("part_types", name.as_str())));
        mentioned.extend(operation.defaults.keys().map(|name| ("defaults", name.as_str())));
        match &operation.body {
            Some(BodyDef::Raw { raw }) => mentioned.push(("body.raw.field", &raw.field)),
            Some(BodyDef::Kind(kind)) => self.one_of("body", kind, &["json", "multipart"]),
            None => {}
        }
        for (place, name) in mentioned {
            if !names.contains(name) {
                self.add(format!("{place} names `{name}`, which is no field of its params"));
            }
        }
    }

    fn outcome(&mut self, operation: &OperationDef) {
        let kind = operation.reply.as_ref().map_or("empty", |reply| reply.kind.as_str());
        self.one_of("reply.kind", kind, &["json", "json_or_text", "text", "binary", "empty", "events"]);
        let typed = operation.reply.as_ref().and_then(|reply| reply.ty.as_ref());
        if let Some(expr) = typed {
            self.expr(expr);
        }
        match kind {
            "json" | "json_or_text" if typed.is_none() && operation.page.is_none() => {
                self.add("a JSON reply needs reply.type (or page)");
            }
            "text" | "binary" | "empty" | "events" if typed.is_some() => {
                self.add(format!("a reply of kind `{kind}` has no type; remove reply.type"));
            }
            _ => {}
        }
        if let Some(page) = &operation.page {
            self.expr(&page.item);
            self.one_of("page.style", &page.style, &["cursor", "last_id", "token", "next", "single"]);
        }
        match &operation.stream {
            Some(stream) => {
                self.expr(&stream.event);
                self.one_of("stream.frame", stream.frame.as_deref().unwrap_or("data"), &["data", "named"]);
                if let EndDef::Word(word) = &stream.end {
                    self.one_of("stream.end", word, &["done", "eof"]);
                }
                if stream.param.is_none() && kind != "events" {
                    self.add("stream.param is missing; only an operation whose reply is `events` always streams");
                }
            }
            None if kind == "events" => self.add("a reply of kind `events` needs `stream`"),
            None => {}
        }
    }

    fn definition(&mut self, name: &str, def: &TypeDef) {
        let upper = name.starts_with(|c: char| c.is_ascii_uppercase());
        if !upper || !name.chars().all(|c| c.is_ascii_alphanumeric()) || name.len() > LONGEST_NAME {
            self.add(format!(
                "a type's name is UpperCamelCase with at most {LONGEST_NAME} characters; rename it in \
                              api/overrides.json"
            ));
        }
        match def {
            TypeDef::Struct(def) => self.structure(def),
            TypeDef::Enum(def) => self.unique("the value", def.values.iter().map(String::as_str)),
            TypeDef::Union(def) => {
                self.unique("the arm", def.arms.iter().map(|arm| arm.name.as_str()));
                def.arms.iter().for_each(|arm| self.expr(&arm.ty));
                if def.tag.is_none() && def.arms.iter().any(|arm| !arm.tags.is_empty()) {
                    self.add("an arm has tags but the union names no tag member");
                }
                let raw = self.raw;
                let get = move |name: &str| raw.types.get(name).map(|(_, def)| def);
                unions::check(&self.place, def, &get, &raw.overrides, self.problems);
            }
        }
    }

    fn structure(&mut self, def: &StructDef) {
        self.unique("the field", def.fields.iter().map(|field| field.name.as_str()));
        for field in &def.fields {
            match (&field.ty, &field.constant) {
                (Some(expr), None) => self.expr(expr),
                (None, Some(Value::String(_) | Value::Bool(_))) => {}
                (None, Some(Value::Number(number))) if number.is_i64() => {}
                (None, Some(value)) => {
                    self.add(format!(
                        "the constant `{}` is {value}; a constant is a text, a boolean or an integer",
                        field.name
                    ));
                }
                _ => self.add(format!("the field `{}` needs either `type` or `const`", field.name)),
            }
        }
        if def.fields.len() > 128 {
            self.add(format!("{} fields; Extra's marks hold 128", def.fields.len()));
        }
    }

    fn unique<'b>(&mut self, what: &str, names: impl Iterator<Item = &'b str>) {
        let mut seen = BTreeSet::new();
        let mut any = false;
        for name in names {
            any = true;
            if !seen.insert(name) {
                self.add(format!("{what} `{name}` stands twice"));
            }
        }
        if !any && what != "the field" {
            self.add(format!("{what}s are missing"));
        }
    }
}
