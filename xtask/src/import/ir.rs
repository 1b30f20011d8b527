//! What the sources say, in one vocabulary: structs with fields, and types made of them.

use std::collections::BTreeMap;

use serde_json::Value;

/// A single JSON value that a member always has.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Scalar {
    Text(String),
    Integer(i64),
    Boolean(bool),
}

impl Scalar {
    /// The value as JSON.
    pub(crate) fn json(&self) -> Value {
        match self {
            Scalar::Text(text) => Value::from(text.as_str()),
            Scalar::Integer(number) => Value::from(*number),
            Scalar::Boolean(flag) => Value::from(*flag),
        }
    }

    /// Reads a string, an integer or a boolean.
    pub(crate) fn read(value: &Value) -> Option<Scalar> {
        match value {
            Value::String(text) => Some(Scalar::Text(text.clone())),
            Value::Bool(flag) => Some(Scalar::Boolean(*flag)),
            Value::Number(number) => number.as_i64().map(Scalar::Integer),
            _ => None,
        }
    }
}

/// A type as the sources write it; `Ref` points into [`World::structs`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Ty {
    String,
    Integer,
    Number,
    Boolean,
    Json,
    File,
    Null,
    Const(Scalar),
    /// An open string enum.
    Enum(Vec<String>),
    /// A closed set of integers.
    Integers(Vec<i64>),
    List(Box<Ty>),
    Map(Box<Ty>),
    Union(Vec<Ty>),
    Ref(usize),
    /// A named union or enum, an index into the catalog's aliases.
    Alias(usize),
}

