//! Official names for unions and enums. The sources write a field's union out in full; where its content is that
//! of a named one, the field gets the name.

use std::collections::{BTreeMap, BTreeSet};

use super::families::Families;
use super::ir::{Ty, World};
use super::merge::Catalog;
use super::words::{singular, without_param, words};

/// Enums with at least this many values are taken for the named one by their content alone.
const TELLING: usize = 5;

/// A union or an enum that has a name in the package.
#[derive(Debug, Clone)]
pub(crate) struct Alias {
    pub(crate) ty: Ty,
    /// Qualified official names.
    pub(crate) names: Vec<String>,
    pub(crate) public: bool,
}

impl Alias {
    fn leaf(&self) -> &str {
        leaf(&self.names[0])
    }
}

/// The last segment of a qualified name.
pub(crate) fn leaf(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// The module of a qualified name.
pub(crate) fn module(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(module, _)| module)
}

/// The content of an alias as the package spells it.
pub(crate) fn content(alias: &Alias, catalog: &Catalog, world: &World) -> Ty {
    let written = alias.names.first().and_then(|name| world.aliases.get(name)).cloned();
    written.map_or(Ty::Null, |ty| ty.map_refs(&|at| catalog.of[at]).canonical())
}

/// Fills the catalog's aliases and refers to them from every field. `streaming` holds the names of arguments
/// types, which are structs of their own here.
pub(crate) fn name_contents(
    world: &World,
    catalog: &mut Catalog,
    public: &BTreeSet<String>,
    streaming: &BTreeSet<String>,
    families: &Families,
) {
    let mut by_content: BTreeMap<(Ty, String, String), usize> = BTreeMap::new();
    let mut aliases: Vec<Alias> = Vec::new();
    let mut others: BTreeMap<String, Ty> = BTreeMap::new();
    for (name, ty) in &world.aliases {
        let ty = ty.map_refs(&|at| catalog.of[at]);
        if streaming.contains(name) {
            continue;
        }
        if !matches!(ty, Ty::Union(_) | Ty::Enum(_)) {
            others.insert(name.clone(), ty);
            continue;
        }
        let exported = public.contains(name);
        let own = without_param(leaf(name));
        // A single word says too little to be shared between families.
        let family = if exported || words(own).len() > 1 { String::new() } else { families.of(name) };
        let key = (ty.canonical(), own.to_owned(), family);
        let at = *by_content.entry(key).or_insert_with(|| {
            aliases.push(Alias { ty: ty.clone(), names: Vec::new(), public: exported });
            aliases.len() - 1
        });
        aliases[at].names.push(name.clone());
        aliases[at].public |= exported;
        let names = &mut aliases[at].names;
        names.sort_by_key(|name| (leaf(name).ends_with("Param"), name.clone()));
    }
    let mut index: BTreeMap<Ty, Vec<usize>> = BTreeMap::new();
    for (at, alias) in aliases.iter().enumerate() {
        index.entry(alias.ty.canonical()).or_default().push(at);
    }
    let finder = Finder { aliases: &aliases, index };
    for group in &mut catalog.groups {
        let modules: BTreeSet<String> =
            group.members.iter().flat_map(|at| &world.structs[*at].names).map(|name| module(name).to_owned()).collect();
        if modules.is_empty() {
            continue;
        }
        for field in &mut group.fields {
            field.ty = finder.replace(&field.ty, &modules, &field.name, None);
        }
    }
    let replaced: Vec<Ty> = aliases
        .iter()
        .enumerate()
        .map(|(at, alias)| {
            let modules = alias.names.iter().map(|name| module(name).to_owned()).collect();
            finder.replace(&alias.ty, &modules, alias.leaf(), Some(at))
        })
        .collect();
    for (name, ty) in &mut others {
        *ty = finder.replace(ty, &BTreeSet::from([module(name).to_owned()]), leaf(name), None);
    }
    for (alias, ty) in aliases.iter_mut().zip(replaced) {
        alias.ty = ty;
    }
    catalog.aliases = aliases;
    catalog.others = others;
}

