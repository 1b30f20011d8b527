//! `cargo xtask package python`: the package as users get it, from its folder, as a wheel and from its source archive, each in a
//! fresh environment in which the examples run. `cargo xtask package kotlin`: the jar (`kotlin.rs`);
//! `swift`: a package that depends on ours (`swift.rs`).
//!
//! All builds share the target folder: the folder and the wheel are one release build, and the archive, whose crates are others
//! to cargo because they lie elsewhere, is built without optimisation, with what the tests have compiled already. With `--debug`
//! nothing is optimised.
#![allow(clippy::print_stdout)] // sizes and times are what it is asked for

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Outcome, kotlin, languages, python, shell, swift};

/// The folder of the package's project.
const PROJECT: &str = "bindings-python";

/// What must hold of an installed package; it is given the file with the example.
const CHECK: &str = "bindings-python/tests/installed.py";

/// What lets maturin build without optimisation.
const UNOPTIMISED: [(&str, &str); 1] = [("MATURIN_PEP517_ARGS", "--profile dev")];

/// Runs the command.
pub fn run(args: &[String]) -> Outcome {
    let release = match args {
        [one] if one == "python" => &[][..],
        [one, two] if one == "python" && two == "--debug" => &UNOPTIMISED,
        [one, rest @ ..] if one == "kotlin" => return kotlin::package(rest),
        [one] if one == "swift" => return swift::package(),
        _ => return Err("usage: cargo xtask package python|kotlin [--debug] | swift".into()),
    };
    python::run()?;
    let folder = languages::target().join("package-python");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    let project = shell::root().join(PROJECT);

    println!("from its folder: pip install ./{PROJECT}");
    installed(&folder, "folder", &project, release)?;

    println!("as a wheel");
    let built = folder.join("wheels");
    let mut pip = pip();
    pip.args(["wheel", "--quiet", "--no-deps", "--wheel-dir"]).arg(&built).arg(&project);
    shell::run(pip.envs(release.iter().copied()))?;
    let wheel = only_file(&built)?;
    let size = std::fs::metadata(&wheel)?.len();
    let name = wheel.file_name().unwrap_or_default().to_string_lossy().into_owned();
    println!("{name}: {:.1} MB", size as f64 / 1e6);
    if !name.contains("abi3") {
        return Err(format!("{name} is not for all versions of the interpreter").into());
    }
    installed(&folder, "wheel", &wheel, release)?;

    println!("from its source archive");
    let archives = folder.join("archives");
    let mut maturin = python::module("maturin");
    maturin.args(["sdist", "--out"]).arg(&archives).current_dir(&project);
    shell::run(maturin.stdout(Stdio::null()))?;
    let archive = only_file(&archives)?;
    println!("{}: {:.1} MB", archive.display(), std::fs::metadata(&archive)?.len() as f64 / 1e6);
    let source = unpacked(&archive, &folder)?;
    installed(&folder, "archive", &source, &UNOPTIMISED)?;
    println!("package python: all three ways work");
    Ok(())
}

/// The folder in an archive. It is always the same one, so that what cargo has built of it is of use the next time.
fn unpacked(archive: &Path, folder: &Path) -> Result<PathBuf, Box<dyn std::error::Error>> {
    let home = folder.join("unpacked");
    std::fs::create_dir_all(&home)?;
    let mut tar = Command::new(python::interpreter_of_setup());
    shell::run(tar.args(["-m", "tarfile", "-e"]).arg(archive).arg(&home))?;
    only_file(&home)
}

/// Installs what `from` names into a fresh environment, and checks it there, away from the source.
fn installed(folder: &Path, name: &str, from: &Path, environment: &[(&str, &str)]) -> Outcome {
    let home = folder.join(name);
    shell::run(Command::new(python::interpreter_of_setup()).args(["-m", "venv"]).arg(&home))?;
    let own = python::interpreter(&home);
    let mut pip = Command::new(&own);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "pytest==9.2.0"]).arg(from);
    shell::run(pip.env("CARGO_TARGET_DIR", languages::target()).envs(environment.iter().copied()))?;
    let mut check = Command::new(&own);
    check.arg("-I").arg(shell::root().join(CHECK)).arg(shell::root().join("README.md")).current_dir(folder);
    shell::run(&mut check)
}

fn pip() -> Command {
    let mut pip = python::module("pip");
    pip.arg("--disable-pip-version-check").env("CARGO_TARGET_DIR", languages::target());
    pip
}

fn only_file(folder: &Path) -> Result<PathBuf, Box<dyn std::error::Error>> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    match (files.pop(), files.is_empty()) {
        (Some(file), true) => Ok(file),
        _ => Err(format!("{} does not hold one file", folder.display()).into()),
    }
}
