//! `cargo xtask peers [python|node|seam [all|NAME]|libraries [NAME]|real-model]`: other people's packages, as they come, against
//! `threadline-server`; `seam`: over the HTTP clients of the Python package.
#![allow(clippy::print_stdout)] // what passed and what did not is what it is asked for

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::{Outcome, languages, python, seam_node, shell, workspace};

/// Scripts of libraries, each with what its environment must hold.
const LIBRARIES: &str = "tests/peers/libraries";

/// Scripts of what stands on the Python package's HTTP clients, each with what its environment must hold.
const SEAM: &str = "tests/peers/seam";

/// The environments of those that every run tests, and their scripts. Others are tested when they are named: they bring
/// hundreds of megabytes along.
const SEAM_ALWAYS: [(&str, &str); 5] = [
    ("openai1", "../python/assistants"),
    ("openai2", "../python/assistants"),
    ("openai3", "../python/assistants"),
    ("agents_sdk", "agents_sdk"),
    ("chat_langchain", "chat_langchain"),
];
const SEAM_NAMED: [(&str, &str); 4] =
    [("autogen", "autogen"), ("bulk_ray", "bulk_ray"), ("classic", "classic"), ("semantic", "semantic")];

/// A program that ends with its owner.
pub struct Running {
    child: Child,
    /// The URL that it printed when it was ready.
    pub url: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the packages of both languages, or of one.
pub fn run(args: &[String]) -> Outcome {
    let languages: &[&str] = match args {
        [] => &["python", "node"],
        [one] if one == "python" => &["python"],
        [one] if one == "node" => &["node"],
        [one, ..] if one == "libraries" => &[],
        [one] if one == "real-model" => return real_model(),
        [one, rest @ ..] if one == "seam" => return seam(rest.first().map(String::as_str)),
        _ => return Err("usage: cargo xtask peers [python|node|seam [all|NAME]|libraries [NAME]|real-model]".into()),
    };
    workspace::build()?;
    let folder = std::env::temp_dir().join(format!("threadline-peers-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let outcome = match languages {
        [] => libraries(args.get(1).map(String::as_str), &folder),
        languages => against_servers(languages, &folder),
    };
    std::fs::remove_dir_all(&folder)?;
    outcome
}

/// A conversation over llama.cpp's server with a small real model.
fn real_model() -> Outcome {
    workspace::build()?;
    let folder = "tests/peers/real_model";
    let python = python::environment("peers-real-model", &format!("{folder}/requirements.txt"))?;
    let mut script = Command::new(python);
    script.arg(shell::root().join(folder).join("conversation.py")).arg(languages::built("threadline-server"));
    shell::run(&mut script)
}

/// Runs the libraries that call the assistants endpoints, each in an environment of its own: `NAME.py` with `NAME.txt`.
fn libraries(only: Option<&str>, folder: &Path) -> Outcome {
    let model = start(Command::new(languages::built("threadline-model")).args(["--port", "0"]))?;
    let server = server(&model.url, "chat", folder)?;
    let (mut passed, mut failed) = (0, 0);
    let mut names: Vec<String> = std::fs::read_dir(shell::root().join(LIBRARIES))?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".py").map(str::to_owned))
        .filter(|name| only.is_none_or(|only| only == name))
        .collect();
    names.sort();
    for name in names {
        let outcome =
            python::environment(&format!("peers-{name}"), &format!("{LIBRARIES}/{name}.txt")).and_then(|python| {
                let mut script = Command::new(python);
                script.arg(shell::root().join(LIBRARIES).join(format!("{name}.py")));
                shell::run(script.env("OPENAI_BASE_URL", &server.url).env("OPENAI_API_KEY", "any"))
            });
        match outcome {
            Ok(()) => {
                println!("{name}: passed");
                passed += 1;
            }
            Err(error) => {
                println!("{name}: failed: {error}");
                failed += 1;
            }
        }
    }
    println!("libraries: {passed} passed, {failed} failed");
    if failed == 0 && passed > 0 { Ok(()) } else { Err("some libraries do not work".into()) }
}

