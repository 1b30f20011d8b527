//! What must be true of runs when everything is over.

use std::collections::HashMap;

use hyper::Method;
use serde_json::{Value, json};

use crate::Error;
use crate::api::Api;
use crate::sse::Event;

/// What a client knows of one run.
#[derive(Debug, Default, Clone)]
pub struct Known {
    /// The thread.
    pub thread: String,
    /// The run; empty until a server has told of it.
    pub run: String,
    /// Events that the client saw, in its order.
    pub seen: Vec<Event>,
    /// Messages of the user that a server has acknowledged.
    pub said: Vec<String>,
    /// Whether a server has acknowledged the outputs of the run's functions.
    pub answered: bool,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Verdict {
    /// Its status, with the code of its error.
    pub status: String,
}

/// Judges one run through a server.
///
/// # Errors
/// What is wrong with it.
pub async fn judge(api: &Api, base: &str, known: &Known) -> Result<Verdict, Error> {
    let thread = format!("{base}/threads/{}", known.thread);
    let path = format!("{thread}/runs/{}", known.run);
    let wrong = |what: String| -> Error { format!("run {}: {what}", known.run).into() };
    let run = api.get(path.clone()).await?;
    let status = run["status"].as_str().unwrap_or_default().to_owned();
    if !["completed", "failed", "cancelled", "incomplete", "expired"].contains(&status.as_str()) {
        return Err(wrong(format!("is {status}: {run}")));
    }
    if run["usage"].is_null() || !run["expires_at"].is_null() || !run["required_action"].is_null() {
        return Err(wrong(format!("is not closed well: {run}")));
    }
    let steps = api.all(&format!("{path}/steps")).await?;
    if let Some(open) = steps.iter().find(|step| step["status"] == "in_progress") {
        return Err(wrong(format!("has an open step: {open}")));
    }
    let messages = api.all(&format!("{thread}/messages")).await?;
    let own: Vec<&Value> = messages.iter().filter(|message| message["run_id"] == known.run.as_str()).collect();
    if let Some(open) = own.iter().find(|message| message["status"] == "in_progress") {
        return Err(wrong(format!("has an open message: {open}")));
    }
    let complete = own.iter().filter(|message| message["status"] == "completed").count();
    if status == "completed" && complete != 1 || status != "completed" && complete > 1 {
        return Err(wrong(format!("is {status} and has {complete} complete messages")));
    }
    for said in &known.said {
        if !messages.iter().any(|message| message["id"] == said.as_str()) {
            return Err(wrong(format!("lost the message {said}, which was acknowledged")));
        }
    }
    let mut log = Vec::new();
    api.stream(Method::GET, format!("{path}/events"), None, |event| log.push(event)).await?;
    // The stream of a run that waited in between ends there: the rest is behind it.
    while let Some(last) = log.iter().rev().find_map(|event| event.id) {
        let waits = log.iter().rev().find(|event| event.id.is_some());
        if waits.is_none_or(|event| event.name != "thread.run.requires_action") {
            break;
        }
        log.retain(|event| event.name != "done");
        let url = format!("{path}/events?after={last}");
        api.stream(Method::GET, url, None, |event| log.push(event)).await?;
    }
    check_log(&log, &status, &own).map_err(&wrong)?;
    check_seen(&log, &known.seen).map_err(&wrong)?;
    if known.answered && !steps.iter().any(|step| step.to_string().contains("\"output\":\"mild\"")) {
        return Err(wrong("lost outputs that were acknowledged".to_owned()));
    }
    // A thread that nobody holds takes a message.
    api.post(format!("{thread}/messages"), &json!({"role": "user", "content": "And?"})).await?;
    let error = run["last_error"]["code"].as_str().map(|code| format!(" ({code})")).unwrap_or_default();
    Ok(Verdict { status: format!("{status}{error}") })
}

/// The kept events of a run: in order, each once, telling the same as the objects.
fn check_log(log: &[Event], status: &str, messages: &[&Value]) -> Result<(), String> {
    let names: Vec<&str> = log.iter().map(|event| event.name.as_str()).collect();
    let told = || format!("its events are {names:?}");
    if names.last() != Some(&"done") || names.iter().filter(|name| **name == "done").count() != 1 {
        return Err(format!("does not end with one `done`; {}", told()));
    }
    let log = &log[..log.len() - 1];
    if !log.windows(2).all(|pair| pair[0].id < pair[1].id) || log.iter().any(|event| event.id.is_none()) {
        return Err(format!("has events out of order; {}", told()));
    }
    let first = log.iter().find(|event| event.name != "thread.created");
    if first.is_none_or(|event| event.name != "thread.run.created") {
        return Err(format!("does not begin with its creation; {}", told()));
    }
    let ends: Vec<&str> = log.iter().filter(|event| event.is_end()).map(|event| event.name.as_str()).collect();
    if ends.last() != Some(&format!("thread.run.{status}").as_str()) {
        return Err(format!("ended as {status}; {}", told()));
    }
    if ends.iter().filter(|name| **name != "thread.run.requires_action").count() != 1 {
        return Err(format!("ends more than once; {}", told()));
    }
    check_texts(log, messages)?;
    check_steps(log)
}

/// Deltas of a message, joined, are the message.
fn check_texts(log: &[Event], messages: &[&Value]) -> Result<(), String> {
    let mut texts: HashMap<&str, String> = HashMap::new();
    for event in log {
        let id = event.data["id"].as_str().unwrap_or_default();
        match event.name.as_str() {
            "thread.message.created" if texts.insert(id, String::new()).is_some() => {
                return Err(format!("made the message {id} twice"));
            }
            "thread.message.delta" => {
                let text = texts.get_mut(id).ok_or_else(|| format!("a delta before its message {id}"))?;
                for part in event.data["delta"]["content"].as_array().into_iter().flatten() {
                    text.push_str(part["text"]["value"].as_str().unwrap_or_default());
                }
            }
            _ => {}
        }
    }
    if texts.len() != messages.len() {
        return Err(format!("has {} messages and tells of {}", messages.len(), texts.len()));
    }
    for message in messages {
        let id = message["id"].as_str().unwrap_or_default();
        let told = texts.get(id).ok_or_else(|| format!("does not tell of the message {id}"))?;
        let parts = message["content"].as_array().into_iter().flatten();
        let whole: String = parts.filter_map(|part| part["text"]["value"].as_str()).collect();
        if *told != whole {
            return Err(format!("told {told:?} and kept {whole:?}"));
        }
    }
    Ok(())
}

/// Every step that began has ended, once.
fn check_steps(log: &[Event]) -> Result<(), String> {
    let mut open: HashMap<&str, bool> = HashMap::new();
    for event in log {
        let Some(word) = event.name.strip_prefix("thread.run.step.") else { continue };
        let id = event.data["id"].as_str().unwrap_or_default();
        let known = open.get(id).copied();
        match (word, known) {
            ("created", None) => {
                open.insert(id, true);
            }
            ("in_progress" | "delta", Some(true)) => {}
            ("completed" | "failed" | "cancelled" | "expired", Some(true)) => {
                open.insert(id, false);
            }
            _ => return Err(format!("the step {id} is {word} at the wrong time")),
        }
    }
    match open.iter().find(|(_, open)| **open) {
        None => Ok(()),
        Some((id, _)) => Err(format!("the step {id} never ended")),
    }
}

/// What the client saw is in the log, with the same numbers, in the same order, and nothing twice. Pieces of text that were
/// shown in the last moments of a server may be missing from the log.
fn check_seen(log: &[Event], seen: &[Event]) -> Result<(), String> {
    let seen: Vec<&Event> = seen.iter().filter(|event| event.name != "done" && event.name != "error").collect();
    if !seen.windows(2).all(|pair| pair[0].id < pair[1].id) {
        let numbers: Vec<_> = seen.iter().map(|event| event.id).collect();
        return Err(format!("showed events twice or out of order: {numbers:?}"));
    }
    let kept: HashMap<Option<i64>, &Event> = log.iter().map(|event| (event.id, event)).collect();
    for event in seen.iter().filter(|event| !event.is_delta()) {
        match kept.get(&event.id) {
            Some(same) if same.name == event.name && same.data == event.data => {}
            Some(other) => return Err(format!("showed {event:?} and kept {other:?}")),
            None => return Err(format!("showed {} {:?} and did not keep it", event.name, event.id)),
        }
    }
    // Between what was shown first and last, nothing may be missing: it was one stream.
    let (Some(first), Some(last)) = (seen.first(), seen.last()) else { return Ok(()) };
    let numbers: std::collections::HashSet<_> = seen.iter().map(|event| event.id).collect();
    let between = log.iter().filter(|event| event.id >= first.id && event.id <= last.id && event.name != "done");
    match between.filter(|event| !event.is_delta()).find(|event| !numbers.contains(&event.id)) {
        None => Ok(()),
        Some(lost) => Err(format!("did not show {} {:?}", lost.name, lost.id)),
    }
}
