//! Whether the arms of a union can be told apart.
//!
//! A decoder picks by tag value, then by JSON kind, then takes the first arm whose required members are all present with
//! the constants that they must have. An arm that can never be picked, because an earlier one fits whatever fits it, is
//! a mistake of the description.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::defs::{ArmDef, OverridesFile, TypeDef, UnionDef};
use super::expr::{Expr, Scalar};
use crate::generate::Problems;

/// Types by name, as far as this module needs them.
pub type Lookup<'a> = dyn Fn(&str) -> Option<&'a TypeDef> + 'a;

/// What JSON a value of a type may be: `{}`, `""`, `0`, `true`, `null`, and `[` followed by the kind of the items.
fn kinds<'a>(expr: &Expr, get: &Lookup<'a>, depth: usize) -> BTreeSet<String> {
    let one = |kind: &str| BTreeSet::from([kind.to_owned()]);
    match expr {
        Expr::Scalar(Scalar::Integer | Scalar::Number) => one("0"),
        Expr::Scalar(Scalar::Boolean) => one("true"),
        Expr::Scalar(Scalar::Null) => one("null"),
        Expr::Scalar(Scalar::Json) => one("any"),
        Expr::Scalar(Scalar::String | Scalar::Bytes | Scalar::Secret) => one("\"\""),
        Expr::Scalar(Scalar::File) => one("file"),
        Expr::Scalar(Scalar::Vector) => one("[0"),
        Expr::Map(_) => one("{}"),
        Expr::List(item) if depth < 4 => kinds(item, get, depth + 1).iter().map(|kind| format!("[{kind}")).collect(),
        Expr::List(_) => one("["),
        Expr::Named(name) => match get(name) {
            Some(TypeDef::Enum(_)) => one("\"\""),
            Some(TypeDef::Union(def)) if depth < 4 => {
                def.arms.iter().flat_map(|arm| kinds(&arm.ty, get, depth + 1)).collect()
            }
            _ => one("{}"),
        },
    }
}

/// What an object must have to be taken for an arm.
#[derive(Debug, Default, Clone)]
struct Demands {
    required: BTreeSet<String>,
    constants: BTreeMap<String, Value>,
}

/// The demands of an arm's objects; several for an arm that is a union itself.
fn demands<'a>(expr: &Expr, get: &Lookup<'a>, depth: usize) -> Vec<Demands> {
    let Expr::Named(name) = expr else { return vec![Demands::default()] };
    match get(name) {
        Some(TypeDef::Struct(def)) => {
            let mut result = Demands::default();
            for field in &def.fields {
                if field.required {
                    result.required.insert(field.name.clone());
                }
                if let Some(constant) = &field.constant {
                    result.constants.insert(field.name.clone(), constant.clone());
                }
            }
            vec![result]
        }
        Some(TypeDef::Union(def)) if depth < 4 => {
            def.arms.iter().flat_map(|arm| demands(&arm.ty, get, depth + 1)).collect()
        }
        _ => Vec::new(),
    }
}

impl Demands {
    /// Every object made for `other` would be taken for this.
    fn swallows(&self, other: &Self) -> bool {
        let conflict = self.constants.iter().any(|(name, value)| {
            let theirs = other.constants.get(name);
            theirs.is_some_and(|theirs| theirs != value)
                || (theirs.is_none() && self.required.contains(name) && !other.required.contains(name))
        });
        !conflict && self.required.is_subset(&other.required)
    }
}

/// Reports arms that cannot be told apart.
pub fn check<'a>(place: &str, def: &UnionDef, get: &Lookup<'a>, overrides: &OverridesFile, problems: &mut Problems) {
    for (index, arm) in def.arms.iter().enumerate() {
        for earlier in def.arms[..index].iter().filter(|earlier| !overrides.settles(&earlier.ty, &arm.ty)) {
            if let Some(why) = confused(def, earlier, arm, get) {
                problems.add(
                    place,
                    format!(
                        "the arm `{}` can never be picked: {why} `{}`; let the one with more required members stand \
                         first, or, if nothing tells them apart, say so in api/overrides.json: {{\"unions\": {{\"{}\": \
                         {{\"before\": [\"{}\"], \"why\": …}}}}}}",
                        arm.name, earlier.name, earlier.ty, arm.ty
                    ),
                );
            }
        }
    }
}

