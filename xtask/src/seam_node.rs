//! `cargo xtask peers seam node`: the official Node package of two generations and libraries, over the Node package's `fetch`, with
//! the engine in their process.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Outcome, languages, node, peers, shell};

/// What is installed, and the scripts over libraries.
const FOLDER: &str = "tests/peers/seam-node";

/// The script of the official package, which runs against servers too.
const ASSISTANTS: &str = "tests/peers/node/assistants.mjs";

/// Runs all of them.
pub fn run() -> Outcome {
    node::build()?;
    let folder = environment()?;
    let model = peers::start(Command::new(languages::built("threadline-model")).args(["--port", "0"]))?;
    let mut failed = Vec::new();
    for script in ["openai7.mjs", "openai6.mjs", "libraries.mjs"] {
        let mut command = Command::new("node");
        command.arg(folder.join(script)).arg(&model.url).env("NO_PROXY", "127.0.0.1");
        command.env("SEAM", shell::root().join("bindings-node/dist/index.mjs"));
        if let Err(error) = shell::run(&mut command) {
            failed.push(format!("{script}: {error}"));
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("; ").into()) }
}

/// The folder with the packages, below the target folder; the scripts stand in it, for Node looks for packages beside the script.
pub fn environment() -> Result<PathBuf, Box<dyn std::error::Error>> {
    let (folder, source) = (languages::target().join("peers-seam-node"), shell::root().join(FOLDER));
    std::fs::create_dir_all(&folder)?;
    for file in ["package.json", "package-lock.json", "libraries.mjs"] {
        std::fs::copy(source.join(file), folder.join(file))?;
    }
    script(&folder, "openai7.mjs", "openai")?;
    script(&folder, "openai6.mjs", "openai6")?;
    node::install(&folder, "the node packages of the seam")?;
    Ok(folder)
}

/// The script of the official package, over the generation that is installed by this name.
fn script(folder: &Path, name: &str, package: &str) -> Outcome {
    let text = std::fs::read_to_string(shell::root().join(ASSISTANTS))?;
    let own = text.replace("\"openai\"", &format!("\"{package}\"")).replace("\"openai/", &format!("\"{package}/"));
    Ok(std::fs::write(folder.join(name), own)?)
}
