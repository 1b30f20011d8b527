//! Cases as they stand in the files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};
use threadline_mock::Tls;

/// One file of cases.
#[derive(Debug)]
pub struct CaseFile {
    /// `written/streams.json`.
    pub name: String,
    /// Its cases, in order.
    pub cases: Vec<RawCase>,
}

/// A case before its placeholders are filled in.
#[derive(Debug, Clone)]
pub struct RawCase {
    /// Unique name.
    pub name: String,
    /// The case as JSON.
    pub json: Value,
}

/// A case, ready to run.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    #[serde(rename = "name")]
    _name: String,
    #[serde(rename = "ref")]
    _reference: Option<String>,
    #[serde(rename = "why")]
    _why: Option<String>,
    /// Configuration of the client.
    #[serde(default)]
    pub client: Map<String, Value>,
    /// Files that are there before the first call, by path: a text, or JSON.
    #[serde(default)]
    pub files: BTreeMap<String, Value>,
    /// Whether the calls are made at the same time.
    #[serde(default)]
    pub together: bool,
    call: Option<Map<String, Value>>,
    calls: Option<Vec<Map<String, Value>>>,
    /// Replies of the first server.
    #[serde(default)]
    pub server: Server,
    /// Replies of the second server.
    pub other: Option<Vec<Value>>,
    /// How the first server speaks TLS.
    pub tls: Option<Tls>,
    /// Variables of the driver's environment.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// What the first server must have seen.
    pub requests: Option<Vec<Map<String, Value>>>,
    /// How many requests the first server must have seen.
    pub request_count: Option<usize>,
    /// What the second server must have seen.
    pub other_requests: Option<Vec<Map<String, Value>>>,
    expect: Value,
    /// More about the wire.
    #[serde(default)]
    pub facts: Facts,
    /// Bounds of the time it takes.
    #[serde(default)]
    pub time: Bounds,
}

/// What a server does.
#[derive(Debug, Default, Deserialize)]
#[serde(untagged)]
pub enum Server {
    /// `"synthesise"`: values made from the description.
    Word(Word),
    /// Scripted replies.
    Script(Vec<Value>),
    /// Nothing is expected to arrive.
    #[default]
    Silent,
}

/// Named behaviours of a server.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// Values made from the description.
    Synthesise,
}

/// What must be true of the wire besides the requests.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// Connections that the first server accepted.
    pub connections: Option<u64>,
    /// How many it accepted at least: whether an idle one is back in the pool in time is up to the machine.
    pub connections_at_least: Option<u64>,
    /// The client closed the connection of the last request.
    pub closed_by_client: Option<bool>,
    /// Headers with one value over all requests.
    #[serde(default)]
    pub same_header: Vec<String>,
    /// Headers that differ between any two requests.
    #[serde(default)]
    pub different_header: Vec<String>,
    /// Parts of the description that requests break on purpose.
    #[serde(default)]
    pub violations: Vec<String>,
    /// What files hold after the last call, by path: as text, or as JSON where that is asked for.
    #[serde(default)]
    pub files: BTreeMap<String, Value>,
}

/// Limits of a duration in seconds.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// Not sooner.
    pub min_s: Option<f64>,
    /// Not later.
    pub max_s: Option<f64>,
}

/// One call of a case with what must come of it.
#[derive(Debug)]
pub struct Step {
    /// The line of the call protocol, without `id` and `client`.
    pub call: Map<String, Value>,
    /// Members of the answer to compare.
    pub expect: Map<String, Value>,
}

impl Case {
    /// Reads a case whose placeholders are filled in.
    ///
    /// # Errors
    /// When the case is not in the format.
    pub fn read(json: Value) -> Result<Self, String> {
        serde_json::from_value(json).map_err(|error| format!("the case is not in the format: {error}"))
    }

    /// The calls, each with its expectation.
    ///
    /// # Errors
    /// When calls and expectations do not pair up.
    pub fn steps(&self) -> Result<Vec<Step>, String> {
        let expects = match (&self.call, &self.calls, &self.expect) {
            (Some(call), None, Value::Object(expect)) => {
                return Ok(vec![Step { call: call.clone(), expect: expect.clone() }]);
            }
            (None, Some(calls), Value::Array(expects)) if calls.len() == expects.len() => calls.iter().zip(expects),
            _ => return Err("a case has `call` and one `expect`, or `calls` and as many in `expect`".into()),
        };
        expects
            .map(|(call, expect)| match expect {
                Value::Object(expect) => Ok(Step { call: call.clone(), expect: expect.clone() }),
                _ => Err("every member of `expect` is an object".to_owned()),
            })
            .collect()
    }
}

/// Reads every case file below `root`, in the order of their names.
///
/// # Errors
/// When a file cannot be read, is not in the format, or a name stands twice.
pub fn load(root: &Path) -> Result<Vec<CaseFile>, String> {
    let mut files = Vec::new();
    let mut names = BTreeMap::new();
    for folder in ["written", "generated"] {
        for path in json_files(&root.join(folder))? {
            let stem = path.file_name().unwrap_or_default().to_string_lossy();
            let name = format!("{folder}/{stem}");
            let cases = read_file(&path).map_err(|error| format!("{name}: {error}"))?;
            for case in &cases {
                if let Some(before) = names.insert(case.name.clone(), name.clone()) {
                    return Err(format!("the case name `{}` stands in {before} and in {name}", case.name));
                }
            }
            files.push(CaseFile { name, cases });
        }
    }
    Ok(files)
}

fn json_files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .collect();
    files.sort();
    Ok(files)
}

fn read_file(path: &Path) -> Result<Vec<RawCase>, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        #[serde(rename = "generated")]
        _generated: Option<String>,
        #[serde(default)]
        defaults: Map<String, Value>,
        cases: Vec<Map<String, Value>>,
    }
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    let file: File = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let defaults = file.defaults;
    file.cases.into_iter().map(|case| raw_case(case, &defaults)).collect()
}

fn raw_case(mut case: Map<String, Value>, defaults: &Map<String, Value>) -> Result<RawCase, String> {
    let name = match case.get("name").and_then(Value::as_str) {
        Some(name) => name.to_owned(),
        None => return Err(format!("a case has no name: {}", super::short(&Value::Object(case).to_string()))),
    };
    for (member, value) in defaults {
        let given = case.contains_key(member) || member == "call" && case.contains_key("calls");
        if !given {
            case.insert(member.clone(), value.clone());
        }
    }
    Ok(RawCase { name, json: Value::Object(case) })
}