fn confused<'a>(def: &UnionDef, earlier: &ArmDef, later: &ArmDef, get: &Lookup<'a>) -> Option<&'static str> {
    if def.tag.is_some() && (!earlier.tags.is_empty() || !later.tags.is_empty()) {
        let covered = !later.tags.is_empty() && later.tags.iter().all(|tag| earlier.tags.contains(tag));
        if !covered {
            return None;
        }
    }
    let (first, second) = (kinds(&earlier.ty, get, 0), kinds(&later.ty, get, 0));
    if first.contains("any") {
        return Some("any JSON is taken by");
    }
    if !second.is_subset(&first) {
        return None;
    }
    if !second.contains("{}") {
        // Lists of objects are told apart by their first item, as objects are.
        let objects = second.iter().any(|kind| kind.ends_with("{}"));
        return if objects { None } else { Some("the same kind of JSON is taken by") };
    }
    let (ours, theirs) = (demands(&earlier.ty, get, 0), demands(&later.ty, get, 0));
    let swallowed = !theirs.is_empty() && theirs.iter().all(|their| ours.iter().any(|our| our.swallows(their)));
    swallowed.then_some("every object that fits it fits")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems_of(types: &str) -> String {
        let types: BTreeMap<String, TypeDef> = serde_json::from_str(types).unwrap();
        let mut problems = Problems::default();
        check("U", types["U"].union().unwrap(), &|name| types.get(name), &OverridesFile::default(), &mut problems);
        problems.to_string()
    }

    #[test]
    fn arms_of_different_kinds_or_demands_pass() {
        let text = problems_of(
            r#"{"U": {"union": [{"name": "Text", "type": "string"}, {"name": "Texts", "type": "list<string>"},
                 {"name": "Tokens", "type": "list<integer>"}, {"name": "A", "type": "A"}, {"name": "B", "type": "B"}]},
                "A": {"fields": [{"name": "a", "type": "string", "required": true}]},
                "B": {"fields": [{"name": "b", "type": "string", "required": true}]}}"#,
        );
        assert_eq!(text, "");
    }

    #[test]
    fn an_arm_behind_a_looser_one_is_reported() {
        let text = problems_of(
            r#"{"U": {"union": [{"name": "A", "type": "A"}, {"name": "B", "type": "B"}]},
                "A": {"fields": [{"name": "a", "type": "string", "required": true}]},
                "B": {"fields": [{"name": "a", "type": "string", "required": true},
                                 {"name": "b", "type": "string", "required": true}]}}"#,
        );
        assert!(text.contains("arm `B` can never be picked"), "{text}");
    }

    #[test]
    fn a_decided_order_is_accepted() {
        let overrides: OverridesFile =
            serde_json::from_str(r#"{"unions": {"A": {"before": ["B"], "why": "A takes all that B takes"}}}"#).unwrap();
        let (first, second) = (Expr::Named("A".into()), Expr::Named("B".into()));
        assert!(overrides.settles(&first, &second));
        assert!(!overrides.settles(&second, &first));
    }

    #[test]
    fn constants_tell_arms_apart() {
        let text = problems_of(
            r#"{"U": {"union": [{"name": "A", "type": "A"}, {"name": "B", "type": "B"}]},
                "A": {"fields": [{"name": "type", "const": "a", "required": true}]},
                "B": {"fields": [{"name": "type", "const": "b", "required": true}]}}"#,
        );
        assert_eq!(text, "");
    }
}
