//! The description as it stands in the files of `api/` (see `docs/api-format.md`).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::expr::Expr;

/// `api/operations/<group>.json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperationFile {
    /// The operations of a group.
    pub operations: Vec<OperationDef>,
}

/// One endpoint.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperationDef {
    /// Official name: resource path and method.
    pub id: String,
    /// `GET`, `POST` or `DELETE`.
    pub verb: String,
    /// Path template.
    pub path: String,
    /// The id of the published document, for the reader.
    #[serde(default)]
    #[expect(dead_code, reason = "for people who look an operation up")]
    pub operation_id: Option<String>,
    /// Names of the placeholders.
    #[serde(default)]
    pub path_params: Vec<String>,
    /// Struct that holds every other argument.
    #[serde(default)]
    pub params: Option<String>,
    /// Arguments of the query string.
    #[serde(default)]
    pub query: Vec<String>,
    /// Arguments sent as headers.
    #[serde(default)]
    pub header_params: BTreeMap<String, String>,
    /// Arguments sent when the caller left them out.
    #[serde(default)]
    pub defaults: BTreeMap<String, Value>,
    /// How the body is written.
    #[serde(default)]
    pub body: Option<BodyDef>,
    /// Multipart: arguments that are one part with this content type.
    #[serde(default)]
    pub part_types: BTreeMap<String, String>,
    /// What comes back.
    #[serde(default)]
    pub reply: Option<ReplyDef>,
    /// Paging.
    #[serde(default)]
    pub page: Option<PageDef>,
    /// Streaming.
    #[serde(default)]
    pub stream: Option<StreamDef>,
    /// Required headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// `key`, `admin` or `none`.
    #[serde(default)]
    pub auth: Option<String>,
    /// Marked as deprecated by the vendor.
    #[serde(default)]
    pub deprecated: bool,
    /// What the Python surface needs to know.
    #[serde(default)]
    pub python: PythonDef,
    /// What the Node surface needs to know.
    #[serde(default)]
    pub node: NodeDef,
}

/// `body` of an operation.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum BodyDef {
    /// `json` or `multipart`.
    Kind(String),
    /// One argument is the body.
    Raw {
        /// Which, and as what.
        raw: RawDef,
    },
}

/// A body that is one argument.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawDef {
    /// The argument.
    pub field: String,
    /// Its content type.
    pub content_type: String,
}

/// `reply` of an operation.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplyDef {
    /// `json`, `json_or_text`, `text`, `binary`, `empty`, `events`.
    pub kind: String,
    /// Type of the value.
    #[serde(default, rename = "type")]
    pub ty: Option<Expr>,
}

/// `page` of an operation.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageDef {
    /// `cursor`, `last_id`, `token`, `next`, `single`.
    pub style: String,
    /// Type of an item.
    pub item: Expr,
}

/// `stream` of an operation.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamDef {
    /// Argument that asks for the stream.
    #[serde(default)]
    pub param: Option<String>,
    /// Type of an event.
    pub event: Expr,
    /// `data` or `named`.
    #[serde(default)]
    pub frame: Option<String>,
    /// Proper end.
    pub end: EndDef,
    /// Argument that says how many of the end's events come.
    #[serde(default)]
    pub count: Option<String>,
}

/// `stream.end`.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum EndDef {
    /// `done` or `eof`.
    Word(String),
    /// Types of terminal events.
    Events(Vec<String>),
}

/// `python` of an operation.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct PythonDef {
    /// Further official names of the same route.
    #[serde(default)]
    pub aliases: Vec<String>,
}

/// `node` of an operation.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct NodeDef {
    /// Path of the resource.
    #[serde(default)]
    pub resource: Option<String>,
    /// Name of the method.
    #[serde(default)]
    pub method: Option<String>,
    /// Path parameters that stand in the params object.
    #[serde(default)]
    pub path_in_params: Vec<String>,
}

/// `api/types/<group>.json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypeFile {
    /// The types of a group.
    pub types: BTreeMap<String, TypeDef>,
}

/// A type: a struct, an enum or a union.
#[derive(Debug, Clone)]
pub enum TypeDef {
    /// An object.
    Struct(StructDef),
    /// A set of texts.
    Enum(EnumDef),
    /// Alternatives.
    Union(UnionDef),
}

impl<'de> Deserialize<'de> for TypeDef {
    /// By its telling key, so that a mistake inside is reported as what it is.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let value = Value::deserialize(deserializer)?;
        let result = if value.get("fields").is_some() {
            serde_json::from_value(value).map(Self::Struct)
        } else if value.get("enum").is_some() {
            serde_json::from_value(value).map(Self::Enum)
        } else if value.get("union").is_some() {
            serde_json::from_value(value).map(Self::Union)
        } else {
            return Err(D::Error::custom("a type has one of the keys `fields`, `enum`, `union`"));
        };
        result.map_err(D::Error::custom)
    }
}

