//! Names for structs and for unions and enums that the package names.

use std::collections::{BTreeMap, BTreeSet};

use super::aliases::{leaf, module};
use super::allocate::{Claim, allocate};
use super::families::{Families, common_end, common_owner, distinct_words, is_preview};
use super::ir::World;
use super::merge::Catalog;
use super::overrides::Overrides;
use super::resources::Results;
use super::words::{camel, join, singular, without_count, without_param, words};

/// Which types are in use, and what they are called.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) groups: BTreeMap<usize, String>,
    pub(crate) aliases: BTreeMap<usize, String>,
}

impl Names {
    /// Every name in use, in lower case.
    pub(crate) fn taken(&self) -> BTreeSet<String> {
        self.groups.values().chain(self.aliases.values()).map(|name| name.to_lowercase()).collect()
    }
}

/// A type that may be named: a struct or an alias.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    Group(usize),
    Alias(usize),
}

/// Everything that naming looks at.
pub(crate) struct Namer<'a> {
    pub(crate) world: &'a World,
    pub(crate) catalog: &'a Catalog,
    pub(crate) public: &'a BTreeSet<String>,
    /// Names that the Node package exports.
    pub(crate) node: &'a BTreeSet<String>,
    pub(crate) families: &'a Families,
    pub(crate) results: &'a Results,
    pub(crate) params_names: &'a BTreeMap<usize, Vec<String>>,
    pub(crate) overrides: &'a Overrides,
}

