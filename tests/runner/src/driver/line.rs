//! One line of the call protocol: read, dispatched, answered.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::arguments::{Ear, Limits};
use super::clients::Clients;
use super::observed::Observed;
use super::options::{CallOptions, duration};
use super::{Answer, Arguments, Pending};
use crate::{generated, helpers};

/// Is told what a program could print of a call.
pub type Watch = Arc<dyn Fn(&str) + Send + Sync>;

/// Makes calls that stand in lines.
#[derive(Default)]
pub struct Driver {
    clients: Clients,
    watch: Option<Watch>,
    blocking: bool,
}

impl std::fmt::Debug for Driver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Driver").finish_non_exhaustive()
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(rename = "id")]
    _id: Option<Value>,
    #[serde(default)]
    client: Map<String, Value>,
    resource: String,
    method: String,
    #[serde(default)]
    args: BTreeMap<String, Box<RawValue>>,
    options: Option<Box<RawValue>>,
    max_items: Option<usize>,
    max_events: Option<usize>,
    cancel_after_s: Option<f64>,
}

impl Driver {
    /// A driver without clients.
    pub fn new() -> Self {
        Self::default()
    }

    /// A driver that makes its calls by the blocking interface.
    pub fn blocking() -> Self {
        Self { blocking: true, ..Self::default() }
    }

    /// A driver that shows `Debug` and `Display` of clients, options and errors to `watch`.
    pub fn watched(watch: Watch) -> Self {
        Self { watch: Some(watch), ..Self::default() }
    }

    /// Makes the call of one line. The answer is a line too, without its end.
    pub async fn line(&self, line: &str) -> String {
        let id = id_of(line);
        self.answer(line).await.line(&id)
    }

    /// Makes the call of one line.
    pub async fn answer(&self, line: &str) -> Answer {
        let answer = match self.prepare(line) {
            Err(message) => Answer::usage(message),
            Ok((call, None, observed)) => observed.add_to(call.await),
            Ok((call, Some(limit), observed)) => {
                let answer = tokio::time::timeout(limit, call).await;
                observed.add_to(answer.unwrap_or(Answer::Cancelled { cancelled: true }))
            }
        };
        if let Some(watch) = &self.watch {
            watch(answer.shown());
        }
        answer
    }

    fn prepare(&self, line: &str) -> Result<(Pending, Option<Duration>, Observed), String> {
        let line: Line = serde_json::from_str(line).map_err(|error| format!("malformed line: {error}"))?;
        let cancel = duration("cancel_after_s", line.cancel_after_s)?;
        let mut id = format!("{}.{}", line.resource, line.method);
        // The official packages offer the same object by this name too.
        if id.starts_with("beta.chat.") {
            id.drain(.."beta.".len());
        }
        let row =
            helpers::find(&id).or_else(|| generated::find(&id)).ok_or_else(|| format!("there is no method `{id}`"))?;
        let (client, observed) = Observed::of(self.clients.of(Value::Object(line.client))?);
        let options = CallOptions::read(line.options.as_deref())?;
        let limits = Limits {
            items: line.max_items.or(options.max_items).unwrap_or(usize::MAX),
            events: line.max_events.or(options.max_events).unwrap_or(usize::MAX),
            blocking: self.blocking && cancel.is_none(),
        };
        let mut arguments = Arguments::new(line.args, options.options, limits, row.path, row.stream);
        arguments.ear = Ear(self.watch.clone());
        arguments.ear.hear(|| format!("{client:?}\n{client:#?}\n{}", arguments.shown()));
        let call = row.check(&arguments).and_then(|()| (row.run)(&client, &arguments));
        Ok((call.map_err(|usage| usage.message)?, cancel, observed))
    }
}

/// The `id` of a line, `null` where it cannot be read.
fn id_of(line: &str) -> Value {
    #[derive(Deserialize)]
    struct Id {
        id: Option<Value>,
        #[serde(flatten)]
        _rest: serde::de::IgnoredAny,
    }
    serde_json::from_str::<Id>(line).ok().and_then(|line| line.id).unwrap_or(Value::Null)
}
