//! The rows by which the Swift driver of the call protocol finds the typed method of an official name.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Names;
use super::names::escape;
use super::resources::{method_name, stream_name};
use super::text::string;
use crate::generate::common::{arguments, camel, params_of};
use crate::generate::output::Files;
use crate::generate::schema::{Operation, Schema};

const DIR: &str = "bindings-swift/Tests/Driver/Generated";

/// Writes one file a group, and the list of them.
pub fn generate(schema: &Schema, names: &Names, files: &mut Files) {
    let mut groups: BTreeMap<&str, String> = BTreeMap::new();
    for operation in &schema.operations {
        for id in operation.names() {
            groups.entry(&operation.group).or_default().push_str(&row(schema, names, id, operation));
        }
    }
    let mut all = String::from("\nfunc allRows() -> [Row] {\n    var rows: [Row] = []\n");
    for (group, rows) in &groups {
        let function = format!("{}Rows", camel(group));
        let body = format!("import Threadline\n\nfunc {function}(_ rows: inout [Row]) {{\n{rows}}}\n");
        files.swift(format!("{DIR}/{group}.swift"), &body);
        let _ = writeln!(all, "    {function}(&rows)");
    }
    all.push_str("    return rows\n}\n");
    files.swift(format!("{DIR}/all.swift"), &all);
}

fn row(schema: &Schema, names: &Names, id: &str, operation: &Operation) -> String {
    let def = &operation.def;
    let (required, optional) = arguments(schema, operation);
    let path = id.rsplit_once('.').map_or("", |(path, _)| path);
    let resource: String = path.split('.').map(|part| format!(".{}", escape(&camel(part)))).collect();
    let params = params_of(schema, operation);
    let call = |method: &str| {
        let path = def.path_params.iter();
        let mut arguments: Vec<String> =
            path.map(|name| format!("{}: a.path({})", camel(name), string(name))).collect();
        if let Some((name, _)) = &params {
            arguments.push(format!("a.params({}.self)", names.ty(name)));
        }
        arguments.push("options: a.options".to_owned());
        format!("c{resource}.{method}({})", arguments.join(", "))
    };
    let single = (!operation.only_streams()).then(|| {
        let call = call(&method_name(id));
        match (&def.page, operation.reply_kind()) {
            (Some(_), _) if call.contains("a.p") => format!("try await a.pages(try {call})"),
            (Some(_), _) => format!("try await a.pages({call})"),
            (None, "binary") => format!("try await a.download(try await {call})"),
            (None, "text" | "json" | "json_or_text") => format!("try a.value(try await {call})"),
            (None, _) => format!("try a.empty(try await {call})"),
        }
    });
    let events = def.stream.as_ref().map(|_| {
        let call = call(&stream_name(id, operation));
        format!("try await a.events {{ try await {call} }}")
    });
    let run = match (single, events) {
        (Some(single), Some(events)) => format!("if a.stream {{ return {events} }}\n        return {single}"),
        (single, events) => format!("return {}", single.or(events).unwrap_or_default()),
    };
    let mut out = String::new();
    let _ = writeln!(
        out,
        "    rows.append(Row({}, {}, {}, {}, {}) {{ (c: Client, a: Arguments) async throws -> Answer in\n        {run}\n    }})",
        string(id),
        string(&def.path_params.join(",")),
        string(&required.join(",")),
        string(&optional.join(",")),
        operation.stream_param().map_or("nil".to_owned(), string),
    );
    out
}