/// Runs what stands on the Python package's HTTP clients: the official package of three generations, and libraries; or what stands on
/// the Node package's `fetch`.
fn seam(only: Option<&str>) -> Outcome {
    if only == Some("node") {
        return seam_node::run();
    }
    python::build()?;
    let model = start(Command::new(languages::built("threadline-model")).args(["--port", "0"]))?;
    let all = || SEAM_ALWAYS.iter().chain(&SEAM_NAMED);
    let chosen: Vec<_> = match only {
        None => SEAM_ALWAYS.iter().collect(),
        Some("all") => all().collect(),
        Some(name) => all().filter(|(known, _)| *known == name).collect(),
    };
    let mut failed = Vec::new();
    for (name, script) in &chosen {
        let outcome = python::environment(&format!("seam-{name}"), &format!("{SEAM}/{name}.txt")).and_then(|python| {
            python::expose(&python)?;
            let mut command = Command::new(python);
            command.arg(shell::root().join(SEAM).join(format!("{script}.py"))).args(["--seam", &model.url]);
            shell::run(command.env("MODEL_URL", &model.url).env("NO_PROXY", "127.0.0.1"))
        });
        match outcome {
            Ok(()) => println!("seam, {name}: passed"),
            Err(error) => {
                println!("seam, {name}: failed: {error}");
                failed.push(*name);
            }
        }
    }
    println!("seam: {} passed, {} failed", chosen.len() - failed.len(), failed.len());
    if failed.is_empty() && !chosen.is_empty() { Ok(()) } else { Err("the seam does not hold".into()) }
}

/// Installs the packages of `cargo xtask test`.
pub fn setup() -> Outcome {
    for (name, _) in SEAM_ALWAYS {
        python::environment(&format!("seam-{name}"), &format!("{SEAM}/{name}.txt"))?;
    }
    python::environment("peers-python", "tests/peers/python/requirements.txt")?;
    node_environment().map(|_| ())
}

fn against_servers(languages: &[&str], folder: &Path) -> Outcome {
    let model = start(Command::new(languages::built("threadline-model")).args(["--port", "0"]))?;
    // One server over each of the provider's two endpoints.
    let servers = [server(&model.url, "chat", folder)?, server(&model.url, "responses", folder)?];
    let mut failed = Vec::new();
    for language in languages {
        let mut script = match *language {
            "python" => python_script()?,
            _ => node_script()?,
        };
        if let Err(error) = shell::run(script.args(servers.iter().map(|server| &server.url))) {
            failed.push(format!("{language}: {error}"));
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("; ").into()) }
}

/// A server over SQLite whose runs go to this model.
pub fn server(model: &str, api: &str, folder: &Path) -> Result<Running, Box<dyn std::error::Error>> {
    let store = format!("sqlite:{}", folder.join(format!("{api}.db")).display());
    let config = folder.join("silence.toml");
    std::fs::write(&config, "[settings]\nkeep_alive = 0.05\n")?;
    let mut command = Command::new(languages::built("threadline-server"));
    command
        .arg("--config")
        .arg(&config)
        .args(["--listen", "127.0.0.1:0", "--store", &store, "--upstream", model, "--upstream-api", api])
        .env("THREADLINE_UPSTREAM_KEY", "any")
        .env("RUST_LOG", "warn");
    start(&mut command)
}

/// Starts a program and reads the URL in its first line.
pub fn start(command: &mut Command) -> Result<Running, Box<dyn std::error::Error>> {
    let shown = format!("{command:?}");
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let mut line = String::new();
    if let Some(out) = child.stdout.take() {
        BufReader::new(out).read_line(&mut line)?;
    }
    let url = line.split_whitespace().last().unwrap_or_default().to_owned();
    let running = Running { child, url };
    if running.url.starts_with("http://") { Ok(running) } else { Err(format!("{shown} did not start").into()) }
}

fn python_script() -> Result<Command, Box<dyn std::error::Error>> {
    let mut script = Command::new(python::environment("peers-python", "tests/peers/python/requirements.txt")?);
    script.arg(shell::root().join("tests/peers/python/assistants.py"));
    Ok(script)
}

fn node_script() -> Result<Command, Box<dyn std::error::Error>> {
    let mut script = Command::new("node");
    script.arg(node_environment()?.join("assistants.mjs"));
    Ok(script)
}

/// The folder with the Node package, below the target folder; the script stands in it, for Node looks for packages
/// beside the script.
pub fn node_environment() -> Result<PathBuf, Box<dyn std::error::Error>> {
    let folder = languages::target().join("peers-node");
    let source = shell::root().join("tests/peers/node");
    std::fs::create_dir_all(&folder)?;
    let lock = std::fs::read_to_string(source.join("package-lock.json"))?;
    let installed = folder.join("installed.txt");
    let ready = std::fs::read_to_string(&installed).is_ok_and(|found| found == lock);
    for file in ["package.json", "package-lock.json", "assistants.mjs"] {
        std::fs::copy(source.join(file), folder.join(file))?;
    }
    if !ready {
        eprintln!("installing the node package");
        if !shell::has("npm", &[]) || !shell::has("node", &[]) {
            shell::install(&["nodejs", "npm"])?;
        }
        shell::run(Command::new("npm").args(["ci", "--silent", "--no-audit", "--no-fund"]).current_dir(&folder))?;
        std::fs::write(&installed, lock)?;
    }
    Ok(folder)
}
