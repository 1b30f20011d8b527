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
    let pages: Vec<&[String]> = models.chunks(PAGE).collect();
    for (number, page) in (1..).zip(&pages) {
        let _ = writeln!(root, "mod models_{number};");
        files.rust(format!("{DIR}/models_{number}.rs"), &page_of_models(number, page));
        let _ = writeln!(uses, "use models_{number} as m{number};");
    }
    let pages = (1..=pages.len()).map(|number| format!("(m{number}::TEXT, &m{number}::STARTS)"));
    let _ = write!(
        root,
        "mod rows;\nmod unions;\n\n{uses}\nuse crate::schema::{{Row, Shape, Union}};\n\n\
         /// How many response classes there are.\npub const MODELS: usize = {};\n\n\
         /// How many of them a page holds.\npub const PAGE: usize = {PAGE};\n\n\
         /// Their texts, and where those of each class begin.\n#[rustfmt::skip]\npub static PAGES: &[(&str, &[u32])] = {};\n\n\
         /// Shapes of items and values.\n#[rustfmt::skip]\npub static SHAPES: &[Shape] = {};\n\n\
         /// Unions.\npub static UNIONS: &[Union] = unions::UNIONS;\n\n\
         /// Operations by their Python names.\npub static ROWS: &[Row] = rows::ROWS;\n\n\
         /// Events of WebSockets by the resource that opens them.\n\
         #[rustfmt::skip]\npub static CONNECTIONS: &[(&str, Shape)] = {};\n",
        models.len(),
        fill(pages),
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

/// One text, in which each class has a line, and the offsets of the lines.
fn page_of_models(number: usize, page: &[String]) -> String {
    let mut starts = vec![0];
    for line in page {
        starts.push(starts.last().unwrap_or(&0) + line.len() + 1);
    }
    format!(
        "//! Response classes, part {number}.\n\n/// A class a line; [`Model`](crate::schema::Model) reads it.\n\
         pub(super) const TEXT: &str = \"\\\n{}\n\";\n\n/// Where each line begins, and the end.\n\
         #[rustfmt::skip]\npub(super) static STARTS: [u32; {}] = {};\n",
        page.join("\n"),
        starts.len(),
        Doc::filled("[", starts.iter().map(usize::to_string), "]").lay(0, WIDTH, 0),
    )
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

/// A class as a line of text: its full name; members and their shapes; required members; members with their constants.
fn model(model: &super::shapes::Model) -> String {
    let fields: Vec<String> =
        model.fields.iter().map(|(name, shape)| format!("{}={}", plain(name), short(*shape))).collect();
    let required: Vec<&str> = model.required.iter().map(|name| plain(name)).collect();
    let constants = model.constants.iter().map(|(name, values)| {
        let values: Vec<&str> = values.iter().map(|value| plain(value)).collect();
        format!("{}={}", plain(name), values.join("|"))
    });
    let constants: Vec<String> = constants.collect();
    let parts = [fields.join(","), required.join(","), constants.join(",")];
    format!("threadline.types.{};{}", model.name, parts.join(";"))
}

/// A text that can stand among separators.
fn plain(text: &str) -> &str {
    let free = !text.is_empty() && !text.contains(|char: char| ";,=|\"\\".contains(char) || char.is_control());
    assert!(free, "`{text}` cannot stand in the table of classes; choose other separators");
    text
}

fn short(shape: Shape) -> String {
    match shape {
        Shape::Any => "a".to_owned(),
        Shape::Float => "f".to_owned(),
        Shape::Vector => "v".to_owned(),
        Shape::Model(at) => format!("m{at}"),
        Shape::List(at) => format!("l{at}"),
        Shape::Map(at) => format!("o{at}"),
        Shape::Union(at) => format!("u{at}"),
    }
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
