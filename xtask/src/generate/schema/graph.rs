//! Preparation: which types are needed, which way they travel, where a struct holds itself.

use std::collections::{BTreeMap, BTreeSet};

use super::defs::TypeDef;
use super::expr::Expr;
use super::load::Raw;
use super::{Operation, Schema, Type, Use};
use crate::generate::Problems;

/// Joins what belongs together and drops types that nothing needs.
pub fn prepare(raw: Raw) -> Result<Schema, Problems> {
    let mut problems = Problems::default();
    let mut sent = raw.roots.sent.clone();
    let mut received = raw.roots.events.clone();
    let mut uses: BTreeMap<String, BTreeSet<Use>> = BTreeMap::new();
    let mut note = |expr: &Expr, list: &mut Vec<String>, place: Use| {
        if let Some(name) = expr.name() {
            list.push(name.to_owned());
            uses.entry(name.to_owned()).or_default().insert(place);
        }
    };
    for (_, operation) in &raw.operations {
        let id = || operation.id.clone();
        if let Some(name) = &operation.params {
            note(&Expr::Named(name.clone()), &mut sent, Use::Arguments(id()));
        }
        if let Some(expr) = operation.reply.as_ref().and_then(|reply| reply.ty.as_ref()) {
            note(expr, &mut received, Use::Reply(id()));
        }
        if let Some(page) = &operation.page {
            note(&page.item, &mut received, Use::Item(id()));
        }
        if let Some(stream) = &operation.stream {
            note(&stream.event, &mut received, Use::Event(id()));
        }
    }
    let sent = reach(&raw, sent);
    let received = reach(&raw, received);
    for name in sent.union(&received) {
        for (member, expr) in members(&raw.types[name].1) {
            if let Some(target) = expr.name().filter(|target| target != name) {
                let place = Use::Member { owner: name.clone(), member: member.to_owned() };
                uses.entry(target.to_owned()).or_default().insert(place);
            }
        }
    }
    let hidden = hidden(&raw, &uses, &mut problems);
    let recursive: BTreeMap<String, BTreeSet<String>> =
        sent.union(&received).map(|name| (name.clone(), recursive(&raw, name))).collect();

    let Raw { operations, types, mut operation_docs, mut type_docs, rust_names, .. } = raw;
    let mut schema = Schema { operations: Vec::new(), types: BTreeMap::new(), rust_names };
    for (group, def) in operations {
        let summary = operation_docs.remove(&def.id).filter(|text| !text.trim().is_empty());
        schema.operations.push(Operation { def, group, summary });
    }
    split_groups(&mut schema.operations);
    schema.operations.sort_by(|a, b| a.def.id.cmp(&b.def.id));
    for (name, (area, def)) in types {
        let sent = sent.contains(&name);
        if sent || received.contains(&name) {
            let ty = Type {
                def,
                area: area_of(&area),
                docs: type_docs.remove(&name).unwrap_or_default(),
                sent,
                used_by: uses.remove(&name).unwrap_or_default().into_iter().collect(),
                recursive: recursive.get(&name).cloned().unwrap_or_default(),
                hidden: hidden.get(&name).cloned().unwrap_or_default(),
            };
            schema.types.insert(name, ty);
        }
    }
    problems.or(schema)
}

/// `responses_2.json` continues `responses.json`.
fn area_of(file: &str) -> String {
    match file.rsplit_once('_') {
        Some((area, number)) if !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()) => area.to_owned(),
        _ => file.to_owned(),
    }
}

/// A group with very many operations would make files that are too long: each resource in it that has many of its own
/// becomes a group.
fn split_groups(operations: &mut [Operation]) {
    const VERY_MANY: usize = 60;
    const MANY: usize = 20;
    let mut sizes: BTreeMap<String, usize> = BTreeMap::new();
    for operation in operations.iter() {
        *sizes.entry(operation.group.clone()).or_default() += 1;
        *sizes.entry(longer_group(operation)).or_default() += 1;
    }
    for operation in operations {
        let longer = longer_group(operation);
        if sizes[&operation.group] > VERY_MANY && sizes[&longer] >= MANY {
            operation.group = longer;
        }
    }
}

/// The group's name with one more word of the resource path.
fn longer_group(operation: &Operation) -> String {
    let words = operation.group.split('_').count();
    let path: Vec<&str> = operation.resource().split('.').take(words + 1).collect();
    if path.join("_").starts_with(&operation.group) { path.join("_") } else { operation.group.clone() }
}

/// Members and arms of a type with their types; constants have none.
fn members(def: &TypeDef) -> Vec<(&str, &Expr)> {
    match def {
        TypeDef::Struct(def) => {
            def.fields.iter().filter_map(|field| Some((field.name.as_str(), field.ty.as_ref()?))).collect()
        }
        TypeDef::Enum(_) => Vec::new(),
        TypeDef::Union(def) => def.arms.iter().map(|arm| (arm.name.as_str(), &arm.ty)).collect(),
    }
}

/// The names given and every type they need.
fn reach(raw: &Raw, mut todo: Vec<String>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    while let Some(name) = todo.pop() {
        let Some((_, def)) = raw.types.get(&name) else { continue };
        if found.insert(name) {
            todo.extend(members(def).into_iter().filter_map(|(_, expr)| expr.name().map(str::to_owned)));
        }
    }
    found
}

/// Stream flags: fields of params that a surface asks for in another way.
fn hidden(
    raw: &Raw,
    uses: &BTreeMap<String, BTreeSet<Use>>,
    problems: &mut Problems,
) -> BTreeMap<String, BTreeSet<String>> {
    let mut result: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut visible: BTreeSet<&str> = BTreeSet::new();
    for (_, operation) in &raw.operations {
        let Some(params) = operation.params.as_deref() else { continue };
        match operation.stream.as_ref().and_then(|stream| stream.param.as_ref()) {
            Some(flag) => {
                result.entry(params.to_owned()).or_default().insert(flag.clone());
            }
            None => {
                visible.insert(params);
            }
        }
    }
    for (params, flags) in &result {
        let nested = uses.get(params).is_some_and(|uses| uses.iter().any(|place| matches!(place, Use::Member { .. })));
        if flags.len() > 1 || visible.contains(params.as_str()) || nested {
            problems.add(
                format!("api/types: {params}"),
                "holds the stream flag of an operation but is used elsewhere too, where the flag would be missing; give \
                 the operation params of its own in api/overrides.json",
            );
        }
    }
    result
}

/// Members of a struct that hold by value a struct from which this one can be reached by value again.
fn recursive(raw: &Raw, name: &str) -> BTreeSet<String> {
    let by_value = |name: &str| -> Vec<(String, String)> {
        let Some((_, TypeDef::Struct(def))) = raw.types.get(name) else { return Vec::new() };
        let named = def.fields.iter().filter_map(|field| match &field.ty {
            Some(Expr::Named(target)) => Some((field.name.clone(), target.clone())),
            _ => None,
        });
        named.filter(|(_, target)| matches!(raw.types.get(target), Some((_, TypeDef::Struct(_))))).collect()
    };
    let mut result = BTreeSet::new();
    for (member, target) in by_value(name) {
        let (mut todo, mut seen) = (vec![target], BTreeSet::new());
        while let Some(next) = todo.pop() {
            if next == name {
                result.insert(member.clone());
                break;
            }
            if seen.insert(next.clone()) {
                todo.extend(by_value(&next).into_iter().map(|(_, target)| target));
            }
        }
    }
    result
}
