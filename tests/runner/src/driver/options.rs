//! `client` and `options` of a line, which the core reads, and the members that only the protocol has.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use threadline::settings::{self, Hooks, Settings};
use threadline::{Client, RequestOptions};
use threadline_engine::{Assistants, AssistantsExt};

use super::auth::{ScriptedToken, ScriptedTokens};
use super::clients::Made;

/// The client of this configuration.
pub(super) fn client(mut config: Value) -> Result<Made, String> {
    let mut tokens = None;
    if let Some(members) = config.as_object_mut() {
        tokens = members.remove("tokens").map(serde_json::from_value::<Vec<ScriptedToken>>);
        // Where the environment is not to be read, its proxies are not either.
        let from_env = members.get("from_env") == Some(&Value::Bool(true));
        members.entry("system_proxy").or_insert(from_env.into());
    }
    let tokens = tokens.transpose().map_err(|error| format!("`client`: `tokens`: {error}"))?;
    let settings =
        Settings::from_json(&config.to_string()).map_err(|error| format!("`client`: {}", error.message()))?;
    let (observe, assistants) = (settings.observe(), settings.assistants());
    let counter = settings.counter().map_err(|error| error.to_string())?;
    let hooks = tokens.map_or_else(Hooks::new, |tokens| Hooks::new().tokens(ScriptedTokens::from(tokens)));
    let builder = settings.builder(hooks).map_err(|error| error.message().to_owned())?;
    let client: Result<Client, _> = match assistants {
        Some(store) => builder.assistants(Assistants::parse(&store)?),
        None => builder.build(),
    };
    let mut client = client.map_err(|error| error.to_string())?;
    if let Some(counter) = &counter {
        client = client.with_observer(counter.clone());
    }
    Ok(Made { client, observe, counter })
}

/// Options for one call, and the limits of reading that may stand among them.
#[derive(Debug, Default)]
pub(super) struct CallOptions {
    pub(super) options: RequestOptions,
    pub(super) max_items: Option<usize>,
    pub(super) max_events: Option<usize>,
}

impl CallOptions {
    /// Reads `options` of a line.
    pub(super) fn read(raw: Option<&RawValue>) -> Result<Self, String> {
        let Some(raw) = raw else { return Ok(Self::default()) };
        let mut members: BTreeMap<String, Box<RawValue>> = decoded("options", raw)?;
        let mut limit = |name: &str| members.remove(name).map(|raw| decoded::<usize>(name, &raw)).transpose();
        let (max_items, max_events) = (limit("max_items")?, limit("max_events")?);
        // A map of texts to valid JSON always encodes.
        let rest = serde_json::to_string(&members).unwrap_or_default();
        let options = RequestOptions::from_json(&rest).map_err(|error| error.message().to_owned())?;
        Ok(Self { options, max_items, max_events })
    }
}

fn decoded<T: DeserializeOwned>(name: &str, raw: &RawValue) -> Result<T, String> {
    serde_json::from_str(raw.get()).map_err(|error| format!("`{name}`: {error}"))
}

pub(super) fn duration(name: &str, seconds: Option<f64>) -> Result<Option<Duration>, String> {
    settings::duration(name, seconds).map_err(|error| error.message().to_owned())
}
