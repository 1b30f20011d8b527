//! `tests/runner/src/generated/`: the rows by which the Rust driver finds the typed method of an official name.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::names::{escape, snake};
use super::text::{string, strings};
use super::{Names, Params, surface};
use crate::generate::output::Files;
use crate::generate::schema::{Operation, Schema};

const DIR: &str = "tests/runner/src/generated";

/// Writes one file a group and the module that finds a row.
pub fn generate(schema: &Schema, names: &Names, files: &mut Files) {
    let mut groups: BTreeMap<&str, Vec<(&str, &Operation)>> = BTreeMap::new();
    for operation in &schema.operations {
        for id in operation.names() {
            groups.entry(&operation.group).or_default().push((id, operation));
        }
    }
    let mut root =
        String::from("//! The typed methods of the crate by their official names.\n\nuse crate::driver::Row;\n\n");
    for group in groups.keys() {
        let _ = writeln!(root, "mod {};", escape(group));
    }
    let tables: Vec<String> = groups.keys().map(|group| format!("{}::ROWS", escape(group))).collect();
    let _ = write!(
        root,
        "\n/// Every row, a table a group.\n\
         pub static TABLES: &[&[Row]] = &[{}];\n\n\
         /// The row of this official name, such as `chat.completions.create`.\n\
         pub fn find(id: &str) -> Option<&'static Row> {{\n\
             TABLES.iter().find_map(|rows| rows.binary_search_by(|row| row.id.cmp(id)).ok().map(|index| &rows[index]))\n\
         }}\n",
        tables.join(", ")
    );
    for (group, rows) in &mut groups {
        rows.sort_unstable_by_key(|(id, _)| *id);
        let rows: String = rows.iter().map(|(id, operation)| row(schema, names, id, operation)).collect();
        let body = format!(
            "//! Rows of `{group}`.\n\nuse crate::driver::{{Row, finish}};\n\n\
             /// The rows in the order of their names.\npub(super) static ROWS: &[Row] = &[{rows}];\n",
        );
        files.rust(format!("{DIR}/{group}.rs"), &body);
    }
    files.rust(format!("{DIR}/mod.rs"), &root);
}

fn row(schema: &Schema, names: &Names, id: &str, operation: &Operation) -> String {
    let def = &operation.def;
    let (mut required, mut optional) = (def.path_params.clone(), Vec::new());
    if let Some(params) = def.params.as_deref().and_then(|name| schema.structure(name)) {
        for field in params.fields.iter().filter(|field| Some(field.name.as_str()) != operation.stream_param()) {
            let list = if field.required && field.constant.is_none() { &mut required } else { &mut optional };
            list.push(field.name.clone());
        }
    }
    optional.extend(operation.stream_param().map(str::to_owned));
    required.sort_unstable();
    optional.sort_unstable();

    let path = id.rsplit_once('.').map_or("", |(path, _)| path);
    let resource: String =
        path.split('.').fold(String::from("c"), |chain, part| format!("{chain}.{}()", escape(&snake(part))));
    let surface = surface(schema, names, id, operation);
    let call = |method: &str, with_params: bool| {
        let mut arguments: Vec<String> =
            def.path_params.iter().map(|name| format!("a.path({})?", string(name))).collect();
        if with_params {
            arguments.push("a.params()?".to_owned());
        }
        format!("{resource}.{method}({})", arguments.join(", "))
    };
    let finish = match (def.page.is_some(), operation.reply_kind()) {
        (true, _) => "page",
        (_, "binary") => "download",
        (_, "empty") => "empty",
        _ => "reply",
    };
    let has_params = surface.params != Params::None;
    let single = surface.with.as_ref().or(surface.call.as_ref()).map(|name| call(name, has_params));
    let single = single.map(|call| format!("Ok(finish::{finish}(a, {call}))"));
    let events = surface.stream.as_ref().map(|name| format!("Ok(finish::events(a, {}))", call(name, has_params)));
    let run = match (single, events) {
        (Some(single), Some(events)) => format!("{{ if a.stream() {{ return {events}; }} {single} }}"),
        (single, events) => single.or(events).unwrap_or_default(),
    };
    format!(
        "Row {{ id: {}, path: &[{}], required: &[{}], optional: &[{}], stream: {}, run: |c, a| {run} }},\n",
        string(id),
        strings(&def.path_params),
        strings(&required),
        strings(&optional),
        operation.stream_param().map_or("None".to_owned(), |param| format!("Some({})", string(param))),
    )
}
