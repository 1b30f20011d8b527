//! The import on a tiny set of documents made of hostile names, compared with committed output.
//!
//! `xtask/tests/obstacle/source/` holds keywords, names of standard types, twins, twins in case only, empty and foreign
//! names, and one of each disagreement. After a wanted change: `UPDATE_GOLDEN=1 cargo test -p xtask obstacle`, then
//! read the diff.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::overrides::Overrides;
use super::{Output, Sources, build, words};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/obstacle")
}

fn sources() -> Sources {
    Sources::load(&folder().join("source")).unwrap()
}

fn overrides() -> String {
    fs::read_to_string(folder().join("overrides.json")).unwrap()
}

fn imported() -> Output {
    build(&sources(), &Overrides::read(&overrides()).unwrap()).unwrap()
}

fn types(output: &Output) -> BTreeMap<String, Value> {
    let files = output.files.iter().filter(|(name, _)| name.starts_with("types/"));
    let read = |text: &String| serde_json::from_str::<Value>(text).unwrap()["types"].as_object().unwrap().clone();
    files.flat_map(|(_, text)| read(text)).collect()
}

#[test]
fn the_description_is_the_committed_one() {
    let expected = folder().join("expected");
    let output = imported();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let _ = fs::remove_dir_all(&expected);
        for (name, text) in &output.files {
            let target = expected.join(name);
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            fs::write(target, text).unwrap();
        }
    }
    for (name, text) in &output.files {
        let committed = fs::read_to_string(expected.join(name)).unwrap_or_default();
        assert_eq!(committed, *text, "{name} differs from the committed one");
    }
    let count = |dir: &Path| fs::read_dir(dir).unwrap().count();
    let committed = ["types", "operations", "names"].iter().map(|dir| count(&expected.join(dir))).sum::<usize>() + 2;
    assert_eq!(committed, output.files.len(), "a committed file is no longer written");
}

#[test]
fn two_runs_give_the_same_bytes() {
    assert_eq!(imported(), imported());
}

#[test]
fn every_name_is_usable_and_stands_alone() {
    let mut seen = BTreeSet::new();
    for name in types(&imported()).into_keys() {
        assert!(!words::is_reserved(&name), "{name} is reserved");
        assert!(name.len() <= words::LONGEST && name.chars().all(|c| c.is_ascii_alphanumeric()), "{name}");
        assert!(name.starts_with(|c: char| c.is_ascii_uppercase()), "{name}");
        assert!(seen.insert(name.to_lowercase()), "{name} has a twin in another case");
    }
}

#[test]
fn every_file_is_json_in_the_documented_frame() {
    for (name, text) in imported().files.iter().filter(|(name, _)| name.ends_with(".json")) {
        let value: Value = serde_json::from_str(text).unwrap_or_else(|why| panic!("{name}: {why}"));
        assert!(value.is_object(), "{name}");
    }
}

#[test]
fn an_override_that_meets_nothing_is_refused() {
    let refuse = |old: &str, new: &str| {
        let text = overrides().replace(old, new);
        build(&sources(), &Overrides::read(&text).unwrap()).unwrap_err()
    };
    assert!(refuse("WidgetResult.value", "WidgetResult.gone").contains("WidgetResult.gone"));
    assert!(refuse("\"Node\": {\"why\"", "\"Nod\": {\"why\"").contains("no type is called Nod"));
    assert!(refuse("onlyHere", "notHere").contains("onlyHere"));
    let name = r#"{"names": {"x": {"name": "Nobody", "why": "test"}}, "operations""#;
    assert!(refuse("{\"operations\"", name).contains("Nobody"));
}

#[test]
fn arms_that_nothing_tells_apart_are_refused() {
    let mut sources = sources();
    let arm = &mut sources.python_types["$defs"]["PartRichText"];
    arm["required"] = serde_json::json!(["type", "text"]);
    let error = build(&sources, &Overrides::read(&overrides()).unwrap()).unwrap_err();
    assert!(error.contains("union Part: nothing tells apart PartText and PartRichText"), "{error}");
}
