//! `cargo xtask setup`: installs what the other commands need and the machine lacks.

use crate::{Outcome, shell};

/// Tools that come as crates: program and version.
const TOOLS: &[(&str, &str)] = &[("cargo-deny", "0.20")];

/// Installs the toolchain's components and the cargo tools that are missing.
pub fn run(_args: &[String]) -> Outcome {
    for component in ["rustfmt", "clippy"] {
        let name = if component == "clippy" { "cargo-clippy" } else { component };
        if !shell::has(name, &[]) {
            shell::run(std::process::Command::new("rustup").args(["component", "add", component]))?;
        }
    }
    for (tool, version) in TOOLS {
        if shell::has(tool, &[]) {
            eprintln!("{tool} is here");
        } else {
            eprintln!("installing {tool}");
            shell::run(&mut shell::cargo(&["install", "--locked", tool, "--version", version]))?;
        }
    }
    Ok(())
}
