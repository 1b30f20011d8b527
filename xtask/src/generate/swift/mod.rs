//! Outputs in Swift. What the generated types stand on is `bindings-swift/Sources/Threadline/JSON/`.

pub mod driver;
pub mod members;
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
const MAIN: &str = "bindings-swift/Sources/Threadline";

/// Writes everything in Swift.
pub fn generate(schema: &Schema, rust: &rust::Names, files: &mut Files) -> Result<(), Problems> {
    let mut problems = Problems::default();
    let names = Names::new(schema, rust, &mut problems);
    problems.or(())?;
    types::generate(schema, &names, files);
    resources::generate(schema, &names, files);
    driver::generate(schema, &names, files);
    members::generate(schema, &names, files);
    Ok(())
}

/// The Swift type of an expression.
fn swift_type(names: &Names, expr: &Expr) -> String {
    match expr {
        Expr::Scalar(scalar) => match scalar {
            Scalar::String | Scalar::Bytes => "String",
            Scalar::Integer => "Int",
            Scalar::Number => "Double",
            Scalar::Boolean => "Bool",
            Scalar::Json => "JSON",
            Scalar::File => "FileUpload",
            Scalar::Vector => "Vector",
            Scalar::Secret => "Secret",
            Scalar::Null => "JSONNull",
        }
        .to_owned(),
        Expr::List(item) => format!("[{}]", swift_type(names, item)),
        Expr::Map(item) => format!("[String: {}]", swift_type(names, item)),
        Expr::Named(name) => names.ty(name).to_owned(),
    }
}

/// An expression in a table of a type's members.
fn shape(names: &Names, expr: &Expr) -> String {
    match expr {
        Expr::Scalar(scalar) => match scalar {
            Scalar::String | Scalar::Bytes => "s",
            Scalar::Integer => "i",
            Scalar::Number => "n",
            Scalar::Boolean => "b",
            Scalar::Json => "j",
            Scalar::File => "f",
            Scalar::Vector => "v",
            Scalar::Secret => "x",
            Scalar::Null => "0",
        }
        .to_owned(),
        Expr::List(item) => format!("[{}]", shape(names, item)),
        Expr::Map(item) => format!("{{{}}}", shape(names, item)),
        Expr::Named(name) => names.ty(name).to_owned(),
    }
}
