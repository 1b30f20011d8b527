//! Unions: which member tells the arms apart, in which order arms are tried, what they are called.

use std::collections::{BTreeMap, BTreeSet};

use super::describe::{Vocabulary, arm_leaf, enum_word};
use super::families::common_end;
use super::ir::{Field, Scalar, Ty};
use super::merge::Catalog;
use super::overrides::Overrides;
use super::words::{camel, without_param, words};

/// A union ready to be written.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Union {
    pub(crate) tag: Option<String>,
    pub(crate) arms: Vec<Arm>,
}

/// One alternative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arm {
    pub(crate) name: String,
    pub(crate) ty: String,
    pub(crate) tags: Vec<String>,
}

/// Members that usually carry the tag, best first.
const USUAL: [&str; 5] = ["type", "event", "object", "role", "kind"];

/// Builds the union `name` of `arms`; fails if nothing tells two arms apart and no override orders them.
pub(crate) fn build(
    name: &str,
    (leaf, owner): (&str, &str),
    arms: &[Ty],
    catalog: &Catalog,
    vocabulary: &Vocabulary<'_>,
    overrides: &Overrides,
) -> Result<Union, String> {
    let tag = tag(arms, catalog);
    let mut made: Vec<(Ty, Arm)> = Vec::new();
    for arm in arms {
        let ty = vocabulary.expression(arm, &arm_leaf(arm, leaf), owner);
        let ty = ty.ok_or_else(|| format!("union {name}: an arm has no name: {arm:?}"))?;
        let tags = tag.as_deref().map_or_else(Vec::new, |tag| tags(arm, tag, catalog));
        if made.iter().all(|(_, old)| old.ty != ty) {
            made.push((arm.clone(), Arm { name: String::new(), ty, tags }));
        }
    }
    // An arm that takes all that another takes stands for both.
    let lists = |a: &Arm, key: &str, b: &Arm| {
        let names = overrides.get("unions", &a.ty).and_then(|entry| entry[key].as_array());
        names.is_some_and(|names| names.iter().any(|name| *name == b.ty))
    };
    let replaced = |arm: &Arm| made.iter().any(|(_, other)| lists(other, "replaces", arm));
    let gone: BTreeSet<String> = made.iter().filter(|(_, arm)| replaced(arm)).map(|(_, arm)| arm.ty.clone()).collect();
    made.retain(|(_, arm)| !gone.contains(&arm.ty));
    if (0..made.len()).any(|b| (0..b).any(|a| rivals(&made[a], &made[b]))) {
        made.sort_by_key(|(ty, _)| usize::MAX - required(ty, catalog).len());
        let mut twins = Vec::new();
        for b in 0..made.len() {
            for a in 0..b {
                if !rivals(&made[a], &made[b]) {
                    continue;
                }
                if lists(&made[b].1, "before", &made[a].1) {
                    made.swap(a, b);
                } else if same(&made[a].0, &made[b].0, catalog) && !lists(&made[a].1, "before", &made[b].1) {
                    twins.push(format!("{} and {}", made[a].1.ty, made[b].1.ty));
                }
            }
        }
        if !twins.is_empty() {
            let twins = twins.join(", ");
            return Err(format!(
                "union {name}: nothing tells apart {twins}; say in overrides.json, unions, which comes \"before\" the other or \"replaces\" it"
            ));
        }
    }
    let names = arm_names(name, &made, catalog);
    let arms = made.into_iter().zip(names).map(|((_, arm), name)| Arm { name, ..arm }).collect();
    Ok(Union { tag, arms })
}

fn fields<'a>(ty: &Ty, catalog: &'a Catalog) -> &'a [Field] {
    match ty {
        Ty::Ref(at) => &catalog.groups[*at].fields,
        _ => &[],
    }
}

fn values(ty: &Ty, catalog: &Catalog) -> Vec<String> {
    match ty {
        Ty::Const(Scalar::Text(text)) => vec![text.clone()],
        Ty::Enum(values) => values.clone(),
        Ty::Alias(at) => values(&catalog.aliases[*at].ty, catalog),
        _ => Vec::new(),
    }
}

/// The member whose value picks the arm: a constant in most struct arms.
fn tag(arms: &[Ty], catalog: &Catalog) -> Option<String> {
    let structs: Vec<&Ty> = arms.iter().filter(|arm| matches!(arm, Ty::Ref(_))).collect();
    if structs.len() < 2 {
        return None;
    }
    let mut found: BTreeMap<&str, (usize, BTreeSet<&str>)> = BTreeMap::new();
    for arm in &structs {
        for field in fields(arm, catalog) {
            if let Ty::Const(Scalar::Text(text)) = &field.ty {
                let slot = found.entry(&field.name).or_default();
                slot.0 += 1;
                slot.1.insert(text);
            }
        }
    }
    let usual = |name: &str| USUAL.iter().position(|usual| *usual == name).unwrap_or(USUAL.len());
    // A constant with one value everywhere tells nothing, unless some arms lack it.
    found.retain(|_, (count, texts)| *count > 1 && (texts.len() > 1 || *count < structs.len()));
    let best = found.iter().max_by_key(|(name, (count, texts))| (texts.len(), *count, usize::MAX - usual(name)));
    best.map(|(name, _)| (*name).to_owned())
}

