//! Runs every example against the mock server: it must end well and print what its file in `runs/` says.
//!
//! `runs/NAME.json` belongs to the program `NAME.rs` (or `src/bin/NAME/main.rs`); README.md has its keys.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use serde::Deserialize;
use threadline_mock::{MockServer, read_script};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// Longest that one program may take on a busy machine.
const LIMIT: Duration = Duration::from_secs(120);
/// Programs that run side by side.
const JOBS: usize = 4;

/// What a file of `runs/` may say.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Run {
    prints: Vec<String>,
    #[serde(default)]
    server: serde_json::Value,
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    stdin: String,
    #[serde(default)]
    status: i32,
    #[serde(default)]
    offline: bool,
    #[serde(default)]
    violations: Vec<String>,
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Names of the files and folders with this ending in a folder.
fn names(folder: &str, ending: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(here().join(folder)).expect("the folder is there");
    let names = entries.filter_map(|entry| entry.expect("the folder can be read").file_name().into_string().ok());
    names.filter_map(|name| name.strip_suffix(ending).map(str::to_owned)).collect()
}

/// All programs: the examples, and the demo, which has several files.
fn programs() -> BTreeSet<String> {
    names(".", ".rs").into_iter().chain(names("src/bin", "")).collect()
}

/// Where cargo has put a program: examples in a folder beside the others.
fn program(name: &str) -> PathBuf {
    let demo = Path::new(env!("CARGO_BIN_EXE_demo"));
    let place = if name == "demo" { demo.to_owned() } else { demo.with_file_name("examples").join(name) };
    place.with_extension(std::env::consts::EXE_EXTENSION)
}

fn read(path: &str) -> String {
    std::fs::read_to_string(here().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn every_example_is_listed_and_short() {
    assert_eq!(programs(), names("runs", ".json"), "each program needs a runs/NAME.json, and the other way round");
    let (index, manifest) = (read("README.md"), read("Cargo.toml"));
    for name in names(".", ".rs") {
        assert!(index.contains(&format!("[{name}]({name}.rs)")), "README.md lacks a line for {name}");
        assert!(manifest.contains(&format!("path = \"{name}.rs\"")), "Cargo.toml lacks an entry for {name}");
        assert!(read(&format!("{name}.rs")).lines().count() < 80, "{name}.rs has 80 lines or more");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_runs_and_prints_what_it_should() {
    let outcomes = stream::iter(programs()).map(|name| async move {
        let outcome = run(&name).await;
        outcome.map_err(|why| format!("{name}: {why}"))
    });
    let outcomes: Vec<Result<(), String>> = outcomes.buffer_unordered(JOBS).collect().await;
    let failed: Vec<String> = outcomes.into_iter().filter_map(Result::err).collect();
    assert!(failed.is_empty(), "{} examples fail\n\n{}", failed.len(), failed.join("\n\n"));
}

async fn run(name: &str) -> Result<(), String> {
    let run: Run =
        serde_json::from_str(&read(&format!("runs/{name}.json"))).map_err(|e| format!("runs/{name}.json: {e}"))?;
    let server = MockServer::start().await;
    if !run.server.is_null() {
        server.script(read_script(&run.server).map_err(|e| format!("runs/{name}.json: {e}"))?);
    }
    // A folder of its own, for what it may write.
    let folder = std::env::temp_dir().join(format!("threadline-example-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
    let output = start(&program(name), &run, &server, &folder).await;
    let _ = std::fs::remove_dir_all(&folder);
    let output = output?;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let told = || format!("--- stdout\n{out}--- stderr\n{err}");
    if output.status.code() != Some(run.status) {
        return Err(format!("ended with {}, expected {}\n{}", output.status, run.status, told()));
    }
    let mut rest = &*out;
    for text in &run.prints {
        let Some(at) = rest.find(text.as_str()) else {
            return Err(format!("did not print {text:?} (after what stands before it in the list)\n{}", told()));
        };
        rest = &rest[at + text.len()..];
    }
    if run.prints.is_empty() {
        return Err("`prints` is empty: say what must be seen".to_owned());
    }
    let seen = server.requests();
    if seen.is_empty() != run.offline {
        return Err(format!("made {} requests, `offline` is {}\n{}", seen.len(), run.offline, told()));
    }
    let wrong = seen.iter().flat_map(|request| &request.violations);
    let allowed = |text: &str| run.violations.iter().any(|part| text.contains(part.as_str()));
    let wrong: Vec<_> = wrong.filter(|found| !allowed(&format!("{found:?}"))).collect();
    if wrong.is_empty() { Ok(()) } else { Err(format!("sent what the description does not allow: {wrong:?}")) }
}

async fn start(program: &Path, run: &Run, server: &MockServer, folder: &Path) -> Result<Output, String> {
    let host = server.origin().replace("http://", "");
    let fill = |text: &String| text.replace("${origin}", &server.origin()).replace("${host}", &host);
    let mut command = Command::new(program);
    // Nothing of the developer's own environment decides what an example does here.
    let own = std::env::vars_os().map(|(name, _)| name);
    for name in own.filter(|name| name.to_str().is_some_and(|n| n.contains("OPENAI") || n == "MODEL")) {
        command.env_remove(name);
    }
    command
        .args(run.args.iter().map(fill))
        .env("OPENAI_BASE_URL", server.base_url())
        .env("OPENAI_API_KEY", "test-key")
        .env("OPENAI_ADMIN_KEY", "test-admin-key")
        .envs(run.env.iter().map(|(name, value)| (name, fill(value))))
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command.spawn().map_err(|e| {
        format!("cannot start {} (built by `cargo test -p threadline-examples`): {e}", program.display())
    })?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that does not read has closed it; its status tells.
        let _ = stdin.write_all(run.stdin.as_bytes()).await;
    }
    match tokio::time::timeout(LIMIT, child.wait_with_output()).await {
        Ok(output) => output.map_err(|e| e.to_string()),
        Err(_) => Err(format!("did not end within {LIMIT:?}")),
    }
}
