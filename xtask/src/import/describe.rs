//! Types in the description's words: type expressions, and names for unions and enums that have none.

use std::collections::{BTreeMap, BTreeSet};

use super::allocate::{Claim, allocate};
use super::ir::{Scalar, Ty};
use super::merge::Catalog;
use super::naming::Names;
use super::overrides::Overrides;
use super::words::{camel, join, singular, without_param, words};

/// What makes two unnamed contents the same type. Without structs they also need the same natural name: `low`,
/// `medium`, `high` means one thing for an effort and another for a size.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    Scalars(String, Ty),
    Structs(Ty),
}

/// An unnamed union or enum and where it is used.
#[derive(Debug)]
pub(crate) struct Unnamed {
    pub(crate) ty: Ty,
    /// Natural name, from the field.
    pub(crate) leaf: String,
    owners: BTreeSet<String>,
}

/// Names of everything.
#[derive(Debug, Default)]
pub(crate) struct Vocabulary {
    pub(crate) names: Names,
    pub(crate) unnamed: BTreeMap<Key, Unnamed>,
    pub(crate) given: BTreeMap<Key, String>,
}

impl Unnamed {
    /// The first of the types it is used in.
    pub(crate) fn owner(&self) -> Option<&String> {
        self.owners.iter().find(|owner| !owner.is_empty())
    }
}

impl Vocabulary {
    /// Collects what is unnamed in the fields of the named types.
    pub(crate) fn new(names: Names, catalog: &Catalog, public: &BTreeSet<String>) -> Vocabulary {
        let mut all = Vocabulary { names, ..Vocabulary::default() };
        let groups: BTreeMap<String, usize> = all.names.groups.iter().map(|(at, name)| (name.clone(), *at)).collect();
        for (name, at) in &groups {
            for field in &catalog.groups[*at].fields {
                all.visit(&field.ty, &camel(&field.name), name);
            }
        }
        let aliases: BTreeMap<String, usize> = all.names.aliases.iter().map(|(at, name)| (name.clone(), *at)).collect();
        for (name, at) in &aliases {
            if let Ty::Union(arms) = &catalog.aliases[*at].ty {
                all.visit_arms(arms, name, name);
            }
        }
        for (name, ty) in catalog.others.iter().filter(|(name, _)| public.contains(*name)) {
            all.visit(ty, &camel(super::aliases::leaf(name)), "");
        }
        all
    }

    /// Collects results of operations that have no name.
    pub(crate) fn add_results(&mut self, operations: &[super::operations::Operation]) {
        for one in operations {
            let leaf = super::emit::result_name(&one.id);
            for ty in one.reply.iter().chain(one.page.iter().map(|(_, ty)| ty)) {
                self.visit(ty, &leaf, "");
            }
        }
    }

    /// All names.
    pub(crate) fn all(&self) -> impl Iterator<Item = &String> {
        self.names.groups.values().chain(self.names.aliases.values()).chain(self.given.values())
    }

    /// How many unions or enums there are.
    pub(crate) fn count(&self, is: impl Fn(&Ty) -> bool, catalog: &Catalog) -> usize {
        let aliases = self.names.aliases.keys().filter(|at| is(&catalog.aliases[**at].ty)).count();
        aliases + self.unnamed.values().filter(|one| is(&one.ty)).count()
    }

    fn visit(&mut self, ty: &Ty, leaf: &str, owner: &str) {
        match ty {
            Ty::List(inner) | Ty::Map(inner) => self.visit(inner, &singular(leaf), owner),
            Ty::Enum(_) | Ty::Union(_) => {
                let fresh = !self.unnamed.contains_key(&key(ty, leaf));
                let slot = self.unnamed.entry(key(ty, leaf)).or_insert_with(|| Unnamed {
                    ty: ty.clone(),
                    leaf: leaf.to_owned(),
                    owners: BTreeSet::new(),
                });
                slot.owners.insert(owner.to_owned());
                if let (true, Ty::Union(arms)) = (fresh, ty) {
                    self.visit_arms(arms, leaf, owner);
                }
            }
            _ => {}
        }
    }

    fn visit_arms(&mut self, arms: &[Ty], leaf: &str, owner: &str) {
        for arm in arms {
            self.visit(arm, &arm_leaf(arm, leaf), owner);
        }
    }

    /// Names what is unnamed.
    pub(crate) fn complete(&mut self, overrides: &Overrides) -> Result<(), String> {
        let claims: Vec<Claim> = self.unnamed.values().map(|one| claim(one, overrides)).collect();
        let names = allocate(&claims, &self.names.taken())?;
        self.given = self.unnamed.keys().cloned().zip(names).collect();
        Ok(())
    }

