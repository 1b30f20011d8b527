//! The languages that have a driver. To add one: write its driver (tests/README.md) and a row here.

use std::path::PathBuf;
use std::process::Command;

use crate::{Outcome, kotlin, node, python, shell, swift, workspace};

/// How a language's driver of the call protocol is built and started.
pub struct Language {
    /// The word in commands and in the closing line of the suite.
    pub name: &'static str,
    /// Builds the driver and all it needs.
    pub build: fn() -> Outcome,
    /// The driver, ready to start.
    pub driver: fn() -> Command,
}

/// All languages, in the order in which they are tested.
pub const LANGUAGES: &[Language] = &[
    Language { name: "rust", build: workspace::build, driver: rust_driver },
    Language { name: "rust-blocking", build: workspace::build, driver: blocking_driver },
    Language { name: "python", build: python::build, driver: python_driver },
    Language { name: "python-async", build: python::build, driver: python_async_driver },
    Language { name: "node", build: node::build, driver: node::driver },
    Language { name: "kotlin", build: kotlin::build, driver: kotlin::driver },
    Language { name: "swift", build: swift::build, driver: swift::driver },
];

/// The language of this name.
pub fn named(name: &str) -> Result<&'static Language, String> {
    LANGUAGES.iter().find(|language| language.name == name).ok_or_else(|| {
        let names: Vec<&str> = LANGUAGES.iter().map(|language| language.name).collect();
        format!("there is no language `{name}`; there is: {}", names.join(", "))
    })
}

fn rust_driver() -> Command {
    Command::new(built("threadline-call"))
}

/// The blocking interface, which is a language of its own as far as the suite knows.
fn blocking_driver() -> Command {
    let mut driver = rust_driver();
    driver.arg("--blocking");
    driver
}

fn python_driver() -> Command {
    python::script("bindings-python/tests/driver.py")
}

fn python_async_driver() -> Command {
    let mut driver = python_driver();
    driver.arg("--async");
    driver
}

/// A program of the workspace, built without optimisation.
pub fn built(name: &str) -> PathBuf {
    target().join("debug").join(name).with_extension(std::env::consts::EXE_EXTENSION)
}

/// Where cargo builds.
pub fn target() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    shell::root().join(target)
}
