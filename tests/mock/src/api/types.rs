//! Types of the description: expressions, structs, enums, unions.

use serde_json::{Map, Value};

/// What a field, an arm or an item is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypeExpr {
    /// A text.
    String,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// Any JSON.
    Json,
    /// Base64 text.
    Bytes,
    /// An upload.
    File,
    /// An embedding: numbers, or base64 of little-endian f32.
    Vector,
    /// A text that must not be shown.
    Secret,
    /// `null`.
    Null,
    /// A list.
    List(Box<TypeExpr>),
    /// An object of free names.
    Map(Box<TypeExpr>),
    /// A defined type.
    Named(String),
}

impl TypeExpr {
    /// Reads `list<map<Name>>` and the like.
    ///
    /// # Errors
    /// Says what is not understood.
    pub fn parse(text: &str) -> Result<Self, String> {
        let inner = |prefix: &str| text.strip_prefix(prefix).and_then(|t| t.strip_suffix('>'));
        if let Some(item) = inner("list<") {
            return Ok(Self::List(Box::new(Self::parse(item)?)));
        }
        if let Some(item) = inner("map<") {
            return Ok(Self::Map(Box::new(Self::parse(item)?)));
        }
        Ok(match text {
            "string" => Self::String,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "boolean" => Self::Boolean,
            "json" => Self::Json,
            "bytes" => Self::Bytes,
            "file" => Self::File,
            "vector" => Self::Vector,
            "secret" => Self::Secret,
            "null" => Self::Null,
            name if name.starts_with(|c: char| c.is_ascii_uppercase()) => Self::Named(name.to_owned()),
            other => return Err(format!("`{other}` is not a type expression")),
        })
    }
}

/// A named type.
#[derive(Debug)]
pub enum TypeDef {
    /// An object with known members.
    Struct(Struct),
    /// A text with known values; others are taken too.
    Enum(Vec<String>),
    /// One of several types.
    Union(Union),
}

/// An object with known members.
#[derive(Debug)]
pub struct Struct {
    /// Its members, in order.
    pub fields: Vec<Field>,
}

/// One of several types.
#[derive(Debug)]
pub struct Union {
    /// The member whose value picks the arm.
    pub tag: Option<String>,
    /// The arms in the order to try.
    pub arms: Vec<Arm>,
}

/// One arm of a union.
#[derive(Debug)]
pub struct Arm {
    /// Its type.
    pub ty: TypeExpr,
    /// Values of the tag that pick it.
    pub tags: Vec<String>,
}

/// A member of an object.
#[derive(Debug)]
pub struct Field {
    /// Its wire name.
    pub name: String,
    /// Its type; of the constant, where it has one.
    pub ty: TypeExpr,
    /// The only value it may have.
    pub constant: Option<Value>,
    /// Whether it must be there.
    pub required: bool,
    /// Whether `null` is a value of it.
    pub nullable: bool,
    /// Further keys: `minimum`, `max_length`, `pattern`, `format` and so on.
    pub limits: Map<String, Value>,
}

impl Field {
    /// A limit that is a number.
    pub fn number(&self, key: &str) -> Option<f64> {
        self.limits.get(key).and_then(Value::as_f64)
    }

    /// A limit that is a count.
    pub fn count(&self, key: &str) -> Option<usize> {
        self.number(key).map(|n| n as usize)
    }

    /// A limit that is a text.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.limits.get(key).and_then(Value::as_str)
    }
}

impl TypeDef {
    /// Reads one definition.
    pub(super) fn read(value: &Value) -> Result<Self, String> {
        let list = |v: &Value, key: &str| v.as_array().cloned().ok_or(format!("`{key}` is not a list"));
        if let Some(fields) = value.get("fields") {
            let fields = list(fields, "fields")?.iter().map(read_field).collect::<Result<_, _>>()?;
            return Ok(Self::Struct(Struct { fields }));
        }
        if let Some(values) = value.get("enum") {
            let texts = list(values, "enum")?.iter().map(|v| v.as_str().map(str::to_owned)).collect::<Option<_>>();
            return texts.map(Self::Enum).ok_or("an enum value is not a text".to_owned());
        }
        if let Some(arms) = value.get("union") {
            let arms = list(arms, "union")?.iter().map(read_arm).collect::<Result<_, _>>()?;
            let tag = value.get("tag").and_then(Value::as_str).map(str::to_owned);
            return Ok(Self::Union(Union { tag, arms }));
        }
        Err("has neither `fields` nor `enum` nor `union`".to_owned())
    }

    /// All type expressions in it.
    pub(super) fn exprs(&self) -> Vec<&TypeExpr> {
        match self {
            Self::Struct(s) => s.fields.iter().map(|f| &f.ty).collect(),
            Self::Enum(_) => Vec::new(),
            Self::Union(u) => u.arms.iter().map(|a| &a.ty).collect(),
        }
    }
}

fn read_arm(value: &Value) -> Result<Arm, String> {
    let ty = value.get("type").and_then(Value::as_str).ok_or("an arm has no `type`")?;
    let tags = value.get("tags").and_then(Value::as_array).into_iter().flatten();
    Ok(Arm { ty: TypeExpr::parse(ty)?, tags: tags.filter_map(Value::as_str).map(str::to_owned).collect() })
}

fn read_field(value: &Value) -> Result<Field, String> {
    let mut limits = value.as_object().cloned().ok_or("a field is not an object")?;
    let name = limits.get("name").and_then(Value::as_str).ok_or("a field has no `name`")?.to_owned();
    let constant = limits.get("const").cloned();
    let ty = match (limits.get("type").and_then(Value::as_str), &constant) {
        (Some(text), _) => TypeExpr::parse(text).map_err(|e| format!("field {name}: {e}"))?,
        (None, Some(Value::String(_))) => TypeExpr::String,
        (None, Some(Value::Bool(_))) => TypeExpr::Boolean,
        (None, Some(Value::Number(_))) => TypeExpr::Number,
        (None, Some(_)) => TypeExpr::Json,
        (None, None) => return Err(format!("field {name} has neither `type` nor `const`")),
    };
    let flag = |key: &str| value.get(key).and_then(Value::as_bool).unwrap_or(false);
    let (required, nullable) = (flag("required"), flag("nullable"));
    for key in ["name", "type", "const", "required", "nullable"] {
        limits.shift_remove(key);
    }
    Ok(Field { name, ty, constant, required, nullable, limits })
}
