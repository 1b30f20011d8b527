//! Building the workspace's libraries and programs.
//!
//! Always all of them: cargo gives common dependencies the features that the chosen packages ask for, so that each choice
//! compiles them, and the core, once more.

use crate::{Outcome, shell};

/// What nothing optimised needs: the runner of the suite, the examples.
const UNMEASURED: [&str; 2] = ["threadline-conformance", "threadline-examples"];

/// Builds them without optimisation.
pub fn build() -> Outcome {
    shell::run(&mut all())
}

/// Builds those that are measured and packed, with optimisation.
pub fn build_release() -> Outcome {
    let mut cargo = all();
    cargo.arg("--release");
    for package in UNMEASURED {
        cargo.args(["--exclude", package]);
    }
    shell::run(&mut cargo)
}

/// Builds them for a profile, `debug` or `release`.
pub fn build_as(profile: &str) -> Outcome {
    if profile == "release" { build_release() } else { build() }
}

/// Without this program, which is at work.
fn all() -> std::process::Command {
    shell::cargo(&["build", "--quiet", "--workspace", "--exclude", "xtask", "--lib", "--bins"])
}