struct Finder<'a> {
    aliases: &'a [Alias],
    index: BTreeMap<Ty, Vec<usize>>,
}

impl Finder<'_> {
    /// `ty` with every content that has a fitting name replaced by it, from the outside in.
    fn replace(&self, ty: &Ty, modules: &BTreeSet<String>, field: &str, this: Option<usize>) -> Ty {
        if let Some(at) = self.find(ty, modules, field).filter(|at| Some(*at) != this) {
            return Ty::Alias(at);
        }
        match ty {
            Ty::List(inner) => Ty::List(Box::new(self.replace(inner, modules, field, this))),
            Ty::Map(inner) => Ty::Map(Box::new(self.replace(inner, modules, field, this))),
            Ty::Union(arms) => Ty::Union(arms.iter().map(|arm| self.replace(arm, modules, field, this)).collect()),
            other => other.clone(),
        }
    }

    /// The alias with this content that stands nearest: same module first, then the longest common path.
    fn find(&self, ty: &Ty, modules: &BTreeSet<String>, field: &str) -> Option<usize> {
        let same = self.index.get(&ty.canonical())?;
        let fits = |at: &&usize| {
            let alias = &self.aliases[**at];
            let here = alias.names.iter().any(|name| modules.contains(module(name)));
            let beside = |name: &String| {
                let there = package(module(name));
                let spoken = |other: &str| speaks_of(leaf(name), &format!("{field}_{}", leaf(other)));
                is_shared(name)
                    || modules.iter().any(|other| {
                        let own = package(other);
                        own == there || (own.starts_with(&format!("{there}.")) && spoken(other))
                    })
            };
            // A beta name would be wrong outside of beta.
            let beta = |name: &String| name.contains(".beta.");
            let strange = alias.names.iter().all(beta) && !modules.iter().any(beta);
            let named = akin(alias.leaf(), field) && (here || alias.names.iter().any(beside));
            (here || (alias.public && !strange)) && (telling(ty) || named)
        };
        let nearness = |at: &&usize| {
            let alias = &self.aliases[**at];
            let here = alias.names.iter().any(|name| modules.contains(module(name)));
            let shared = alias.names.iter().any(|name| is_shared(name));
            let common =
                |name: &String| modules.iter().map(|other| shared_path(module(name), other)).max().unwrap_or(0);
            let path = alias.names.iter().map(common).max().unwrap_or(0);
            (here, shared, path, alias.public, usize::MAX - **at)
        };
        same.iter().filter(fits).max_by_key(nearness).copied()
    }
}

/// Whether the content alone says which named type is meant.
fn telling(ty: &Ty) -> bool {
    match ty {
        Ty::Enum(values) => values.len() >= TELLING,
        Ty::Union(arms) => arms.iter().any(|arm| matches!(arm, Ty::Ref(_) | Ty::Alias(_))),
        _ => false,
    }
}

/// The package of a module.
fn package(path: &str) -> &str {
    module(path)
}

fn is_shared(name: &str) -> bool {
    name.starts_with("openai.types.shared")
}

/// Whether a name speaks of the same thing as a field: they share a word.
fn akin(name: &str, field: &str) -> bool {
    let of =
        |text: &str| -> BTreeSet<String> { words(text).iter().map(|word| singular(&word.to_lowercase())).collect() };
    !of(name).is_disjoint(&of(field))
}

/// Whether every word of a name occurs in a text.
fn speaks_of(name: &str, text: &str) -> bool {
    let lower = |text: &str| -> BTreeSet<String> { words(text).iter().map(|word| word.to_lowercase()).collect() };
    lower(name).is_subset(&lower(text))
}

fn shared_path(a: &str, b: &str) -> usize {
    a.split('.').zip(b.split('.')).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_enum_needs_a_name_that_speaks_of_the_field() {
        assert!(akin("ReasoningEffort", "effort") && akin("ChatModel", "models"));
        assert!(!akin("Verbosity", "search_context_size"));
    }
}
