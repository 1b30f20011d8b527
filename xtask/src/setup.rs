//! `cargo xtask setup [python|kotlin|swift]`: installs what the other commands need and the machine lacks; or the Python environment
//! of the tests alone; or a JDK and Maven, or Swift, which no other command needs yet.

use crate::{Outcome, kotlin, peers, postgres, python, shell, swift};

/// Tools that come as crates: program and version.
const TOOLS: &[(&str, &str)] = &[("cargo-deny", "0.20")];

/// Installs the toolchain's components, the cargo tools, PostgreSQL, the Python environments and the Node package that are
/// missing.
pub fn run(args: &[String]) -> Outcome {
    match args {
        [] => {}
        [part] if part == "python" => return python::run(),
        [part] if part == "kotlin" => return kotlin::setup(),
        [part] if part == "swift" => return swift::setup(),
        _ => return Err("usage: cargo xtask setup [python|kotlin|swift]".into()),
    }
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
    environments()
}

/// Installs what the tests run against: PostgreSQL, the Python environments, the Node package. Quick where all is here.
pub fn environments() -> Outcome {
    postgres::setup()?;
    python::run()?;
    peers::setup()
}
