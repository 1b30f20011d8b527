//! Outputs for Node: resources with their types, the client's class with its namespace, the driver's table.
//!
//! The official package's interface is in `api/node/` (modules, names, types, signatures); texts come from `api/docs/`.
//! A special case is data in `api/names/node_extras.json`.

mod arguments;
mod facts;
mod layout;
mod modules;
mod refs;
mod resources;
mod types;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::Problems;
use super::output::Files;
use super::rust::Names;
use super::schema::{Operation, Schema};

use facts::Facts;
use resources::{PARAMS, name_of};

/// Where the Node package's sources stand.
const PACKAGE: &str = "bindings-node/lib";

/// The operation of each method.
#[derive(Debug)]
struct Calls<'a>(BTreeMap<String, Call<'a>>);

/// What a method calls.
#[derive(Debug)]
struct Call<'a> {
    /// The operation's number: its place in the core's table.
    number: usize,
    /// The operation.
    operation: &'a Operation,
    /// Path parameters that stand in the params object.
    inside: &'a [String],
}

/// Writes everything for Node.
pub fn generate(api: &Path, schema: &Schema, names: &Names, files: &mut Files) -> Result<(), Problems> {
    let facts = Facts::load(api)?;
    if facts.modules.is_empty() {
        return Ok(());
    }
    let calls = calls(schema, &facts)?;
    modules::generate(schema, &facts, &calls, files);
    driver(&facts, &calls, files);
    arguments::generate(schema, names, files);
    Ok(())
}

fn calls<'a>(schema: &'a Schema, facts: &'a Facts) -> Result<Calls<'a>, Problems> {
    let mut problems = Problems::default();
    let mut calls = BTreeMap::new();
    let number = |id: &str| schema.operations.iter().position(|operation| operation.names().any(|name| name == id));
    for (at, operation) in schema.operations.iter().enumerate() {
        let node = &operation.def.node;
        if let (Some(resource), Some(method)) = (&node.resource, &node.method) {
            let call = Call { number: at, operation, inside: &node.path_in_params };
            calls.insert(format!("{resource}.{method}"), call);
        }
    }
    let extras = &facts.extras;
    let more = extras.more.iter().flat_map(|(path, methods)| {
        let full = move |name: &String| format!("{path}.{name}");
        methods.iter().map(move |(name, more)| (full(name), &more.operation, more.path_in_params.as_slice()))
    });
    let tied = extras.operations.iter().map(|(method, id)| (method.clone(), id, [].as_slice()));
    for (method, id, inside) in tied.chain(more) {
        match number(id) {
            Some(number) => {
                calls.insert(method, Call { number, operation: &schema.operations[number], inside });
            }
            None => problems.add("api/names/node_extras.json", format!("{method}: no operation is called `{id}`")),
        }
    }
    let mut known = Vec::new();
    for (path, _, module) in facts.tree() {
        let resource = facts.modules.get(module).and_then(|module| module.resource.as_ref());
        for (name, _) in resource.into_iter().flat_map(|resource| &resource.methods) {
            let id = format!("{path}.{name}");
            let helper = extras.helpers.get(&path).is_some_and(|methods| methods.contains_key(name));
            if !calls.contains_key(&id) && !helper {
                let what = "calls no operation and is no helper; name it under `operations` or `helpers`";
                problems.add(format!("api/names/node_extras.json: {id}"), what);
            }
            known.push(id);
        }
        known.extend(extras.more.get(&path).into_iter().flatten().map(|(name, _)| format!("{path}.{name}")));
    }
    for id in calls.keys().filter(|id| !known.contains(id)) {
        problems.add(format!("api/operations: {id}"), "is no method of api/node/resources; import the package again");
    }
    problems.or(Calls(calls))
}

/// What the call driver needs to call a method by the name of its operation.
fn driver(facts: &Facts, calls: &Calls<'_>, files: &mut Files) {
    let mut rows: BTreeMap<&str, Value> = BTreeMap::new();
    for (path, _, module) in facts.tree() {
        let resource = facts.modules.get(module).and_then(|module| module.resource.as_ref());
        let more = facts.extras.more.get(&path).into_iter().flatten().map(|(name, more)| (name, &more.signature));
        let methods = resource.into_iter().flat_map(|resource| &resource.methods);
        let methods = methods.filter_map(|(name, list)| Some((name, list.first()?))).chain(more);
        for (name, signature) in methods {
            let id = format!("{path}.{name}");
            let Some(Call { operation, inside, .. }) = calls.0.get(&id) else { continue };
            let path: Vec<&String> = operation.def.path_params.iter().filter(|name| !inside.contains(name)).collect();
            let params = signature.parameters.iter().any(|parameter| PARAMS.contains(&name_of(parameter)));
            let row = json!({"node": id, "path": path, "params": params});
            for name in operation.names() {
                rows.insert(name, row.clone());
            }
        }
    }
    let rows: Vec<String> = rows.iter().map(|(id, row)| format!("{}: {row}", json!(id))).collect();
    files.json("bindings-node/tests/generated/methods.json", "methods", &rows);
}
