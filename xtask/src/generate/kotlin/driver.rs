//! The rows by which the Kotlin driver of the call protocol finds the typed method of an official name.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::names::escape;
use super::resources::{method_name, stream_name};
use super::text::string;
use super::types::imports;
use super::{Names, codec};
use crate::generate::common::{arguments, camel, params_of};
use crate::generate::output::Files;
use crate::generate::schema::{Operation, Schema};

const DIR: &str = "bindings-kotlin/src/test/kotlin/dev/threadline/driver/generated";

/// What rows may use beside the types.
const IMPORTS: &[(&str, &str)] = &[
    ("Row", "dev.threadline.driver.Row"),
    ("JsonCodec", "dev.threadline.json.JsonCodec"),
    ("TextCodec", "dev.threadline.json.TextCodec"),
];

/// Writes one file a group, and the list of them.
pub fn generate(schema: &Schema, names: &Names, files: &mut Files) {
    let mut groups: BTreeMap<&str, String> = BTreeMap::new();
    for operation in &schema.operations {
        for id in operation.names() {
            groups.entry(&operation.group).or_default().push_str(&row(schema, names, id, operation));
        }
    }
    let head = "package dev.threadline.driver.generated\n\n";
    for (group, rows) in &groups {
        let variable = format!("{}Rows", camel(group));
        let body = format!("\ninternal val {variable}: List<Row> = ArrayList<Row>().apply {{\n{rows}}}\n");
        let types = "import dev.threadline.types.*\n";
        files.kotlin(format!("{DIR}/{group}.kt"), &format!("{head}{}{types}{body}", imports(IMPORTS, &body)));
    }
    let all: Vec<String> = groups.keys().map(|group| format!("{}Rows", camel(group))).collect();
    let body = format!("\ninternal val allRows: List<List<Row>> = listOf(\n    {},\n)\n", all.join(",\n    "));
    files.kotlin(format!("{DIR}/all.kt"), &format!("{head}import dev.threadline.driver.Row\n{body}"));
}

fn row(schema: &Schema, names: &Names, id: &str, operation: &Operation) -> String {
    let def = &operation.def;
    let (required, optional) = arguments(schema, operation);
    let path = id.rsplit_once('.').map_or("", |(path, _)| path);
    let resource: String = path.split('.').map(|part| format!(".{}", escape(&camel(part)))).collect();
    let params = params_of(schema, operation);
    let call = |method: &str| {
        let mut arguments: Vec<String> =
            def.path_params.iter().map(|name| format!("a.path({})", string(name))).collect();
        if let Some((name, _)) = &params {
            arguments.push(format!("a.params({}.Codec)", names.ty(name)));
        }
        arguments.push("a.options".to_owned());
        format!("c{resource}.{method}({})", arguments.join(", "))
    };
    let single = (!operation.only_streams()).then(|| {
        let call = call(&method_name(id));
        match (&def.page, operation.reply_kind()) {
            (Some(page), _) => format!("a.pages({call}, {})", codec(names, &page.item)),
            (None, "text") => format!("a.value(TextCodec) {{ {call} }}"),
            (None, "binary") => format!("a.download {{ {call} }}"),
            (None, "json" | "json_or_text") => {
                let expr = def.reply.as_ref().and_then(|reply| reply.ty.as_ref());
                let codec = expr.map_or("JsonCodec".to_owned(), |expr| codec(names, expr));
                format!("a.value({codec}) {{ {call} }}")
            }
            (None, _) => format!("a.empty {{ {call} }}"),
        }
    });
    let events = def
        .stream
        .as_ref()
        .map(|stream| format!("a.events({}, {})", call(&stream_name(id, operation)), codec(names, &stream.event)));
    let run = match (single, events) {
        (Some(single), Some(events)) => format!("if (a.stream) {events} else {single}"),
        (single, events) => single.or(events).unwrap_or_default(),
    };
    let mut out = String::new();
    let _ = writeln!(
        out,
        "    add(Row({}, {}, {}, {}, {}) {{ c, a ->\n        {run}\n    }})",
        string(id),
        string(&def.path_params.join(",")),
        string(&required.join(",")),
        string(&optional.join(",")),
        operation.stream_param().map_or("null".to_owned(), string),
    );
    out
}
