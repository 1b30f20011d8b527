//! Two schemas that hold at once, as one.

use super::tree::{Object, Tree};

/// Keywords that say nothing about which values fit.
pub(super) const ANNOTATIONS: &[&str] = &["title", "description"];

/// Adds what `from` demands to `into`. What describes the value is taken from `into` where it has it. The error says
/// what cannot be merged.
pub(super) fn merge(into: &mut Object, from: &Object) -> Result<(), String> {
    for (keyword, value) in from {
        let Some(own) = into.get_mut(keyword) else {
            into.insert(keyword.clone(), value.clone());
            continue;
        };
        if own == value || ANNOTATIONS.contains(&keyword.as_str()) {
            continue;
        }
        match keyword.as_str() {
            "properties" => merge_properties(own, value)?,
            "required" => {
                if let (Tree::List(own), Tree::List(more)) = (own, value) {
                    own.extend(more.iter().cloned());
                }
            }
            // One that allows further members is refused later, with its path.
            "additionalProperties" => {
                if *own == Tree::Bool(false) {
                    *own = value.clone();
                }
            }
            "type" | "enum" => *own = common(own, value).ok_or_else(|| contradict(keyword))?,
            "minimum" | "exclusiveMinimum" | "minLength" | "minItems" => keep(own, value, f64::max),
            "maximum" | "exclusiveMaximum" | "maxLength" | "maxItems" => keep(own, value, f64::min),
            _ => return Err(contradict(keyword)),
        }
    }
    Ok(())
}

fn contradict(keyword: &str) -> String {
    format!("two schemas that must both hold differ in `{keyword}`; write them as one")
}

fn merge_properties(own: &mut Tree, more: &Tree) -> Result<(), String> {
    let (Tree::Object(own), Tree::Object(more)) = (own, more) else { return Err(contradict("properties")) };
    for (name, schema) in more {
        match own.get(name) {
            None => drop(own.insert(name.clone(), schema.clone())),
            Some(there) if there == schema => {}
            Some(_) => return Err(format!("two schemas that must both hold describe the member `{name}` differently")),
        }
    }
    Ok(())
}

/// What both allow, of values that are one or a list; `None` if nothing is left.
fn common(a: &Tree, b: &Tree) -> Option<Tree> {
    let list = |tree: &Tree| tree.as_list().map_or_else(|| vec![tree.clone()], <[Tree]>::to_vec);
    let b = list(b);
    // Every integer is a number.
    let [integer, number] = ["integer", "number"].map(Tree::text);
    let both = |item: Tree| match () {
        () if b.contains(&item) => Some(item),
        () if item == integer && b.contains(&number) => Some(item),
        () if item == number && b.contains(&integer) => Some(integer.clone()),
        () => None,
    };
    let mut both: Vec<Tree> = list(a).into_iter().filter_map(both).collect();
    match both.len() {
        0 => None,
        1 if a.as_list().is_none() => both.pop(),
        _ => Some(Tree::List(both)),
    }
}

fn keep(own: &mut Tree, value: &Tree, choose: fn(f64, f64) -> f64) {
    if let (Some(a), Some(b)) = (own.as_number(), value.as_number())
        && choose(a, b) == b
    {
        *own = value.clone();
    }
}
