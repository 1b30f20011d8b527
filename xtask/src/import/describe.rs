//! Types in the description's words: type expressions, and names for unions and enums that have none.

use std::collections::{BTreeMap, BTreeSet};

use super::allocate::{Claim, allocate};
use super::families::{Families, common_owner};
use super::ir::{Scalar, Ty};
use super::merge::Catalog;
use super::naming::Names;
use super::overrides::Overrides;
use super::words::{camel, join, singular, without_param, words};

/// What makes two unnamed contents the same type. Without structs they also need the same natural name: `low`,
/// `medium`, `high` means one thing for an effort and another for a size. And they need the same family, unless
/// `overrides.json` says that the enum is one everywhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    Scalars { family: String, leaf: String, ty: Ty },
    Structs(Ty),
}

/// An unnamed union or enum and where it is used.
#[derive(Debug)]
pub(crate) struct Unnamed {
    pub(crate) ty: Ty,
    /// Natural name, from the field.
    pub(crate) leaf: String,
    owners: BTreeSet<String>,
    /// The owner through which it was met first: it gives what stands inside its place.
    first: String,
}

/// Names of everything.
#[derive(Debug)]
pub(crate) struct Vocabulary<'a> {
    overrides: &'a Overrides,
    /// Name → families of what it names.
    homes: BTreeMap<String, BTreeSet<String>>,
    pub(crate) names: Names,
    pub(crate) unnamed: BTreeMap<Key, Unnamed>,
    pub(crate) given: BTreeMap<Key, String>,
}

impl Unnamed {
    /// The first of the types it is used in.
    pub(crate) fn owner(&self) -> Option<&String> {
        self.owners.iter().find(|owner| !owner.is_empty())
    }

    /// The owner whose family the types inside have.
    pub(crate) fn first(&self) -> &str {
        &self.first
    }
}

impl<'a> Vocabulary<'a> {
    /// A vocabulary of named types; `homes` says which families each belongs to.
    pub(crate) fn new(homes: BTreeMap<String, BTreeSet<String>>, names: Names, overrides: &'a Overrides) -> Self {
        Vocabulary { overrides, homes, names, unnamed: BTreeMap::new(), given: BTreeMap::new() }
    }

    /// Collects what is unnamed in the fields of the named types.
    pub(crate) fn add_types(&mut self, catalog: &Catalog, public: &BTreeSet<String>, families: &Families) {
        let groups: BTreeMap<String, usize> = self.names.groups.iter().map(|(at, name)| (name.clone(), *at)).collect();
        for (name, at) in &groups {
            for field in &catalog.groups[*at].fields {
                self.visit(&field.ty, &camel(&field.name), name);
            }
        }
        let aliases: BTreeMap<String, usize> =
            self.names.aliases.iter().map(|(at, name)| (name.clone(), *at)).collect();
        for (name, at) in &aliases {
            if let Ty::Union(arms) = &catalog.aliases[*at].ty {
                self.visit_arms(arms, name, name);
            }
        }
        for (name, ty) in catalog.others.iter().filter(|(name, _)| public.contains(*name)) {
            self.homes.insert(name.clone(), families.all([name]));
            self.visit(ty, &camel(super::aliases::leaf(name)), name);
        }
    }

    fn key(&self, ty: &Ty, leaf: &str, owner: &str) -> Key {
        let mut structs = false;
        ty.refs(&mut |_| structs = true);
        let ty = ty.canonical();
        if structs {
            return Key::Structs(ty);
        }
        let homes = self.homes.get(owner).filter(|_| self.everywhere(&ty, leaf).is_none());
        let family = homes.map(|homes| homes.iter().cloned().collect::<Vec<_>>().join(" ")).unwrap_or_default();
        Key::Scalars { family, leaf: leaf.to_owned(), ty }
    }

