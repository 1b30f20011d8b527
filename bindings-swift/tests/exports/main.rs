//! What the native library exports, against the mock server: as Swift and Kotlin use it, in Rust.

#![allow(clippy::unwrap_used, reason = "in tests")]

mod agents;
mod calls;
mod sockets;
mod tools;

use std::sync::Arc;

use serde_json::Value;
use threadline_ffi::{CallError, Client, ErrorRecord, ToolRun};
use threadline_mock::MockServer;

/// A client of this server.
fn client(server: &MockServer) -> Arc<Client> {
    let settings = format!(r#"{{"base_url":"{}","api_key":"k","system_proxy":false}}"#, server.base_url());
    Client::new(settings, None).unwrap()
}

/// A server that answers by this script.
async fn server(script: Value) -> MockServer {
    let server = MockServer::start().await;
    server.script_json(&script).unwrap();
    server
}

fn parsed(json: &[u8]) -> Value {
    serde_json::from_slice(json).unwrap()
}

fn list(json: &[u8]) -> Vec<Value> {
    parsed(json).as_array().unwrap().clone()
}

fn record(error: CallError) -> ErrorRecord {
    let CallError::Failed { record } = error;
    record
}

/// Reads a run to its end, and does with each piece of news what is said.
async fn read(run: &ToolRun, mut on: impl FnMut(&ToolRun, &Value)) -> Result<Vec<Value>, CallError> {
    let mut all = Vec::new();
    while let Some(batch) = run.next_batch(None).await? {
        for news in list(&batch) {
            on(run, &news);
            all.push(news);
        }
    }
    Ok(all)
}

fn kinds(news: &[Value]) -> Vec<&str> {
    news.iter().map(|news| news["type"].as_str().unwrap()).collect()
}