    /// The type expression, `leaf` being the natural name at this place.
    pub(crate) fn expression(&self, ty: &Ty, leaf: &str) -> Option<String> {
        Some(match ty {
            Ty::String | Ty::Const(Scalar::Text(_)) => "string".into(),
            Ty::Integer | Ty::Integers(_) | Ty::Const(Scalar::Integer(_)) => "integer".into(),
            Ty::Number => "number".into(),
            Ty::Boolean | Ty::Const(Scalar::Boolean(_)) => "boolean".into(),
            Ty::Json => "json".into(),
            Ty::File => "file".into(),
            Ty::Null => "null".into(),
            Ty::List(inner) => format!("list<{}>", self.expression(inner, &singular(leaf))?),
            Ty::Map(inner) => format!("map<{}>", self.expression(inner, &singular(leaf))?),
            Ty::Enum(_) | Ty::Union(_) => self.given.get(&key(ty, leaf))?.clone(),
            Ty::Ref(at) => self.names.groups.get(at)?.clone(),
            Ty::Alias(at) => self.names.aliases.get(at)?.clone(),
        })
    }
}

/// The natural name of what stands inside an arm.
pub(crate) fn arm_leaf(arm: &Ty, leaf: &str) -> String {
    match arm {
        Ty::Enum(values) => format!("{leaf}{}", enum_word(values)),
        Ty::List(_) => format!("{leaf}Items"),
        Ty::Map(_) => format!("{leaf}Values"),
        _ => leaf.to_owned(),
    }
}

/// What to call an enum that stands beside other types.
pub(crate) fn enum_word(values: &[String]) -> &'static str {
    let modes = ["auto", "none", "required", "always", "never", "default"];
    if values.iter().any(|value| modes.contains(&value.as_str())) { "Mode" } else { "Value" }
}

/// In so many places a single word is the name: people give a better one in `overrides.json`.
const COMMON: usize = 12;

/// Natural names that say nothing alone.
const ANONYMOUS: [&str; 6] = ["Value", "Mode", "Items", "Values", "Item", "Type"];

fn key(ty: &Ty, leaf: &str) -> Key {
    let mut structs = false;
    ty.refs(&mut |_| structs = true);
    if structs { Key::Structs(ty.canonical()) } else { Key::Scalars(leaf.to_owned(), ty.canonical()) }
}

fn claim(one: &Unnamed, overrides: &Overrides) -> Claim {
    let owners: Vec<&String> = one.owners.iter().filter(|owner| !owner.is_empty()).collect();
    let mut candidates = Vec::new();
    if owners.len() != 1 {
        let prefix = common_prefix(&owners);
        let long = words(&one.leaf).len() > 1;
        candidates.extend(long.then(|| one.leaf.clone()));
        candidates.extend((!prefix.is_empty()).then(|| join(&prefix, &one.leaf)));
        let common = owners.len() >= COMMON && !ANONYMOUS.contains(&one.leaf.as_str());
        candidates.extend(common.then(|| one.leaf.clone()));
    }
    let mut sorted = owners.clone();
    sorted.sort_by_key(|owner| (owner.starts_with("Beta"), owner.len(), (*owner).clone()));
    for owner in sorted {
        let short = without_param(owner);
        candidates.push(join(short.strip_suffix("Params").unwrap_or(short), &one.leaf));
        candidates.push(join(owner, &one.leaf));
        candidates.push(format!("{owner}{}", one.leaf));
        let kind = if matches!(one.ty, Ty::Enum(_)) { "Value" } else { "Content" };
        candidates.push(format!("{owner}{}{kind}", one.leaf));
    }
    if candidates.is_empty() {
        candidates.push(one.leaf.clone());
    }
    if let Some(name) = candidates.iter().find_map(|name| overrides.text("names", &format!("unnamed {name}"), "name")) {
        candidates.insert(0, name.to_owned());
    }
    // The more places share it, the better its claim to the short name.
    Claim { rank: 100 - owners.len().min(90) as u8, candidates }
}

fn common_prefix(owners: &[&String]) -> String {
    let Some(first) = owners.first() else { return String::new() };
    let mut prefix = words(first);
    for owner in owners {
        let shared = prefix.iter().zip(words(owner)).take_while(|(a, b)| *a == b).count();
        prefix.truncate(shared);
    }
    prefix.concat()
}
