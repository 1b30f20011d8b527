//! Families: which part of the API a type belongs to. A name that says too little outside of its family is not
//! shared with another one.

use std::collections::{BTreeMap, BTreeSet};

use super::aliases::module;
use super::overrides::Overrides;
use super::words::{camel, singular, words};

/// Knows for which module of the preview package there is one in the finished packages.
#[derive(Debug, Default)]
pub(crate) struct Families {
    packages: BTreeMap<String, String>,
    /// Families that are packages of their own.
    known: BTreeSet<String>,
    /// Family → the one it counts as.
    joined: BTreeMap<String, String>,
}

impl Families {
    /// Learns the modules from qualified names.
    pub(crate) fn new<'a>(names: impl Iterator<Item = &'a String>, overrides: &Overrides) -> Families {
        let (mut packages, mut known) = (BTreeMap::new(), BTreeSet::new());
        for name in names {
            let mut path = path(name);
            if path.first() == Some(&"beta") && path.len() > 2 {
                path.remove(0);
            }
            if path.len() > 1 && path[0] != "beta" {
                known.insert(singular(path[0].split('_').next().unwrap_or_default()));
            }
            if let [package, .., file] = path.as_slice()
                && *package != "beta"
            {
                packages.insert((*file).to_owned(), (*package).to_owned());
            }
        }
        let entries = overrides.entries("families");
        let joined =
            entries.filter_map(|(from, entry)| Some((from.clone(), entry["name"].as_str()?.to_owned()))).collect();
        Families { packages, known, joined }
    }

    /// The family of a qualified name: the first word of its package, or of its module where no package is around
    /// it. `beta` is no family, and `beta.beta_tool` belongs where `tool` belongs.
    pub(crate) fn of(&self, name: &str) -> String {
        let mut path = path(name);
        if path.first() == Some(&"beta") {
            path.remove(0);
        }
        let first = path.first().copied().unwrap_or_default();
        let finished = first.strip_prefix("beta_").map(|file| self.packages.get(file).map_or(file, String::as_str));
        let first = finished.unwrap_or(first);
        let family = singular(first.split('_').next().unwrap_or(first));
        self.joined.get(&family).cloned().unwrap_or(family)
    }

    /// Whether a nested name needs no owner's name in front: it says itself what part of the API it belongs to.
    pub(crate) fn speaks(&self, own: &str, family: &str) -> bool {
        let first = words(own).first().map(|word| singular(&word.to_lowercase())).unwrap_or_default();
        let count = distinct_words(own);
        (first == family && count > 1) || (self.known.contains(&first) && count > 2)
    }

    /// The families of several names; what is shared by all has none of its own.
    pub(crate) fn all<'a>(&self, names: impl IntoIterator<Item = &'a String>) -> BTreeSet<String> {
        names.into_iter().map(|name| self.of(name)).filter(|family| family != "shared").collect()
    }
}

fn path(name: &str) -> Vec<&str> {
    module(name).trim_start_matches("openai.types").trim_matches('.').split('.').collect()
}

/// Whether a name comes from the preview package.
pub(crate) fn is_preview(name: &str) -> bool {
    name.contains(".beta.")
}

/// Words that all names begin with, as one name.
fn common_start(names: &[String]) -> String {
    common(names, |words| words).concat()
}

/// Words that all names end with, as one name.
pub(crate) fn common_end(names: &[String]) -> String {
    let mut end = common(names, |words| words.into_iter().rev().collect());
    end.reverse();
    end.concat()
}

fn common(names: &[String], turn: impl Fn(Vec<String>) -> Vec<String>) -> Vec<String> {
    let mut all = names.iter().map(|name| turn(words(name)));
    let Some(mut shared) = all.next() else { return Vec::new() };
    for other in all {
        let same = shared.iter().zip(other).take_while(|(a, b)| *a == b).count();
        shared.truncate(same);
    }
    shared
}

/// What several owners begin with may stand for them in a name if it is an owner itself, if it or the name says
/// enough, or if there are many of them.
pub(crate) fn common_owner(owners: &[String], own: &str) -> Option<String> {
    const MANY: usize = 6;
    let first = |owner: &String| words(owner).into_iter().next();
    let alike = |word: Option<String>| owners.iter().filter(|owner| first(owner) == word).cloned().collect::<Vec<_>>();
    // A few strangers among them do not speak for the others.
    let most = owners.iter().map(|owner| alike(first(owner))).find(|alike| alike.len() * 3 >= owners.len() * 2);
    let start = common_start(most.as_deref().unwrap_or_default());
    let telling = [start.as_str(), own].iter().any(|name| distinct_words(name) > 1);
    let telling = telling || owners.contains(&start) || owners.len() >= MANY;
    (!start.is_empty() && start != "Beta" && telling).then_some(start)
}

/// How many words a name has, twins not counted.
pub(crate) fn distinct_words(name: &str) -> usize {
    words(&camel(name)).into_iter().collect::<BTreeSet<_>>().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preview_belongs_to_the_family_of_what_it_previews() {
        let names = ["openai.types.responses.tool.Tool".to_owned()];
        let families = Families::new(names.iter(), &Overrides::default());
        assert_eq!(families.of("openai.types.responses.tool.Tool"), "response");
        assert_eq!(families.of("openai.types.beta.beta_tool.BetaTool"), "response");
        assert_eq!(families.of("openai.types.beta.beta_response_error.Error"), "response");
        assert_eq!(families.of("openai.types.beta.threads.run.Run"), "thread");
        assert_eq!(families.of("openai.types.beta.thread_create_params.Message"), "thread");
        assert_eq!(families.of("openai.types.eval_create_params.Tool"), "eval");
    }

    #[test]
    fn names_share_their_start_or_end() {
        let names = ["RunStep".to_owned(), "Run".to_owned()];
        assert_eq!(common_start(&names), "Run");
        assert_eq!(common_end(&["AUserRole".to_owned(), "BUserRole".to_owned()]), "UserRole");
        assert_eq!(common_start(&["A".to_owned(), "B".to_owned()]), "");
    }
}
