//! `cargo xtask demo`: runs the example conversation.

use crate::{Outcome, shell};

/// Builds and runs `examples/src/bin/demo.rs`; arguments are passed on.
pub fn run(args: &[String]) -> Outcome {
    let mut command = shell::cargo(&["run", "--quiet", "--package", "threadline-examples", "--bin", "demo", "--"]);
    shell::run(command.args(args))
}
