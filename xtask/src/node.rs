//! The npm package: its native module, its compiler, its tests, its tarballs.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Outcome, languages, shell, workspace};

/// The folder of the package's source.
const PACKAGE: &str = "bindings-node";

/// Installs what compiles and tests the package, if it is not there as the lock file says.
pub fn setup() -> Outcome {
    install(&folder(), "the node package's tools")
}

/// Installs the packages of a folder's lock file into it.
pub fn install(folder: &Path, what: &str) -> Outcome {
    if !shell::has("npm", &[]) || !shell::has("node", &[]) {
        shell::install(&["nodejs", "npm"])?;
    }
    let lock = std::fs::read_to_string(folder.join("package-lock.json"))?;
    let installed = folder.join("node_modules/.installed");
    if std::fs::read_to_string(&installed).is_ok_and(|found| found == lock) {
        eprintln!("{what} are here");
        return Ok(());
    }
    eprintln!("installing {what}");
    shell::run(Command::new("npm").args(["ci", "--silent", "--no-audit", "--no-fund"]).current_dir(folder))?;
    // Written last, so that a folder that was left half filled is filled anew.
    Ok(std::fs::write(installed, lock)?)
}

fn folder() -> PathBuf {
    shell::root().join(PACKAGE)
}

/// Builds the native module without optimisation and the package around it.
pub fn build() -> Outcome {
    setup()?;
    build_as("debug")
}

fn build_as(profile: &str) -> Outcome {
    workspace::build_as(profile)?;
    let folder = folder();
    let compiler = folder.join("node_modules/typescript/bin/tsc");
    shell::run(Command::new("node").arg(compiler).args(["--project", "tsconfig.json"]).current_dir(&folder))?;
    shell::run(Command::new("node").arg("scripts/finish.mjs").current_dir(&folder))?;
    let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let library = languages::target().join(profile).join(format!("{prefix}threadline_node{suffix}"));
    let module = folder.join("dist").join(format!("threadline.{}.node", platform()));
    // Into place in one step: a program that runs keeps the file that it has loaded.
    let fresh = module.with_extension("new");
    std::fs::copy(&library, &fresh)?;
    Ok(std::fs::rename(&fresh, &module)?)
}

/// The word of this machine's platform in names of files and packages.
fn platform() -> String {
    let arch = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    match std::env::consts::OS {
        "linux" if cfg!(target_env = "musl") => format!("linux-{arch}-musl"),
        "linux" => format!("linux-{arch}-gnu"),
        "macos" => format!("darwin-{arch}"),
        "windows" => format!("win32-{arch}-msvc"),
        other => format!("{other}-{arch}"),
    }
}

/// The driver of the call protocol.
pub fn driver() -> Command {
    let mut command = Command::new("node");
    command.arg(folder().join("tests/driver.mjs"));
    command
}

/// Runs the package's own tests.
pub fn test() -> Outcome {
    build()?;
    let mut tests = Command::new("node");
    tests.current_dir(folder()).arg("--test").env("THREADLINE_MOCK", languages::built("threadline-mock"));
    for entry in std::fs::read_dir(folder().join("tests"))? {
        let path = entry?.path();
        // What else is there are parts of tests, and the driver.
        if path.to_str().is_some_and(|path| path.ends_with(".test.mjs")) {
            tests.arg(path);
        }
    }
    shell::run(&mut tests)
}

/// Packs the optimised package: `target/npm/` then has its tarball, which holds the module of this platform, so that it installs by
/// itself. With `--split` the module is a tarball of its own, as registries want it.
pub fn pack(args: &[String]) -> Outcome {
    // The language may be named, as other commands want it.
    let split = match args.strip_prefix(&["node".to_owned()]).unwrap_or(args) {
        [] => false,
        [option] if option == "--split" => true,
        _ => return Err("usage: cargo xtask pack [node] [--split]".into()),
    };
    setup()?;
    build_as("release")?;
    let out = languages::target().join("npm");
    std::fs::create_dir_all(&out)?;
    let mut script = Command::new("node");
    script.arg("scripts/pack.mjs").arg(&out).arg(platform()).current_dir(folder());
    if split {
        script.arg("--split");
    }
    shell::run(&mut script)
}

/// Large events and replies of the package, built with optimisation, which must not keep the event loop; then many calls and streams, whose
/// memory and sockets must stay as they are.
pub fn soak(args: &[String]) -> Outcome {
    setup()?;
    build_as("release")?;
    let script = |name: &str| {
        let mut script = Command::new("node");
        script.arg("--expose-gc").arg(folder().join("tests").join(name));
        script
    };
    if cfg!(target_os = "linux") {
        shell::run(&mut script("stalls.mjs"))?;
    }
    shell::run(script("soak.mjs").args(args))
}

/// Measures the package beside the official one, which only the benchmarks install.
pub fn bench() -> Outcome {
    setup()?;
    build_as("release")?;
    let benches = folder().join("benches");
    install(&benches, "the packages that are measured")?;
    shell::run(Command::new("node").arg("bench.mjs").current_dir(benches))
}
