//! `dev.threadline.resources`: the tree of resources with a typed method for every operation.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::names::escape;
use super::text::{kdoc, string};
use super::types::imports;
use super::{MAIN, Names, codec, kotlin_type};
use crate::generate::common::{Resource, camel, params_of, tree};
use crate::generate::output::Files;
use crate::generate::rust::names::resource_type;
use crate::generate::schema::{Operation, Schema};

const HEAD: &str =
    "@file:Suppress(\"RedundantVisibilityModifier\", \"unused\")\n\npackage dev.threadline.resources\n\n";

/// What generated code may use beside the types.
const IMPORTS: &[(&str, &str)] = &[
    ("Calls", "dev.threadline.Calls"),
    ("Download", "dev.threadline.Download"),
    ("EventFlow", "dev.threadline.EventFlow"),
    ("PageFlow", "dev.threadline.PageFlow"),
    ("RequestOptions", "dev.threadline.RequestOptions"),
    ("FlagCodec", "dev.threadline.json.FlagCodec"),
    ("JsonCodec", "dev.threadline.json.JsonCodec"),
    ("TextCodec", "dev.threadline.json.TextCodec"),
    ("CompletableFuture", "java.util.concurrent.CompletableFuture"),
    ("JsonElement", "kotlinx.serialization.json.JsonElement"),
];

/// Writes one file a group, and the roots of the tree.
pub fn generate(schema: &Schema, names: &Names, files: &mut Files) {
    let tree = tree(schema);
    let mut groups: BTreeMap<String, String> = BTreeMap::new();
    for (path, resource) in &tree {
        let own = resource.methods.first().map(|(_, operation)| operation.group.clone());
        let group = own.unwrap_or_else(|| path.split('.').next().unwrap_or(path).to_owned());
        groups.entry(group).or_default().push_str(&class(schema, names, path, resource));
    }
    for (group, body) in &groups {
        let types = "import dev.threadline.types.*\n";
        files.kotlin(format!("{MAIN}/resources/{group}.kt"), &format!("{HEAD}{}{types}{body}", imports(IMPORTS, body)));
    }
    let mut roots = String::from(
        "\n/** The API's resources as the official packages name them: `client.beta.threads.runs`. */\n\
         public abstract class ClientResources internal constructor(internal val caller: Calls) {\n",
    );
    for path in tree.keys().filter(|path| !path.contains('.')) {
        accessor(&mut roots, path);
    }
    roots.push_str("}\n");
    files.kotlin(format!("{MAIN}/resources/roots.kt"), &format!("{HEAD}{}{roots}", imports(IMPORTS, &roots)));
}

fn accessor(out: &mut String, path: &str) {
    let last = escape(&camel(path.rsplit('.').next().unwrap_or(path)));
    let name = resource_type(path);
    kdoc(out, 4, &format!("The resource `{path}`."));
    let _ = writeln!(out, "    public val {last}: {name} get() = {name}(caller)\n");
}

fn class(schema: &Schema, names: &Names, path: &str, resource: &Resource<'_>) -> String {
    let mut out = String::from("\n");
    kdoc(&mut out, 0, &format!("The resource `{path}`."));
    let _ = writeln!(out, "public class {} internal constructor(internal val caller: Calls) {{", resource_type(path));
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

fn methods(out: &mut String, schema: &Schema, names: &Names, id: &str, operation: &Operation) {
    let def = &operation.def;
    if !operation.only_streams() {
        let (head, result, call) = match (&def.page, operation.reply_kind()) {
            (Some(page), _) => {
                let item = kotlin_type(names, &page.item);
                ("fun", format!("PageFlow<{item}>"), ("pages", Some(codec(names, &page.item))))
            }
            (None, "text") => ("suspend fun", "String".to_owned(), ("text", None)),
            (None, "binary") => ("suspend fun", "Download".to_owned(), ("download", None)),
            (None, kind @ ("json" | "json_or_text")) => {
                let expr = def.reply.as_ref().and_then(|reply| reply.ty.as_ref());
                let ty = expr.map_or("JsonElement".to_owned(), |expr| kotlin_type(names, expr));
                let codec = expr.map_or("JsonCodec".to_owned(), |expr| codec(names, expr));
                ("suspend fun", ty, (if kind == "json" { "value" } else { "valueOrText" }, Some(codec)))
            }
            (None, _) => ("suspend fun", "Unit".to_owned(), ("empty", None)),
        };
        method(out, schema, names, (id, operation), &method_name(id), (head, &result, call), "");
    }
    if let Some(stream) = &def.stream {
        let note = if operation.only_streams() { "" } else { "\n\nGives the reply as a flow of events." };
        let result = format!("EventFlow<{}>", kotlin_type(names, &stream.event));
        let call = ("events", Some(codec(names, &stream.event)));
        method(out, schema, names, (id, operation), &stream_name(id, operation), ("fun", &result, call), note);
    }
}

fn method(
    out: &mut String,
    schema: &Schema,
    names: &Names,
    (id, operation): (&str, &Operation),
    name: &str,
    (head, result, (call, codec)): (&str, &str, (&str, Option<String>)),
    note: &str,
) {
    let def = &operation.def;
    let summary = operation.summary.clone().unwrap_or_else(|| format!("Calls `{}`.", def.id));
    let also = if id == def.id { String::new() } else { format!("\n\nAnother name of `{}`.", def.id) };
    let old = if def.deprecated { "\n\nThe vendor has deprecated this endpoint." } else { "" };
    kdoc(out, 4, &format!("{summary}{also}{note}{old}\n\n`{} {}`", def.verb, def.path));
    let mut arguments: Vec<String> =
        def.path_params.iter().map(|name| format!("{}: String", escape(&camel(name)))).collect();
    let params = params_of(schema, operation);
    if let Some((name, may_be_left_out)) = &params {
        let ty = names.ty(name);
        arguments.push(if *may_be_left_out { format!("params: {ty} = {ty}()") } else { format!("params: {ty}") });
    }
    let mut handed: Vec<String> = def.path_params.iter().map(|name| escape(&camel(name))).collect();
    handed.extend(params.is_some().then(|| "params".to_owned()));
    handed.push("options".to_owned());
    arguments.push("options: RequestOptions? = null".to_owned());
    let path: Vec<String> = def.path_params.iter().map(|name| escape(&camel(name))).collect();
    let path = if path.is_empty() { "emptyList()".to_owned() } else { format!("listOf({})", path.join(", ")) };
    let given = params.map_or("null, null".to_owned(), |(name, _)| format!("params, {}.Codec", names.ty(&name)));
    let codec = codec.map(|codec| format!(", {codec}")).unwrap_or_default();
    let suspends = head.starts_with("suspend");
    // What does not wait is as good for Java; what waits has a method beside it that gives a future.
    let overloads = if suspends { "" } else { "@JvmOverloads " };
    let arguments = arguments.join(", ");
    let _ = writeln!(
        out,
        "    {overloads}public {head} {name}({arguments}): {result} =\n        \
         caller.{call}({}, {path}, {given}, options{codec})\n",
        string(&def.id),
    );
    if suspends {
        let boxed = if result == "Unit" { "Void?" } else { result };
        let (plain, calling) = (name.trim_matches('`'), format!("{name}({})", handed.join(", ")));
        let calling = if result == "Unit" { format!("{calling}; null") } else { calling };
        let _ = writeln!(
            out,
            "    /** [{plain}] for Java. Cancelling the future cancels the call. */\n    \
             @JvmOverloads public fun {plain}Async({arguments}): CompletableFuture<{boxed}> =\n        \
             caller.future {{ {calling} }}\n"
        );
    }
}
