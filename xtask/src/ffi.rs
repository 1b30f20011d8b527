//! The native library of Swift and Kotlin, and what UniFFI generates for them.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::{Outcome, languages, shell};

/// The native library.
pub fn library(profile: &str) -> PathBuf {
    let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    languages::target().join(profile).join(format!("{prefix}threadline_ffi{suffix}"))
}

/// Writes the side of a language, as UniFFI generates it for the library that is built, into this folder, which is emptied before.
pub fn bind(language: &str, folder: &Path) -> Outcome {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    let manifest = shell::root().join("bindings-swift/bindgen/Cargo.toml");
    let mut bindgen = shell::cargo(&["run", "--quiet", "--manifest-path"]);
    bindgen.arg(manifest).env("CARGO_TARGET_DIR", languages::target().join("bindgen"));
    bindgen.args(["--", "generate", "--no-format", "--language", language, "--out-dir"]).arg(folder);
    bindgen.arg("--config").arg(shell::root().join("bindings-swift/uniffi.toml"));
    shell::run(bindgen.arg("--library").arg(library("debug")))
}

/// Whether what was made of the library is younger than the library.
pub fn is_fresh(made: &Path) -> bool {
    newest(made).is_some_and(|made| newest(&library("debug")).is_some_and(|built| built <= made))
}

/// Writes a file unless it is so already, so that what is the same keeps its time.
pub fn write(target: &Path, text: &[u8]) -> Outcome {
    if std::fs::read(target).is_ok_and(|found| found == text) {
        return Ok(());
    }
    if let Some(parent) = target.parent() {
        std::fs::create_dir_all(parent)?;
    }
    Ok(std::fs::write(target, text)?)
}

/// All files below a path.
pub fn files(path: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(path) else { return vec![path.to_path_buf()] };
    entries.filter_map(Result::ok).flat_map(|entry| files(&entry.path())).collect()
}

/// When the youngest file below a path was written.
pub fn newest(path: &Path) -> Option<SystemTime> {
    files(path).iter().filter_map(|file| std::fs::metadata(file).ok()?.modified().ok()).max()
}
