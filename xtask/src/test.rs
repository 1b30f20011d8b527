//! `cargo xtask test [LANGUAGE] [--filter TEXT] [--jobs N] [--verbose]`: unit tests and the conformance suite.

use std::process::Command;

use crate::languages::{self, LANGUAGES, Language};
use crate::postgres::Cluster;
use crate::{Outcome, kotlin, node, peers, python, setup, shell, swift, workspace};

/// Without a language everything is built and tested, after what is missing has been installed; with one, the suite runs in that language alone.
pub fn run(args: &[String]) -> Outcome {
    match args.first().filter(|word| !word.starts_with("--")) {
        Some(name) => {
            let language = languages::named(name)?;
            own_tests(language.name)?;
            suite(language, &args[1..])
        }
        None => {
            setup::environments()?;
            shell::run(&mut shell::cargo(&["build", "--quiet", "--workspace", "--all-targets"]))?;
            shell::run(&mut shell::cargo(&["test", "--quiet", "--workspace"]))?;
            engine_over_postgres()?;
            for language in LANGUAGES {
                own_tests(language.name)?;
                suite(language, args)?;
            }
            peers::run(&[])
        }
    }
}

/// The tests of a language's package that no case can say. Rust's are the workspace's.
fn own_tests(language: &str) -> Outcome {
    match language {
        "python" => python::test(&[]),
        "node" => node::test(),
        "kotlin" => kotlin::test(),
        "swift" => swift::test(),
        _ => Ok(()),
    }
}

/// The engine's tests once more, over PostgreSQL. They are chosen by their names among all of the workspace, so that
/// nothing is built anew for them.
fn engine_over_postgres() -> Outcome {
    let mut test = shell::cargo(&["test", "--quiet", "--workspace"]);
    let folder = shell::root().join("engine/tests");
    for entry in std::fs::read_dir(&folder)? {
        let path = entry?.path();
        let is_test = path.extension().is_some_and(|ending| ending == "rs") || path.join("main.rs").is_file();
        if let Some(name) = path.file_stem().filter(|_| is_test) {
            test.arg("--test").arg(name);
        }
    }
    let cluster = Cluster::start()?;
    eprintln!("the engine's tests over PostgreSQL");
    shell::run(test.env("THREADLINE_TEST_POSTGRES", cluster.url()))
}

fn suite(language: &Language, args: &[String]) -> Outcome {
    // The runner is a Rust program, whatever language it drives.
    workspace::build()?;
    (language.build)()?;
    let mut runner = Command::new(languages::built("threadline-conformance"));
    runner.current_dir(shell::root()).args(["--language", language.name, "--cases", "tests/conformance/cases"]);
    if language.name != "rust" {
        runner.arg("--via").arg(shown(&(language.driver)()));
    }
    shell::run(runner.args(args))
}

/// A command as one line, for the runner to start.
fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
