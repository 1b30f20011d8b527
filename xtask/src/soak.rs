//! `cargo xtask soak [--postgres URL] [--runs N] [--only PART]`: servers killed in the middle of runs.
//! `cargo xtask soak python|node [--calls N] [--streams N]`: long runs of a package, whose memory must stay flat.

use std::process::Command;

use crate::postgres::Cluster;
use crate::{Outcome, languages, node, python, shell, workspace};

/// Builds server and killer, and lets them at each other, over SQLite and over a PostgreSQL of their own.
pub fn run(args: &[String]) -> Outcome {
    if args.first().is_some_and(|word| word == "python") {
        return python::soak(&args[1..]);
    }
    if args.first().is_some_and(|word| word == "node") {
        return node::soak(&args[1..]);
    }
    workspace::build()?;
    let mut command = Command::new(languages::built("threadline-load"));
    command.arg("soak").arg("--server").arg(languages::built("threadline-server"));
    over_postgres(&mut command, args)
}

/// Runs a command with these arguments, and with a PostgreSQL of its own where they name none.
pub fn over_postgres(command: &mut Command, args: &[String]) -> Outcome {
    command.args(args);
    if args.iter().any(|arg| arg == "--postgres") {
        return shell::run(command);
    }
    let cluster = Cluster::start()?;
    shell::run(command.args(["--postgres", &cluster.url()]))
}
