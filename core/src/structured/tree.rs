//! JSON as a tree whose objects keep the order of their members, to be taken apart and put together again.

use indexmap::IndexMap;

use crate::json::{Doc, Json, Kind, Node, Writer};

/// Any JSON value. Numbers keep their text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Tree {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Tree>),
    Object(Object),
}

/// The members of an object, in their order.
pub(crate) type Object = IndexMap<String, Tree>;

impl Tree {
    pub(crate) fn of(json: &Json) -> Self {
        match Doc::parse(json.raw().as_bytes()) {
            Ok(doc) => Self::from(doc.root()),
            // Only a value made from a tree of serde can be too deep; it is then of no use as a schema or a request.
            Err(_) => Self::Null,
        }
    }

    pub(crate) fn text(value: impl Into<String>) -> Self {
        Self::Text(value.into())
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_list(&self) -> Option<&[Tree]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    pub(crate) fn as_object_mut(&mut self) -> Option<&mut Object> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    pub(crate) fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The member of an object that is there and not null.
    pub(crate) fn get(&self, name: &str) -> Option<&Tree> {
        self.as_object()?.get(name).filter(|value| !value.is_null())
    }

    /// The text that stands as this member.
    pub(crate) fn text_at(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_text()
    }

    pub(crate) fn to_json(&self) -> Json {
        let mut writer = Writer::new();
        self.write(&mut writer);
        Json::valid(writer.text())
    }

    fn write(&self, w: &mut Writer) {
        match self {
            Self::Null => w.null(),
            Self::Bool(value) => w.bool(*value),
            Self::Number(text) => w.raw(text),
            Self::Text(text) => w.string(text),
            Self::List(items) => {
                w.begin_list();
                items.iter().for_each(|item| item.write(w));
                w.end_list();
            }
            Self::Object(members) => {
                w.begin_object();
                for (name, value) in members {
                    w.key(name);
                    value.write(w);
                }
                w.end_object();
            }
        }
    }
}

impl From<Node<'_>> for Tree {
    fn from(node: Node<'_>) -> Self {
        match node.kind() {
            Kind::Null => Self::Null,
            Kind::Bool => Self::Bool(node.as_bool() == Some(true)),
            Kind::Number => Self::Number(node.raw().to_owned()),
            Kind::String => Self::Text(node.as_str().unwrap_or_default().into_owned()),
            Kind::List => Self::List(node.items().map(Self::from).collect()),
            Kind::Object => {
                Self::Object(node.members().map(|m| (m.name().into_owned(), Self::from(m.value))).collect())
            }
        }
    }
}

impl<const N: usize> From<[(&str, Tree); N]> for Tree {
    fn from(members: [(&str, Tree); N]) -> Self {
        Self::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }
}
