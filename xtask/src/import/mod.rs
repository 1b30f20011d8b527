//! `cargo xtask import`: published documents → `api/`.
//!
//! Steps: read the sources into one vocabulary ([`ir`]), build an arguments struct for each operation, put twins
//! together, add what only the older document knows, name everything, write.

mod aliases;
mod allocate;
mod arguments;
mod conflicts;
mod describe;
mod emit;
mod enrich;
mod families;
mod ir;
mod merge;
mod naming;
#[cfg(test)]
mod obstacle;
mod openapi;
mod operations;
mod overrides;
mod python;
mod resources;
mod surfaces;
mod text;
mod unions;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use ir::{Field, Ty, World};
use merge::Catalog;
use operations::{Operations, route};
use overrides::Overrides;

/// The published documents.
#[derive(Debug, Default)]
struct Sources {
    openapi: Value,
    python_surface: Value,
    python_types: Value,
    node_surface: Value,
}

impl Sources {
    fn load(folder: &Path) -> Result<Sources, String> {
        let read = |name: &str| -> Result<Value, String> {
            let path = folder.join(name);
            let text = fs::read_to_string(&path).map_err(|why| {
                format!("cannot read {}: {why}; name the folder that holds the documents as argument", path.display())
            })?;
            serde_json::from_str(&text).map_err(|why| format!("{}: {why}", path.display()))
        };
        Ok(Sources {
            openapi: read("openapi.json")?,
            python_surface: read("python-surface.json")?,
            python_types: read("python-types.json")?,
            node_surface: read("node-surface.json")?,
        })
    }
}

/// Reads the folder named in `args` (default `../shared/api` beside the workspace) and writes `api/`. With
/// `--python-package FOLDER` it reads the installed official Python package instead and writes `api/python/`; with
/// `--node-package FOLDER` the Node package and `typescript` below that `node_modules`, and writes `api/node/`.
pub fn run(args: &[String]) -> crate::Outcome {
    let workspace = crate::shell::root();
    let readers =
        [("--python-package", "python3", "python_package.py"), ("--node-package", "node", "node_package.mjs")];
    if let [flag, package] = args
        && let Some((_, program, script)) = readers.into_iter().find(|(name, ..)| flag == name)
    {
        let script = workspace.join("xtask/src/import").join(script);
        let status = std::process::Command::new(program).arg(script).arg(package).arg(workspace.join("api")).status();
        let status = status.map_err(|why| format!("{program} cannot be started: {why}"))?;
        return if status.success() { Ok(()) } else { Err(format!("the package cannot be read: {status}").into()) };
    }
    let folder = args.first().map_or_else(|| workspace.join("../shared/api"), PathBuf::from);
    let api = workspace.join("api");
    let overrides = api.join("overrides.json");
    let overrides =
        fs::read_to_string(&overrides).map_err(|why| format!("cannot read {}: {why}", overrides.display()))?;
    let output = build(&Sources::load(&folder)?, &Overrides::read(&overrides)?)?;
    for stale in ["operations", "types"] {
        let stale = api.join(stale);
        if stale.exists() {
            fs::remove_dir_all(&stale).map_err(|why| format!("cannot clear {}: {why}", stale.display()))?;
        }
    }
    for (name, text) in &output.files {
        let path = api.join(name);
        let folder = path.parent().unwrap_or(&api);
        fs::create_dir_all(folder).map_err(|why| format!("cannot create {}: {why}", folder.display()))?;
        fs::write(&path, text).map_err(|why| format!("cannot write {}: {why}", path.display()))?;
    }
    let mut out = std::io::stdout();
    Ok(writeln!(out, "{}", output.summary.join("\n"))?)
}

/// Files by name below `api/`, and lines to print.
#[derive(Debug, Default, PartialEq, Eq)]
struct Output {
    files: BTreeMap<String, String>,
    summary: Vec<String>,
}

