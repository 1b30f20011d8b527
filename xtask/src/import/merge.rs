//! Puts twins together: structs that stand in several places under related names and have the same content.
//!
//! Content is compared by refinement: all structs start in one class, and a class splits while two of its
//! members differ in a field, counting what the fields refer to by its class. So two recursive types are the
//! same when no path through them tells them apart. Whether a member is required or nullable does not count.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::families::Families;
use super::ir::{Field, Struct, Ty};
use super::words::{without_param, words};

/// One struct of the description, made of one or more structs of the sources.
#[derive(Debug)]
pub(crate) struct Group {
    /// The member that gives order and spelling of the fields; `fields` are its own, with group references.
    pub(crate) rep: usize,
    pub(crate) members: Vec<usize>,
    pub(crate) fields: Vec<Field>,
}

/// The groups, and which one each struct of the sources belongs to.
#[derive(Debug)]
pub(crate) struct Catalog {
    pub(crate) groups: Vec<Group>,
    pub(crate) of: Vec<usize>,
    /// Class of equal content of each struct.
    pub(crate) class: Vec<usize>,
    /// Named unions and enums.
    pub(crate) aliases: Vec<super::aliases::Alias>,
    /// Official names of types that need none here: lists, maps, plain strings.
    pub(crate) others: BTreeMap<String, Ty>,
}

/// Groups `structs`. `absorbed` maps a struct to the one that stands for it (operation arguments), `apart` are
/// structs that never merge, `alike` are structs that merge whatever their names if their content is the same,
/// `public` the exported qualified names.
pub(crate) fn groups(
    structs: &[Struct],
    absorbed: &BTreeMap<usize, usize>,
    apart: &BTreeSet<usize>,
    alike: &[Vec<usize>],
    public: &BTreeSet<String>,
    families: &Families,
) -> Catalog {
    let class = classes(structs);
    let mut sets = Sets::new(structs, public, families);
    for members in alike {
        for (n, &a) in members.iter().enumerate() {
            members[n + 1..].iter().filter(|b| class[a] == class[**b]).for_each(|&b| sets.join(a, b));
        }
    }
    let mut by_class: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for at in 0..structs.len() {
        let own = !absorbed.contains_key(&at) && !apart.contains(&at) && !structs[at].names.is_empty();
        if own {
            by_class.entry(class[at]).or_default().push(at);
        }
    }
    for members in by_class.values() {
        for exact in [true, false] {
            for (n, &a) in members.iter().enumerate() {
                for &b in &members[n + 1..] {
                    let exported = !sets.exported[sets.root(a)].is_empty() || !sets.exported[sets.root(b)].is_empty();
                    let far = sets.far(a, b);
                    if related(&sets.leaves[a], &sets.leaves[b], exact, exported, far) {
                        sets.unite(a, b);
                    }
                }
            }
        }
    }
    let mut groups: Vec<Group> = Vec::new();
    let mut of = vec![usize::MAX; structs.len()];
    for at in 0..structs.len() {
        if absorbed.contains_key(&at) {
            continue;
        }
        let root = sets.root(at);
        if of[root] == usize::MAX {
            of[root] = groups.len();
            groups.push(Group { rep: at, members: Vec::new(), fields: Vec::new() });
        }
        of[at] = of[root];
        groups[of[root]].members.push(at);
    }
    for (&at, &stands) in absorbed {
        of[at] = of[stands];
    }
    for group in &mut groups {
        // The exported model speaks for the group, then the exported argument type, then whatever came first.
        let is_public = |at: &usize| structs[*at].names.iter().any(|name| public.contains(name));
        let order = |at: &&usize| (!is_public(at), structs[**at].request, **at);
        group.rep = group.members.iter().min_by_key(order).copied().unwrap_or(group.rep);
        group.fields = merged_fields(structs, group, &of);
    }
    Catalog { groups, of, class, aliases: Vec::new(), others: BTreeMap::new() }
}

/// The fields of a group: required and nullable as its request twins say, if it has any.
fn merged_fields(structs: &[Struct], group: &Group, of: &[usize]) -> Vec<Field> {
    let requests: Vec<&Struct> = group.members.iter().map(|at| &structs[*at]).filter(|one| one.request).collect();
    let speakers: Vec<&Struct> =
        if requests.is_empty() { group.members.iter().map(|at| &structs[*at]).collect() } else { requests };
    let mut fields = structs[group.rep].fields.clone();
    for field in &mut fields {
        let said: Vec<&Field> = speakers.iter().filter_map(|one| one.field(&field.name)).collect();
        if !said.is_empty() {
            field.required = said.iter().all(|one| one.required);
            field.nullable = said.iter().any(|one| one.nullable);
        }
        let always_there = |one: &Field| one.required && one.nullable;
        field.nullable |= group.members.iter().filter_map(|at| structs[*at].field(&field.name)).any(always_there);
        field.ty = field.ty.map_refs(&|at| of[at]);
    }
    fields
}

/// Whether two structs with the same content go by related names. `exact`: the same name but for `Param`;
/// otherwise one name may also be the end of the other. A single word says too little to join an exported type
/// or types of different families (`far`).
fn related(a: &[Vec<String>], b: &[Vec<String>], exact: bool, exported: bool, far: bool) -> bool {
    let end = |long: &[String], short: &[String]| long.ends_with(short) && (!(exported || far) || short.len() > 1);
    let same = |a: &[String], b: &[String]| a == b && (!far || a.len() > 1);
    // An exported type of another family has a name that only fits there.
    let strange = exported && far;
    a.iter().any(|a| b.iter().any(|b| if exact { same(a, b) } else { !strange && (end(a, b) || end(b, a)) }))
}

