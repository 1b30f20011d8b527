//! Runs one case: servers up, calls made, everything compared.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use threadline_mock::MockServer;

use super::case::{Case, Facts, RawCase, Server, Step};
use super::compare::Compare;
use super::drive::{Drive, Session};
use super::expand::{Places, needs_other};
use super::sent::Sent;
use super::{Difference, wire};

/// The result of one case.
#[derive(Debug)]
pub struct Ran {
    /// The case's name.
    pub name: String,
    /// What differed, if anything did.
    pub failure: Option<Difference>,
    /// How long it took.
    pub took: Duration,
}

/// A call that has not ended by then hangs.
const HANG: Duration = Duration::from_secs(60);
/// How long a client may take to close a connection it has dropped.
const CLOSE: Duration = Duration::from_secs(10);

/// Runs a case through a driver.
pub async fn run(drive: &Drive, raw: RawCase) -> Ran {
    let start = Instant::now();
    let failure = attempt(drive, raw.json).await.err();
    Ran { name: raw.name, failure, took: start.elapsed() }
}

async fn attempt(drive: &Drive, mut json: Value) -> Result<(), Difference> {
    let server = MockServer::start().await;
    let other = if needs_other(&json) { Some(MockServer::start().await) } else { None };
    let places = Places {
        host: host_of(&server),
        other_host: other.as_ref().map(host_of).unwrap_or_default(),
        refused_host: MockServer::refused().to_string(),
    };
    places.fill(&mut json);
    let case = Case::read(json).map_err(broken)?;
    let steps = case.steps().map_err(broken)?;
    match &case.server {
        Server::Script(replies) => script(&server, replies)?,
        Server::Word(_) => {}
        // An unscripted server would answer with made-up values; here nothing may arrive at all.
        Server::Silent => script(&server, &[json!({"status": 500, "for": "GET /nothing-is-scripted"})])?,
    }
    if let Some(other) = &other {
        script(other, case.other.as_deref().unwrap_or_default())?;
    }

    let session = drive.session();
    let base_url = format!("http://{}/v1", places.host);
    let start = Instant::now();
    let mut answers = Vec::with_capacity(steps.len());
    for step in &steps {
        answers.push(call(&session, &base_url, &case, step).await?);
    }
    let took = start.elapsed();
    if case.facts.closed_by_client.is_some() {
        wait_for_close(&server).await;
    }

    let log = log_of(&server);
    let sent = Sent::new(&log);
    let compare = Compare { sent: &sent };
    for (index, (step, answer)) in steps.iter().zip(&answers).enumerate() {
        let at = if steps.len() == 1 { "expect".to_owned() } else { format!("expect[{index}]") };
        check_answer(&at, &compare, &step.expect, answer)?;
    }
    wire::check(&case, &compare, &log)?;
    if let Some(other) = &other {
        let want = case.other_requests.as_deref().unwrap_or_default();
        wire::check_requests("other_requests", &compare, want, &log_of(other))?;
    }
    closed(&case.facts, &log)?;
    in_time(&case, took)
}

async fn call(session: &Session, base_url: &str, case: &Case, step: &Step) -> Result<Value, Difference> {
    let mut client = json!({
        "base_url": base_url,
        "api_key": "test-key",
        "admin_api_key": "test-admin-key",
        "timeout_s": 30,
    });
    lay(&mut client, &case.client);
    let mut line = Value::Object(step.call.clone());
    if let Some(own) = line.get("client").and_then(Value::as_object) {
        lay(&mut client, own);
    }
    line["client"] = client;
    let answer = match tokio::time::timeout(HANG, session.call(line)).await {
        Ok(answer) => answer.map_err(|error| Difference::new("the driver", "an answer", error))?,
        Err(_) => return Err(Difference::new("the call", "an answer", format!("none within {} s", HANG.as_secs()))),
    };
    serde_json::from_str(&answer).map_err(|error| Difference::new("the answer", "JSON", format!("{error}: {answer}")))
}

fn lay(onto: &mut Value, members: &Map<String, Value>) {
    for (name, value) in members {
        onto[name] = value.clone();
    }
}

/// Named members of the answer are as the case says; an error that is not asked for fails it.
fn check_answer(at: &str, compare: &Compare<'_>, want: &Map<String, Value>, answer: &Value) -> Result<(), Difference> {
    let error = answer.get("error").filter(|error| !error.is_null());
    match (want.get("error"), error) {
        (None, Some(error)) => return Err(Difference::new(format!("{at}.error"), "no error", error)),
        (Some(want), Some(error)) => {
            let none = Map::new();
            let (want, error) = (want.as_object().unwrap_or(&none), error.as_object().unwrap_or(&none));
            compare.members(&format!("{at}.error"), want, error)?;
        }
        (Some(want), None) if !want.is_null() => {
            return Err(Difference::new(format!("{at}.error"), want, answer));
        }
        _ => {}
    }
    for (name, want) in want.iter().filter(|(name, _)| *name != "error") {
        compare.value(&format!("{at}.{name}"), want, answer.get(name))?;
    }
    Ok(())
}

fn in_time(case: &Case, took: Duration) -> Result<(), Difference> {
    let took = took.as_secs_f64();
    match (case.time.min_s, case.time.max_s) {
        (Some(min), _) if took < min => Err(Difference::new("time.min_s", min, took)),
        (_, Some(max)) if took > max => Err(Difference::new("time.max_s", max, took)),
        _ => Ok(()),
    }
}

fn broken(message: String) -> Difference {
    Difference::new("the case", "a case in the format of tests/README.md", message)
}