fn build(sources: &Sources, overrides: &Overrides) -> Result<Output, String> {
    let mut world = python::read(&sources.python_types)?;
    let public = public_names(&sources.python_surface);
    let (components, exchanges) = {
        let mut reader = openapi::Reader::new(&sources.openapi, &mut world.structs)?;
        (reader.components()?, reader.exchanges()?)
    };
    let operations =
        operations::read(&mut world, &sources.python_surface, &sources.node_surface, &exchanges, overrides)?;
    let apart: BTreeSet<usize> = operations.params_names.keys().copied().collect();
    let families = families::Families::new(world.structs.iter().flat_map(|one| &one.names), overrides);
    let results = resources::Results::new(&world, &operations, &public, overrides);
    let mut catalog = merge::groups(&world.structs, &operations.absorbed, &apart, &results.alike, &public, &families);
    let arguments = arguments_names(&world, &operations);
    aliases::name_contents(&world, &mut catalog, &public, &arguments, &families);
    let operations = settle(operations, &catalog, &world);
    let conflicts = enrich_all(&mut catalog, &operations, &exchanges, &components, &world, &public)?;

    let (groups, used_aliases) = reach(&catalog, &operations, &world, &public);
    let namer = naming::Namer {
        world: &world,
        catalog: &catalog,
        public: &public,
        node: &node_names(&sources.node_surface),
        families: &families,
        results: &results,
        params_names: &operations.params_names,
        overrides,
    };
    let names = namer.name(&groups, &used_aliases)?;
    let homes = namer.homes(&names);
    let mut vocabulary = describe::Vocabulary::new(homes, names, overrides);
    vocabulary.add_types(&catalog, &public, &families);
    vocabulary.add_results(&operations.all);
    vocabulary.complete()?;
    for (key, entry) in overrides.entries("names") {
        let name = entry["name"].as_str().unwrap_or_default();
        if !vocabulary.all().any(|given| given == name) {
            return Err(format!(
                "overrides.json, names: nothing is called {name} through \"{key}\"; correct or remove it"
            ));
        }
    }

    for (key, _) in overrides.entries("resources") {
        if !operations.all.iter().any(|one| one.id.starts_with(&format!("{key}."))) {
            return Err(format!("overrides.json, resources: no operation is in {key}"));
        }
    }
    let writer = emit::Writer { world: &world, catalog: &catalog, vocabulary: &vocabulary, overrides };
    let mut output = Output::default();
    output.files.extend(writer.operations(&operations.all)?);
    output.files.extend(writer.types()?);
    let found = surfaces::expressions(&world, &catalog, &vocabulary);
    let (python_arguments, mut node_arguments) = argument_surfaces(&operations, &catalog, &world, &vocabulary);
    for (name, expression) in surfaces::node_extras(&sources.node_surface, &operations.all, &vocabulary) {
        node_arguments.entry(name).or_insert(expression);
    }
    let python = surfaces::python(&world, &catalog, &sources.python_surface, &found, &python_arguments);
    let node = surfaces::node(&sources.node_surface, &sources.python_surface, &found, &node_arguments);
    let (page, counts) = conflicts::page(&conflicts, &vocabulary.names.groups);
    output.files.insert("roots.json".into(), roots(overrides, &vocabulary)?);
    output.files.insert("conflicts.md".into(), page);

    let routes: BTreeSet<_> = operations.all.iter().map(|one| route(&one.verb, &one.path)).collect();
    output.summary.push(format!("{} operations on {} routes", operations.all.len(), routes.len()));
    let enums = vocabulary.count(|ty| matches!(ty, Ty::Enum(_)), &catalog);
    let unions = vocabulary.count(|ty| matches!(ty, Ty::Union(_)), &catalog);
    output.summary.push(format!("{} structs, {unions} unions, {enums} enums", vocabulary.names.groups.len()));
    output.summary.push(format!("Python names: {} known, {} unmatched", python.matched, python.unmatched));
    output.summary.push(format!("Node names: {} known, {} unmatched", node.matched, node.unmatched));
    output.summary.extend(counts.into_iter().map(|(title, count)| format!("{title}: {count} (api/conflicts.md)")));
    output.files.insert("names/python.json".into(), python.text);
    output.files.insert("names/node.json".into(), node.text);
    Ok(output)
}

