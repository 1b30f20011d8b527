//! `core/src/resources/`: the tree of resources with a typed method for every operation.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::names::{constant, escape, resource_type};
use super::text::doc;
use super::{Names, Params, rust_type, surface};
use crate::generate::Problems;
use crate::generate::output::Files;
use crate::generate::schema::{Operation, Schema};

const DIR: &str = "core/src/resources";

/// A node of the tree.
#[derive(Debug, Default)]
struct Resource<'a> {
    children: BTreeSet<String>,
    /// Operations with the official name under which they stand here.
    methods: Vec<(&'a str, &'a Operation)>,
}

/// Writes one file a group and the module with the roots of the tree.
pub fn generate(schema: &Schema, names: &Names, files: &mut Files) {
    let tree = tree(schema);
    let mut groups: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (path, resource) in &tree {
        groups.entry(group_of(path, resource)).or_default().push(path);
    }
    let mut root = String::from(
        "//! The API's resources as the official packages name them: `client.beta().threads().runs()`.\n\n\
         use crate::client::Client;\n\n",
    );
    for group in groups.keys() {
        let _ = writeln!(root, "mod {};", escape(group));
    }
    root.push('\n');
    for (group, paths) in &groups {
        let list: Vec<String> = paths.iter().map(|path| resource_type(path)).collect();
        let _ = writeln!(root, "pub use {}::{{{}}};", escape(group), list.join(", "));
        files.rust(format!("{DIR}/{group}.rs"), &file(schema, names, group, paths, &tree));
    }
    root.push_str("\nimpl Client {\n");
    for path in tree.keys().filter(|path| !path.contains('.')) {
        accessor(&mut root, path, "self");
    }
    root.push_str("}\n");
    files.rust(format!("{DIR}/mod.rs"), &root);
}

/// Two methods of one resource, or a method and a resource in it, with one name.
pub fn check(schema: &Schema, names: &Names, problems: &mut Problems) {
    for (path, resource) in &tree(schema) {
        let mut taken: BTreeMap<String, String> = BTreeMap::new();
        for child in &resource.children {
            taken.insert(escape(child.rsplit('.').next().unwrap_or(child)), child.clone());
        }
        for (id, operation) in &resource.methods {
            for name in surface(schema, names, id, operation).methods() {
                if let Some(other) = taken.insert(name.to_owned(), (*id).to_owned()) {
                    problems.add(
                        format!("api/operations/{}.json: {id}", operation.group),
                        format!(
                            "`{path}` has two methods `{name}` in Rust, the other from `{other}`; give one in \
                             api/names/rust.json: {{\"methods\": {{\"{id}\": {{\"name\": …, \"why\": …}}}}}}"
                        ),
                    );
                }
            }
        }
    }
}

fn tree(schema: &Schema) -> BTreeMap<String, Resource<'_>> {
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
    for resource in tree.values_mut() {
        resource.methods.sort_unstable_by_key(|(id, _)| *id);
    }
    tree
}

/// The file of a resource: that of its operations, or, if it only leads to others, that of its first word.
fn group_of(path: &str, resource: &Resource<'_>) -> String {
    let own = resource.methods.iter().find(|(id, operation)| operation.def.id == *id);
    match own.or(resource.methods.first()) {
        Some((_, operation)) => operation.group.clone(),
        None => path.split('.').next().unwrap_or(path).to_owned(),
    }
}

fn file(schema: &Schema, names: &Names, group: &str, paths: &[&str], tree: &BTreeMap<String, Resource<'_>>) -> String {
    let mut body = String::new();
    let mut types: BTreeSet<String> = BTreeSet::new();
    let mut elsewhere: BTreeSet<String> = BTreeSet::new();
    for path in paths {
        let resource = &tree[*path];
        let children = resource.children.iter().filter(|child| !paths.contains(&child.as_str()));
        elsewhere.extend(children.map(|child| resource_type(child)));
        let name = resource_type(path);
        let _ = write!(
            body,
            "\n/// The resource `{path}`.\n#[derive(Debug, Clone)]\npub struct {name} {{ pub(crate) client: Client }}\n\n\
             impl {name} {{\n    pub(super) fn new(client: &Client) -> Self {{ Self {{ client: client.clone() }} }}\n"
        );
        for child in &resource.children {
            accessor(&mut body, child, "&self.client");
        }
        for (id, operation) in &resource.methods {
            methods(&mut body, schema, names, id, operation, &mut types);
        }
        body.push_str("}\n");
    }
    let mut out = format!("//! Resources of `{group}`.\n\n");
    let used = |name: &str| body.contains(&format!("Call<{name}"));
    if body.contains("Call<") {
        out.push_str("use crate::client::{Call, Client};\nuse crate::operations;\n");
    } else {
        out.push_str("use crate::client::Client;\n");
    }
    if !elsewhere.is_empty() {
        let _ = writeln!(out, "use crate::resources::{{{}}};", elsewhere.into_iter().collect::<Vec<_>>().join(", "));
    }
    for (name, module) in [("Download", "response"), ("EventStream", "stream"), ("Page", "page"), ("Reply", "response")]
    {
        if used(name) {
            let _ = writeln!(out, "use crate::{module}::{name};");
        }
    }
    if body.contains("Call<Reply<Json>") || body.contains("<Json>") {
        out.push_str("use crate::json::Json;\n");
    }
    if !types.is_empty() {
        let _ = writeln!(out, "use crate::types::{{{}}};", types.into_iter().collect::<Vec<_>>().join(", "));
    }
    out.push_str(&body);
    out
}

