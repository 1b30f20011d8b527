//! `cargo xtask recorded [LANGUAGE]`: replies that the service has really given, through a language's package.

use std::path::PathBuf;
use std::process::Command;

use crate::{Outcome, languages, python, shell};

/// The script, what it needs, and the list of source archives that hold recordings.
const FOLDER: &str = "tests/recorded";

/// The crate among the benchmarks' peers whose sources have the published API description, and where.
const DESCRIBED: (&str, &str) = ("openai-oxide", "tests/openapi.yaml");

/// Downloads what is not here yet, and replays it.
pub fn run(args: &[String]) -> Outcome {
    let language = languages::named(args.first().map_or("rust", String::as_str))?;
    (language.build)()?;
    let python = python::environment("recorded", &format!("{FOLDER}/requirements.txt"))?;
    let archives = archives(&python)?;
    let driver = (language.driver)();
    let mut script = Command::new(python);
    script.arg(shell::root().join(FOLDER).join("replay.py")).arg(archives).arg(description()?);
    script.arg(driver.get_program()).args(driver.get_args());
    for (name, value) in driver.get_envs() {
        match value {
            Some(value) => script.env(name, value),
            None => script.env_remove(name),
        };
    }
    if let Some(folder) = driver.get_current_dir() {
        script.current_dir(folder);
    }
    shell::run(&mut script)
}

/// The folder of source archives, which holds what the list says.
fn archives(python: &PathBuf) -> Result<PathBuf, Box<dyn std::error::Error>> {
    let list = shell::root().join(FOLDER).join("archives.txt");
    let folder = languages::target().join("recorded-archives");
    let (text, done) = (std::fs::read_to_string(&list)?, folder.with_extension("txt"));
    if !std::fs::read_to_string(&done).is_ok_and(|found| found == text) {
        eprintln!("downloading source archives with recordings");
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        let mut pip = Command::new(python);
        pip.args([
            "-m",
            "pip",
            "download",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "--no-binary",
            ":all:",
        ]);
        shell::run(pip.arg("--dest").arg(&folder).arg("--requirement").arg(&list))?;
        std::fs::write(&done, text)?;
    }
    Ok(folder)
}

/// The published description.
fn description() -> Result<PathBuf, Box<dyn std::error::Error>> {
    let (name, file) = DESCRIBED;
    let output =
        shell::cargo(&["metadata", "--format-version", "1", "--manifest-path", "benches/Cargo.toml"]).output()?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let manifest =
        packages.filter(|package| package["name"] == name).find_map(|package| package["manifest_path"].as_str());
    let manifest = PathBuf::from(manifest.ok_or_else(|| format!("the benchmarks have no package {name}"))?);
    Ok(manifest.with_file_name("").join(file))
}
