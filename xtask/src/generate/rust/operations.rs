//! `core/src/operations/`: the operation table.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::names::{constant, escape};
use super::text::{string, strings};
use crate::generate::output::Files;
use crate::generate::schema::defs::{BodyDef, EndDef};
use crate::generate::schema::{Operation, Schema};

const DIR: &str = "core/src/operations";

/// Writes one file a group and the module with the whole table.
pub fn generate(schema: &Schema, files: &mut Files) {
    let mut groups: BTreeMap<&str, Vec<&Operation>> = BTreeMap::new();
    for operation in &schema.operations {
        groups.entry(&operation.group).or_default().push(operation);
    }
    let mut root = String::from(
        "//! The operation table: one row for each endpoint of the API.\n\nuse crate::operation::Operation;\n\n",
    );
    for group in groups.keys() {
        let _ = writeln!(root, "mod {};", escape(group));
    }
    root.push('\n');
    for (group, operations) in &groups {
        let rows: Vec<String> = operations.iter().map(|operation| constant(&operation.def.id)).collect();
        let _ = writeln!(root, "pub use {}::{{{}}};", escape(group), rows.join(", "));
        files.rust(format!("{DIR}/{group}.rs"), &file(group, operations));
    }
    let rows: Vec<String> =
        schema.operations.iter().map(|operation| format!("&{}", constant(&operation.def.id))).collect();
    let mut aliases: Vec<(&str, &str)> = schema
        .operations
        .iter()
        .flat_map(|operation| operation.names().skip(1).map(|name| (name, operation.def.id.as_str())))
        .collect();
    aliases.sort_unstable();
    let aliases: Vec<String> =
        aliases.into_iter().map(|(name, id)| format!("({}, &{})", string(name), constant(id))).collect();
    let _ = write!(
        root,
        "\n/// Every operation, in the order of the ids.\n\
         pub static ALL: &[&Operation] = &[{}];\n\n\
         /// Further official names of operations, in their order, with the operation that each one means.\n\
         pub static ALIASES: &[(&str, &Operation)] = &[{}];\n\n\
         /// The operation of this official name, such as `chat.completions.create`.\n\
         pub fn find(name: &str) -> Option<&'static Operation> {{\n\
             if let Ok(index) = ALL.binary_search_by(|operation| operation.id.cmp(name)) {{ return Some(ALL[index]); }}\n\
             ALIASES.binary_search_by(|(alias, _)| (*alias).cmp(name)).ok().map(|index| ALIASES[index].1)\n\
         }}\n",
        rows.join(", "),
        aliases.join(", "),
    );
    files.rust(format!("{DIR}/mod.rs"), &root);
}

fn file(group: &str, operations: &[&Operation]) -> String {
    let rows: String = operations.iter().map(|operation| row(operation)).collect();
    let mut used = vec!["Auth", "BodyKind", "Operation", "ReplyKind", "Verb"];
    for (name, mark) in
        [("End", "End::"), ("Frame", "Frame::"), ("PageStyle", "PageStyle::"), ("StreamStyle", "StreamStyle {")]
    {
        if rows.contains(mark) {
            used.push(name);
        }
    }
    used.sort_unstable();
    format!("//! Operations of `{group}`.\n\nuse crate::operation::{{{}}};\n{rows}", used.join(", "))
}

fn row(operation: &Operation) -> String {
    let def = &operation.def;
    let pairs = |pairs: Vec<(&String, String)>| {
        let pairs: Vec<String> = pairs.into_iter().map(|(k, v)| format!("({}, {})", string(k), string(&v))).collect();
        pairs.join(", ")
    };
    let verb = match def.verb.as_str() {
        "POST" => "Post",
        "DELETE" => "Delete",
        _ => "Get",
    };
    let body = match &def.body {
        None => "BodyKind::None".to_owned(),
        Some(BodyDef::Kind(kind)) if kind == "multipart" => "BodyKind::Multipart".to_owned(),
        Some(BodyDef::Kind(_)) => "BodyKind::Json".to_owned(),
        Some(BodyDef::Raw { raw }) => {
            format!("BodyKind::Raw {{ field: {}, content_type: {} }}", string(&raw.field), string(&raw.content_type))
        }
    };
    let reply = match operation.reply_kind() {
        "json_or_text" => "JsonOrText",
        "text" => "Text",
        "binary" => "Binary",
        "events" => "Events",
        "empty" if def.page.is_none() => "Empty",
        _ => "Json",
    };
    let page = def.page.as_ref().map_or("None", |page| match page.style.as_str() {
        "last_id" => "Some(PageStyle::LastId)",
        "token" => "Some(PageStyle::Token)",
        "next" => "Some(PageStyle::Next)",
        "single" => "Some(PageStyle::Single)",
        _ => "Some(PageStyle::Cursor)",
    });
    let stream = def.stream.as_ref().map_or("None".to_owned(), |stream| {
        let param = stream.param.as_deref().map_or("None".to_owned(), |param| format!("Some({})", string(param)));
        let frame = if stream.frame.as_deref() == Some("named") { "Named" } else { "Data" };
        let end = match (&stream.end, &stream.count) {
            (EndDef::Events(events), Some(count)) => {
                format!("End::Each {{ events: &[{}], count: {} }}", strings(events), string(count))
            }
            (EndDef::Events(events), None) => format!("End::Event(&[{}])", strings(events)),
            (EndDef::Word(word), _) if word == "eof" => "End::Eof".to_owned(),
            (EndDef::Word(_), _) => "End::Done".to_owned(),
        };
        format!("Some(StreamStyle {{ param: {param}, frame: Frame::{frame}, end: {end} }})")
    });
    let auth = match def.auth.as_deref() {
        Some("admin") => "Admin",
        Some("key") => "Key",
        _ => "None",
    };
    let defaults = def.defaults.iter().map(|(name, value)| (name, value.to_string())).collect();
    let headers = def.headers.iter().map(|(name, value)| (name, value.clone())).collect();
    let part_types = def.part_types.iter().map(|(name, value)| (name, value.clone())).collect();
    let header_params = def.header_params.iter().map(|(name, value)| (name, value.clone())).collect();
    format!(
        "\n/// `{id}`: `{verb_text} {path_text}`\n\
         pub static {name}: Operation = Operation {{\n\
             id: {id_text}, verb: Verb::{verb}, path: {path}, path_params: &[{path_params}], query: &[{query}],\n\
             header_params: &[{header_params}], defaults: &[{defaults}], body: {body}, part_types: &[{part_types}], reply: ReplyKind::{reply},\n\
             page: {page}, stream: {stream}, headers: &[{headers}], auth: Auth::{auth}, deprecated: {deprecated},\n\
         }};\n",
        id = def.id,
        verb_text = def.verb,
        path_text = def.path,
        name = constant(&def.id),
        id_text = string(&def.id),
        path = string(&def.path),
        path_params = strings(&def.path_params),
        query = strings(&def.query),
        header_params = pairs(header_params),
        defaults = pairs(defaults),
        part_types = pairs(part_types),
        headers = pairs(headers),
        deprecated = def.deprecated,
    )
}
