//! `names/`: which type of the description stands behind each official name.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::aliases::{self, leaf, module};
use super::arguments::base_name;
use super::describe::Vocabulary;
use super::ir::{Ty, World};
use super::merge::Catalog;
use super::operations::Operation;
use super::text::{inline, member};
use super::words::{camel, without_param, words};

/// Official name → type expression, and how many names found none.
pub(crate) struct Surface {
    pub(crate) text: String,
    pub(crate) matched: usize,
    pub(crate) unmatched: usize,
}

/// Type expressions of all qualified Python names.
pub(crate) fn expressions(world: &World, catalog: &Catalog, vocabulary: &Vocabulary<'_>) -> BTreeMap<String, String> {
    let mut by_class: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for &at in vocabulary.names.groups.keys() {
        for &member in &catalog.groups[at].members {
            by_class.entry(catalog.class[member]).or_default().push(at);
        }
    }
    let mut found = BTreeMap::new();
    for (name, &at) in &world.named {
        // A struct that nothing in the description refers to has a twin that is there, under another name.
        let twin = || {
            let all = by_class.get(&catalog.class[at])?;
            let alike = |group: &&usize| ending(&vocabulary.names.groups[*group], leaf(name));
            all.iter().max_by_key(|group| (alike(group), std::cmp::Reverse(**group)))
        };
        let given = &vocabulary.names.groups;
        if let Some(expression) = given.get(&catalog.of[at]).or_else(|| given.get(twin()?)) {
            found.insert(name.clone(), expression.clone());
        }
    }
    // An alias that no field uses has the content of one that is used.
    let used: BTreeMap<Ty, &String> = vocabulary
        .names
        .aliases
        .iter()
        .rev()
        .map(|(at, name)| (aliases::content(&catalog.aliases[*at], catalog, world), name))
        .collect();
    for (at, alias) in catalog.aliases.iter().enumerate() {
        let own = vocabulary.names.aliases.get(&at).cloned();
        let own = own.or_else(|| used.get(&aliases::content(alias, catalog, world)).map(|name| (*name).clone()));
        for name in &alias.names {
            let expression = own.clone().or_else(|| vocabulary.expression(&alias.ty, &camel(leaf(name)), name));
            found.extend(expression.map(|expression| (name.clone(), expression)));
        }
    }
    for (name, ty) in &catalog.others {
        if let Some(expression) = vocabulary.expression(ty, &camel(leaf(name)), name) {
            found.insert(name.clone(), expression);
        }
    }
    found
}

/// How many words two names end with in common.
fn ending(a: &str, b: &str) -> usize {
    words(a).iter().rev().zip(words(b).iter().rev()).take_while(|(a, b)| a == b).count()
}

/// `names/python.json`: module → name → type and kind, one module a line.
pub(crate) fn python(
    world: &World,
    catalog: &Catalog,
    surface: &Value,
    found: &BTreeMap<String, String>,
    arguments: &BTreeMap<String, String>,
) -> Surface {
    let mut kinds: BTreeMap<String, &str> = BTreeMap::new();
    let mut all: BTreeSet<String> = BTreeSet::new();
    let mut exported: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for one in surface["types"].as_array().into_iter().flatten() {
        let name =
            format!("{}.{}", one["module"].as_str().unwrap_or_default(), one["name"].as_str().unwrap_or_default());
        kinds.insert(name.clone(), one["kind"].as_str().unwrap_or_default());
        for package in one["exported_from"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            exported.entry(name.clone()).or_default().push(format!("{package}.{}", leaf(&name)));
        }
        all.insert(name);
    }
    for (module, names) in surface["module_types"].as_object().into_iter().flatten() {
        all.extend(
            names.as_array().into_iter().flatten().filter_map(Value::as_str).map(|name| format!("{module}.{name}")),
        );
    }
    let mut modules: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    let mut unmatched: Vec<&String> = Vec::new();
    let mut matched = 0;
    // A module may offer another one's type again.
    let mut by_leaf: BTreeMap<&str, BTreeSet<&String>> = BTreeMap::new();
    for (name, expression) in found {
        by_leaf.entry(leaf(name)).or_default().insert(expression);
    }
    let again = |name: &str| {
        let same = |leaf: &str| by_leaf.get(leaf).filter(|all| all.len() == 1).and_then(|all| all.first().copied());
        same(leaf(name)).or_else(|| same(without_param(leaf(name))))
    };
    for name in &all {
        let Some(expression) = arguments.get(name).or_else(|| found.get(name)).or_else(|| again(name)) else {
            unmatched.push(name);
            continue;
        };
        matched += 1;
        let kind = kinds.get(name).copied().unwrap_or_else(|| kind(name, world, catalog, arguments));
        let entry = json!({"type": expression, "kind": kind});
        for place in std::iter::once(name).chain(exported.get(name).into_iter().flatten()) {
            modules.entry(module(place).to_owned()).or_default().insert(leaf(place).to_owned(), entry.clone());
        }
    }
    Surface { unmatched: unmatched.len(), matched, text: page(&modules, &unmatched) }
}

