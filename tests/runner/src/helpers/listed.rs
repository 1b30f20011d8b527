//! `docs/conveniences.md` says where each convenience is proven, explained and shown: what it says must be so.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::suite::case::load;

/// A row of the table.
struct Row {
    what: String,
    drivers: Vec<String>,
    cases: Vec<String>,
    guides: Vec<String>,
    examples: Vec<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What stands between backticks.
fn names(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn rows() -> Vec<Row> {
    let page = read("docs/conveniences.md");
    let lines = page.lines().filter(|line| line.starts_with("| ") && !line.contains("---") && !line.contains("| | |"));
    lines
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let [what, drivers, cases, guides, examples] = cells[..] else { panic!("five cells in {line}") };
            Row {
                what: what.to_owned(),
                drivers: names(drivers),
                cases: names(cases),
                guides: names(guides),
                examples: names(examples),
            }
        })
        .collect()
}

/// A call as a case makes it: its members, and the members of its client.
struct Made {
    id: String,
    arguments: BTreeSet<String>,
    client: BTreeSet<String>,
}

/// The calls of the cases of a file.
fn calls(file: &str) -> Vec<Made> {
    let files = load(&root().join("tests/conformance/cases")).unwrap();
    let file =
        files.iter().find(|known| known.name == format!("written/{file}.json")).unwrap_or_else(|| panic!("{file}"));
    let object = |value: Option<&Value>| value.and_then(Value::as_object).cloned().unwrap_or_default();
    let keys = |map: Map<String, Value>| map.into_iter().map(|(name, _)| name);
    let mut made = Vec::new();
    for case in &file.cases {
        let one = [case.json.get("call").cloned().unwrap_or_default()];
        let shared = object(case.json.get("call"));
        for call in case.json.get("calls").and_then(Value::as_array).map_or(&one[..], Vec::as_slice) {
            let mut call = object(Some(call));
            shared.iter().for_each(|(name, value)| {
                call.entry(name).or_insert(value.clone());
            });
            let text = |name| call.get(name).and_then(Value::as_str).unwrap_or_default();
            let id = format!("{}.{}", text("resource"), text("method"));
            let client = keys(object(case.json.get("client"))).chain(keys(object(call.get("client")))).collect();
            made.push(Made { id, arguments: keys(object(call.get("args"))).collect(), client });
        }
    }
    made
}

fn is_used(name: &str, made: &[Made]) -> bool {
    if let Some(member) = name.strip_prefix("client.") {
        return made.iter().any(|call| call.client.contains(member));
    }
    match name.strip_suffix(')').and_then(|name| name.split_once('(')) {
        Some((id, argument)) => made.iter().any(|call| call.id == id && call.arguments.contains(argument)),
        None => made.iter().any(|call| call.id == name),
    }
}

#[test]
fn everything_that_is_listed_is_there() {
    let (manifest, index, languages) =
        (read("examples/Cargo.toml"), read("docs/guide/README.md"), read("xtask/src/languages.rs"));
    let rows = rows();
    assert!(rows.len() > 40, "only {} rows were read", rows.len());
    for Row { what, drivers, cases, guides, examples } in rows {
        let made: Vec<Made> = cases.iter().flat_map(|file| calls(file)).collect();
        assert!(!drivers.is_empty() && !guides.is_empty() && !examples.is_empty(), "{what} lacks something");
        for driver in drivers {
            if cases.is_empty() {
                assert!(languages.contains(&format!("\"{driver}\"")), "{what}: no language {driver}");
                continue;
            }
            assert!(is_used(&driver, &made), "{what}: no case in {cases:?} uses {driver}");
        }
        for guide in guides {
            assert!(index.contains(&format!("({guide}.md)")), "{what}: the guides do not list {guide}");
            assert!(read(&format!("docs/guide/{guide}.md")).contains("```"), "{what}: {guide} has no example");
        }
        for example in examples {
            assert!(manifest.contains(&format!("\"{example}.rs\"")), "{what}: no example {example}");
        }
    }
}

#[test]
fn every_helper_is_listed() {
    let listed: BTreeSet<String> = rows().into_iter().flat_map(|row| row.drivers).collect();
    let built = super::BUILT.iter().flat_map(|rows| rows());
    let helpers = super::SUBJECTS.iter().flat_map(|rows| rows.iter()).chain(built);
    let missing: Vec<&str> = helpers.map(|row| row.id).filter(|id| !listed.contains(*id)).collect();
    assert!(missing.is_empty(), "docs/conveniences.md lacks {missing:?}");
}
