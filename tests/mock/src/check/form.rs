//! Query strings and form parts: names with brackets become a tree, the tree becomes JSON by type.

use serde_json::{Map, Value, json};

use super::json::{Checker, FILE_MARK};
use crate::api::{Api, TypeDef, TypeExpr};

/// What a name in a query or form holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Leaf {
    /// A text.
    Text(String),
    /// A file part, by its index.
    File(usize),
    /// A part that is JSON.
    Json(Value),
}

/// Names with brackets, unfolded.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Leaf(Leaf),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// Unfolds `a=1`, `b[]=2`, `c[d]=3`, `e[][f]=4`. A name twice, or as two different shapes, is an error that says so.
pub(crate) fn unfold(pairs: impl IntoIterator<Item = (String, Leaf)>) -> (Vec<(String, Node)>, Vec<String>) {
    let (mut root, mut errors) = (Vec::new(), Vec::new());
    for (name, leaf) in pairs {
        let (base, keys) = split_name(&name);
        if let Err(why) = insert(&mut root, base, &keys, leaf) {
            errors.push(format!("{name}: {why}"));
        }
    }
    (root, errors)
}

fn split_name(name: &str) -> (&str, Vec<&str>) {
    match name.find('[') {
        Some(at) if at > 0 && name.ends_with(']') => (&name[..at], name[at + 1..name.len() - 1].split("][").collect()),
        _ => (name, Vec::new()),
    }
}

fn insert(map: &mut Vec<(String, Node)>, key: &str, rest: &[&str], leaf: Leaf) -> Result<(), &'static str> {
    let position = map.iter().position(|(k, _)| k == key);
    let Some(first) = rest.first() else {
        if position.is_some() {
            return Err("stands there more than once; a list is written `name[]`");
        }
        map.push((key.to_owned(), Node::Leaf(leaf)));
        return Ok(());
    };
    let position = position.unwrap_or_else(|| {
        let empty = if first.is_empty() { Node::List(Vec::new()) } else { Node::Map(Vec::new()) };
        map.push((key.to_owned(), empty));
        map.len() - 1
    });
    match &mut map[position].1 {
        Node::Map(inner) if !first.is_empty() => insert(inner, first, &rest[1..], leaf),
        Node::List(items) if first.is_empty() => match rest.get(1) {
            None => {
                items.push(Node::Leaf(leaf));
                Ok(())
            }
            Some(sub) => {
                // An item ends where a member of it comes again.
                if let Some(Node::Map(last)) = items.last_mut()
                    && !last.iter().any(|(k, n)| k == sub && matches!(n, Node::Leaf(_)))
                {
                    return insert(last, sub, &rest[2..], leaf);
                }
                let mut item = Vec::new();
                insert(&mut item, sub, &rest[2..], leaf)?;
                items.push(Node::Map(item));
                Ok(())
            }
        },
        _ => Err("is a list, an object and a value at once"),
    }
}

/// The JSON value that `node` means as `ty`. What does not fit is given as it is, for the checker to name.
pub(crate) fn value_of(api: &Api, ty: &TypeExpr, node: &Node) -> Value {
    match (ty, node) {
        (_, Node::Leaf(Leaf::Json(value))) => value.clone(),
        (TypeExpr::List(item), Node::List(list)) => list.iter().map(|n| value_of(api, item, n)).collect(),
        (TypeExpr::Map(item), Node::Map(map)) => object(map, |_| Some(item), api),
        (TypeExpr::Named(name), _) => match (api.type_def(name), node) {
            (Some(TypeDef::Struct(s)), Node::Map(map)) => {
                object(map, |key| s.fields.iter().find(|f| f.name == key).map(|f| &f.ty), api)
            }
            (Some(TypeDef::Union(u)), _) => {
                let checker = Checker::new(api, false);
                let mut values = u.arms.iter().map(|arm| (value_of(api, &arm.ty, node), arm));
                values
                    .find(|(value, arm)| checker.check(&arm.ty, value, "").is_empty())
                    .map_or_else(|| plain(node), |(value, _)| value)
            }
            _ => plain(node),
        },
        (TypeExpr::Integer | TypeExpr::Number, Node::Leaf(Leaf::Text(text))) => {
            serde_json::from_str::<serde_json::Number>(text).map_or_else(|_| plain(node), Value::Number)
        }
        (TypeExpr::Boolean, Node::Leaf(Leaf::Text(text))) => match text.as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => plain(node),
        },
        _ => plain(node),
    }
}

