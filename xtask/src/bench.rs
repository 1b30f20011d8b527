//! `cargo xtask bench [LANGUAGE]`: measures a language's package beside its peers, or the assistants engine.

use std::process::Command;

use crate::{Outcome, kotlin, languages, node, python, shell, soak, swift, workspace};

/// Runs the benchmarks of one language, Rust if none is named.
pub fn run(args: &[String]) -> Outcome {
    match args.first().map_or("rust", String::as_str) {
        "rust" => {
            let mut command = shell::cargo(&["run", "--quiet", "--release"]);
            // The benchmarks are a workspace of their own: their peers' dependencies stay out of ours.
            shell::run(command.current_dir(shell::root().join("benches")))
        }
        "python" => python::bench(),
        "node" => node::bench(),
        "kotlin" => kotlin::bench(),
        "swift" => swift::bench(),
        "engine" => engine(&args[1..]),
        other => {
            Err(format!("no benchmarks for `{other}`; there are: rust, python, node, kotlin, swift, engine").into())
        }
    }
}

/// Measures `threadline-server` over SQLite and over PostgreSQL.
fn engine(args: &[String]) -> Outcome {
    workspace::build_release()?;
    let release = languages::target().join("release");
    let built = |name: &str| release.join(name).with_extension(std::env::consts::EXE_EXTENSION);
    let mut command = Command::new(built("threadline-load"));
    command.arg("bench").arg("--server").arg(built("threadline-server"));
    soak::over_postgres(&mut command, args)
}
