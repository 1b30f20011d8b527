//! Runs one case: servers up, calls made, everything compared.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use threadline_mock::{ClosedBy, ConnectionLog, MockServer};

use super::case::{Case, RawCase, Server, Step};
use super::certificates::{self, CertificateFiles};
use super::compare::Compare;
use super::drive::{Drive, Session};
use super::expand::{Places, fill_answers, needs_other};
use super::files::{self, Folder};
use super::sent::Sent;
use super::{Difference, answer, wire};

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
    let folder = Folder::default();
    let server = MockServer::start().await;
    let other = if needs_other(&json) { Some(MockServer::start().await) } else { None };
    let text = json.to_string();
    let certificates = match certificates::needed(&text) {
        true => Some(CertificateFiles::write().map_err(|error| broken(error.to_string()))?),
        false => None,
    };
    // Asking for the address makes the server hold it, which not every case needs.
    let silent = if text.contains("${silent") { server.silent_origin() } else { String::new() };
    let places = Places {
        certificates,
        silent_host: silent.trim_start_matches("http://").to_owned(),
        host: server.address().to_string(),
        other_host: other.as_ref().map(|other| other.address().to_string()).unwrap_or_default(),
        refused_host: server.refused_origin().trim_start_matches("http://").to_owned(),
        tmp: folder.path(),
    };
    places.fill(&mut json);
    let mut case = Case::read(json).map_err(broken)?;
    let mut steps = case.steps().map_err(broken)?;
    match &case.server {
        Server::Script(replies) => script(&server, replies)?,
        Server::Word(_) => {}
        Server::Silent => script(&server, &[silence()])?,
    }
    if let Some(other) = &other {
        script(other, case.other.as_deref().unwrap_or(&[silence()]))?;
    }

    folder.fill(&case.files).map_err(broken)?;
    if let Some(tls) = &case.tls {
        server.tls(tls.clone());
    }
    let session = drive.session(&case.env).map_err(|error| Difference::new("the driver", "a driver", error))?;
    let base_url = format!("http://{}/v1", places.host);
    let start = Instant::now();
    let mut answers = Vec::with_capacity(steps.len());
    if case.together {
        let calls = steps.iter_mut().map(|step| in_turn(&server, &session, &base_url, &case, step));
        answers = futures_util::future::try_join_all(calls).await?;
    } else {
        for step in &mut steps {
            let mut line = Value::Object(std::mem::take(&mut step.call));
            fill_answers(&mut line, &answers).map_err(broken)?;
            if let Value::Object(line) = line {
                step.call = line;
            }
            answers.push(call(&session, &base_url, &case, step).await?);
        }
    }
    let took = start.elapsed();
    if let Some(want) = case.facts.closed_by_client {
        closed_by_client(&server, want).await?;
    }

    // What a client said last over a WebSocket is noted a moment after it has gone.
    server
        .wait(CLOSE, |log| {
            let named = case.requests.iter().flatten().zip(&log.requests);
            let mut named = named.filter(|(want, _)| want.get("closed").is_some_and(|closed| !closed.is_null()));
            named.all(|(_, seen)| seen.socket.as_ref().is_some_and(|socket| socket.closed.is_some()))
        })
        .await;

    let log = log_of(&server);
    let sent = Sent::new(&log);
    let compare = Compare { sent: &sent };
    for expect in steps.iter_mut().map(|step| &mut step.expect).chain(case.requests.iter_mut().flatten()) {
        expect.values_mut().try_for_each(|member| fill_answers(member, &answers)).map_err(broken)?;
    }
    for (index, (step, answer)) in steps.iter().zip(&answers).enumerate() {
        let at = if steps.len() == 1 { "expect".to_owned() } else { format!("expect[{index}]") };
        check_answer(&at, &compare, &step.expect, answer)?;
    }
    wire::check(&case, &compare, &log)?;
    files::check(&compare, &case.facts.files)?;
    if let Some(other) = &other {
        let want = case.other_requests.as_deref().unwrap_or_default();
        wire::check_requests("other_requests", &compare, want, &log_of(other))?;
    }
    in_time(&case, took)
}

/// Makes a call as soon as the server has seen what the call is to come after.
async fn in_turn(
    server: &MockServer,
    session: &Session,
    base_url: &str,
    case: &Case,
    step: &mut Step,
) -> Result<Value, Difference> {
    if let Some(count) = step.call.remove("after_requests").as_ref().and_then(Value::as_u64)
        && !server.wait(HANG, |log| log.requests.len() as u64 >= count).await
    {
        return Err(Difference::new("the server", format!("{count} requests"), "fewer"));
    }
    call(session, base_url, case, step).await
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
    answer::parse(&answer).map_err(|error| Difference::new("the answer", "JSON", format!("{error}: {answer}")))
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
        (Some(want), Some(error)) if want.get("$any").is_some() => compare.value(at, want, Some(error))?,
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

fn script(server: &MockServer, replies: &[Value]) -> Result<(), Difference> {
    server.script_json(&json!(replies)).map_err(broken)
}

/// A script that answers nothing: without one the mock server would answer with values it makes up.
fn silence() -> Value {
    json!({"for": "GET /nothing-is-expected-here", "status": 500})
}

fn log_of(server: &MockServer) -> Value {
    let requests: Vec<Value> = server.requests().iter().map(|seen| seen.to_json()).collect();
    let connections: Vec<Value> = server.connections().iter().map(|connection| connection.to_json()).collect();
    json!({"requests": requests, "connections": connections})
}

/// The client closed the connection of its last request, though the server had not ended its reply.
async fn closed_by_client(server: &MockServer, want: bool) -> Result<(), Difference> {
    let closed = |connections: &[ConnectionLog]| {
        connections.last().is_some_and(|connection| connection.closed_by == Some(ClosedBy::Client))
    };
    let limit = if want { CLOSE } else { Duration::ZERO };
    server.wait(limit, |log| closed(&log.connections)).await;
    match closed(&server.connections()) {
        closed if closed == want => Ok(()),
        closed => Err(Difference::new("facts.closed_by_client", want, closed)),
    }
}

fn broken(message: String) -> Difference {
    Difference::new("the case", "a case in the format of tests/README.md", message)
}
