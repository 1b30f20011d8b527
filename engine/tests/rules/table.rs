//! The table of rules names tests that are there.

use std::collections::BTreeSet;
use std::path::PathBuf;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Rows of the table: number, rule, grade, tests.
fn rows() -> Vec<[String; 4]> {
    let text = std::fs::read_to_string(root().join("../docs/engine-rules.md")).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| ") && line.as_bytes()[2].is_ascii_digit());
    rows.map(|row| {
        let cells: Vec<String> = row.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect();
        cells.try_into().unwrap_or_else(|cells: Vec<String>| panic!("a row of {} cells: {row}", cells.len()))
    })
    .collect()
}

/// Names in backquotes.
fn named(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// The file that `rules/lists::name` or `src/run/turn::name` stands for.
fn file(place: &str) -> PathBuf {
    let base = if place.starts_with("src/") { root() } else { root().join("tests") };
    base.join(format!("{place}.rs"))
}

#[test]
fn every_rule_names_tests_that_run() {
    let mut missing = Vec::new();
    for [number, _, _, tests] in rows() {
        let tests = named(&tests);
        if tests.is_empty() {
            missing.push(format!("{number} names no test"));
        }
        for test in tests {
            let (place, name) = test.split_once("::").unwrap_or_else(|| panic!("{number}: {test}"));
            let source = std::fs::read_to_string(file(place)).unwrap_or_default();
            let Some(at) = source.find(&format!("fn {name}(")) else {
                missing.push(format!("{number}: there is no {test}"));
                continue;
            };
            // What stands between the end of the function before and this one: its attributes.
            let head = &source[source[..at].rfind("\n\n").unwrap_or(0)..at];
            if !(head.contains("#[test]") || head.contains("#[tokio::test")) || head.contains("ignore") {
                missing.push(format!("{number}: {test} is no test that runs"));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn every_section_has_its_rules_and_every_rule_its_grade() {
    let rows = rows();
    let sections: BTreeSet<u32> =
        rows.iter().map(|[number, ..]| number.split('.').next().unwrap().parse().unwrap()).collect();
    assert_eq!(sections, (1..=24).collect());
    let mut seen = BTreeSet::new();
    for [number, rule, grade, _] in &rows {
        assert!(seen.insert(number), "{number} is there twice");
        assert!(rule.len() > 10, "{number} says nothing");
        let known = |grade: &str| ["S", "O", "K", "D", "–"].contains(&grade);
        assert!(grade.split(", ").all(known), "{number}: {grade}");
    }
}

#[test]
fn every_test_of_the_rules_has_its_row() {
    let rows = rows();
    let named: BTreeSet<&str> = rows.iter().flat_map(|[.., tests]| named(tests)).collect();
    let mut unnamed = Vec::new();
    for file in std::fs::read_dir(root().join("tests/rules")).unwrap() {
        let path = file.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let source = std::fs::read_to_string(&path).unwrap();
        for (at, _) in source.match_indices("#[tokio::test") {
            let rest = &source[at..];
            let name = rest.split("fn ").nth(1).unwrap().split('(').next().unwrap();
            let full = format!("rules/{stem}::{name}");
            if stem != "table" && !named.contains(full.as_str()) {
                unnamed.push(full);
            }
        }
    }
    assert!(unnamed.is_empty(), "no row names {unnamed:?}");
}
