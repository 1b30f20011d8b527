//! `cargo xtask call LANGUAGE`: a process that makes calls, one JSON object a line (tests/README.md).

use crate::{Outcome, languages, shell};

/// Builds the language's driver and runs it on this process's input and output.
pub fn run(args: &[String]) -> Outcome {
    let language = languages::named(args.first().map_or("", String::as_str))?;
    (language.build)()?;
    shell::run(&mut (language.driver)())
}
