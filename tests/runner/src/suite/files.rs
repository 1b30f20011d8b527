//! Files of a case: those that are there before it, and those that it leaves.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, process};

use serde_json::Value;

use super::Difference;
use super::compare::Compare;

/// The folder of one case, made when it is first needed and removed with everything in it.
#[derive(Debug, Default)]
pub(super) struct Folder {
    path: OnceLock<PathBuf>,
}

impl Folder {
    /// Its path. Nothing is there yet.
    pub(super) fn path(&self) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let path = self.path.get_or_init(|| {
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            env::temp_dir().join(format!("threadline-case-{}-{number}", process::id()))
        });
        path.to_string_lossy().into_owned()
    }

    /// Makes the folder where the case has files, and writes them.
    pub(super) fn fill(&self, files: &BTreeMap<String, Value>) -> Result<(), String> {
        for (path, content) in files {
            let path = Path::new(path);
            let text = match content {
                Value::String(text) => text.clone(),
                json => json.to_string(),
            };
            let parent = path.parent().unwrap_or(path);
            fs::create_dir_all(parent)
                .and_then(|()| fs::write(path, text))
                .map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
        }
        Ok(())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Some(path) = self.path.get() {
            // Most cases never made it.
            let _ = fs::remove_dir_all(path);
        }
    }
}

/// Files hold what the case says.
pub(super) fn check(compare: &Compare<'_>, want: &BTreeMap<String, Value>) -> Result<(), Difference> {
    for (path, want) in want {
        let at = format!("facts.files.{}", Path::new(path).file_name().unwrap_or_default().to_string_lossy());
        let text = fs::read_to_string(path).map_err(|error| Difference::new(&at, "a file", error))?;
        for want in want.as_array().map_or(std::slice::from_ref(want), Vec::as_slice) {
            let is_text = want.get("$contains").or_else(|| want.get("$lacks")).is_some() || want.is_string();
            let found = match is_text {
                true => Value::String(text.clone()),
                false => serde_json::from_str(&text).map_err(|error| Difference::new(&at, "JSON", error))?,
            };
            compare.value(&at, want, Some(&found))?;
        }
    }
    Ok(())
}
