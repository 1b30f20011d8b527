//! `cargo xtask setup [python|node|kotlin|swift]`: installs what the other commands need and the machine lacks; or what one language needs.

use crate::{Outcome, kotlin, node, peers, postgres, python, shell, swift};

/// Tools that come as crates: program and whole version, as `cargo install` takes no shorter one.
const TOOLS: &[(&str, &str)] = &[("cargo-deny", "0.20.2")];

/// Installs the toolchain's components, the cargo tools, and what [`environments`] brings.
pub fn run(args: &[String]) -> Outcome {
    match args {
        [] => {}
        [part] if part == "python" => return python::run(),
        [part] if part == "node" => return node::setup(),
        [part] if part == "kotlin" => return kotlin::setup(),
        [part] if part == "swift" => return swift::setup(),
        _ => return Err("usage: cargo xtask setup [python|node|kotlin|swift]".into()),
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

/// Installs what the tests run in and against: PostgreSQL, the Python environments, Node's packages, a JDK and Maven, Swift. Quick where
/// all is here.
pub fn environments() -> Outcome {
    postgres::setup()?;
    python::run()?;
    node::setup()?;
    kotlin::setup()?;
    swift::setup()?;
    peers::setup()
}