/// An object with named members.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StructDef {
    /// The members, in the order of the description.
    pub fields: Vec<FieldDef>,
    /// Marked as deprecated by the vendor.
    #[serde(default)]
    pub deprecated: bool,
}

/// A set of texts; others are kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnumDef {
    /// The known texts.
    #[serde(rename = "enum")]
    pub values: Vec<String>,
    /// Marked as deprecated by the vendor.
    #[serde(default)]
    pub deprecated: bool,
}

/// Alternatives.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnionDef {
    /// Member whose value picks the arm.
    #[serde(default)]
    pub tag: Option<String>,
    /// The arms, in the order to try.
    #[serde(rename = "union")]
    pub arms: Vec<ArmDef>,
    /// Marked as deprecated by the vendor.
    #[serde(default)]
    pub deprecated: bool,
}

/// One alternative.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArmDef {
    /// UpperCamelCase name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub ty: Expr,
    /// Tag values that pick it.
    #[serde(default)]
    pub tags: Vec<String>,
}

/// One member of a struct.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldDef {
    /// Name on the wire.
    pub name: String,
    /// Type; absent for a constant.
    #[serde(default, rename = "type")]
    pub ty: Option<Expr>,
    /// The only value.
    #[serde(default, rename = "const")]
    pub constant: Option<Value>,
    /// Must be there.
    #[serde(default)]
    pub required: bool,
    /// May be `null`.
    #[serde(default)]
    pub nullable: bool,
    /// Value that the server takes when it is left out.
    #[serde(default, deserialize_with = "some_value")]
    pub default: Option<Value>,
    /// Smallest value.
    #[serde(default)]
    pub minimum: Option<serde_json::Number>,
    /// Largest value.
    #[serde(default)]
    pub maximum: Option<serde_json::Number>,
    /// Lower bound that is not reached.
    #[serde(default)]
    pub exclusive_minimum: Option<serde_json::Number>,
    /// Fewest characters.
    #[serde(default)]
    pub min_length: Option<u64>,
    /// Most characters.
    #[serde(default)]
    pub max_length: Option<u64>,
    /// Fewest items (or members).
    #[serde(default)]
    pub min_items: Option<u64>,
    /// Most items (or members).
    #[serde(default)]
    pub max_items: Option<u64>,
    /// Regular expression.
    #[serde(default)]
    pub pattern: Option<String>,
    /// `unixtime`, `uri`, `date`, …
    #[serde(default)]
    pub format: Option<String>,
    /// Marked as deprecated by the vendor.
    #[serde(default)]
    pub deprecated: bool,
    /// Closed set of numbers.
    #[serde(default)]
    pub values: Vec<serde_json::Number>,
}

/// Keeps an explicit `null` apart from a key that is not there.
fn some_value<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// `api/docs/operations/<group>.json`: operation to summary.
pub type OperationDocs = BTreeMap<String, String>;

/// `api/docs/types/<group>.json`: type to member (`""`: the type itself) to text.
pub type TypeDocs = BTreeMap<String, BTreeMap<String, String>>;

/// `api/roots.json`: types offered although no operation names them.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RootsFile {
    /// Types that a program receives (webhook events, realtime server events).
    #[serde(default)]
    pub events: Vec<String>,
    /// Types that a program sends (realtime client events).
    #[serde(default)]
    pub sent: Vec<String>,
}

/// What the generator reads of `api/overrides.json`; the rest is for the importer.
#[derive(Debug, Default, Deserialize)]
pub struct OverridesFile {
    /// Arms that nothing tells apart, in the order that was decided on.
    #[serde(default)]
    pub unions: BTreeMap<String, OrderDef>,
}

/// A type that is tried before others which every object of it fits too.
#[derive(Debug, Default, Deserialize)]
pub struct OrderDef {
    /// The others.
    #[serde(default)]
    pub before: Vec<String>,
}

impl OverridesFile {
    /// Whether it was decided that `first` is tried before `second`.
    pub fn settles(&self, first: &Expr, second: &Expr) -> bool {
        let (Some(first), Some(second)) = (first.name(), second.name()) else { return false };
        self.unions.get(first).is_some_and(|order| order.before.iter().any(|name| name == second))
    }
}

/// `api/names/rust.json`: names that the naming rules cannot give, each with a reason.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamesFile {
    /// Type to `name`.
    #[serde(default)]
    pub types: BTreeMap<String, NameDef>,
    /// `Type.member` to `name`.
    #[serde(default)]
    pub fields: BTreeMap<String, NameDef>,
    /// `Type.value` to `name`.
    #[serde(default)]
    pub variants: BTreeMap<String, NameDef>,
    /// Operation to `name`.
    #[serde(default)]
    pub methods: BTreeMap<String, NameDef>,
}

/// A name given by hand.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NameDef {
    /// The name to use.
    pub name: String,
    /// Why the rule's name will not do.
    pub why: String,
}
