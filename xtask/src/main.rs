//! Front door of the workspace: `cargo xtask`.
//!
//! Every command is one module with `pub fn run(args: &[String]) -> Outcome`. To add one: write the module, add its line to
//! `COMMANDS`.

mod bench;
mod call;
mod demo;
mod ffi;
mod fuzz;
mod generate;
mod import;
mod kotlin;
mod languages;
mod mock;
mod node;
mod package;
mod peers;
mod postgres;
mod python;
mod recorded;
mod seam_node;
mod setup;
mod shell;
mod soak;
mod swift;
mod test;
mod workspace;

/// What a command answers; the message is printed and the process ends with status 1.
pub type Outcome = Result<(), Box<dyn std::error::Error>>;

type Command = (&'static str, &'static str, fn(&[String]) -> Outcome);

const COMMANDS: &[Command] = &[
    ("setup", "setup [python|node|kotlin|swift]: install what the other commands need", setup::run),
    ("demo", "a short conversation, with the mock server or a real provider", demo::run),
    ("test", "test [LANGUAGE] [--filter TEXT]: everything, or the conformance suite in one language", test::run),
    ("call", "call LANGUAGE: make calls, one JSON object a line (tests/README.md)", call::run),
    ("mock", "mock [--port N]: the mock server", mock::run),
    ("import", "import [FOLDER]: published documents become api/", import::run),
    ("generate", "generate [--check]: write what follows from api/", generate::run),
    ("fuzz", "fuzz [SECONDS] [TARGET]: each fuzz target for so many seconds", fuzz::run),
    ("pack", "pack [--split]: the npm package, optimised, as tarballs below the target folder", node::pack),
    ("bench", "bench [LANGUAGE|engine]: measure beside other packages; or the assistants engine", bench::run),
    (
        "peers",
        "peers [python|node|seam|libraries|real-model]: other people's packages against threadline-server",
        peers::run,
    ),
    (
        "swift",
        "swift ARGUMENTS: Swift's own command in the current folder, with the native library within reach",
        swift::run,
    ),
    ("recorded", "recorded [LANGUAGE]: replies that the service has really given, through a package", recorded::run),
    (
        "package",
        "package python|kotlin|swift: the package as users get it; Python three ways, with release builds",
        package::run,
    ),
    (
        "soak",
        "soak [--postgres URL] | python|node [--calls N]: kill servers in the middle of runs; long runs of a package",
        soak::run,
    ),
];

fn main() -> std::process::ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let name = args.first().map_or("", String::as_str);
    let Some((_, _, run)) = COMMANDS.iter().find(|(command, ..)| *command == name) else {
        eprintln!("usage: cargo xtask COMMAND\n");
        for (command, what, _) in COMMANDS {
            eprintln!("  {command:<10} {what}");
        }
        return std::process::ExitCode::from(2);
    };
    match run(&args[1..]) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask {name}: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}
