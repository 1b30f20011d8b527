//! The tree of resources with a typed method for every operation.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::names::escape;
use super::text::{comment, string};
use super::{MAIN, Names, swift_type};
use crate::generate::common::{Resource, camel, params_of, tree};
use crate::generate::output::Files;
use crate::generate::rust::names::resource_type;
use crate::generate::schema::defs::TypeDef;
use crate::generate::schema::expr::{Expr, Scalar};
use crate::generate::schema::{Operation, Schema};

/// Writes one file a group, and the roots of the tree.
pub fn generate(schema: &Schema, names: &Names, files: &mut Files) {
    let tree = tree(schema);
    let mut groups: BTreeMap<String, String> = BTreeMap::new();
    for (path, resource) in &tree {
        let own = resource.methods.first().map(|(_, operation)| operation.group.clone());
        let group = own.unwrap_or_else(|| path.split('.').next().unwrap_or(path).to_owned());
        groups.entry(group).or_default().push_str(&structure(schema, names, path, resource));
    }
    for (group, body) in &groups {
        files.swift(format!("{MAIN}/Resources/resources_{group}.swift"), body);
    }
    let mut roots = String::from("\nextension Client {\n");
    for path in tree.keys().filter(|path| !path.contains('.')) {
        accessor(&mut roots, path);
    }
    roots.truncate(roots.trim_end().len());
    roots.push_str("\n}\n");
    files.swift(format!("{MAIN}/Resources/roots.swift"), &roots);
}

/// The type of a resource.
fn resource_name(path: &str) -> String {
    format!("{}Resource", resource_type(path))
}

fn accessor(out: &mut String, path: &str) {
    let last = escape(&camel(path.rsplit('.').next().unwrap_or(path)));
    let name = resource_name(path);
    comment(out, 4, &format!("The resource `{path}`."));
    let _ = writeln!(out, "    public var {last}: {name} {{ {name}(_calls: _calls) }}\n");
}

fn structure(schema: &Schema, names: &Names, path: &str, resource: &Resource<'_>) -> String {
    let mut out = String::from("\n");
    comment(&mut out, 0, &format!("The resource `{path}`."));
    let _ = writeln!(out, "public struct {}: Sendable {{\n    let _calls: Calls\n", resource_name(path));
    for child in &resource.children {
        accessor(&mut out, child);
    }
    for (id, operation) in &resource.methods {
        methods(&mut out, schema, names, id, operation);
    }
    out.truncate(out.trim_end().len());
    out.push_str("\n}\n");
    out
}

/// Name of the method of an official name.
pub fn method_name(id: &str) -> String {
    escape(&camel(id.rsplit_once('.').map_or(id, |(_, method)| method)))
}

/// Name of the method that streams.
pub fn stream_name(id: &str, operation: &Operation) -> String {
    let name = method_name(id);
    if operation.only_streams() { name } else { format!("{}Stream", name.trim_matches('`')) }
}

/// Whether a value of this type can hold an embedding.
fn holds_vectors(schema: &Schema, expr: &Expr) -> bool {
    let (mut seen, mut open) = (BTreeSet::new(), vec![expr]);
    while let Some(expr) = open.pop() {
        match expr {
            Expr::Scalar(scalar) if *scalar == Scalar::Vector => return true,
            Expr::Scalar(_) => {}
            Expr::List(item) | Expr::Map(item) => open.push(item),
            Expr::Named(name) if seen.insert(name) => match schema.get(name).map(|ty| &ty.def) {
                Some(TypeDef::Struct(def)) => open.extend(def.fields.iter().filter_map(|field| field.ty.as_ref())),
                Some(TypeDef::Union(def)) => open.extend(def.arms.iter().map(|arm| &arm.ty)),
                _ => {}
            },
            Expr::Named(_) => {}
        }
    }
    false
}

/// How a method is declared and what it calls.
struct Method {
    name: String,
    effects: &'static str,
    result: String,
    call: &'static str,
    note: &'static str,
}

fn methods(out: &mut String, schema: &Schema, names: &Names, id: &str, operation: &Operation) {
    let def = &operation.def;
    let reply = def.reply.as_ref().and_then(|reply| reply.ty.as_ref());
    let typed = || reply.map_or("JSON".to_owned(), |expr| swift_type(names, expr));
    if !operation.only_streams() {
        let (effects, result, call) = match (&def.page, operation.reply_kind()) {
            (Some(page), _) => ("", format!("PageSequence<{}>", swift_type(names, &page.item)), "pages"),
            (None, "text") => (" async throws", "String".to_owned(), "text"),
            (None, "binary") => (" async throws", "Download".to_owned(), "download"),
            (None, "json") if reply.is_some_and(|reply| holds_vectors(schema, reply)) => {
                (" async throws", typed(), "vectors")
            }
            (None, "json") => (" async throws", typed(), "value"),
            (None, "json_or_text") => (" async throws", typed(), "valueOrText"),
            (None, _) => (" async throws", "Void".to_owned(), "empty"),
        };
        method(out, schema, names, (id, operation), &Method { name: method_name(id), effects, result, call, note: "" });
    }
    if let Some(stream) = &def.stream {
        let note = if operation.only_streams() { "" } else { "\n\nGives the reply as a stream of events." };
        let result = format!("EventStream<{}>", swift_type(names, &stream.event));
        let name = stream_name(id, operation);
        method(
            out,
            schema,
            names,
            (id, operation),
            &Method { name, effects: " async throws", result, call: "events", note },
        );
    }
}

fn method(out: &mut String, schema: &Schema, names: &Names, (id, operation): (&str, &Operation), method: &Method) {
    let def = &operation.def;
    let summary = operation.summary.clone().unwrap_or_else(|| format!("Calls `{}`.", def.id));
    let also = if id == def.id { String::new() } else { format!("\n\nAnother name of `{}`.", def.id) };
    let old = if def.deprecated { "\n\nThe vendor has deprecated this endpoint." } else { "" };
    comment(out, 4, &format!("{summary}{also}{}{old}\n\n`{} {}`", method.note, def.verb, def.path));
    let path: Vec<String> = def.path_params.iter().map(|name| escape(&camel(name))).collect();
    let mut arguments: Vec<String> = path.iter().map(|name| format!("{name}: String")).collect();
    let params = params_of(schema, operation);
    if let Some((name, may_be_left_out)) = &params {
        let ty = names.ty(name);
        arguments.push(if *may_be_left_out { format!("_ params: {ty} = {ty}()") } else { format!("_ params: {ty}") });
    }
    arguments.push("options: RequestOptions? = nil".to_owned());
    let given = if params.is_some() { "params.json" } else { "nil" };
    let wait = if method.effects.is_empty() { "" } else { "try await " };
    let _ = writeln!(
        out,
        "    public func {}({}){} -> {} {{\n        {wait}_calls.{}({}, [{}], {given}, options)\n    }}\n",
        method.name,
        arguments.join(", "),
        method.effects,
        method.result,
        method.call,
        string(&def.id),
        path.join(", "),
    );
}
