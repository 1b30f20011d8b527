//! Type expressions: `string`, `list<T>`, `map<T>`, a name.

use std::fmt;

/// A parsed type expression of the description.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Expr {
    /// A type that every language has.
    Scalar(Scalar),
    /// A list of values.
    List(Box<Expr>),
    /// An object with any member names.
    Map(Box<Expr>),
    /// A type of the description.
    Named(String),
}

/// The types that are not defined in the description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scalar {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// Any JSON value.
    Json,
    /// Bytes as base64 text.
    Bytes,
    /// An upload.
    File,
    /// An embedding.
    Vector,
    /// Text that must not be shown.
    Secret,
    /// `null` and nothing else.
    Null,
}

const SCALARS: [(&str, Scalar); 10] = [
    ("string", Scalar::String),
    ("integer", Scalar::Integer),
    ("number", Scalar::Number),
    ("boolean", Scalar::Boolean),
    ("json", Scalar::Json),
    ("bytes", Scalar::Bytes),
    ("file", Scalar::File),
    ("vector", Scalar::Vector),
    ("secret", Scalar::Secret),
    ("null", Scalar::Null),
];

impl Expr {
    /// Reads an expression; the error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let inner = |prefix: &str| text.strip_prefix(prefix).and_then(|rest| rest.strip_suffix('>'));
        if let Some(item) = inner("list<") {
            return Ok(Self::List(Box::new(Self::parse(item)?)));
        }
        if let Some(item) = inner("map<") {
            return Ok(Self::Map(Box::new(Self::parse(item)?)));
        }
        if let Some((_, scalar)) = SCALARS.iter().find(|(name, _)| *name == text) {
            return Ok(Self::Scalar(*scalar));
        }
        let upper = text.starts_with(|first: char| first.is_ascii_uppercase());
        if upper && text.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Ok(Self::Named(text.to_owned()));
        }
        let scalars = SCALARS.map(|(name, _)| name).join(", ");
        Err(format!("`{text}` is no type expression; write one of {scalars}, list<T>, map<T>, or a type's name"))
    }

    /// The one name inside, however deep, if there is one.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Scalar(_) => None,
            Self::List(inner) | Self::Map(inner) => inner.name(),
            Self::Named(name) => Some(name),
        }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scalar(scalar) => {
                let found = SCALARS.iter().find(|(_, known)| known == scalar);
                f.write_str(found.map_or("json", |(name, _)| name))
            }
            Self::List(inner) => write!(f, "list<{inner}>"),
            Self::Map(inner) => write!(f, "map<{inner}>"),
            Self::Named(name) => f.write_str(name),
        }
    }
}

impl<'de> serde::Deserialize<'de> for Expr {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_expressions_read_and_print_the_same() {
        for text in ["string", "list<map<number>>", "map<list<RunStep>>", "Run", "null"] {
            assert_eq!(Expr::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Expr::parse("list<map<Run>>").unwrap().name(), Some("Run"));
    }

    #[test]
    fn anything_else_is_refused_by_name() {
        for text in ["str", "list<", "list<string", "", "Run Step", "run"] {
            let message = Expr::parse(text).unwrap_err();
            assert!(message.contains("is no type expression"), "{message}");
        }
    }
}