fn tags(arm: &Ty, tag: &str, catalog: &Catalog) -> Vec<String> {
    let field = fields(arm, catalog).iter().find(|field| field.name == tag);
    field.map_or_else(Vec::new, |field| values(&field.ty, catalog))
}

/// Whether both arms may be candidates for the same value.
fn rivals(a: &(Ty, Arm), b: &(Ty, Arm)) -> bool {
    let both = matches!((&a.0, &b.0), (Ty::Ref(_), Ty::Ref(_)));
    both && (a.1.tags.is_empty() || b.1.tags.is_empty() || a.1.tags.iter().any(|tag| b.1.tags.contains(tag)))
}

fn required<'a>(ty: &Ty, catalog: &'a Catalog) -> BTreeSet<&'a str> {
    fields(ty, catalog).iter().filter(|field| field.required).map(|field| field.name.as_str()).collect()
}

/// Whether neither a required member nor a constant differs.
fn same(a: &Ty, b: &Ty, catalog: &Catalog) -> bool {
    let constant = |field: &Field| match &field.ty {
        Ty::Const(value) => Some(value.clone()),
        _ => None,
    };
    let differs = fields(a, catalog).iter().any(|one| {
        let other = fields(b, catalog).iter().find(|other| other.name == one.name);
        matches!((constant(one), other.and_then(constant)), (Some(x), Some(y)) if x != y)
    });
    !differs && required(a, catalog) == required(b, catalog)
}

/// Short names: from the tag where no other arm has it, else from the type's name.
fn arm_names(union: &str, made: &[(Ty, Arm)], catalog: &Catalog) -> Vec<String> {
    let sharing = |tag: &String| made.iter().filter(|(_, arm)| arm.tags.contains(tag)).count();
    let lists = made.iter().filter(|(ty, _)| matches!(ty, Ty::List(_))).count();
    let by_tag = |arm: &Arm| matches!(arm.tags.as_slice(), [tag] if sharing(tag) == 1);
    let plain = made.iter().filter(|(ty, arm)| matches!(ty, Ty::Ref(_)) && !by_tag(arm));
    let plain: Vec<String> = plain.map(|(_, arm)| without_param(&arm.ty).to_owned()).collect();
    let structs = made.iter().filter(|(ty, _)| matches!(ty, Ty::Ref(_))).count();
    let end = if plain.len() > 1 && plain.len() == structs { words(&common_end(&plain)).len() } else { 0 };
    let mut names: Vec<String> = Vec::new();
    for (ty, arm) in made {
        let name = match ty {
            Ty::Ref(_) if by_tag(arm) => arm.tags[0].clone(),
            Ty::Ref(_) => told_apart(&arm.ty, end, union),
            other => scalar_arm(other, lists > 1, catalog),
        };
        // `Unknown` is what every union keeps for what it does not know.
        let clash =
            |name: &str| name == "Unknown" || name == "Self" || names.iter().any(|old| old.eq_ignore_ascii_case(name));
        let name = camel(&name);
        names.push(if clash(&name) { camel(&arm.ty.replace(['<', '>'], "")) } else { name });
    }
    names
}

/// A type's name without the `end` words that all arms end with and the words at its beginning that the union's
/// name has too.
fn told_apart(ty: &str, end: usize, union: &str) -> String {
    let (mut own, union) = (words(without_param(ty)), words(union));
    if own.len() > end {
        own.truncate(own.len() - end);
    }
    let shared = own.iter().take(own.len().saturating_sub(1)).take_while(|word| union.contains(word)).count();
    own[shared..].concat()
}

fn scalar_arm(ty: &Ty, qualify: bool, catalog: &Catalog) -> String {
    match ty {
        Ty::String | Ty::Const(Scalar::Text(_)) => "Text".into(),
        Ty::Integer | Ty::Integers(_) | Ty::Const(Scalar::Integer(_)) => "Integer".into(),
        Ty::Number => "Number".into(),
        Ty::Boolean | Ty::Const(Scalar::Boolean(_)) => "Boolean".into(),
        Ty::File => "File".into(),
        Ty::Null => "Null".into(),
        Ty::Map(_) => "Map".into(),
        Ty::List(inner) if qualify => format!("{}List", scalar_arm(inner, true, catalog)),
        Ty::List(_) => "List".into(),
        Ty::Enum(values) => enum_word(values).into(),
        Ty::Alias(at) => scalar_arm(&catalog.aliases[*at].ty, qualify, catalog),
        Ty::Json | Ty::Union(_) | Ty::Ref(_) => "Item".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arms_lose_what_the_union_says() {
        assert_eq!(told_apart("TranscriptionVerbose", 0, "TranscriptionCreateResponse"), "Verbose");
        assert_eq!(told_apart("Transcription", 0, "TranscriptionCreateResponse"), "Transcription");
        assert_eq!(told_apart("EasyInputMessage", 0, "ResponseInputItem"), "EasyInputMessage");
        assert_eq!(told_apart("ResponseConversationParam", 0, "ResponseCreateConversation"), "Conversation");
        assert_eq!(told_apart("CompoundFilter", 1, "CompoundFilterFilter"), "Compound");
    }
}
