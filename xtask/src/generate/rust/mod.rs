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

/// Which of the three it is. The rule is explained in `docs/decisions/0009-optional-parameters.md`.
fn params_of(schema: &Schema, operation: &Operation) -> Params {
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

/// The methods that an operation gets under one official name.
#[derive(Debug)]
pub struct Surface {
    /// How arguments are handed over.
    pub params: Params,
    /// The call itself; none where there are only events.
    pub call: Option<String>,
    /// The call with optional arguments, where the call itself takes none.
    pub with: Option<String>,
    /// The stream.
    pub stream: Option<String>,
}

/// Names its methods.
pub fn surface(schema: &Schema, names: &Names, id: &str, operation: &Operation) -> Surface {
    let params = params_of(schema, operation);
    let name = names.method(id);
    let plain = name.trim_start_matches("r#");
    let only_streams = operation.only_streams();
    Surface {
        params,
        call: (!only_streams).then(|| name.to_owned()),
        with: (params == Params::Optional && !only_streams).then(|| format!("{plain}_with")),
        stream: operation
            .def
            .stream
            .as_ref()
            .map(|_| if only_streams { name.to_owned() } else { format!("{plain}_stream") }),
    }
}

impl Surface {
    /// All of them.
    pub fn methods(&self) -> impl Iterator<Item = &str> {
        [&self.call, &self.with, &self.stream].into_iter().flatten().map(String::as_str)
    }
}
