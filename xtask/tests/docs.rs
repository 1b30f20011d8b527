//! The prose of the API description: complete where people look first, in good form, and about things that exist.

#![allow(clippy::unwrap_used, reason = "a broken description should stop the test where it is broken")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

/// Longest line of prose, in characters.
const LONGEST: usize = 160;

/// Operations whose arguments and results must be documented to the last field, by the beginning of their id.
const MET_FIRST: [&str; 14] = [
    "audio.speech.",
    "audio.transcriptions.",
    "batches.",
    "beta.assistants.",
    "beta.threads.",
    "chat.completions.",
    "conversations.",
    "embeddings.",
    "files.",
    "fine_tuning.jobs.",
    "images.",
    "moderations.",
    "responses.",
    "uploads.",
];

/// As [`MET_FIRST`], for whole groups with few types.
const MET_FIRST_TOO: [&str; 2] = ["models.", "vector_stores."];

fn api() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../api")
}

/// The files of a folder of `api/`: stem and content.
fn load(folder: &str) -> BTreeMap<String, Map<String, Value>> {
    let folder = api().join(folder);
    let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files = BTreeMap::new();
    for entry in entries {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let Value::Object(object) = value else { panic!("{}: not an object", path.display()) };
        files.insert(path.file_stem().unwrap().to_string_lossy().into_owned(), object);
    }
    assert!(!files.is_empty(), "{} is empty", folder.display());
    files
}

fn operations() -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for (group, file) in load("operations") {
        for operation in file["operations"].as_array().unwrap() {
            all.push((group.clone(), operation.clone()));
        }
    }
    all
}

fn types() -> Map<String, Value> {
    let mut all = Map::new();
    for (_, mut file) in load("types") {
        let Some(Value::Object(types)) = file.remove("types") else { panic!("a type file has no `types`") };
        all.extend(types);
    }
    all
}

/// Every name of an operation: its id and its second names.
fn names(operation: &Value) -> Vec<&str> {
    let aliases = operation["python"]["aliases"].as_array().map(Vec::as_slice).unwrap_or_default();
    operation["id"].as_str().into_iter().chain(aliases.iter().filter_map(Value::as_str)).collect()
}

/// What the docs of a type may speak of: its fields, its arms or its values.
fn parts(definition: &Value) -> BTreeSet<&str> {
    let list = |key: &str| definition[key].as_array().map(Vec::as_slice).unwrap_or_default();
    let named = list("fields").iter().chain(list("union")).filter_map(|part| part["name"].as_str());
    named.chain(list("enum").iter().filter_map(Value::as_str)).collect()
}

/// Every line of prose with the place where it stands.
fn lines() -> Vec<(String, String)> {
    let mut lines = Vec::new();
    let mut push = |place: String, text: &Value| match text.as_str() {
        Some(text) => lines.push((place, text.to_owned())),
        None => panic!("{place}: not a text"),
    };
    for (group, file) in load("docs/operations") {
        for (id, text) in &file {
            push(format!("operations/{group} {id}"), text);
        }
    }
    for (group, file) in load("docs/types") {
        for (name, texts) in &file {
            let Value::Object(texts) = texts else { panic!("types/{group} {name}: not an object") };
            for (part, text) in texts {
                push(format!("types/{group} {name}.{part}"), text);
            }
        }
    }
    lines
}

fn fail_with(problems: &[String], what: &str) {
    assert!(problems.is_empty(), "{} {what}:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn every_operation_has_a_summary() {
    let docs = load("docs/operations");
    let mut missing = Vec::new();
    for (group, operation) in operations() {
        for name in names(&operation) {
            if !docs.get(&group).is_some_and(|file| file.contains_key(name)) {
                missing.push(format!("docs/operations/{group}.json lacks {name}"));
            }
        }
    }
    fail_with(&missing, "operations without a summary");
}

#[test]
fn every_summary_belongs_to_an_operation() {
    let operations = operations();
    let known: BTreeSet<(&str, &str)> = operations
        .iter()
        .flat_map(|(group, op)| names(op).into_iter().map(move |name| (group.as_str(), name)))
        .collect();
    let docs = load("docs/operations");
    let mut strangers = Vec::new();
    for (group, file) in &docs {
        for id in file.keys() {
            if !known.contains(&(group.as_str(), id.as_str())) {
                strangers.push(format!("docs/operations/{group}.json: {id}"));
            }
        }
    }
    fail_with(&strangers, "summaries of operations that do not exist in that group");
}

#[test]
fn docs_of_types_speak_of_what_exists_and_only_once() {
    let types = types();
    let mut strangers = Vec::new();
    let mut seen = BTreeMap::new();
    for (group, file) in load("docs/types") {
        for (name, texts) in &file {
            if let Some(other) = seen.insert(name.clone(), group.clone()) {
                strangers.push(format!("{name}: in {other}.json and in {group}.json"));
            }
            let Some(definition) = types.get(name) else {
                strangers.push(format!("docs/types/{group}.json: no type {name}"));
                continue;
            };
            let parts = parts(definition);
            for part in texts.as_object().unwrap().keys().filter(|part| !part.is_empty()) {
                if !parts.contains(part.as_str()) {
                    strangers.push(format!("docs/types/{group}.json: {name} has no {part}"));
                }
            }
        }
    }
    fail_with(&strangers, "docs of things that do not exist, or twice");
}

#[test]
fn every_line_is_short_and_ends_with_a_full_stop() {
    let mut bad = Vec::new();
    for (place, text) in lines() {
        let length = text.chars().count();
        if length > LONGEST {
            bad.push(format!("{place}: {length} characters"));
        }
        if text.trim() != text || text.contains(['\n', '\r', '\t']) || text.contains("  ") {
            bad.push(format!("{place}: stray white space"));
        }
        if !text.ends_with('.') {
            bad.push(format!("{place}: no final full stop"));
        }
        if text.matches('`').count() % 2 == 1 {
            bad.push(format!("{place}: an open backtick"));
        }
        if text.replace("`", "").contains(['<', '[']) && !text.contains('`') {
            bad.push(format!("{place}: a bracket outside of code would become a link or a tag"));
        }
    }
    fail_with(&bad, "lines in bad form");
}

#[test]
fn what_people_meet_first_is_documented_to_the_last_field() {
    let types = types();
    let mut docs = Map::new();
    for (_, file) in load("docs/types") {
        docs.extend(file);
    }
    let mut wanted = BTreeSet::new();
    for (_, operation) in operations() {
        let id = operation["id"].as_str().unwrap();
        if !MET_FIRST.iter().chain(&MET_FIRST_TOO).any(|start| id.starts_with(start)) {
            continue;
        }
        let named = [&operation["params"], &operation["reply"]["type"], &operation["page"]["item"]];
        let stream = &operation["stream"]["event"];
        for name in named.into_iter().chain([stream]).filter_map(Value::as_str) {
            wanted.insert(name.to_owned());
        }
    }
    let mut missing = Vec::new();
    for name in &wanted {
        let Some(definition) = types.get(name) else { continue };
        let text = |part: &str| docs.get(name).and_then(|texts| texts.get(part)).is_some();
        if !text("") {
            missing.push(format!("{name}: what it is"));
        }
        for field in definition["fields"].as_array().map(Vec::as_slice).unwrap_or_default() {
            let field_name = field["name"].as_str().unwrap();
            if field.get("const").is_none() && !text(field_name) {
                missing.push(format!("{name}.{field_name}"));
            }
        }
    }
    assert!(wanted.len() > 60, "only {} types are met first: the ids have changed", wanted.len());
    fail_with(&missing, "gaps in the docs of types that people meet first");
}