/// Disjoint sets of structs; two sets that are exported under names none of which they share never unite.
struct Sets {
    families: Vec<BTreeSet<String>>,
    parent: Vec<usize>,
    leaves: Vec<Vec<Vec<String>>>,
    exported: Vec<BTreeSet<String>>,
}

impl Sets {
    fn new(structs: &[Struct], public: &BTreeSet<String>, families: &Families) -> Sets {
        let leaf = |name: &String| without_param(name.rsplit('.').next().unwrap_or(name)).to_owned();
        Sets {
            families: structs.iter().map(|one| families.all(&one.names)).collect(),
            parent: (0..structs.len()).collect(),
            leaves: structs.iter().map(|one| one.names.iter().map(|name| words(&leaf(name))).collect()).collect(),
            exported: structs
                .iter()
                .map(|one| one.names.iter().filter(|name| public.contains(*name)).map(leaf).collect())
                .collect(),
        }
    }

    /// Whether two structs belong to different families; what is shared by all is far from none.
    fn far(&self, a: usize, b: usize) -> bool {
        let (a, b) = (&self.families[a], &self.families[b]);
        !a.is_empty() && !b.is_empty() && a.is_disjoint(b)
    }

    fn root(&self, at: usize) -> usize {
        let mut at = at;
        while self.parent[at] != at {
            at = self.parent[at];
        }
        at
    }

    fn unite(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        let clash = !self.exported[a].is_empty()
            && !self.exported[b].is_empty()
            && self.exported[a].is_disjoint(&self.exported[b]);
        if !clash {
            self.join(a, b);
        }
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        if a == b {
            return;
        }
        let (low, high) = (a.min(b), a.max(b));
        self.parent[high] = low;
        let names = std::mem::take(&mut self.exported[high]);
        self.exported[low].extend(names);
    }
}

/// A struct's class so far, and its fields by name with the classes of what they refer to.
type Content<'a> = (usize, Vec<(&'a str, Ty)>);

/// The class of equal content of every struct.
fn classes(structs: &[Struct]) -> Vec<usize> {
    let mut class = vec![0; structs.len()];
    let mut count = 1;
    loop {
        let mut ids: HashMap<Content<'_>, usize> = HashMap::new();
        let mut next = Vec::with_capacity(structs.len());
        for (at, one) in structs.iter().enumerate() {
            let mut signature: Vec<(&str, Ty)> = one
                .fields
                .iter()
                .map(|field| (field.name.as_str(), field.ty.map_refs(&|at| class[at]).canonical()))
                .collect();
            signature.sort();
            let fresh = ids.len();
            next.push(*ids.entry((class[at], signature)).or_insert(fresh));
        }
        class = next;
        if ids.len() == count {
            return class;
        }
        count = ids.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str, request: bool, fields: Vec<Field>) -> Struct {
        Struct { key: name.into(), fields, names: vec![name.into()], request }
    }

    fn id(required: bool, nullable: bool) -> Vec<Field> {
        vec![Field::new("id", Ty::String, required, nullable)]
    }

    fn grouped(structs: &[Struct], public: &[&str]) -> Catalog {
        let public = public.iter().map(|name| (*name).to_owned()).collect();
        groups(structs, &BTreeMap::new(), &BTreeSet::new(), &[], &public, &Families::default())
    }

    #[test]
    fn a_request_twin_merges_and_says_what_is_required() {
        let structs = [one("m.Tool", false, id(true, false)), one("m.ToolParam", true, id(false, true))];
        let catalog = grouped(&structs, &["m.Tool", "m.ToolParam"]);
        assert_eq!(catalog.groups.len(), 1);
        assert_eq!(catalog.groups[0].rep, 0);
        assert_eq!((catalog.groups[0].fields[0].required, catalog.groups[0].fields[0].nullable), (false, true));
    }

    #[test]
    fn exported_types_that_only_look_alike_stay_apart() {
        let structs = [
            one("m.InviteDeleted", false, id(true, false)),
            one("m.ProjectArchived", false, id(true, false)),
            one("m.Deleted", false, id(true, false)),
            one("m.BigInviteDeleted", false, id(true, false)),
        ];
        let catalog = grouped(&structs, &["m.InviteDeleted", "m.ProjectArchived", "m.BigInviteDeleted"]);
        assert_ne!(catalog.of[0], catalog.of[1]);
        assert_ne!(catalog.of[0], catalog.of[3]);
    }

    #[test]
    fn recursive_twins_merge() {
        let node = |name: &str, at: usize| one(name, false, vec![Field::new("next", Ty::Ref(at), false, true)]);
        let structs = [node("a.TreeNode", 0), node("b.TreeNode", 1)];
        assert_eq!(grouped(&structs, &[]).groups.len(), 1);
    }

    #[test]
    fn a_single_word_is_not_shared_between_families() {
        let of = |a: &str, b: &str| grouped(&[one(a, false, id(true, false)), one(b, false, id(true, false))], &[]);
        assert_eq!(of("openai.types.chat.x.Function", "openai.types.evals.y.Function").groups.len(), 2);
        assert_eq!(of("openai.types.chat.x.Function", "openai.types.chat.y.Function").groups.len(), 1);
        assert_eq!(of("openai.types.chat.x.VoiceID", "openai.types.audio.y.VoiceID").groups.len(), 1);
    }

    #[test]
    fn a_different_constant_keeps_structs_apart() {
        let of =
            |kind: &str| vec![Field::new("type", Ty::Const(super::super::ir::Scalar::Text(kind.into())), true, false)];
        let structs = [one("a.Part", false, of("text")), one("b.Part", false, of("image"))];
        assert_eq!(grouped(&structs, &[]).groups.len(), 2);
    }
}