    /// The name of an enum that is one everywhere.
    fn everywhere(&self, ty: &Ty, leaf: &str) -> Option<&str> {
        let Ty::Enum(values) = ty else { return None };
        let mut values = values.clone();
        values.sort();
        self.overrides.text("names", &format!("enum {leaf}: {}", values.join(" ")), "name")
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
                let key = self.key(ty, leaf, owner);
                let fresh = !self.unnamed.contains_key(&key);
                let slot = self.unnamed.entry(key).or_insert_with(|| Unnamed {
                    ty: ty.clone(),
                    leaf: leaf.to_owned(),
                    owners: BTreeSet::new(),
                    first: owner.to_owned(),
                });
                if !owner.contains('.') {
                    slot.owners.insert(owner.to_owned());
                }
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
    pub(crate) fn complete(&mut self) -> Result<(), String> {
        let claims: Vec<Claim> = self.unnamed.values().map(|one| self.claim(one)).collect();
        let names = allocate(&claims, &self.names.taken())?;
        self.given = self.unnamed.keys().cloned().zip(names).collect();
        Ok(())
    }

    /// The type expression, `leaf` being the natural name at this place in `owner`.
    pub(crate) fn expression(&self, ty: &Ty, leaf: &str, owner: &str) -> Option<String> {
        Some(match ty {
            Ty::String | Ty::Const(Scalar::Text(_)) => "string".into(),
            Ty::Integer | Ty::Integers(_) | Ty::Const(Scalar::Integer(_)) => "integer".into(),
            Ty::Number => "number".into(),
            Ty::Boolean | Ty::Const(Scalar::Boolean(_)) => "boolean".into(),
            Ty::Json => "json".into(),
            Ty::File => "file".into(),
            Ty::Null => "null".into(),
            Ty::List(inner) => format!("list<{}>", self.expression(inner, &singular(leaf), owner)?),
            Ty::Map(inner) => format!("map<{}>", self.expression(inner, &singular(leaf), owner)?),
            Ty::Enum(_) | Ty::Union(_) => self.given.get(&self.key(ty, leaf, owner))?.clone(),
            Ty::Ref(at) => self.names.groups.get(at)?.clone(),
            Ty::Alias(at) => self.names.aliases.get(at)?.clone(),
        })
    }

    fn claim(&self, one: &Unnamed) -> Claim {
        if let Some(name) = self.everywhere(&one.ty, &one.leaf) {
            return Claim { rank: 0, candidates: vec![name.to_owned()] };
        }
        let mut owners: Vec<String> = one.owners.iter().filter(|owner| !owner.is_empty()).cloned().collect();
        // A preview is called like what it previews.
        if owners.iter().any(|owner| !owner.starts_with("Beta")) {
            owners.retain(|owner| !owner.starts_with("Beta"));
        }
        let short = |owner: &str| without_param(owner).trim_end_matches("Params").to_owned();
        let mut candidates = Vec::new();
        if owners.len() != 1 {
            let start = common_owner(&owners.iter().map(|owner| short(owner)).collect::<Vec<_>>(), &one.leaf);
            let bare =
                words(&one.leaf).len() > 1 || (owners.len() >= COMMON && !ANONYMOUS.contains(&one.leaf.as_str()));
            candidates.extend((start.is_none() && bare).then(|| one.leaf.clone()));
            candidates.extend(start.map(|start| join(&start, &one.leaf)));
        }
        let part = |owner: &str| ["Params", "Event", "Delta"].iter().any(|end| owner.ends_with(end));
        owners.sort_by_key(|owner| (part(owner), owner.len(), owner.clone()));
        for owner in &owners {
            candidates.push(join(&short(owner), &one.leaf));
            candidates.push(join(owner, &one.leaf));
            candidates.push(format!("{owner}{}", one.leaf));
            let kind = if matches!(one.ty, Ty::Enum(_)) { "Value" } else { "Content" };
            candidates.push(format!("{owner}{}{kind}", one.leaf));
        }
        if candidates.is_empty() {
            candidates.push(one.leaf.clone());
        }
        let given = |name: &String| self.overrides.text("names", &format!("unnamed {name}"), "name");
        if let Some(name) = candidates.first().and_then(given) {
            return Claim { rank: 0, candidates: vec![name.to_owned()] };
        }
        // The more places share it, the better its claim to the short name.
        Claim { rank: 100 - owners.len().min(90) as u8, candidates }
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
