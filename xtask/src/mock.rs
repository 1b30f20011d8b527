//! `cargo xtask mock`: the mock server (tests/mock/README.md).

use crate::{Outcome, shell};

/// Builds and runs the mock server; arguments are passed on.
pub fn run(args: &[String]) -> Outcome {
    let mut command = shell::cargo(&["run", "--quiet", "--package", "threadline-mock", "--"]);
    shell::run(command.args(args))
}
