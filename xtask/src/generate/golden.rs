//! The generator on a small description, compared with committed output.
//!
//! `xtask/tests/golden/api/` holds one case of each thing that the format can say, and an obstacle course of names.
//! After a wanted change of an output: `UPDATE_GOLDEN=1 cargo test -p xtask golden`, then read the diff.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::generate;
use super::output::Files;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

#[test]
fn output_is_the_committed_one() {
    let files = generate(&golden().join("api")).unwrap();
    let expected = golden().join("expected");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let _ = fs::remove_dir_all(&expected);
        for (path, text) in files.iter() {
            let target = expected.join(path);
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            fs::write(target, text).unwrap();
        }
    }
    let mut found = BTreeMap::new();
    read(&expected, &expected, &mut found);
    for (path, text) in files.iter() {
        let committed = found.remove(path).unwrap_or_else(|| panic!("{path} is not committed"));
        let line = committed.lines().zip(text.lines()).take_while(|(old, new)| old == new).count();
        assert!(
            committed == text,
            "{path} differs from line {} on:\n- {}\n+ {}",
            line + 1,
            committed.lines().nth(line).unwrap_or("(end)"),
            text.lines().nth(line).unwrap_or("(end)")
        );
    }
    assert!(found.is_empty(), "committed but not generated: {:?}", found.keys());
}

fn read(root: &Path, dir: &Path, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(root, &path, found);
        } else {
            let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            found.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn two_runs_give_the_same_bytes() {
    let all = |files: Files| files.iter().map(|(path, text)| format!("{path}\n{text}")).collect::<String>();
    let api = golden().join("api");
    assert_eq!(all(generate(&api).unwrap()), all(generate(&api).unwrap()));
}

/// A copy of the description in which `old` stands as `new`; what the generator says to it.
fn complaint(name: &str, file: &str, old: &str, new: &str) -> String {
    let dir = std::env::temp_dir().join(format!("threadline-generator-{}-{name}", std::process::id()));
    let mut sources = BTreeMap::new();
    read(&golden().join("api"), &golden().join("api"), &mut sources);
    assert!(sources[file].contains(old), "{file} lacks {old}");
    for (path, text) in &sources {
        let target = dir.join(path);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        let text = if path == file { text.replacen(old, new, 1) } else { text.clone() };
        fs::write(target, text).unwrap();
    }
    let result = generate(&dir);
    fs::remove_dir_all(&dir).unwrap();
    result.map(|_| String::new()).unwrap_or_else(|error| error.to_string())
}

#[test]
fn mistakes_are_reported_with_their_place_and_remedy() {
    let threads = "types/beta_threads.json";
    let beta = "operations/beta.json";
    let cases = [
        (
            "dangling",
            threads,
            "\"RunStatus\", \"required\"",
            "\"RunState\", \"required\"",
            "Run: the type `RunState` does not exist",
        ),
        ("expression", threads, "\"list<Run>\"", "\"list<Run\"", "`list<Run` is no type expression"),
        (
            "path",
            beta,
            "/threads/{thread_id}/runs\"",
            "/threads/{id}/runs\"",
            "path_params are [thread_id] but the path has [id]",
        ),
        ("query", beta, "[\"include\"]", "[\"included\"]", "query names `included`, which is no field of its params"),
        ("verb", beta, "\"POST\"", "\"PATCH\"", "verb is `PATCH`; write one of GET, POST, DELETE"),
        ("key", threads, "\"format\"", "\"formatt\"", "unknown field `formatt`"),
        ("twice", threads, "\"name\": \"siblings\"", "\"name\": \"run\"", "the field `run` stands twice"),
        ("clash", "names/rust.json", "camel_case_twin", "camel_case", "are both `camel_case` in Rust"),
        ("alias", "operations/files.json", "files.retrieve_content", "files.create", "`files.create` is taken by"),
        (
            "union",
            threads,
            "\"type\": \"list<string>\"}]}",
            "\"type\": \"RunStatus\"}]}",
            "arm `List` can never be picked",
        ),
        ("reply", beta, "{\"kind\": \"json\", \"type\": \"Run\"}", "{\"kind\": \"json\"}", "needs reply.type"),
        ("root", "roots.json", "WebhookPing", "WebhookPong", "api/roots.json: the type `WebhookPong` does not exist"),
        (
            "recursion",
            threads,
            "\"RunOrigin\"}",
            "\"RunParent\"}",
            "Run.parent: holds, by value, a struct that holds this",
        ),
        (
            "method",
            "operations/obstacles.json",
            "\"loop.move\"",
            "\"loop.match\"",
            "`loop` has two methods `r#match` in Rust",
        ),
        (
            "python name",
            "python/types/all.json",
            "\"list<RunTool>\"",
            "\"list<RunTol>\"",
            "nothing defines `beta.threads.run.RunTol`",
        ),
        ("python type", "python/types/all.json", "\"list<RunTool>\"", "\"list<RunTool\"", "expected `>` before"),
        (
            "python method",
            "python/resources/all.json",
            "\"retrieve_content\"",
            "\"get_content\"",
            "files.retrieve_content: has no signature in api/python/resources",
        ),
        (
            "python reason",
            "names/python_extras.json",
            "\"mixins\": \"w\"",
            "\"mixins\": \"\"",
            "`mixins` has no reason",
        ),
        (
            "node method",
            "node/resources/all.json",
            "\"list\": [",
            "\"all\": [",
            "beta.threads.runs.all: calls no operation and is no helper",
        ),
        (
            "node by hand",
            "names/node_extras.json",
            "runs/ws\"",
            "runs/w\"",
            "does not say what becomes of beta/threads/runs/ws",
        ),
        (
            "node operation",
            "names/node_extras.json",
            "files.delete",
            "files.remove",
            "no operation is called `files.remove`",
        ),
    ];
    for (name, file, old, new, expected) in cases {
        let message = complaint(name, file, old, new);
        assert!(message.contains(expected), "{name}: {message}");
    }
}