impl Ty {
    /// A union of `arms`: nested unions opened, twins dropped, scalars of one kind folded together.
    /// The second value says whether `null` was among the arms.
    pub(crate) fn union(arms: Vec<Ty>) -> (Ty, bool) {
        let mut flat = Vec::new();
        for arm in arms {
            match arm {
                Ty::Union(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        let nullable = flat.contains(&Ty::Null);
        flat.retain(|arm| *arm != Ty::Null);
        if flat.contains(&Ty::Json) {
            return (Ty::Json, nullable);
        }
        let mut texts: Vec<String> = Vec::new();
        let (mut open, mut text_at) = (false, None);
        let mut kept: Vec<Ty> = Vec::new();
        let single = flat.len() == 1;
        for arm in flat {
            match arm {
                Ty::String if !single => {
                    open = true;
                    text_at.get_or_insert(kept.len());
                }
                Ty::Const(Scalar::Text(text)) if !single => {
                    text_at.get_or_insert(kept.len());
                    if !texts.contains(&text) {
                        texts.push(text);
                    }
                }
                Ty::Enum(values) => {
                    text_at.get_or_insert(kept.len());
                    for value in values {
                        if !texts.contains(&value) {
                            texts.push(value);
                        }
                    }
                }
                other if kept.contains(&other) => {}
                other => kept.push(other),
            }
        }
        if let Some(at) = text_at {
            let text = if texts.is_empty() && open { Ty::String } else { Ty::Enum(texts) };
            kept.insert(at, text);
        }
        fold_numbers(&mut kept);
        if kept.iter().filter(|arm| matches!(arm, Ty::Const(Scalar::Boolean(_)) | Ty::Boolean)).count() > 1 {
            let at =
                kept.iter().position(|arm| matches!(arm, Ty::Const(Scalar::Boolean(_)) | Ty::Boolean)).unwrap_or(0);
            kept[at] = Ty::Boolean;
            let mut index = 0;
            kept.retain(|arm| {
                index += 1;
                index - 1 == at || !matches!(arm, Ty::Const(Scalar::Boolean(_)) | Ty::Boolean)
            });
        }
        // An upload may be given as bytes, a path or a tuple; on the wire it is one file.
        if kept.contains(&Ty::File) {
            kept.retain(|arm| *arm != Ty::String);
        }
        match kept.len() {
            0 if nullable => (Ty::Null, true),
            0 => (Ty::Json, false),
            1 => (kept.remove(0), nullable),
            _ => (Ty::Union(kept), nullable),
        }
    }

    /// The arms of a union, or the type itself as the only arm.
    pub(crate) fn arms(&self) -> &[Ty] {
        match self {
            Ty::Union(arms) => arms,
            other => std::slice::from_ref(other),
        }
    }

    /// Calls `visit` with every struct index inside this type.
    pub(crate) fn refs(&self, visit: &mut dyn FnMut(usize)) {
        match self {
            Ty::Ref(index) => visit(*index),
            Ty::List(inner) | Ty::Map(inner) => inner.refs(visit),
            Ty::Union(arms) => arms.iter().for_each(|arm| arm.refs(visit)),
            _ => {}
        }
    }

    /// This type with every struct index replaced.
    pub(crate) fn map_refs(&self, to: &dyn Fn(usize) -> usize) -> Ty {
        match self {
            Ty::Ref(index) => Ty::Ref(to(*index)),
            Ty::List(inner) => Ty::List(Box::new(inner.map_refs(to))),
            Ty::Map(inner) => Ty::Map(Box::new(inner.map_refs(to))),
            Ty::Union(arms) => {
                let mut seen = Vec::new();
                for arm in arms {
                    let arm = arm.map_refs(to);
                    if !seen.contains(&arm) {
                        seen.push(arm);
                    }
                }
                if seen.len() == 1 { seen.remove(0) } else { Ty::Union(seen) }
            }
            other => other.clone(),
        }
    }

    /// The type with the arms of unions and the values of enums in a fixed order, for comparing contents.
    pub(crate) fn canonical(&self) -> Ty {
        match self {
            Ty::Enum(values) => {
                let mut values = values.clone();
                values.sort();
                Ty::Enum(values)
            }
            Ty::List(inner) => Ty::List(Box::new(inner.canonical())),
            Ty::Map(inner) => Ty::Map(Box::new(inner.canonical())),
            Ty::Union(arms) => {
                let mut arms: Vec<Ty> = arms.iter().map(Ty::canonical).collect();
                arms.sort();
                Ty::Union(arms)
            }
            other => other.clone(),
        }
    }
}

/// Folds `integer | number` to `number` and closed integer sets into one.
fn fold_numbers(kept: &mut Vec<Ty>) {
    if kept.contains(&Ty::Number) {
        kept.retain(|arm| !matches!(arm, Ty::Integer | Ty::Integers(_) | Ty::Const(Scalar::Integer(_))));
    } else if kept.contains(&Ty::Integer) {
        kept.retain(|arm| !matches!(arm, Ty::Integers(_) | Ty::Const(Scalar::Integer(_))));
    }
}

/// One member of a struct.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) ty: Ty,
    pub(crate) required: bool,
    pub(crate) nullable: bool,
    /// Limits and the like, under the names of the description (`minimum`, `max_items`, `default` …).
    pub(crate) attrs: BTreeMap<String, Value>,
}

impl Field {
    /// A field without limits.
    pub(crate) fn new(name: &str, ty: Ty, required: bool, nullable: bool) -> Field {
        Field { name: name.to_owned(), ty, required, nullable, attrs: BTreeMap::new() }
    }
}

/// An object type of one source.
#[derive(Clone, Debug, Default)]
pub(crate) struct Struct {
    /// Where it comes from, for messages: a definition's name or a place in the document.
    pub(crate) key: String,
    pub(crate) fields: Vec<Field>,
    /// Qualified official names (`openai.types.chat.chat_completion.Choice`); empty for the document's structs.
    pub(crate) names: Vec<String>,
    /// Whether callers write it (a typed dict of the package), as opposed to a response model.
    pub(crate) request: bool,
}

impl Struct {
    /// The field called `name`.
    pub(crate) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

/// Everything read from the sources.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) structs: Vec<Struct>,
    /// Qualified official name → type, for every name that is no struct of its own.
    pub(crate) aliases: BTreeMap<String, Ty>,
    /// Qualified official name → struct.
    pub(crate) named: BTreeMap<String, usize>,
}

impl World {
    /// The type behind a qualified official name.
    pub(crate) fn resolve(&self, name: &str) -> Option<Ty> {
        self.named.get(name).map(|index| Ty::Ref(*index)).or_else(|| self.aliases.get(name).cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> Ty {
        Ty::Const(Scalar::Text(value.into()))
    }

    #[test]
    fn string_or_constants_becomes_an_enum() {
        assert_eq!(Ty::union(vec![Ty::String, text("a"), text("b")]), (Ty::Enum(vec!["a".into(), "b".into()]), false));
    }

    #[test]
    fn null_is_reported_beside_the_type() {
        assert_eq!(Ty::union(vec![text("a"), Ty::Null]), (text("a"), true));
        assert_eq!(Ty::union(vec![Ty::Null]), (Ty::Null, true));
    }

    #[test]
    fn json_swallows_the_other_arms() {
        assert_eq!(Ty::union(vec![Ty::String, Ty::Json]).0, Ty::Json);
    }

    #[test]
    fn numbers_and_booleans_fold() {
        assert_eq!(Ty::union(vec![Ty::Integer, Ty::Number]).0, Ty::Number);
        let both = vec![Ty::Const(Scalar::Boolean(true)), Ty::Const(Scalar::Boolean(false))];
        assert_eq!(Ty::union(both).0, Ty::Boolean);
    }

    #[test]
    fn an_upload_is_one_file_or_a_list() {
        let arms = vec![Ty::File, Ty::String, Ty::File, Ty::List(Box::new(Ty::File))];
        assert_eq!(Ty::union(arms).0, Ty::Union(vec![Ty::File, Ty::List(Box::new(Ty::File))]));
    }
}
