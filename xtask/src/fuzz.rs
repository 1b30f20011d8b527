//! `cargo xtask fuzz [SECONDS] [TARGET]`: every fuzz target for a bounded time, or one of them.
//!
//! The targets are plain libFuzzer programs, built by the stable compiler with the same coverage flags that cargo-fuzz
//! gives. Nothing in the core is unsafe, so no sanitizer is needed. What they find new goes to `fuzz/found/`; an input that
//! fails goes to `fuzz/artifacts/` and ends the command with an error.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;
use crate::shell::{root, run as run_command};

/// Seconds for each target, if the command does not say.
const SECONDS: u32 = 30;

/// Largest input that is tried, in bytes.
const MAX_LENGTH: u32 = 4096;

/// Makes the compiler count which code an input reaches.
const COVERAGE: [&str; 5] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

/// Runs the targets.
pub fn run(args: &[String]) -> Outcome {
    let (numbers, names): (Vec<_>, Vec<_>) = args.iter().partition(|arg| arg.parse::<u32>().is_ok());
    let seconds = numbers.first().map_or(Ok(SECONDS), |number| number.parse())?;
    let folder = root().join("fuzz");
    let known = targets(&folder)?;
    if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
        return Err(format!("no fuzz target `{unknown}`; there are {}", known.join(", ")).into());
    }
    let chosen = known.iter().filter(|name| names.is_empty() || names.contains(name));
    let built = build(&folder)?;
    for name in chosen {
        eprintln!("fuzz: {name}, {seconds} s");
        run_command(&mut target(&folder, &built, name, seconds)?)?;
    }
    Ok(())
}

/// Names of the targets: the files of the folder.
fn targets(folder: &Path) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder.join("fuzz_targets"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned));
        }
    }
    names.sort();
    Ok(names)
}

/// Builds all targets and returns the folder they are in.
fn build(folder: &Path) -> Result<PathBuf, Box<dyn std::error::Error>> {
    // With the host named as a target, the flags do not reach build scripts and macros, which could not be linked.
    let host = host()?;
    // A folder of its own, so that the flags do not evict the other builds.
    let output =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| folder.join("target"), |dir| Path::new(&dir).join("fuzz"));
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(folder).args(["build", "--quiet", "--release", "--bins", "--target", &host]);
    cargo.env("CARGO_TARGET_DIR", &output).env("CARGO_ENCODED_RUSTFLAGS", COVERAGE.join("\x1f"));
    run_command(&mut cargo)?;
    Ok(output.join(host).join("release"))
}

fn host() -> Result<String, Box<dyn std::error::Error>> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("-vV").output()?;
    let text = String::from_utf8(output.stdout)?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.ok_or("`rustc -vV` names no host")?.to_owned())
}

fn target(folder: &Path, built: &Path, name: &str, seconds: u32) -> Result<Command, std::io::Error> {
    let found = folder.join("found").join(name);
    let artifacts = folder.join("artifacts").join(name);
    std::fs::create_dir_all(&found)?;
    std::fs::create_dir_all(&artifacts)?;
    let mut command = Command::new(built.join(name));
    command.arg(format!("-max_total_time={seconds}"));
    command.arg(format!("-max_len={MAX_LENGTH}"));
    command.arg(format!("-artifact_prefix={}/", artifacts.display()));
    command.args(["-timeout=10", "-rss_limit_mb=2048", "-verbosity=0", "-print_final_stats=0"]);
    // New inputs go to the first folder; the committed ones are only read.
    command.arg(found).arg(folder.join("corpus").join(name));
    Ok(command)
}
