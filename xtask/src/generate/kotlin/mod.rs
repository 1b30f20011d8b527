//! Outputs in Kotlin. What the generated classes stand on is `bindings-kotlin/src/main/kotlin/dev/threadline/json/`.

pub mod builder;
pub mod driver;
pub mod names;
pub mod resources;
pub mod text;
pub mod types;

pub use names::Names;

use super::Problems;
use super::output::Files;
use super::rust;
use super::schema::Schema;
use super::schema::expr::{Expr, Scalar};

/// Folder of the sources that users compile against.
const MAIN: &str = "bindings-kotlin/src/main/kotlin/dev/threadline";

/// Folder of the types, which are compiled by themselves: they are most of the package.
const TYPES: &str = "bindings-kotlin/src/types/kotlin/dev/threadline/types";

/// Writes everything in Kotlin.
pub fn generate(schema: &Schema, rust: &rust::Names, files: &mut Files) -> Result<(), Problems> {
    let mut problems = Problems::default();
    let names = Names::new(schema, rust, &mut problems);
    problems.or(())?;
    types::generate(schema, &names, files);
    resources::generate(schema, &names, files);
    driver::generate(schema, &names, files);
    Ok(())
}

/// The Kotlin type of an expression.
fn kotlin_type(names: &Names, expr: &Expr) -> String {
    match expr {
        Expr::Scalar(scalar) => match scalar {
            Scalar::String | Scalar::Bytes => "String",
            Scalar::Integer => "Long",
            Scalar::Number => "Double",
            Scalar::Boolean => "Boolean",
            Scalar::Json => "JsonElement",
            Scalar::File => "FileUpload",
            Scalar::Vector => "Vector",
            Scalar::Secret => "Secret",
            Scalar::Null => "JsonNull",
        }
        .to_owned(),
        Expr::List(item) => format!("List<{}>", kotlin_type(names, item)),
        Expr::Map(item) => format!("Map<String, {}>", kotlin_type(names, item)),
        Expr::Named(name) => names.ty(name).to_owned(),
    }
}

/// The codec of an expression.
fn codec(names: &Names, expr: &Expr) -> String {
    match expr {
        Expr::Scalar(scalar) => match scalar {
            Scalar::String | Scalar::Bytes => "TextCodec",
            Scalar::Integer => "IntegerCodec",
            Scalar::Number => "NumberCodec",
            Scalar::Boolean => "FlagCodec",
            Scalar::Json => "JsonCodec",
            Scalar::File => "FileCodec",
            Scalar::Vector => "Vector.VectorCodec",
            Scalar::Secret => "SecretCodec",
            Scalar::Null => "NullCodec",
        }
        .to_owned(),
        Expr::List(item) => format!("{}.list", codec(names, item)),
        Expr::Map(item) => format!("{}.map", codec(names, item)),
        Expr::Named(name) => format!("{}.Codec", names.ty(name)),
    }
}