impl Namer<'_> {
    /// Names the types that `groups` and `aliases` list.
    pub(crate) fn name(&self, groups: &BTreeSet<usize>, aliases: &BTreeSet<usize>) -> Result<Names, String> {
        let all: Vec<Who> =
            groups.iter().map(|at| Who::Group(*at)).chain(aliases.iter().map(|at| Who::Alias(*at))).collect();
        let (exported, nested): (Vec<Who>, Vec<Who>) = all.into_iter().partition(|who| self.is_exported(*who));
        let mut names = Names::default();
        let claims: Vec<Claim> = exported.iter().map(|who| self.exported_claim(*who)).collect();
        keep(&mut names, &exported, allocate(&claims, &BTreeSet::new())?);
        let owners = self.owners(&names);
        let claims: Vec<Claim> = nested.iter().map(|who| self.nested_claim(*who, &owners)).collect();
        let taken = names.taken();
        keep(&mut names, &nested, allocate(&claims, &taken)?);
        Ok(names)
    }

    fn official(&self, who: Who) -> Vec<String> {
        match who {
            Who::Group(at) => {
                let members = &self.catalog.groups[at].members;
                members.iter().flat_map(|at| self.world.structs[*at].names.iter().cloned()).collect()
            }
            Who::Alias(at) => self.catalog.aliases[at].names.clone(),
        }
    }

    fn params(&self, who: Who) -> Option<&Vec<String>> {
        match who {
            Who::Group(at) => self.params_names.get(&self.catalog.groups[at].rep),
            Who::Alias(_) => None,
        }
    }

    fn is_exported(&self, who: Who) -> bool {
        self.params(who).is_some() || self.official(who).iter().any(|name| self.public.contains(name))
    }

    fn chosen(&self, names: &[String]) -> Option<Claim> {
        let name = names.iter().find_map(|name| self.overrides.text("names", name, "name"))?;
        Some(Claim { rank: 0, candidates: vec![name.to_owned()] })
    }

    fn exported_claim(&self, who: Who) -> Claim {
        let mut official = self.official(who);
        if let Some(names) = self.params(who) {
            let operation = &self.world.structs[self.catalog.groups[group_of(who)].rep].key;
            let place = official.first().map_or("openai.types", |name| module(name)).to_owned();
            official.push(operation.clone());
            let claim = self.chosen(&official).unwrap_or_default();
            if !claim.candidates.is_empty() {
                return claim;
            }
            return Claim { rank: 1, ..qualify(names, &place) };
        }
        official.retain(|name| self.public.contains(name));
        if let Some(claim) = self.chosen(&official) {
            return claim;
        }
        // The model's name, if model and argument type are one; else the name as it is.
        let twin = official.iter().any(|other| !leaf(other).ends_with("Param"));
        let mut best: Vec<&String> = official.iter().collect();
        best.sort_by_key(|name| {
            (leaf(name).ends_with("Param") && twin, leaf(name).len(), module(name).contains(".beta."), *name)
        });
        let Some(first) = best.first() else { return Claim::default() };
        let mut names: Vec<String> = self.results.name(&official).into_iter().collect();
        names.extend(self.without_param(leaf(first)).map(str::to_owned));
        names.push(leaf(first).to_owned());
        qualify(&names, module(first))
    }

    /// The name without `Param` if Node calls the type so and nothing else has that name.
    fn without_param<'n>(&self, name: &'n str) -> Option<&'n str> {
        let short = name.strip_suffix("Param")?;
        let free = self.node.contains(short) && !self.node.contains(name);
        (free && !self.public.iter().any(|other| leaf(other) == short)).then_some(short)
    }

    /// Name → families of what it names.
    pub(crate) fn homes(&self, names: &Names) -> BTreeMap<String, BTreeSet<String>> {
        let groups = names.groups.iter().map(|(at, name)| (Who::Group(*at), name));
        let aliases = names.aliases.iter().map(|(at, name)| (Who::Alias(*at), name));
        groups.chain(aliases).map(|(who, name)| (name.clone(), self.families.all(&self.official(who)))).collect()
    }

    /// Module → final name of the type it is about.
    fn owners(&self, names: &Names) -> BTreeMap<String, String> {
        let mut owners: BTreeMap<String, (bool, String)> = BTreeMap::new();
        let groups = names.groups.iter().map(|(at, name)| (Who::Group(*at), name));
        let aliases = names.aliases.iter().map(|(at, name)| (Who::Alias(*at), name));
        for (who, name) in groups.chain(aliases) {
            for official in self.official(who) {
                if !self.public.contains(&official) && self.params(who).is_none() {
                    continue;
                }
                let about = camel(leaf(module(&official))).to_lowercase();
                let main = about == leaf(&official).to_lowercase() || self.params(who).is_some();
                let slot = owners.entry(module(&official).to_owned()).or_insert_with(|| (main, name.clone()));
                if main && !slot.0 {
                    *slot = (main, name.clone());
                }
            }
        }
        owners.into_iter().map(|(module, (_, name))| (module, name)).collect()
    }

    fn nested_claim(&self, who: Who, owners: &BTreeMap<String, String>) -> Claim {
        let mut official = self.official(who);
        if official.is_empty() {
            let key = &self.world.structs[self.catalog.groups[group_of(who)].rep].key;
            return self.chosen(std::slice::from_ref(key)).unwrap_or_else(|| document_claim(key));
        }
        if let Some(claim) = self.chosen(&official) {
            return claim;
        }
        // A preview is called like what it previews.
        if official.iter().any(|name| !is_preview(name)) {
            official.retain(|name| !is_preview(name));
        }
        let owner = |name: &String| {
            let place = module(name);
            owners.get(place).cloned().unwrap_or_else(|| camel(leaf(place)))
        };
        let own = |name: &String| camel(&without_count(without_param(leaf(name))));
        official.sort_by_cached_key(|name| {
            let owner = owner(name);
            (words(&own(name)).len(), owner.ends_with("Event"), owner.ends_with("Params"), owner.len(), name.clone())
        });
        let first = &official[0];
        let places: BTreeSet<&str> = official.iter().map(|name| module(name)).collect();
        let mut candidates = Vec::new();
        let families = self.families.all(&official);
        if families.iter().any(|family| self.families.speaks(&own(first), family)) {
            candidates.push(own(first));
        }
        if families.len() > 1 {
            let common = common_end(&official.iter().map(own).collect::<Vec<_>>());
            candidates.extend((distinct_words(&common) > 1).then_some(common));
        } else if places.len() > 1 {
            let all: BTreeSet<String> = official.iter().map(|name| short_owner(&owner(name))).collect();
            let start = common_owner(&all.into_iter().collect::<Vec<_>>(), &own(first));
            candidates.extend(start.map(|start| join(&start, &own(first))));
        }
        for name in &official {
            candidates.push(join(&short_owner(&owner(name)), &own(name)));
            candidates.push(join(&owner(name), &own(name)));
            candidates.push(join(&owner(name), &camel(leaf(name))));
            candidates.push(format!("{}{}", owner(name), own(name)));
        }
        let telling = official.iter().map(own).filter(|own| distinct_words(own) > 1);
        candidates.extend(telling.collect::<Vec<_>>());
        let place = module(first).trim_start_matches("openai.types.");
        candidates.push(join(&camel(place), &own(first)));
        // The more places share it, the better its claim to the short name.
        Claim { rank: 100 - places.len().min(90) as u8, candidates }
    }
}