fn accessor(out: &mut String, path: &str, client: &str) {
    let last = path.rsplit('.').next().unwrap_or(path);
    let name = resource_type(path);
    let _ = write!(
        out,
        "\n    /// The resource `{path}`.\n    pub fn {}(&self) -> {name} {{ {name}::new({client}) }}\n",
        escape(last)
    );
}

/// The methods of one operation: the call, the call with optional arguments, the stream.
fn methods(
    out: &mut String,
    schema: &Schema,
    names: &Names,
    id: &str,
    operation: &Operation,
    types: &mut BTreeSet<String>,
) {
    let surface = surface(schema, names, id, operation);
    let has_params = surface.params != Params::None;
    let mut note = |expr: &crate::generate::schema::expr::Expr| {
        if let Some(name) = expr.name() {
            types.insert(names.ty(name).to_owned());
        }
        rust_type(names, expr)
    };
    let def = &operation.def;
    let reply = match (&def.page, operation.reply_kind()) {
        (Some(page), _) => format!("Page<{}>", note(&page.item)),
        (None, "text") => "Reply<String>".to_owned(),
        (None, "binary") => "Download".to_owned(),
        (None, "json" | "json_or_text") => {
            let expr = def.reply.as_ref().and_then(|reply| reply.ty.as_ref());
            format!("Reply<{}>", expr.map_or("Json".to_owned(), &mut note))
        }
        (None, _) => "Reply<()>".to_owned(),
    };
    let events = def.stream.as_ref().map(|stream| format!("EventStream<{}>", note(&stream.event)));
    let params_type = def.params.as_ref().filter(|_| has_params).map(|name| names.ty(name).to_owned());
    types.extend(params_type.clone());
    let mut method = Method { out, id, operation, params_type };
    if let Some(name) = &surface.call {
        method.write(name, &reply, "new", "", has_params && surface.with.is_none());
    }
    if let Some(name) = &surface.with {
        method.write(name, &reply, "new", "\n\nTakes the optional arguments.", true);
    }
    if let (Some(name), Some(events)) = (&surface.stream, events) {
        let note = if surface.call.is_some() { "\n\nGives the reply as a stream of events." } else { "" };
        method.write(name, &events, "stream", note, has_params);
    }
}

struct Method<'a> {
    out: &'a mut String,
    id: &'a str,
    operation: &'a Operation,
    params_type: Option<String>,
}

impl Method<'_> {
    fn write(&mut self, name: &str, reply: &str, constructor: &str, note: &str, with_params: bool) {
        let def = &self.operation.def;
        let summary = self.operation.summary.clone().unwrap_or_else(|| format!("Calls `{}`.", def.id));
        let also = if self.id == def.id { String::new() } else { format!("\n\nAnother name of `{}`.", def.id) };
        self.out.push('\n');
        doc(self.out, 4, &format!("{summary}{also}{note}\n\n`{} {}`", def.verb, def.path));
        if def.deprecated {
            doc(self.out, 4, "\nThe vendor has deprecated this endpoint.");
        }
        doc(self.out, 4, "\n# Errors");
        self.out.push_str("    ///\n    /// When awaited, any [`Error`](crate::Error).\n");
        let mut arguments = String::from("&self");
        for param in &def.path_params {
            let _ = write!(arguments, ", {}: &str", escape(param));
        }
        let params = self.params_type.as_ref().filter(|_| with_params);
        if let Some(params) = params {
            let _ = write!(arguments, ", params: {params}");
        }
        let path: Vec<String> = def.path_params.iter().map(|param| escape(param)).collect();
        let given = if params.is_some() { "Some(&params)" } else { "None" };
        let _ = write!(
            self.out,
            "    pub fn {name}({arguments}) -> Call<{reply}> {{\n\
             Call::{constructor}(&self.client, &operations::{}, &[{}], {given})\n    }}\n",
            constant(&def.id),
            path.join(", "),
        );
    }
}