fn kind(name: &str, world: &World, catalog: &Catalog, arguments: &BTreeMap<String, String>) -> &'static str {
    if arguments.contains_key(name) {
        return "params";
    }
    if let Some(&at) = world.named.get(name) {
        return if world.structs[at].request { "params" } else { "model" };
    }
    match world.aliases.get(name).map(|ty| ty.map_refs(&|at| catalog.of[at])) {
        Some(Ty::Union(_)) => "union",
        Some(Ty::Enum(_) | Ty::Const(_)) => "literal",
        _ => "alias",
    }
}

/// `names/node.json`: namespace → name → type, one namespace a line. A nested name is looked up in the Python
/// module of the type it is nested in, where the same class stands under the joined name.
pub(crate) fn node(
    surface: &Value,
    python: &Value,
    found: &BTreeMap<String, String>,
    arguments: &BTreeMap<String, String>,
) -> Surface {
    let mut public: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for one in python["types"].as_array().into_iter().flatten() {
        let (module, name) = (one["module"].as_str().unwrap_or_default(), one["name"].as_str().unwrap_or_default());
        public.entry(name).or_default().push(format!("{module}.{name}"));
    }
    let mut in_module: BTreeMap<&str, Vec<&String>> = BTreeMap::new();
    for name in found.keys() {
        in_module.entry(module(name)).or_default().push(name);
    }
    // Python may call a nested class by a longer path than Node; the end of the name still tells which it is.
    let by_end = |owner: &str, path: &[&str]| -> Option<String> {
        let end = words(path.last()?);
        let all = in_module.get(module(owner))?.iter().filter(|name| words(leaf(name)).ends_with(&end));
        let types: BTreeSet<&String> = all.filter_map(|name| found.get(*name)).collect();
        if types.len() == 1 { types.first().map(|one| (*one).clone()) } else { None }
    };
    let look = |qualified: &str| -> Option<String> {
        if let Some(expression) = arguments.get(qualified).or_else(|| arguments.get(base_name(qualified))) {
            return Some(expression.clone());
        }
        let path: Vec<&str> = qualified.split('.').collect();
        // The first segment that is a public type owns the rest.
        for at in 1..path.len() {
            let resources: Vec<String> = path[1..at].iter().map(|name| snake(name)).collect();
            let nested: String = path[at + 1..].concat();
            for spelling in [path[at].to_owned(), format!("{}Param", path[at])] {
                let Some(owners) = public.get(spelling.as_str()) else { continue };
                let near = |owner: &&String| {
                    let there: BTreeSet<&str> = owner.split('.').collect();
                    let shared = resources.iter().filter(|name| there.contains(name.as_str())).count();
                    (shared, !owner.contains(".beta."), std::cmp::Reverse(owner.len()))
                };
                let Some(owner) = owners.iter().max_by_key(near) else { continue };
                let joined = if nested.is_empty() { (*owner).clone() } else { format!("{}.{nested}", module(owner)) };
                if let Some(expression) = arguments.get(&joined).or_else(|| found.get(&joined)) {
                    return Some(expression.clone());
                }
                if let Some(expression) = by_end(owner, &path[at + 1..]) {
                    return Some(expression);
                }
            }
        }
        None
    };
    let mut modules: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    let (mut missing, mut matched) = (Vec::new(), 0);
    for (space, kinds) in surface["types"].as_object().into_iter().flatten() {
        for (kind, names) in kinds.as_object().into_iter().flatten() {
            if kind.contains("class") || kind == "namespace" {
                continue;
            }
            for name in names.as_array().into_iter().flatten().filter_map(Value::as_str) {
                let qualified = format!("{space}.{name}");
                match look(&qualified) {
                    Some(expression) => {
                        matched += 1;
                        modules.entry(space.clone()).or_default().insert(name.to_owned(), json!(expression));
                    }
                    None => missing.push(qualified),
                }
            }
        }
    }
    missing.sort();
    Surface { matched, unmatched: missing.len(), text: page(&modules, &missing.iter().collect::<Vec<_>>()) }
}

