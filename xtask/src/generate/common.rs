//! What the outputs of several languages ask for, and no language decides: the tree of resources, arguments of methods, texts of members,
//! areas cut into files.

use std::collections::{BTreeMap, BTreeSet};

use super::rust::names::snake;
use super::schema::defs::FieldDef;
use super::schema::docs::facts;
use super::schema::{Operation, Schema, Type};

/// A node of the tree.
#[derive(Debug, Default)]
pub struct Resource<'a> {
    /// Paths of the resources below it.
    pub children: BTreeSet<String>,
    /// Official names, each with its operation.
    pub methods: Vec<(&'a str, &'a Operation)>,
}

/// All resources by their paths: those with methods, and those above them.
pub fn tree(schema: &Schema) -> BTreeMap<String, Resource<'_>> {
    let mut tree: BTreeMap<String, Resource<'_>> = BTreeMap::new();
    for operation in &schema.operations {
        for id in operation.names() {
            let path = id.rsplit_once('.').map_or("", |(path, _)| path);
            tree.entry(path.to_owned()).or_default().methods.push((id, operation));
            let mut child = path;
            while let Some((parent, _)) = child.rsplit_once('.') {
                tree.entry(parent.to_owned()).or_default().children.insert(child.to_owned());
                child = parent;
            }
        }
    }
    tree
}

/// How the arguments outside of the path are handed over: their type, and whether they may be left out.
pub fn params_of(schema: &Schema, operation: &Operation) -> Option<(String, bool)> {
    let name = operation.def.params.as_ref()?;
    let def = schema.structure(name)?;
    let hidden = operation.stream_param();
    let mut shown = def.fields.iter().filter(|field| Some(field.name.as_str()) != hidden).peekable();
    shown.peek()?;
    let required = shown.any(|field| is_required(field) && field.ty.is_some());
    Some((name.clone(), !required))
}

/// Names of the arguments that a method asks for and of those that may be left out, as a call by keywords has them.
pub fn arguments(schema: &Schema, operation: &Operation) -> (Vec<String>, Vec<String>) {
    let def = &operation.def;
    let (mut required, mut optional) = (def.path_params.clone(), Vec::new());
    if let Some(params) = def.params.as_deref().and_then(|name| schema.structure(name)) {
        for field in params.fields.iter().filter(|field| Some(field.name.as_str()) != operation.stream_param()) {
            let list = if field.required && field.constant.is_none() { &mut required } else { &mut optional };
            list.push(field.name.clone());
        }
    }
    optional.extend(operation.stream_param().map(str::to_owned));
    (required, optional)
}

/// Whether a type asks for a member: it does if it must be there and may not be `null`.
pub fn is_required(field: &FieldDef) -> bool {
    field.required && !field.nullable
}

/// Text about a member.
pub fn member_text(name: &str, ty: &Type, field: &FieldDef) -> String {
    let mut text = ty.member_text(&field.name).map(str::to_owned).unwrap_or_default();
    if let Some(facts) = facts(field, &text) {
        text = if text.is_empty() { facts } else { format!("{text} {facts}") };
    }
    if field.deprecated && !text.to_lowercase().contains("deprecated") {
        text = format!("{text} Deprecated by the vendor.").trim().to_owned();
    }
    if text.is_empty() {
        text = format!("`{}` of the {}.", field.name, snake(name).replace('_', " "));
    }
    text
}

/// Texts of definitions as bodies of files, none much longer than so many lines.
pub fn parts(texts: &[String], longest: usize) -> Vec<String> {
    let mut parts: Vec<String> = vec![String::new()];
    let mut lines = 0;
    for text in texts {
        let length = text.lines().count() + 1;
        if lines > 0 && lines + length > longest {
            parts.push(String::new());
            lines = 0;
        }
        lines += length;
        if let Some(part) = parts.last_mut() {
            part.push('\n');
            part.push_str(text);
        }
    }
    parts
}

/// `lowerCamelCase` of a wire name; `_` stays between digits.
pub fn camel(wire: &str) -> String {
    let mut out = String::new();
    for word in snake(wire).split('_').filter(|word| !word.is_empty()) {
        let digits = out.ends_with(|c: char| c.is_ascii_digit()) && word.starts_with(|c: char| c.is_ascii_digit());
        if digits {
            out.push('_');
        }
        let mut letters = word.chars();
        let first = letters.next().unwrap_or_default();
        out.push(if out.is_empty() { first } else { first.to_ascii_uppercase() });
        out.push_str(letters.as_str());
    }
    out
}