fn object<'t>(map: &[(String, Node)], ty: impl Fn(&str) -> Option<&'t TypeExpr>, api: &Api) -> Value {
    let members = map.iter().map(|(k, n)| (k.clone(), ty(k).map_or_else(|| plain(n), |t| value_of(api, t, n))));
    Value::Object(members.collect::<Map<_, _>>())
}

fn plain(node: &Node) -> Value {
    match node {
        Node::Leaf(Leaf::Text(text)) => Value::String(text.clone()),
        Node::Leaf(Leaf::Json(value)) => value.clone(),
        Node::Leaf(Leaf::File(index)) => json!({ FILE_MARK: index }),
        Node::List(list) => list.iter().map(plain).collect(),
        Node::Map(map) => Value::Object(map.iter().map(|(k, n)| (k.clone(), plain(n))).collect()),
    }
}

/// Splits and decodes a query string; `+` is a space.
pub(crate) fn query_pairs(query: &str) -> Vec<(String, String)> {
    let decode = |text: &str| percent_decode(&text.replace('+', " "));
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(k, v)| (decode(k), decode(v)))
        .collect()
}

/// Decodes `%41`; what is not two hex digits after `%` stays.
pub(crate) fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let code = bytes.get(i + 1..i + 3).and_then(|h| std::str::from_utf8(h).ok());
        match code.and_then(|h| u8::from_str_radix(h, 16).ok()).filter(|_| bytes[i] == b'%') {
            Some(byte) => {
                out.push(byte);
                i += 3;
            }
            None => {
                out.push(bytes[i]);
                i += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(query: &str) -> (Value, Vec<String>) {
        let pairs = query_pairs(query).into_iter().map(|(k, v)| (k, Leaf::Text(v)));
        let (root, errors) = unfold(pairs);
        (plain(&Node::Map(root)), errors)
    }

    #[test]
    fn brackets_unfold() {
        let (value, errors) = tree("a=1&b%5B%5D=x+y&b[]=%7A&c[d][e]=2&f[][g]=1&f[][h]=2&f[][g]=3");
        assert_eq!(errors, [""; 0]);
        assert_eq!(
            value,
            json!({"a": "1", "b": ["x y", "z"], "c": {"d": {"e": "2"}}, "f": [{"g": "1", "h": "2"}, {"g": "3"}]})
        );
    }

    #[test]
    fn a_name_twice_is_an_error() {
        assert_eq!(tree("a=1&a=2").1.len(), 1);
        assert_eq!(tree("a[b]=1&a[]=2").1, ["a[]: is a list, an object and a value at once"]);
    }

    #[test]
    fn texts_take_the_type_of_the_description() {
        let api = Api::from_json(
            r#"{"operations": [], "types": {"Range": {"fields": [{"name": "gte", "type": "integer"}]},
            "When": {"union": [{"name": "At", "type": "integer"}, {"name": "Range", "type": "Range"}]}}}"#,
        )
        .expect("well formed");
        let when = TypeExpr::Named("When".into());
        let leaf = |text: &str| Node::Leaf(Leaf::Text(text.into()));
        assert_eq!(value_of(&api, &when, &leaf("12")), json!(12));
        assert_eq!(value_of(&api, &when, &Node::Map(vec![("gte".into(), leaf("3"))])), json!({"gte": 3}));
        assert_eq!(value_of(&api, &TypeExpr::Boolean, &leaf("True")), json!("True"));
    }
}