fn group_of(who: Who) -> usize {
    match who {
        Who::Group(at) | Who::Alias(at) => at,
    }
}

fn keep(names: &mut Names, who: &[Who], given: Vec<String>) {
    for (who, name) in who.iter().zip(given) {
        match who {
            Who::Group(at) => names.groups.insert(*at, name),
            Who::Alias(at) => names.aliases.insert(*at, name),
        };
    }
}

/// An owner's name in front of a nested one: without what only says how the owner is used.
fn short_owner(owner: &str) -> String {
    let owner = without_param(owner);
    let short = owner.strip_suffix("Params").unwrap_or(owner);
    (if short.is_empty() { owner } else { short }).to_owned()
}

/// A name of the package, then the same with more and more of its place in front.
fn qualify(names: &[String], place: &str) -> Claim {
    let path: Vec<&str> = place.trim_start_matches("openai.types").trim_matches('.').split('.').collect();
    let packages: Vec<&str> = path[..path.len().saturating_sub(1)].to_vec();
    let beta = packages.first() == Some(&"beta");
    let words: Vec<String> =
        packages.iter().filter(|name| **name != "beta").map(|name| singular(&camel(name))).collect();
    let mut candidates = names.to_vec();
    let last = names.last().cloned().unwrap_or_default();
    for from in (0..words.len()).rev() {
        candidates.push(join(&words[from..].concat(), &last));
    }
    let plain = candidates.clone();
    let leads = words.last().is_some_and(|word| last.starts_with(word.as_str()));
    candidates.extend(plain.iter().filter(|name| !name.starts_with("Beta")).map(|name| format!("Beta{name}")));
    if !beta {
        let whole = path.last().map_or(String::new(), |file| camel(file));
        candidates.truncate(plain.len());
        candidates.push(join(&words.concat(), &whole));
    }
    Claim { rank: if beta { 3 } else { 2 - u8::from(leads) }, candidates }
}

/// A name for a struct that only the document has: the end of its place first, then more of it.
fn document_claim(key: &str) -> Claim {
    let parts: Vec<String> = key.split('.').map(camel).collect();
    let mut candidates: Vec<String> = Vec::new();
    if parts.len() > 1 {
        candidates.push(join(&parts[0], &parts[parts.len() - 1]));
    }
    for from in (0..parts.len()).rev().take(if parts.len() > 1 { 0 } else { 1 }) {
        candidates.push(parts[from..].concat());
    }
    candidates.push(parts.iter().fold(String::new(), |name, part| join(&name, part)));
    candidates.push(format!("{}Schema", parts.concat()));
    Claim { rank: 101, candidates }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namesakes_of_different_packages_get_their_package_in_front() {
        let claim = qualify(&["RoleListParams".into()], "openai.types.admin.organization.groups.role_list_params");
        assert_eq!(claim.candidates[..2], ["RoleListParams", "GroupRoleListParams"]);
    }

    #[test]
    fn a_type_that_bears_its_packages_name_comes_before_its_namesakes() {
        let of = |place| qualify(&["ResponseCreatedEvent".into()], place).rank;
        assert!(of("openai.types.responses.x") < of("openai.types.realtime.x"));
        assert!(of("openai.types.realtime.x") < of("openai.types.beta.realtime.x"));
    }
}