/// `roots.json`: types that no operation names, those that arrive and those that a program sends.
fn roots(overrides: &Overrides, vocabulary: &describe::Vocabulary<'_>) -> Result<String, String> {
    let (mut events, mut sent) = (Vec::new(), Vec::new());
    for (name, entry) in overrides.entries("events") {
        if !vocabulary.all().any(|known| known == name) {
            return Err(format!("overrides.json, events: no type is called {name}"));
        }
        if entry["sent"] == true { sent.push(name) } else { events.push(name) }
    }
    let lines = [("events", events), ("sent", sent)].map(|(key, names)| text::member(key, &json!(names)));
    Ok(format!("{{{}}}\n", lines.join(",\n ")))
}

fn public_names(surface: &Value) -> BTreeSet<String> {
    let name = |one: &Value| Some(format!("{}.{}", one["module"].as_str()?, one["name"].as_str()?));
    surface["types"].as_array().into_iter().flatten().filter_map(name).collect()
}

/// Names that Node exports.
fn node_names(surface: &Value) -> BTreeSet<String> {
    let kinds = surface["types"].as_object().into_iter().flatten().flat_map(|(_, kinds)| kinds.as_object());
    let names = kinds.flatten().flat_map(|(_, names)| names.as_array()).flatten();
    names.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Qualified names of arguments types that the package spells as unions: here they are one struct.
fn arguments_names(world: &World, operations: &Operations) -> BTreeSet<String> {
    operations.params_names.keys().flat_map(|at| world.structs[*at].names.iter().cloned()).collect()
}

/// The operations with group numbers in their types.
fn settle(mut operations: Operations, catalog: &Catalog, world: &World) -> Operations {
    let fix = |ty: &mut Ty| {
        *ty = ty.map_refs(&|at| catalog.of[at]);
        // A result that is spelled out in full may be a named union.
        let content = ty.canonical();
        let mut named = catalog.aliases.iter().enumerate().filter(|(_, alias)| alias.public);
        if let Some((at, _)) =
            named.find(|(_, alias)| matches!(ty, Ty::Union(_)) && aliases::content(alias, catalog, world) == content)
        {
            *ty = Ty::Alias(at);
        }
    };
    for one in &mut operations.all {
        one.reply.iter_mut().for_each(&fix);
        one.page.iter_mut().for_each(|(_, ty)| fix(ty));
        one.stream.iter_mut().for_each(|(_, ty)| fix(ty));
    }
    operations
}

/// Walks the document beside the package, operation by operation, then by equal names.
fn enrich_all(
    catalog: &mut Catalog,
    operations: &Operations,
    exchanges: &[openapi::Exchange],
    components: &BTreeMap<String, Ty>,
    world: &World,
    public: &BTreeSet<String>,
) -> Result<BTreeSet<enrich::Conflict>, String> {
    let of = catalog.of.clone();
    let to_groups = |ty: &Ty| ty.map_refs(&|at| of[at]);
    let mut skip = BTreeMap::new();
    for one in &operations.all {
        if let Some(at) = one.params {
            let names = one.facts.get("path_params").and_then(Value::as_array).into_iter().flatten();
            skip.insert(of[at], names.filter_map(Value::as_str).map(str::to_owned).collect());
        }
    }
    let by_name: BTreeMap<String, Ty> = named_pairs(catalog, components, world, public);
    let mut enricher = enrich::Enricher::new(catalog, skip);
    for one in &operations.all {
        let key = route(&one.verb, &one.path);
        let Some(exchange) = exchanges.iter().find(|exchange| route(&exchange.verb, &exchange.path) == key) else {
            continue;
        };
        if let Some(at) = one.params {
            let fix = |field: &Field| Field { ty: to_groups(&field.ty), ..field.clone() };
            enricher.fields(of[at], &exchange.query.iter().map(fix).collect::<Vec<_>>());
            if let Some(body) = &exchange.body {
                for arm in to_groups(body).arms() {
                    enricher.arguments(of[at], arm);
                }
            }
        }
        if let (Some(ours), Some(theirs)) = (&one.reply, &exchange.reply) {
            enricher.pair(ours, &to_groups(theirs));
        }
        if let (Some((_, item)), Some(theirs)) = (&one.page, &exchange.reply) {
            enricher.page(item, &to_groups(theirs));
        }
        if let (Some((_, event)), Some(theirs)) = (&one.stream, &exchange.event) {
            enricher.pair(event, &to_groups(theirs));
        }
    }
    for (name, ours) in &by_name {
        enricher.namesakes(ours, &to_groups(&components[name]));
    }
    Ok(enricher.finish())
}

/// Component name → the package's type of the same name.
fn named_pairs(
    catalog: &Catalog,
    components: &BTreeMap<String, Ty>,
    world: &World,
    public: &BTreeSet<String>,
) -> BTreeMap<String, Ty> {
    let mut pairs = BTreeMap::new();
    let mut namesakes: BTreeMap<&str, usize> = BTreeMap::new();
    for name in public {
        *namesakes.entry(aliases::leaf(name)).or_default() += 1;
    }
    for name in public {
        let leaf = aliases::leaf(name);
        // Of several types of that name, any might be meant.
        if !components.contains_key(leaf) || namesakes[leaf] > 1 {
            continue;
        }
        let alias = catalog.aliases.iter().position(|alias| alias.names.contains(name));
        let ours = alias.map(Ty::Alias).or_else(|| world.named.get(name).map(|at| Ty::Ref(catalog.of[*at])));
        pairs.extend(ours.map(|ours| (leaf.to_owned(), ours)));
    }
    pairs
}

/// The structs and aliases that operations and exported types lead to.
fn reach(
    catalog: &Catalog,
    operations: &Operations,
    world: &World,
    public: &BTreeSet<String>,
) -> (BTreeSet<usize>, BTreeSet<usize>) {
    let mut todo: Vec<Ty> = Vec::new();
    for one in &operations.all {
        todo.extend(one.params.map(|at| Ty::Ref(catalog.of[at])));
        todo.extend(one.reply.clone());
        todo.extend(one.page.iter().map(|(_, ty)| ty.clone()));
        todo.extend(one.stream.iter().map(|(_, ty)| ty.clone()));
    }
    for name in public {
        todo.extend(world.named.get(name).map(|at| Ty::Ref(catalog.of[*at])));
        todo.extend(catalog.others.get(name).cloned());
    }
    let exported = catalog.aliases.iter().enumerate().filter(|(_, alias)| alias.public);
    todo.extend(exported.map(|(at, _)| Ty::Alias(at)));
    let (mut groups, mut aliases) = (BTreeSet::new(), BTreeSet::new());
    while let Some(ty) = todo.pop() {
        match ty {
            Ty::Ref(at) if groups.insert(at) => {
                todo.extend(catalog.groups[at].fields.iter().map(|field| field.ty.clone()));
            }
            Ty::Alias(at) if aliases.insert(at) => todo.push(catalog.aliases[at].ty.clone()),
            Ty::List(inner) | Ty::Map(inner) => todo.push(*inner),
            Ty::Union(arms) => todo.extend(arms),
            _ => {}
        }
    }
    (groups, aliases)
}

/// Official names of arguments types → names of the arguments structs, for both packages.
fn argument_surfaces(
    operations: &Operations,
    catalog: &Catalog,
    world: &World,
    vocabulary: &describe::Vocabulary<'_>,
) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
    let (mut python, mut node) = (BTreeMap::new(), BTreeMap::new());
    for one in &operations.all {
        let Some(at) = one.params else { continue };
        let Some(name) = vocabulary.names.groups.get(&catalog.of[at]) else { continue };
        let sources = operations.absorbed.iter().filter(|(_, stands)| **stands == at);
        for official in world.structs[at].names.iter().chain(sources.flat_map(|(at, _)| &world.structs[*at].names)) {
            python.insert(official.clone(), name.clone());
            python.insert(arguments::base_name(official).to_owned(), name.clone());
        }
        let facts = one.facts.get("node").and_then(|node| Some((node["resource"].as_str()?, node["params"].as_str()?)));
        if let Some((resource, params)) = facts {
            for place in surfaces::node_places(resource, params) {
                node.entry(place).or_insert_with(|| name.clone());
            }
        }
    }
    (python, node)
}
