//! The description in one file: for the mock server where there is no folder `api/`, in packages of other languages.

use std::path::{Path, PathBuf};

use super::output::Files;
use crate::Outcome;

/// Each file of operations and of types as one line.
pub fn generate(api: &Path, files: &mut Files) -> Outcome {
    let mut lines = Vec::new();
    for folder in ["operations", "types"] {
        let mut paths: Vec<PathBuf> = Vec::new();
        for entry in std::fs::read_dir(api.join(folder))? {
            paths.push(entry?.path());
        }
        paths.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
        paths.sort();
        for path in paths {
            lines.push(compact(&std::fs::read_to_string(path)?));
        }
    }
    files.json_lines("tests/mock/src/description.jsonl", &lines);
    Ok(())
}

/// The JSON without white space between its parts; everything keeps its place.
fn compact(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let (mut inside, mut escaped) = (false, false);
    for c in json.chars() {
        if inside {
            inside = escaped || c != '"';
            escaped = !escaped && c == '\\';
            out.push(c);
        } else if !c.is_ascii_whitespace() {
            inside = c == '"';
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_white_space_outside_of_texts_goes() {
        let json = "{ \"a b\" : [1,\n 2 ], \"c\": \" \\\" \\\\\" }";
        assert_eq!(super::compact(json), r#"{"a b":[1,2],"c":" \" \\"}"#);
    }
}
