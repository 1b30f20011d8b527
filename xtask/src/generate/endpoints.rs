//! `docs/endpoints.md`: the table of all operations.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::output::Files;
use super::rust::{Names, rust_type, surface};
use super::schema::{Operation, Schema};

/// Writes the table, a section a group, with totals in front.
pub fn generate(schema: &Schema, names: &Names, files: &mut Files) {
    let all = &schema.operations;
    let count = |what: &dyn Fn(&Operation) -> bool| all.iter().filter(|operation| what(operation)).count();
    let mut out = String::from("# Endpoints\n\n");
    let _ = write!(
        out,
        "{} operations on {} routes: {} `GET`, {} `POST`, {} `DELETE`. {} can stream, {} are paged, {} take a multipart \
         upload, {} give bytes, {} need an admin key, {} are deprecated by the vendor.\n\n\
         The method is that of the Rust crate on `client`; the operation's id is the name in the official packages. \
         `_with` takes optional arguments, `_stream` gives events.\n",
        all.len(),
        all.iter()
            .map(|operation| (&operation.def.verb, &operation.def.path))
            .collect::<std::collections::BTreeSet<_>>()
            .len(),
        count(&|operation| operation.def.verb == "GET"),
        count(&|operation| operation.def.verb == "POST"),
        count(&|operation| operation.def.verb == "DELETE"),
        count(&|operation| operation.def.stream.is_some()),
        count(&|operation| operation.def.page.is_some()),
        count(
            &|operation| matches!(&operation.def.body, Some(super::schema::defs::BodyDef::Kind(kind)) if kind == "multipart")
        ),
        count(&|operation| operation.reply_kind() == "binary"),
        count(&|operation| operation.def.auth.as_deref() == Some("admin")),
        count(&|operation| operation.def.deprecated),
    );
    let mut groups: BTreeMap<&str, Vec<&Operation>> = BTreeMap::new();
    for operation in all {
        groups.entry(&operation.group).or_default().push(operation);
    }
    for (group, operations) in groups {
        let _ = write!(
            out,
            "\n## {group} ({})\n\n| operation | route | Rust method | gives | remarks |\n| --- | --- | --- | --- | --- |\n",
            operations.len()
        );
        for operation in operations {
            row(&mut out, schema, names, operation);
        }
    }
    files.markdown("docs/endpoints.md", &out);
}

fn row(out: &mut String, schema: &Schema, names: &Names, operation: &Operation) {
    let def = &operation.def;
    let path: String =
        operation.resource().split('.').map(|part| format!("{}().", super::rust::names::escape(part))).collect();
    let surface = surface(schema, names, &def.id, operation);
    let methods: Vec<&str> = surface.methods().collect();
    let methods = methods.join(", ");
    let gives = match (&def.page, operation.reply_kind()) {
        (Some(page), _) => format!("page of `{}`", rust_type(names, &page.item)),
        (_, "text") => "text".to_owned(),
        (_, "binary") => "bytes".to_owned(),
        (_, "empty") => "nothing".to_owned(),
        (_, "events") => "events".to_owned(),
        _ => {
            let expr = def.reply.as_ref().and_then(|reply| reply.ty.as_ref());
            expr.map_or("JSON".to_owned(), |expr| format!("`{}`", rust_type(names, expr)))
        }
    };
    let mut remarks = Vec::new();
    if let Some(page) = &def.page {
        remarks.push(format!("{} paging", page.style.replace('_', " ")));
    }
    if let Some(stream) = &def.stream {
        remarks.push(format!("streams `{}`", rust_type(names, &stream.event)));
    }
    if def.auth.as_deref() == Some("admin") {
        remarks.push("admin key".to_owned());
    }
    if def.deprecated {
        remarks.push("deprecated".to_owned());
    }
    let aliases: Vec<String> = operation.names().skip(1).map(|name| format!("also `{name}`")).collect();
    remarks.extend(aliases);
    let _ = writeln!(
        out,
        "| `{}` | `{} {}` | `{path}{methods}` | {gives} | {} |",
        def.id,
        def.verb,
        def.path,
        remarks.join(", ")
    );
}
