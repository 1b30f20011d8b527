//! `bindings-python/src/generated/`: the tables of the native decoder, and the numbers of operations.

use std::fmt::Write as _;

use super::Method;
use super::facts::{Definition, Facts, Module};
use super::layout::{Doc, WIDTH};
use super::shapes::{Shape, Shapes};
use super::ty::Ty;
use crate::generate::output::Files;
use crate::generate::rust::names::constant;
use crate::generate::rust::text::{string, strings};
use crate::generate::schema::Schema;

const DIR: &str = "bindings-python/src/generated";

/// Rows of a table in one file.
const PAGE: usize = 400;

/// Writes the tables.
pub fn generate(schema: &Schema, facts: &Facts, methods: &[Method<'_>], files: &mut Files) {
    let mut shapes = Shapes::new(schema, facts);
    let rows: Vec<String> = methods.iter().map(|method| row(facts, &mut shapes, method)).collect();
    let connections = facts.extras.connections.iter().map(|(path, name)| {
        let shape = shapes.of(facts, &Ty::Named(name.clone()));
        format!("({}, Shape::{})", string(path), text(shape))
    });
    let connections: Vec<String> = connections.collect();
    let mut root = String::from("//! The tables of the decoder and of the calls.\n\n");
    let mut uses = String::new();
    let models: Vec<String> = shapes.models.iter().map(model).collect();
    // One static must hold them all, since numbers are places in it; a file holds some as a macro would: by name.
    let pages: Vec<&[String]> = models.chunks(PAGE).collect();
    for (number, page) in (1..).zip(&pages) {
        let _ = writeln!(root, "mod models_{number};");
        let items: String = page.iter().zip((number - 1) * PAGE..).map(|(text, at)| item(at, text)).collect();
        let body = format!(
            "//! Response classes, part {number}.\n\nuse crate::schema::Model;\nuse crate::schema::Shape::*;\n\n{items}"
        );
        files.rust(format!("{DIR}/models_{number}.rs"), &body);
        let _ = writeln!(uses, "use models_{number} as m{number};");
    }
    let names: Vec<String> = (0..models.len()).map(|at| format!("m{}::M{at}", at / PAGE + 1)).collect();
    let _ = write!(
        root,
        "mod rows;\nmod unions;\n\n{uses}\nuse crate::schema::{{Model, Row, Shape, Union}};\n\n\
         /// Response classes.\n#[rustfmt::skip]\npub static MODELS: &[Model] = {};\n\n\
         /// Shapes of items and values.\n#[rustfmt::skip]\npub static SHAPES: &[Shape] = {};\n\n\
         /// Unions.\npub static UNIONS: &[Union] = unions::UNIONS;\n\n\
         /// Operations by their Python names.\npub static ROWS: &[Row] = rows::ROWS;\n\n\
         /// Events of WebSockets by the resource that opens them.\n\
         #[rustfmt::skip]\npub static CONNECTIONS: &[(&str, Shape)] = {};\n",
        fill(names),
        fill(shapes.items.iter().map(|shape| format!("Shape::{}", text(*shape)))),
        fill(connections),
    );
    files.rust(format!("{DIR}/mod.rs"), &root);
    let unions: Vec<String> = shapes.unions.iter().map(union).collect();
    files.rust(
        format!("{DIR}/unions.rs"),
        &format!(
            "//! Unions.\n\nuse crate::schema::Union;\nuse crate::schema::Shape::*;\n\n\
             /// Unions.\n#[rustfmt::skip]\npub(super) const UNIONS: &[Union] = &[\n{}];\n",
            unions.concat()
        ),
    );
    files.rust(
        format!("{DIR}/rows.rs"),
        &format!(
            "//! Operations by their Python names.\n\nuse threadline::operations as ops;\n\nuse crate::schema::Row;\nuse crate::schema::Shape::*;\n\n\
             /// Operations by their Python names.\n#[rustfmt::skip]\npub(super) const ROWS: &[Row] = &[\n{}];\n",
            rows.concat()
        ),
    );
    let mut numbers = String::from("\"\"\"Numbers of operations in the native module's table.\"\"\"\n\n");
    for (number, method) in methods.iter().enumerate() {
        let _ = writeln!(numbers, "{} = {number}", constant(method.id));
    }
    files.python("bindings-python/python/threadline/_operations.py", &numbers);
}

/// A slice whose items share lines: rustfmt would give each its own.
fn fill(items: impl IntoIterator<Item = String>) -> String {
    Doc::filled("&[", items, "]").lay(0, WIDTH, 0)
}

fn item(at: usize, text: &str) -> String {
    format!("#[rustfmt::skip]\npub(super) const M{at}: Model = {text};\n")
}

fn text(shape: Shape) -> String {
    match shape {
        Shape::Any => "Any".to_owned(),
        Shape::Float => "Float".to_owned(),
        Shape::Vector => "Vector".to_owned(),
        Shape::Model(at) => format!("Model({at})"),
        Shape::List(at) => format!("List({at})"),
        Shape::Map(at) => format!("Map({at})"),
        Shape::Union(at) => format!("Union({at})"),
    }
}

fn model(model: &super::shapes::Model) -> String {
    let (module, name) = model.name.rsplit_once('.').unwrap_or(("", &model.name));
    let fields: Vec<String> =
        model.fields.iter().map(|(name, shape)| format!("({}, {})", string(name), text(*shape))).collect();
    let constants: Vec<String> =
        model.constants.iter().map(|(name, values)| format!("({}, &[{}])", string(name), strings(values))).collect();
    format!(
        "Model {{ module: {}, name: {}, fields: &[{}], required: &[{}], constants: &[{}] }}",
        string(&format!("threadline.types.{module}")),
        string(name),
        fields.join(", "),
        strings(&model.required),
        constants.join(", ")
    )
}

fn union(union: &super::shapes::Union) -> String {
    let tag = union.tag.as_ref().map_or("None".to_owned(), |tag| format!("Some({})", string(tag)));
    let arms: Vec<String> =
        union.arms.iter().map(|(value, shape)| format!("({}, {})", string(value), text(*shape))).collect();
    let fallback: Vec<String> = union.fallback.iter().map(|shape| text(*shape)).collect();
    format!("    Union {{ tag: {tag}, arms: &[{}], fallback: &[{}] }},\n", arms.join(", "), fallback.join(", "))
}

fn row(facts: &Facts, shapes: &mut Shapes, method: &Method<'_>) -> String {
    let (mut result, mut events, mut item) = (Ty::Null, Ty::Null, Ty::Null);
    let mut results = Vec::new();
    for arm in method.method.signature.returns.arms() {
        match arm {
            Ty::Runtime(name, args) if name == "_streaming.Stream" => {
                events = args.first().cloned().unwrap_or(Ty::Null)
            }
            Ty::Runtime(name, args) if name.starts_with("pagination.") => {
                item = args.first().cloned().unwrap_or(Ty::Null)
            }
            other => results.push(other.clone()),
        }
    }
    match results.len() {
        0 => {}
        1 => result = results.remove(0),
        _ => result = Ty::Union { tag: None, arms: results },
    }
    let shape = |shapes: &mut Shapes, ty: &Ty| text(shapes.of(facts, ty));
    let (result, events, item) = (shape(shapes, &result), shape(shapes, &events), shape(shapes, &item));
    let renames: Vec<String> = renames(facts, method)
        .into_iter()
        .map(|(python, wire)| format!("({}, {})", string(&python), string(&wire)))
        .collect();
    let order = facts.extras.order.get(method.id).map_or(&[][..], Vec::as_slice);
    format!(
        "    Row {{ operation: &ops::{}, python: {}, result: {result}, events: {events}, item: {item}, renames: &[{}], \
         texts: &[{}], order: &[{}] }},\n",
        constant(&method.operation.def.id),
        string(method.id),
        renames.join(", "),
        strings(texts(facts, method)),
        strings(order)
    )
}

/// Arguments that are a text and nothing else.
fn texts(facts: &Facts, method: &Method<'_>) -> Vec<String> {
    let keywords = method.method.signature.keywords.iter();
    keywords.filter(|one| is_text(facts, &one.ty, 0)).map(|one| one.name.clone()).collect()
}

fn is_text(facts: &Facts, ty: &Ty, depth: usize) -> bool {
    let mut some = false;
    let all = ty.arms().iter().all(|arm| match arm {
        Ty::Null => true,
        Ty::Scalar("string") | Ty::Literal(serde_json::Value::String(_)) => {
            some = true;
            true
        }
        Ty::Named(name) => match facts.definition(name) {
            Some(Definition::Alias(ty)) if depth < 8 => {
                some = true;
                is_text(facts, ty, depth + 1)
            }
            _ => false,
        },
        Ty::Union { .. } if depth < 8 => {
            some = true;
            is_text(facts, arm, depth + 1)
        }
        _ => false,
    });
    all && some
}

/// Members of arguments, at any depth, whose Python names are not those of the wire. Names of headers the core knows.
fn renames(facts: &Facts, method: &Method<'_>) -> Vec<(String, String)> {
    let mut found = std::collections::BTreeMap::new();
    let mut seen = std::collections::BTreeSet::new();
    let mut todo: Vec<&str> = Vec::new();
    let signature = &method.method.signature;
    for parameter in signature.positional.iter().chain(&signature.keywords) {
        parameter.ty.names(&mut |name| todo.push(name));
        if let Some(plain) = parameter.name.strip_suffix('_') {
            found.insert(parameter.name.clone(), plain.to_owned());
        }
    }
    while let Some(name) = todo.pop() {
        if !seen.insert(name) {
            continue;
        }
        match facts.definition(name) {
            Some(Definition::Alias(ty)) => ty.names(&mut |name| todo.push(name)),
            Some(Definition::Params(class)) => {
                for field in facts.fields(class) {
                    if field.name != field.wire {
                        found.insert(field.name.clone(), field.wire.clone());
                    }
                    field.ty.names(&mut |name| todo.push(name));
                }
            }
            _ => {}
        }
    }
    found.into_iter().collect()
}

/// Whether the package has any module: without one there are no tables.
pub fn any(facts: &Facts) -> bool {
    facts.modules.values().any(|module| matches!(module, Module::File(..)))
}
