//! Hosted agents. Arguments that JSON cannot carry:
//!
//! - `beta.agents.sessions.stream`: `tool_handlers` is an object of function names to what the function returns, a JSON value or
//!   `{"$error": "text"}`; with `on_tool_error` true, what it is told comes as events `{"type": "tool_error", "name", "message"}`
//!   at the end. `events` are those of the session, `value` is `{"turn", "messages", "output_text"}` where the turn was
//!   completed, `null` where `max_events` ended the reading.
//! - `beta.agents.sessions.artifacts.for_result`: the result's `session_id` and `turn_id`, the `path` of the artifact, and
//!   `to`, where it is saved. The value is the artifact.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;
use serde_json::value::RawValue;
use threadline::agents::{AgentTurn, PreparedAgentFiles};
use threadline::structured::FunctionSchema;
use threadline::tools::Tool;
use threadline::{Error, FileInput, Json};

use super::streams::{raw, tree};
use crate::driver::answer::encoded;
use crate::driver::{Answer, Arguments, Pending, Row, Usage};

fn value(json: &serde_json::Value) -> Answer {
    Answer::Value { value: raw(json), request_id: None }
}

fn prepared(result: Result<PreparedAgentFiles, Error>) -> Answer {
    match result {
        Ok(prepared) => {
            let files: Vec<_> = prepared.files.iter().map(|file| tree(file)).collect();
            value(&json!({"files": files, "uploaded_file_ids": prepared.uploaded_file_ids}))
        }
        Err(error) => Answer::failed(&error),
    }
}

fn required<T: threadline::json::Decode>(a: &mut Arguments, name: &str) -> Result<T, Usage> {
    a.take::<T>(name)?.ok_or_else(|| Usage::new(format!("misses the required argument `{name}`")))
}

/// The function that stands for a handler.
fn tool(name: &str, script: Json) -> Tool {
    let schema = FunctionSchema::lenient(name, Json::parse("{}").unwrap_or_default());
    Tool::from_schema(schema, move |_| {
        let outcome = match script.get("$error").and_then(|text| text.as_string()) {
            Some(text) => Err(std::io::Error::other(text)),
            None => Ok(script.clone()),
        };
        async move { outcome }
    })
}

fn session(mut a: Arguments, mut turn: AgentTurn) -> Result<Pending, Usage> {
    let handlers: BTreeMap<String, Json> = match a.take::<Json>("tool_handlers")? {
        Some(handlers) => handlers.decode().map_err(|error| Usage::new(format!("`tool_handlers`: {error}")))?,
        None => BTreeMap::new(),
    };
    turn = turn.tools(handlers.into_iter().map(|(name, script)| tool(&name, script)));
    let failures = Arc::new(Mutex::new(Vec::new()));
    if a.take::<bool>("on_tool_error")? == Some(true) {
        let failures = Arc::clone(&failures);
        turn = turn.on_tool_error(move |failure| {
            let told = json!({"type": "tool_error", "name": failure.call.name, "message": failure.message});
            failures.lock().unwrap_or_else(PoisonError::into_inner).push(told);
        });
    }
    let mut options = a.options();
    if let Some(key) = a.take::<String>("idempotency_key")? {
        options = options.idempotency_key(key);
    }
    turn = turn.options(options);
    let limit = a.max_events();
    Ok(a.pending(async move {
        let mut stream = match turn.await {
            Ok(stream) => stream,
            Err(error) => return Answer::failed(&error),
        };
        let mut events: Vec<Box<RawValue>> = Vec::new();
        let mut error = None;
        while events.len() < limit && error.is_none() {
            match stream.next().await {
                Some(Ok(event)) => match encoded(&event) {
                    Ok(event) => events.push(event),
                    Err(message) => return Answer::usage(message),
                },
                Some(Err(failed)) => error = Some(failed),
                None => break,
            }
        }
        events.extend(failures.lock().unwrap_or_else(PoisonError::into_inner).iter().map(raw));
        if error.is_none() && events.len() >= limit {
            return Answer::Stream { events, value: None, error: None };
        }
        let result = match error {
            Some(error) => Err(error),
            None => stream.get_final_result().await,
        };
        match result {
            Ok(result) => {
                let messages: Vec<_> = result.messages.iter().map(|message| tree(message)).collect();
                let value =
                    json!({"turn": tree(&result.turn), "messages": messages, "output_text": result.output_text()});
                Answer::Stream { events, value: Some(raw(&value)), error: None }
            }
            Err(error) => Answer::Stream { events, value: None, error: Some((&error).into()) },
        }
    }))
}

