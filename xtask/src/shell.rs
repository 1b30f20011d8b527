//! Running other programs from the workspace's root.

use std::path::PathBuf;
use std::process::Command;

use crate::Outcome;

/// The workspace's root folder.
pub fn root() -> PathBuf {
    // What cargo says at run time: a build cache that several clones share may hold the program of another one.
    let manifest =
        std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    manifest.parent().map_or_else(|| manifest.clone(), PathBuf::from)
}

/// `cargo` with these arguments, started at the root.
pub fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args(args);
    command
}

/// Runs a command to its end; a status other than zero is an error that names the command.
pub fn run(command: &mut Command) -> Outcome {
    let shown = format!("{command:?}");
    let status = command.status().map_err(|error| format!("cannot start {shown}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{shown} ended with {status}").into()) }
}

/// Whether a program answers `--version`.
pub fn has(program: &str, args: &[&str]) -> bool {
    let silent = std::process::Stdio::null;
    let probe = Command::new(program).args(args).arg("--version").stdout(silent()).stderr(silent()).status();
    probe.is_ok_and(|status| status.success())
}

/// Installs packages of the system, where that is Debian or one of its kin.
pub fn install(packages: &[&str]) -> Outcome {
    let names = packages.join(" ");
    if !has("apt-get", &[]) {
        return Err(format!("this needs what Debian calls {names}; install it and run the command again").into());
    }
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    let apt = |args: &[&str]| {
        let mut command = Command::new(if is_root { "apt-get" } else { "sudo" });
        if !is_root {
            command.arg("apt-get");
        }
        command.args(args).env("DEBIAN_FRONTEND", "noninteractive");
        run(&mut command)
    };
    apt(&["update", "--quiet"])?;
    apt(&[&["install", "--yes", "--quiet", "--no-install-recommends"], packages].concat())
}
