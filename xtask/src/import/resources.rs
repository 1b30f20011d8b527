//! Names that follow from the resource of an operation: its arguments, and results that the packages name after
//! the method.

use std::collections::{BTreeMap, BTreeSet};

use super::aliases::leaf;
use super::families::common_end;
use super::ir::{Ty, World};
use super::operations::Operations;
use super::overrides::Overrides;
use super::words::{camel, singular, words};

/// What a resource holds, in one word: `vector_stores.files` → `VectorStoreFile`. `overrides.json` may say it for a
/// resource; those below it follow.
pub(crate) fn noun(resource: &str, overrides: &Overrides) -> String {
    if let Some(name) = overrides.text("resources", resource, "name") {
        return name.to_owned();
    }
    match resource.rsplit_once('.') {
        Some((parent, last)) => format!("{}{}", noun(parent, overrides), singular(&camel(last))),
        None => singular(&camel(resource)),
    }
}

/// Name of an operation's arguments. A method that repeats its resource (`rate_limits.list_rate_limits`) does so once.
pub(crate) fn arguments(id: &str, overrides: &Overrides) -> String {
    let (resource, method) = id.rsplit_once('.').unwrap_or(("", id));
    let own = words(&singular(&camel(leaf(resource))));
    let method = camel(method);
    let said = words(&singular(&method));
    let method =
        if said.len() > own.len() && said.ends_with(&own) { said[..said.len() - own.len()].concat() } else { method };
    format!("{}{method}Params", noun(resource, overrides))
}

/// Results that bear the name of a resource and a method: qualified name → resources' nouns, and the method's part.
#[derive(Debug, Default)]
pub(crate) struct Results {
    of: BTreeMap<String, (BTreeSet<String>, String)>,
    /// Structs that are the results of one resource under the names of several methods.
    pub(crate) alike: Vec<Vec<usize>>,
}

impl Results {
    /// Finds them among the replies and items of all operations.
    pub(crate) fn new(
        world: &World,
        operations: &Operations,
        public: &BTreeSet<String>,
        overrides: &Overrides,
    ) -> Results {
        let mut results = Results::default();
        let mut alike: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
        for one in &operations.all {
            let resource = one.id.rsplit_once('.').map_or("", |(resource, _)| resource);
            let own = singular(&camel(leaf(resource))).to_lowercase();
            let noun = noun(resource, overrides);
            for ty in one.reply.iter().chain(one.page.iter().map(|(_, item)| item)) {
                let Ty::Ref(at) = ty else { continue };
                for name in world.structs[*at].names.iter().filter(|name| public.contains(*name)) {
                    let leaf = leaf(name);
                    if leaf.ends_with("Response") && leaf.to_lowercase().starts_with(&own) {
                        let rest = leaf[own.len()..].to_owned();
                        results
                            .of
                            .entry(name.clone())
                            .or_insert_with(|| (BTreeSet::new(), rest))
                            .0
                            .insert(noun.clone());
                        alike.entry(noun.clone()).or_default().insert(*at);
                    }
                }
            }
        }
        results.alike = alike.into_values().map(|all| all.into_iter().collect()).collect();
        results
    }

    /// The name of a type with these official names: the resource's where it is the result of several methods, else
    /// with the method.
    pub(crate) fn name(&self, official: &[String]) -> Option<String> {
        let mut nouns = BTreeSet::new();
        let mut rests = BTreeSet::new();
        for name in official {
            let (of, rest) = self.of.get(name)?;
            nouns.extend(of.iter().cloned());
            rests.insert(rest.as_str());
        }
        let noun = common_end(&nouns.into_iter().collect::<Vec<_>>());
        match (rests.len(), rests.first()) {
            _ if noun.is_empty() => None,
            // What a list holds is what the resource is about.
            (1, Some(&"ListResponse")) => Some(noun),
            (1, Some(rest)) => Some(format!("{noun}{rest}")),
            _ => Some(noun),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overrides() -> Overrides {
        Overrides::read(r#"{"resources": {"beta": {"name": "", "why": "test"}, "beta.threads.runs": {"name": "Run", "why": "test"}}}"#)
            .unwrap()
    }

    #[test]
    fn arguments_are_called_after_resource_and_method() {
        let of = |id| arguments(id, &overrides());
        assert_eq!(of("vector_stores.file_batches.create"), "VectorStoreFileBatchCreateParams");
        assert_eq!(of("beta.threads.create_and_run"), "ThreadCreateAndRunParams");
        assert_eq!(of("beta.threads.runs.steps.list"), "RunStepListParams");
        assert_eq!(of("projects.rate_limits.list_rate_limits"), "ProjectRateLimitListParams");
    }

    #[test]
    fn a_result_of_several_methods_is_called_after_the_resource() {
        let mut results = Results::default();
        for (name, noun, rest) in [
            ("a.FileCreateResponse", "ContainerFile", "CreateResponse"),
            ("a.FileListResponse", "ContainerFile", "ListResponse"),
            ("b.RoleDeleteResponse", "UserRole", "DeleteResponse"),
            ("c.RoleDeleteResponse", "GroupRole", "DeleteResponse"),
        ] {
            results.of.insert(name.into(), (BTreeSet::from([noun.into()]), rest.into()));
        }
        let name = |names: &[&str]| results.name(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert_eq!(name(&["a.FileCreateResponse", "a.FileListResponse"]).as_deref(), Some("ContainerFile"));
        assert_eq!(name(&["a.FileCreateResponse"]).as_deref(), Some("ContainerFileCreateResponse"));
        assert_eq!(name(&["b.RoleDeleteResponse", "c.RoleDeleteResponse"]).as_deref(), Some("RoleDeleteResponse"));
        assert_eq!(name(&["a.Other"]), None);
    }
}
