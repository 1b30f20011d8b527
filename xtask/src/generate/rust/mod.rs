//! Outputs in Rust.

pub mod driver;
pub mod names;
pub mod operations;
pub mod resources;
pub mod text;
pub mod types;

pub use names::Names;

use super::schema::Operation;
use super::schema::Schema;
use super::schema::expr::{Expr, Scalar};

/// The Rust type of an expression.
pub fn rust_type(names: &Names, expr: &Expr) -> String {
    match expr {
        Expr::Scalar(scalar) => match scalar {
            Scalar::String | Scalar::Bytes => "String",
            Scalar::Integer => "i64",
            Scalar::Number => "f64",
            Scalar::Boolean => "bool",
            Scalar::Json => "Json",
            Scalar::File => "FileInput",
            Scalar::Vector => "Vector",
            Scalar::Secret => "Secret",
            Scalar::Null => "()",
        }
        .to_owned(),
        Expr::List(item) => format!("Vec<{}>", rust_type(names, item)),
        Expr::Map(item) => format!("Map<{}>", rust_type(names, item)),
        Expr::Named(name) => names.ty(name).to_owned(),
    }
}

/// How the arguments of an operation that are not in the path are handed to its methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Params {
    /// There are none.
    None,
    /// As one struct, always.
    Always,
    /// All are optional and the method only reads or deletes: one method without them, one with (`list`, `list_with`).
    Optional,
}

/// Which of the three it is. The rule is explained in `docs/decisions/optional-parameters.md`.
pub fn params_of(schema: &Schema, operation: &Operation) -> Params {
    let Some(name) = &operation.def.params else { return Params::None };
    let Some(def) = schema.structure(name) else { return Params::None };
    let hidden = operation.stream_param();
    let mut fields = def.fields.iter().filter(|field| Some(field.name.as_str()) != hidden).peekable();
    if fields.peek().is_none() {
        return Params::None;
    }
    let required = fields.any(|field| field.required && field.constant.is_none());
    if required || operation.def.verb == "POST" { Params::Always } else { Params::Optional }
}
