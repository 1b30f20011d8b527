//! `cargo xtask bench [LANGUAGE]`: measures a language's package beside its peers.

use crate::{Outcome, python, shell};

/// Runs the benchmarks of one language, Rust if none is named.
pub fn run(args: &[String]) -> Outcome {
    match args.first().map_or("rust", String::as_str) {
        "rust" => {
            let mut command = shell::cargo(&["run", "--quiet", "--release"]);
            // The benchmarks are a workspace of their own: their peers' dependencies stay out of ours.
            shell::run(command.current_dir(shell::root().join("benches")))
        }
        "python" => python::bench(),
        other => Err(format!("no benchmarks for `{other}`; there are: rust, python").into()),
    }
}
