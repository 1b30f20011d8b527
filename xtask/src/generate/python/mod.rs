//! Outputs for Python: types, resources, and the tables of the native module.
//!
//! The official package's interface is in `api/python/` (names, order and types of members, signatures); texts come from
//! `api/docs/`. A special case is data in `api/names/python_extras.json`.

mod facts;
mod layout;
mod packages;
mod render;
mod resources;
mod shapes;
mod signature;
mod tables;
mod ty;
mod types;

use std::path::Path;

use super::Problems;
use super::output::Files;
use super::schema::{Operation, Schema};

use facts::Facts;

/// A method of the package that calls an operation. Its place among all of them is the operation's number.
#[derive(Debug)]
struct Method<'a> {
    /// Official name: resource path and method.
    id: &'a str,
    /// What it calls.
    operation: &'a Operation,
    /// Its interface.
    method: &'a facts::Method,
}

/// Writes everything for Python.
pub fn generate(api: &Path, schema: &Schema, files: &mut Files) -> Result<(), Problems> {
    let facts = Facts::load(api)?;
    if !tables::any(&facts) {
        return Ok(());
    }
    let methods = methods(schema, &facts)?;
    types::generate(schema, &facts, files);
    resources::generate(&facts, &methods, files);
    tables::generate(schema, &facts, &methods, files);
    Ok(())
}

/// Every operation under each of its names, in the order of the names.
fn methods<'a>(schema: &'a Schema, facts: &'a Facts) -> Result<Vec<Method<'a>>, Problems> {
    let mut problems = Problems::default();
    let mut methods = Vec::new();
    for operation in &schema.operations {
        for id in operation.names() {
            let (path, name) = id.rsplit_once('.').unwrap_or(("", id));
            let found = facts.resources.get(path).and_then(|one| one.methods.iter().find(|one| one.name == name));
            match found {
                Some(method) => methods.push(Method { id, operation, method }),
                None => problems.add(
                    format!("api/operations: {id}"),
                    "has no signature in api/python/resources; import the package again, or name an operation with the \
                     same signature under `like` in api/names/python_extras.json",
                ),
            }
        }
    }
    methods.sort_by(|a, b| a.id.cmp(b.id));
    problems.or(methods)
}
