//! Servers killed in the middle of runs: sections 22 and 23, "Durability". `cargo xtask soak` does the same for longer.

#![cfg(feature = "server")]
#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use threadline_load::chaos;
use threadline_load::server::{Folder, Plan};
use threadline_model::ModelServer;

fn plan(folder: &Folder, store: String, model: &ModelServer) -> Plan {
    Plan {
        program: env!("CARGO_BIN_EXE_threadline-server").into(),
        store,
        upstream: model.base_url(),
        api: "chat",
        lease: 1.0,
        folder: folder.path().to_owned(),
    }
}

/// A store that several processes can open.
async fn shared_store(folder: &Folder) -> String {
    match support::store().await {
        store if store.starts_with("postgres") => store,
        _ => format!("sqlite:{}", folder.path().join("shared.db").display()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d1_runs_outlive_the_server_that_was_killed_over_them() {
    let (folder, model) = (Folder::new("kill-one").unwrap(), ModelServer::start().await.unwrap());
    let store = shared_store(&folder).await;
    let outcome =
        chaos::one_server(plan(&folder, store, &model), &model, 12, Duration::from_millis(200)).await.unwrap();
    assert!(outcome.wrong.is_empty(), "{outcome}: {:#?}", outcome.wrong);
    assert_eq!((outcome.runs, outcome.kills), (12, 1));
    assert!(outcome.speaking >= 3, "the kill came too late to show anything: {outcome:?}");
}
