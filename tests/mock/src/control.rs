//! Requests below `/__mock/`.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use serde_json::{Value, json};

use crate::{
    check::query_pairs,
    script,
    server::MockServer,
    shared::{Log, Shared, lock},
    tls::{Certificates, Pair},
    wire::Head,
};

/// Status and body of the answer.
pub(crate) async fn answer(shared: &Arc<Shared>, head: &Head, body: &Bytes) -> (u16, Value) {
    let done = match (head.verb.as_str(), head.path.trim_start_matches("/__mock/")) {
        ("GET", "log") => log(shared, head).await,
        ("POST", "script") => parse(body).and_then(|v| script::read(&v)).map(|replies| {
            let added = replies.len();
            shared.add_script(replies);
            json!({"added": added})
        }),
        ("POST", "open") => parse(body).and_then(|v| {
            let gate = v["gate"].as_str().ok_or("`gate` must be a text")?;
            shared.open(gate);
            Ok(json!({"open": gate}))
        }),
        ("POST", "reset") => {
            shared.reset();
            Ok(json!({"reset": true}))
        }
        ("POST", "tls") => parse(body).and_then(|v| serde_json::from_value(v).map_err(|e| e.to_string())).map(|tls| {
            shared.set_tls(tls);
            json!({"set": true})
        }),
        ("GET", "certificates") => Ok(certificates()),
        ("POST", "servers") => spawn(shared),
        ("DELETE", "servers") => stop(shared, head),
        _ => return (404, json!({"error": {"message": format!("{} {} is no control request", head.verb, head.path)}})),
    };
    match done {
        Ok(value) => (200, value),
        Err(why) => (400, json!({"error": {"message": why}})),
    }
}

fn parse(body: &Bytes) -> Result<Value, String> {
    serde_json::from_slice(body).map_err(|e| format!("the body is not JSON: {e}"))
}

fn query(head: &Head, name: &str) -> Option<String> {
    query_pairs(&head.query).into_iter().find(|(k, _)| k == name).map(|(_, v)| v)
}

async fn log(shared: &Arc<Shared>, head: &Head) -> Result<Value, String> {
    let mut waited = Value::Null;
    if let Some(wait) = query(head, "wait") {
        let limit = query(head, "limit_ms").map_or(Ok(5000), |v| v.parse()).map_err(|e| format!("limit_ms: {e}"))?;
        let count = match wait.split_once(':') {
            Some(("requests", n)) => Some(n.parse().map_err(|e| format!("wait: {e}"))?),
            None if wait == "closed" => None,
            _ => return Err("wait: must be `closed` or `requests:N`".to_owned()),
        };
        let done = |log: &Log| match count {
            Some(n) => log.requests.len() >= n,
            None => log.connections.iter().all(|c| c.closed_by.is_some()),
        };
        waited = shared.wait(Duration::from_millis(limit), done).await.into();
    }
    let log = shared.log();
    let requests: Vec<_> = log.requests.iter().map(|seen| seen.to_json()).collect();
    let connections: Vec<_> = log.connections.iter().map(crate::log::ConnectionLog::to_json).collect();
    Ok(json!({"waited": waited, "requests": requests, "connections": connections, "other": log.other.to_json()}))
}

fn certificates() -> Value {
    let all = Certificates::shared();
    let pair = |pair: &Pair| json!({"certificate": pair.certificate, "key": pair.key});
    let (authority, unknown) = (&all.authority, &all.unknown_authority);
    json!({"authority": authority, "unknown_authority": unknown, "client": pair(&all.client), "unknown_client": pair(&all.unknown_client)})
}

fn spawn(shared: &Arc<Shared>) -> Result<Value, String> {
    let server = MockServer::listen(shared.api.clone(), 0).map_err(|e| e.to_string())?;
    let url = server.origin();
    lock(&shared.spawned).push(server);
    Ok(json!({"url": url}))
}

fn stop(shared: &Arc<Shared>, head: &Head) -> Result<Value, String> {
    let port = query(head, "port").and_then(|p| p.parse::<u16>().ok()).ok_or("`port` must be a port")?;
    let mut servers = lock(&shared.spawned);
    let before = servers.len();
    servers.retain(|s| s.address().port() != port);
    if servers.len() == before {
        Err(format!("no server was started on port {port}"))
    } else {
        Ok(json!({"stopped": port}))
    }
}
