//! Reading the files of `api/`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::defs::{
    NamesFile, OperationDef, OperationDocs, OperationFile, OverridesFile, RootsFile, TypeDef, TypeDocs, TypeFile,
};
use crate::generate::Problems;

/// All files, with the file that each thing stands in.
#[derive(Debug, Default)]
pub struct Raw {
    /// Operations with their group, in the order of the files.
    pub operations: Vec<(String, OperationDef)>,
    /// Types by name, with their area.
    pub types: BTreeMap<String, (String, TypeDef)>,
    /// Texts about operations.
    pub operation_docs: OperationDocs,
    /// Texts about types.
    pub type_docs: TypeDocs,
    /// Types that no operation names.
    pub roots: RootsFile,
    /// Decisions that the checks must know of.
    pub overrides: OverridesFile,
    /// Names given by hand for Rust.
    pub rust_names: NamesFile,
}

/// Reads everything; every file that cannot be read is named.
pub fn read(api: &Path) -> Result<Raw, Problems> {
    let mut problems = Problems::default();
    let mut raw = Raw::default();
    for (group, file) in read_dir::<OperationFile>(&api.join("operations"), &mut problems) {
        raw.operations.extend(file.operations.into_iter().map(|operation| (group.clone(), operation)));
    }
    for (area, file) in read_dir::<TypeFile>(&api.join("types"), &mut problems) {
        for (name, def) in file.types {
            if let Some((other, _)) = raw.types.get(&name) {
                problems.add(
                    format!("api/types/{area}.json: {name}"),
                    format!("this name stands in {other}.json already; rename one"),
                );
            }
            raw.types.insert(name, (area.clone(), def));
        }
    }
    for (_, docs) in read_dir::<OperationDocs>(&api.join("docs/operations"), &mut problems) {
        raw.operation_docs.extend(docs);
    }
    for (_, docs) in read_dir::<TypeDocs>(&api.join("docs/types"), &mut problems) {
        raw.type_docs.extend(docs);
    }
    raw.roots = read_optional(&api.join("roots.json"), &mut problems);
    raw.overrides = read_optional(&api.join("overrides.json"), &mut problems);
    raw.rust_names = read_optional(&api.join("names/rust.json"), &mut problems);
    if raw.operations.is_empty() && problems.is_empty() {
        problems.add("api/operations", "holds no operation; run `cargo xtask import` first");
    }
    problems.or(raw)
}

fn read_dir<T: DeserializeOwned>(dir: &Path, problems: &mut Problems) -> Vec<(String, T)> {
    let mut paths: Vec<PathBuf> = match fs::read_dir(dir) {
        Ok(entries) => entries.filter_map(Result::ok).map(|entry| entry.path()).collect(),
        Err(_) => Vec::new(),
    };
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    let stem = |path: &Path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    paths.into_iter().filter_map(|path| Some((stem(&path), read_file(&path, problems)?))).collect()
}

fn read_optional<T: DeserializeOwned + Default>(path: &Path, problems: &mut Problems) -> T {
    if path.exists() { read_file(path, problems).unwrap_or_default() } else { T::default() }
}

fn read_file<T: DeserializeOwned>(path: &Path, problems: &mut Problems) -> Option<T> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            problems.add(path.display().to_string(), format!("cannot be read: {error}"));
            return None;
        }
    };
    match serde_json::from_str(&text) {
        Ok(value) => Some(value),
        Err(error) => {
            problems.add(path.display().to_string(), format!("is not in the format of docs/api-format.md: {error}"));
            None
        }
    }
}
