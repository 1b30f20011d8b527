//! Adds what only the older document knows to the types of the newer package: limits, and members, values and
//! arms that the package lacks. Both are walked side by side from every operation and every shared name.

use std::collections::{BTreeMap, BTreeSet};

use super::ir::{Field, Scalar, Ty};
use super::merge::Catalog;

/// One disagreement of the sources, and what was done about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Conflict {
    pub(crate) kind: Kind,
    pub(crate) group: usize,
    pub(crate) field: String,
    pub(crate) detail: String,
}

/// What the sources disagree on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    AddedField,
    AddedValue,
    AddedArm,
    Typed,
    Differs,
    Required,
}

/// Walks the two descriptions side by side.
pub(crate) struct Enricher<'a> {
    catalog: &'a mut Catalog,
    seen: BTreeSet<(usize, usize)>,
    /// Struct of the document (as a group) → group of the package that it matches.
    matched: BTreeMap<usize, usize>,
    conflicts: BTreeSet<Conflict>,
    /// Names of path parameters: never fields of an arguments struct.
    skip: BTreeMap<usize, Vec<String>>,
}

impl<'a> Enricher<'a> {
    /// A walker over `catalog`; `skip` names members not to be added to a group.
    pub(crate) fn new(catalog: &'a mut Catalog, skip: BTreeMap<usize, Vec<String>>) -> Self {
        Enricher { catalog, seen: BTreeSet::new(), matched: BTreeMap::new(), conflicts: BTreeSet::new(), skip }
    }

    /// Walks two types that describe the same value; nothing outside structs changes.
    pub(crate) fn pair(&mut self, package: &Ty, document: &Ty) {
        self.ty(package, document, usize::MAX, "");
    }

    /// Walks two types of the same name, unless they are plainly different structs.
    pub(crate) fn namesakes(&mut self, package: &Ty, document: &Ty) {
        match (package, document) {
            (Ty::Ref(a), Ty::Ref(b)) if self.likeness(*a, *b).is_none_or(|score| score % 100 < 50) => {}
            // The operations have already shown what the package's one is.
            (Ty::Ref(a), _) if self.matched.values().any(|at| at == a) => {}
            // Unions of one name that have little in common speak of different things.
            (Ty::Alias(at), _) if !self.mostly_known(*at, document) => {}
            _ => self.pair(package, document),
        }
    }

    /// Walks an arguments struct beside a request body.
    pub(crate) fn arguments(&mut self, group: usize, body: &Ty) {
        if let Ty::Ref(theirs) = body {
            let theirs = self.catalog.groups[*theirs].fields.clone();
            self.fields(group, &theirs);
        }
    }

    /// Walks the items of a list reply: those of its `data`, or of the reply if it is a list itself.
    pub(crate) fn page(&mut self, item: &Ty, reply: &Ty) {
        let data = match reply {
            Ty::Ref(at) => {
                self.catalog.groups[*at].fields.iter().find(|field| field.name == "data").map(|field| field.ty.clone())
            }
            other => Some(other.clone()),
        };
        if let Some(Ty::List(theirs)) = data {
            self.pair(item, &theirs);
        }
    }

    /// Replaces the document's structs by the package's that they match, everywhere.
    pub(crate) fn finish(self) -> BTreeSet<Conflict> {
        let to = |at: usize| self.matched.get(&at).copied().unwrap_or(at);
        for group in &mut self.catalog.groups {
            for field in &mut group.fields {
                field.ty = field.ty.map_refs(&to);
            }
        }
        for alias in &mut self.catalog.aliases {
            alias.ty = alias.ty.map_refs(&to);
        }
        self.conflicts
    }

    /// Walks a group and the fields that the document lists for it.
    pub(crate) fn fields(&mut self, group: usize, document: &[Field]) {
        for theirs in document {
            let at = self.catalog.groups[group].fields.iter().position(|ours| ours.name == theirs.name);
            match at {
                Some(at) => self.field(group, at, theirs),
                None if self.skip.get(&group).is_some_and(|names| names.contains(&theirs.name)) => {}
                None => {
                    let mut added = theirs.clone();
                    added.required = false;
                    self.note(Kind::AddedField, group, &theirs.name, String::new());
                    self.catalog.groups[group].fields.push(added);
                }
            }
        }
    }

    fn note(&mut self, kind: Kind, group: usize, field: &str, detail: String) {
        if group != usize::MAX {
            self.conflicts.insert(Conflict { kind, group, field: field.to_owned(), detail });
        }
    }