pub(super) static ROWS: &[Row] = &[
    Row {
        id: "beta.agents.environments.files.prepare",
        path: &[],
        required: &["files"],
        optional: &[],
        stream: None,
        run: |c, a| {
            let mut a = a.clone();
            let files: BTreeMap<String, String> =
                required::<Json>(&mut a, "files")?.decode().map_err(|error| Usage::new(format!("`files`: {error}")))?;
            let (resource, options) = (c.beta().agents().environments().files(), a.options());
            Ok(a.pending(async move { prepared(resource.prepare(files, options).await) }))
        },
    },
    Row {
        id: "beta.agents.environments.files.prepare_directory",
        path: &[],
        required: &["destination", "include", "root"],
        optional: &[],
        stream: None,
        run: |c, a| {
            let mut a = a.clone();
            let (root, destination): (String, String) = (required(&mut a, "root")?, required(&mut a, "destination")?);
            let include: Vec<String> = required(&mut a, "include")?;
            let (resource, options) = (c.beta().agents().environments().files(), a.options());
            Ok(a.pending(async move {
                let include: Vec<&str> = include.iter().map(String::as_str).collect();
                prepared(resource.prepare_directory(root, &destination, &include, options).await)
            }))
        },
    },
    Row {
        id: "beta.agents.environments.files.upload",
        path: &["environment_id"],
        required: &["environment_id", "file", "path"],
        optional: &[],
        stream: None,
        run: |c, a| {
            let mut a = a.clone();
            let (file, path): (FileInput, String) = (required(&mut a, "file")?, required(&mut a, "path")?);
            let environment = a.path("environment_id")?.to_owned();
            let (resource, options) = (c.beta().agents().environments().files(), a.options());
            Ok(a.pending(async move {
                match resource.upload(&environment, file, &path, options).await {
                    Ok(staged) => {
                        value(&json!({"uploaded_file_id": staged.uploaded_file_id, "file": tree(&staged.file)}))
                    }
                    Err(error) => Answer::failed(&error),
                }
            }))
        },
    },
    Row {
        id: "beta.agents.sessions.artifacts.for_result",
        path: &["session_id", "turn_id"],
        required: &["path", "session_id", "to", "turn_id"],
        optional: &[],
        stream: None,
        run: |c, a| {
            let mut a = a.clone();
            let (path, to): (String, String) = (required(&mut a, "path")?, required(&mut a, "to")?);
            let artifacts = c.beta().agents().sessions().artifacts();
            let artifacts = artifacts.for_turn(a.path("session_id")?, a.path("turn_id")?);
            Ok(a.pending(async move {
                match artifacts.download(&path, to).await {
                    Ok(artifact) => value(&tree(&artifact)),
                    Err(error) => Answer::failed(&error),
                }
            }))
        },
    },
    Row {
        id: "beta.agents.sessions.stream",
        path: &["session_id"],
        required: &["input", "session_id"],
        optional: &["idempotency_key", "on_tool_error", "tool_handlers"],
        stream: None,
        run: |c, a| {
            let mut a = a.clone();
            let sessions = c.beta().agents().sessions();
            let input: Json = required(&mut a, "input")?;
            let id = a.path("session_id")?;
            let turn = match input.as_string() {
                Some(text) => sessions.stream(id, text),
                None => sessions.stream_messages(id, input),
            };
            session(a, turn)
        },
    },
];