/// The namespaces that offer a type of a resource: its own and those around it.
pub(crate) fn node_places(resource: &str, name: &str) -> Vec<String> {
    let path: Vec<String> = std::iter::once("OpenAI".to_owned()).chain(resource.split('.').map(camel)).collect();
    (1..=path.len()).rev().map(|upto| format!("{}.{name}", path[..upto].join("."))).collect()
}

/// Node's names for pages, as `page<T>`, and for arguments that are all path parameters: those stand in the
/// operation's record, and here as `path`.
pub(crate) fn node_extras(
    surface: &Value,
    operations: &[Operation],
    vocabulary: &Vocabulary<'_>,
) -> BTreeMap<String, String> {
    let mut extras = BTreeMap::new();
    for one in operations {
        let Some(node) = one.facts.get("node") else { continue };
        let (resource, method) = (node["resource"].as_str().unwrap_or_default(), &node["method"]);
        if let (None, Some(params)) = (one.params, node["params"].as_str()) {
            for place in node_places(resource, params) {
                extras.entry(place).or_insert_with(|| "path".to_owned());
            }
        }
        let Some((_, item)) = &one.page else { continue };
        let resources = surface["resources"].as_array().into_iter().flatten().filter(|one| one["resource"] == resource);
        let methods = resources.flat_map(|one| one["methods"].as_array().into_iter().flatten());
        let page = methods.filter(|one| one["name"] == *method).find_map(|one| one["page_alias"].as_str());
        let item = vocabulary.expression(item, &super::emit::result_name(&one.id), "");
        if let (Some(page), Some(item)) = (page, item) {
            for place in node_places(resource, page) {
                extras.entry(place).or_insert_with(|| format!("page<{item}>"));
            }
        }
    }
    extras
}

fn snake(name: &str) -> String {
    words(name).iter().map(|word| word.to_lowercase()).collect::<Vec<_>>().join("_")
}

fn page(modules: &BTreeMap<String, Map<String, Value>>, unmatched: &[&String]) -> String {
    let lines: Vec<String> = modules
        .iter()
        .map(|(module, names)| {
            let mut sorted: Vec<(&String, &Value)> = names.iter().collect();
            sorted.sort_by_key(|(name, _)| *name);
            let names: Vec<String> = sorted.into_iter().map(|(name, value)| member(name, value)).collect();
            format!("  {}: {{{}}}", Value::from(module.as_str()), names.join(", "))
        })
        .collect();
    let mut by_place: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for name in unmatched {
        by_place.entry(module(name)).or_default().push(leaf(name));
    }
    let missing: Vec<String> =
        by_place.iter().map(|(place, names)| format!("  {}: {}", Value::from(*place), inline(&json!(names)))).collect();
    format!("{{\"names\": {{\n{}\n}},\n\"unmatched\": {{\n{}\n}}}}\n", lines.join(",\n"), missing.join(",\n"))
}