    fn field(&mut self, group: usize, at: usize, theirs: &Field) {
        let ours = self.catalog.groups[group].fields[at].clone();
        let ty = self.ty(&ours.ty, &theirs.ty, group, &ours.name);
        if ours.required != theirs.required {
            let says = |required| if required { "required" } else { "optional" };
            let detail = format!("{} (openapi.json: {})", says(ours.required), says(theirs.required));
            self.note(Kind::Required, group, &ours.name, detail);
        }
        let field = &mut self.catalog.groups[group].fields[at];
        field.ty = ty;
        for (key, value) in &theirs.attrs {
            field.attrs.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }

    /// The package's type with what the document adds to it.
    fn ty(&mut self, ours: &Ty, theirs: &Ty, group: usize, field: &str) -> Ty {
        match (ours, theirs) {
            (Ty::Alias(at), _) => {
                let own = self.catalog.aliases[*at].ty.clone();
                let more = self.ty(&own, theirs, group, field);
                let now = self.catalog.aliases[*at].ty.clone();
                self.catalog.aliases[*at].ty = Ty::union(vec![now, more]).0;
                Ty::Alias(*at)
            }
            (Ty::Json, Ty::Json) => Ty::Json,
            (Ty::Json, typed) | (Ty::Map(_), typed @ Ty::Ref(_)) if vague(ours) => {
                self.note(Kind::Typed, group, field, String::new());
                typed.clone()
            }
            (Ty::Ref(a), Ty::Ref(b)) => {
                self.structs(*a, *b);
                ours.clone()
            }
            (Ty::List(a), Ty::List(b)) => Ty::List(Box::new(self.ty(a, b, group, field))),
            (Ty::Map(a), Ty::Map(b)) => Ty::Map(Box::new(self.ty(a, b, group, field))),
            (Ty::Enum(values), Ty::Enum(more)) => self.values(values, more, group, field),
            (Ty::Enum(values), Ty::Const(Scalar::Text(one))) => {
                self.values(values, std::slice::from_ref(one), group, field)
            }
            (Ty::Union(_), _) | (_, Ty::Union(_)) => self.unions(ours, theirs, group, field),
            _ => {
                if !compatible(ours, theirs) {
                    let detail = format!("{} (openapi.json: {})", kind(ours), kind(theirs));
                    self.note(Kind::Differs, group, field, detail);
                }
                ours.clone()
            }
        }
    }

    fn values(&mut self, ours: &[String], theirs: &[String], group: usize, field: &str) -> Ty {
        let mut all = ours.to_vec();
        for value in theirs {
            if !all.contains(value) {
                self.note(Kind::AddedValue, group, field, format!("`{value}`"));
                all.push(value.clone());
            }
        }
        Ty::Enum(all)
    }

    fn unions(&mut self, ours: &Ty, theirs: &Ty, group: usize, field: &str) -> Ty {
        let mut arms = ours.arms().to_vec();
        let mut added = Vec::new();
        for theirs in theirs.arms() {
            if let Some(at) = self.partner(&arms, theirs) {
                arms[at] = self.ty(&arms[at].clone(), theirs, group, field);
            } else if !matches!(theirs, Ty::Null | Ty::Json)
                && !arms.iter().any(|ours| shadows(self.open(ours), theirs) || self.shares_tag(ours, theirs))
            {
                self.note(Kind::AddedArm, group, field, self.describe(theirs));
                added.push(theirs.clone());
            }
        }
        arms.extend(added);
        Ty::union(arms).0
    }

    /// The arm of ours that describes the same values as an arm of theirs.
    fn partner(&self, arms: &[Ty], theirs: &Ty) -> Option<usize> {
        let Ty::Ref(b) = theirs else {
            return arms.iter().position(|ours| kind(self.open(ours)) == kind(theirs));
        };
        let score = |ours: &Ty| match ours {
            Ty::Ref(a) => self.likeness(*a, *b),
            _ => None,
        };
        let best = arms.iter().enumerate().filter_map(|(at, ours)| Some((score(ours)?, at)));
        best.max_by_key(|(score, at)| (*score, usize::MAX - at)).map(|(_, at)| at)
    }

    /// Whether at least four in five alternatives of theirs have a partner in ours.
    fn mostly_known(&self, alias: usize, theirs: &Ty) -> bool {
        let ours = self.catalog.aliases[alias].ty.arms();
        let known = theirs.arms().iter().filter(|theirs| self.partner(ours, theirs).is_some()).count();
        known * 5 >= theirs.arms().len() * 4
    }

    /// Whether a constant of an arm of theirs is already one of ours: then ours describes it in its own way.
    fn shares_tag(&self, ours: &Ty, theirs: &Ty) -> bool {
        let (Ty::Ref(a), Ty::Ref(b)) = (ours, theirs) else { return false };
        let theirs = &self.catalog.groups[*b].fields;
        self.catalog.groups[*a].fields.iter().any(|ours| {
            let other = theirs.iter().find(|other| other.name == ours.name);
            matches!((&ours.ty, other.map(|other| &other.ty)), (Ty::Const(x @ Scalar::Text(_)), Some(Ty::Const(y))) if x == y)
        })
    }

    /// What a named union or enum stands for.
    fn open<'t>(&'t self, ty: &'t Ty) -> &'t Ty {
        match ty {
            Ty::Alias(at) => &self.catalog.aliases[*at].ty,
            other => other,
        }
    }

    /// How much two structs share, in percent of their members; `None` if a constant tells them apart or
    /// they share less than half.
    fn likeness(&self, a: usize, b: usize) -> Option<usize> {
        let (ours, theirs) = (&self.catalog.groups[a].fields, &self.catalog.groups[b].fields);
        let (mut shared, mut constants) = (0, 0);
        for field in ours {
            let Some(other) = theirs.iter().find(|other| other.name == field.name) else { continue };
            shared += 1;
            match (&field.ty, &other.ty) {
                (Ty::Const(x), Ty::Const(y)) if x != y => return None,
                (Ty::Const(_), Ty::Const(_)) => constants += 1,
                (Ty::Const(_), Ty::Enum(_)) | (Ty::Enum(_), Ty::Const(_)) => return None,
                _ => {}
            }
        }
        let all = ours.len().max(theirs.len()).max(1);
        let percent = shared * 100 / all;
        (constants > 0 || percent >= 50).then_some(percent.min(99) + constants * 100)
    }

    fn structs(&mut self, a: usize, b: usize) {
        if !self.seen.insert((a, b)) || a == b {
            return;
        }
        let clash = self.catalog.groups[a].fields.iter().find(|ours| {
            let theirs = self.catalog.groups[b].fields.iter().find(|theirs| theirs.name == ours.name);
            matches!((&ours.ty, theirs.map(|theirs| &theirs.ty)), (Ty::Const(x), Some(Ty::Const(y))) if x != y)
        });
        if let Some(field) = clash {
            let name = field.name.clone();
            self.note(Kind::Differs, a, &name, "constant (openapi.json: another constant)".into());
            return;
        }
        self.matched.entry(b).or_insert(a);
        let theirs = self.catalog.groups[b].fields.clone();
        self.fields(a, &theirs);
    }

    fn describe(&self, ty: &Ty) -> String {
        match ty {
            Ty::Ref(at) => {
                let tag = self.catalog.groups[*at].fields.iter().find_map(|field| match &field.ty {
                    Ty::Const(Scalar::Text(text)) => Some(format!("object with {} `{text}`", field.name)),
                    _ => None,
                });
                tag.unwrap_or_else(|| "object".into())
            }
            other => kind(other).to_owned(),
        }
    }
}

/// Whether a type says nothing beyond "JSON".
fn vague(ty: &Ty) -> bool {
    match ty {
        Ty::Json => true,
        Ty::Map(inner) => **inner == Ty::Json,
        _ => false,
    }
}

/// The JSON kind, in words.
fn kind(ty: &Ty) -> &'static str {
    match ty {
        Ty::String | Ty::File | Ty::Enum(_) | Ty::Const(Scalar::Text(_)) => "string",
        Ty::Integer | Ty::Number | Ty::Integers(_) | Ty::Const(Scalar::Integer(_)) => "number",
        Ty::Boolean | Ty::Const(Scalar::Boolean(_)) => "boolean",
        Ty::List(inner) => match kind(inner) {
            "string" => "list of strings",
            "number" => "list of numbers",
            "list of numbers" => "list of lists",
            _ => "list",
        },
        Ty::Map(_) => "map",
        Ty::Ref(_) => "object",
        Ty::Null => "null",
        Ty::Json | Ty::Union(_) | Ty::Alias(_) => "any",
    }
}

/// Whether two types without a union can hold the same JSON kind.
fn compatible(ours: &Ty, theirs: &Ty) -> bool {
    let (a, b) = (kind(ours), kind(theirs));
    a == b || b == "any" || (a == "object" && b == "map")
}

/// Whether an arm of ours already takes what an arm of theirs describes.
fn shadows(ours: &Ty, theirs: &Ty) -> bool {
    let (a, b) = (kind(ours), kind(theirs));
    a == "any"
        || (a == b && a != "object")
        || (b == "map" && a == "object")
        || (a == "map" && b == "object")
        || (matches!(ours, Ty::File) && b == "string")
}
