//! Responses over WebSockets: `responses.connect` as in `realtime.rs`, and the pool.
//!
//! `responses.ws_pool` takes `create` (a list of parameters of `responses.create`), `max_connections`, `idle_time`, `max_age` in
//! seconds, and `concurrent` (all at once; by default one after the other). Its `events` are those of all responses, in the
//! order of `create`; `value` is `{"opened": n, "responses": [{"events": n, "error": null or a record}]}`.

use futures_util::future::join_all;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};
use threadline::responses_ws::ResponsesPool;
use threadline::types::ResponseCreateParams;
use threadline::{Client, Error};

use super::realtime::{row, run};
use crate::driver::answer::encoded;
use crate::driver::{Answer, Arguments, ErrorRecord, Pending, Row, Usage};

/// Events of one response, and what went wrong.
type Outcome = (Vec<Result<Box<RawValue>, String>>, Option<Error>);

async fn one(pool: &ResponsesPool, params: ResponseCreateParams, limit: usize) -> Outcome {
    let mut events = Vec::new();
    let mut stream = match pool.create_stream(params).await {
        Ok(stream) => stream,
        Err(error) => return (events, Some(error)),
    };
    while events.len() < limit {
        match stream.next().await {
            None => break,
            Some(Ok(event)) => events.push(encoded(&event)),
            Some(Err(error)) => return (events, Some(error)),
        }
    }
    (events, None)
}

fn pool(c: &Client, a: &Arguments) -> Result<Pending, Usage> {
    let mut a = a.clone();
    let create = a.take::<Vec<ResponseCreateParams>>("create")?.unwrap_or_default();
    let concurrent = a.take::<bool>("concurrent")?.unwrap_or_default();
    let mut builder = c.responses().ws_pool().options(a.options());
    if let Some(count) = a.take::<i64>("max_connections")? {
        builder = builder.max_connections(usize::try_from(count).unwrap_or(0));
    }
    for name in ["idle_time", "max_age"] {
        if let Some(value) = a.take::<f64>(name)? {
            let limit = super::realtime::seconds(name, value)?;
            builder = if name == "max_age" { builder.max_age(limit) } else { builder.idle_time(limit) };
        }
    }
    let (pool, limit) = (builder.build(), a.max_events());
    Ok(Box::pin(async move {
        let outcomes = if concurrent {
            join_all(create.into_iter().map(|params| one(&pool, params, limit))).await
        } else {
            let mut outcomes = Vec::new();
            for params in create {
                outcomes.push(one(&pool, params, limit).await);
            }
            outcomes
        };
        let told =
            |(events, error): &Outcome| json!({"events": events.len(), "error": error.as_ref().map(ErrorRecord::from)});
        let responses: Vec<_> = outcomes.iter().map(told).collect();
        let value = to_raw_value(&json!({"opened": pool.opened(), "responses": responses})).ok();
        match outcomes.into_iter().flat_map(|(events, _)| events).collect() {
            Ok(events) => Answer::Stream { events, value, error: None },
            Err(message) => Answer::usage(message),
        }
    }))
}

pub(super) static ROWS: &[Row] = &[
    row!("responses.connect", [], [], |c, a| run(&mut a.clone(), c.responses().connect(), None)),
    row!("beta.responses.connect", [], [], |c, a| run(&mut a.clone(), c.beta().responses().connect(), None)),
    Row {
        id: "responses.ws_pool",
        path: &[],
        required: &["create"],
        optional: &["concurrent", "idle_time", "max_age", "max_connections"],
        stream: None,
        run: pool,
    },
];
