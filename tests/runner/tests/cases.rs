//! The case files themselves.

use std::collections::BTreeSet;
use std::path::Path;

use threadline_conformance::suite::case::{Case, CaseFile, load};

fn files() -> Vec<CaseFile> {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/cases");
    load(&cases).expect("case files are in the format of tests/README.md")
}

#[test]
fn every_case_is_in_the_format() {
    for file in files() {
        for case in file.cases {
            let name = case.name;
            let read = Case::read(case.json).unwrap_or_else(|error| panic!("{}: {name}: {error}", file.name));
            assert!(read.steps().is_ok_and(|steps| !steps.is_empty()), "{}: {name}", file.name);
        }
    }
}

#[test]
fn every_written_case_says_why() {
    for file in files().into_iter().filter(|file| file.name.starts_with("written/")) {
        for case in file.cases {
            assert!(case.json["why"].as_str().is_some_and(|why| why.len() > 10), "{}: {}", file.name, case.name);
        }
    }
}

#[test]
fn every_row_of_the_reliability_table_has_a_case() {
    let files = files();
    let cases = files.iter().flat_map(|file| &file.cases);
    let found: BTreeSet<&str> = cases.filter_map(|case| case.json["ref"].as_str()).collect();
    let rows = (1..=20).map(|row| format!("S{row}")).chain((1..=11).map(|row| format!("J{row}")));
    // J3 and J4 are one row of the table with two faults.
    let missing: Vec<String> = rows.filter(|row| !found.contains(row.as_str())).collect();
    assert!(missing.is_empty(), "rows without a case: {missing:?}");
}
