//! Python for the tests: an environment of its own below the target folder, made and filled once.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Outcome, languages, shell};

/// What the environment must hold, in pip's notation, with exact versions.
const REQUIREMENTS: &str = "tests/websocket/requirements.txt";

/// Makes the environment `python` of the target folder, if it is not there as it must be.
pub fn run() -> Outcome {
    let folder = languages::target().join("python");
    let wanted = shell::root().join(REQUIREMENTS);
    let installed = folder.join("installed.txt");
    let text = std::fs::read_to_string(&wanted)?;
    if std::fs::read_to_string(&installed).is_ok_and(|found| found == text) && works(&interpreter(&folder), "") {
        eprintln!("python environment is here");
        return Ok(());
    }
    eprintln!("making the python environment");
    let python = Path::new("python3");
    if !works(python, "import venv, ensurepip") {
        // Debian ships the interpreter without what makes an environment.
        install(&["python3-venv"])?;
    }
    shell::run(Command::new(python).args(["-m", "venv", "--clear"]).arg(&folder))?;
    let mut pip = Command::new(interpreter(&folder));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(&wanted);
    shell::run(&mut pip)?;
    // Written last, so that an environment that was left half made is made anew.
    std::fs::write(&installed, text)?;
    Ok(())
}

/// The interpreter of an environment.
fn interpreter(folder: &Path) -> PathBuf {
    if cfg!(windows) { folder.join("Scripts").join("python.exe") } else { folder.join("bin").join("python") }
}

fn works(python: &Path, code: &str) -> bool {
    let status = Command::new(python).args(["-c", code]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Installs packages of the system, where that is Debian or one of its kin.
fn install(packages: &[&str]) -> Outcome {
    let names = packages.join(" ");
    if !shell::has("apt-get", &[]) {
        return Err(format!("this needs what Debian calls {names}; install it and run the command again").into());
    }
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    let apt = |args: &[&str]| {
        let mut command = Command::new(if is_root { "apt-get" } else { "sudo" });
        if !is_root {
            command.arg("apt-get");
        }
        command.args(args).env("DEBIAN_FRONTEND", "noninteractive");
        shell::run(&mut command)
    };
    apt(&["update", "--quiet"])?;
    apt(&[&["install", "--yes", "--quiet", "--no-install-recommends"], packages].concat())
}
