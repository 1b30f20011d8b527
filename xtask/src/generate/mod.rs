//! `cargo xtask generate [--check]`: writes everything that follows from `api/`.
//!
//! Five phases, each done before the next begins:
//!
//! 1. **load**: the files of `api/` become definitions (`schema/load.rs`, `schema/defs.rs`).
//! 2. **check**: whatever an output could only guess at is a mistake of the description, reported with its place and
//!    with what to write (`schema/check.rs`, `schema/unions.rs`).
//! 3. **prepare**: what follows from the whole: needed types, direction of travel, recursion (`schema/graph.rs`). From
//!    here on the [`Schema`] is only read.
//! 4. **generate**: each output is one function from the schema to files (`rust/`, `python/`, `node/`, `kotlin/`, `swift/`, `cases/` …). Outputs do
//!    not know one another. A special case is data in `api/`, never a name in an output.
//! 5. **write**: Rust is formatted by rustfmt, files that differ are written, files that no output made are removed
//!    (`output.rs`). With `--check` nothing is written, and a difference is a failure.
//!
//! To add an output: a file with `pub fn generate(schema: &Schema, files: &mut Files)`, a line in [`generate`], and,
//! if it has a directory of its own, a line in `output::OWNED`. `docs/generator.md` has it step by step.

mod cases;
mod common;
mod description;
mod endpoints;
#[cfg(test)]
mod golden;
mod kotlin;
mod node;
mod output;
mod python;
mod rust;
mod schema;
mod swift;

use std::fmt;
use std::path::Path;

use output::Files;
use schema::Schema;

use crate::Outcome;
use crate::shell::root;

/// Runs the command.
pub fn run(args: &[String]) -> Outcome {
    let check = match args {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => return Err("usage: cargo xtask generate [--check]".into()),
    };
    let root = root();
    let files = generate(&root.join("api"))?;
    if check {
        files.check(&root)?;
        eprintln!("{} generated files are up to date", files.len());
    } else {
        let changed = files.write(&root)?;
        eprintln!("{} generated files, {changed} changed", files.len());
    }
    Ok(())
}

/// All files that follow from the description, formatted.
fn generate(api: &Path) -> Result<Files, Box<dyn std::error::Error>> {
    let schema = Schema::load(api)?;
    let mut files = Files::default();
    let mut problems = Problems::default();
    let names = rust::Names::new(&schema, &mut problems);
    rust::resources::check(&schema, &names, &mut problems);
    problems.or(())?;
    rust::types::generate(&schema, &names, &mut files);
    rust::operations::generate(&schema, &mut files);
    rust::resources::generate(&schema, &names, &mut files);
    rust::driver::generate(&schema, &names, &mut files);
    endpoints::generate(&schema, &names, &mut files);
    cases::generate(&schema, &mut files);
    description::generate(api, &mut files)?;
    python::generate(api, &schema, &mut files)?;
    node::generate(api, &schema, &names, &mut files)?;
    kotlin::generate(&schema, &names, &mut files)?;
    swift::generate(&schema, &names, &mut files)?;
    files.finish()?;
    Ok(files)
}

/// Mistakes of the description, all of them at once.
#[derive(Debug, Default)]
pub struct Problems(Vec<String>);

impl Problems {
    /// Notes a mistake: where it is, and what to do.
    pub fn add(&mut self, place: impl fmt::Display, message: impl fmt::Display) {
        self.0.push(format!("{place}: {message}"));
    }

    /// Whether none was found.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value, if there is no mistake.
    pub fn or<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Problems {}
