//! Clients by configuration: equal configurations share one client, and so its connections.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use threadline::Client;

use super::options::ClientConfig;

/// The clients made so far.
#[derive(Default)]
pub(super) struct Clients {
    by_config: Mutex<HashMap<String, Client>>,
}

impl Clients {
    /// The client of this configuration.
    pub(super) fn of(&self, config: Value) -> Result<Client, String> {
        // serde_json keeps the members of an object sorted, so equal objects have equal texts.
        let key = config.to_string();
        let mut by_config = self.by_config.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = by_config.get(&key) {
            return Ok(client.clone());
        }
        let config: ClientConfig = serde_json::from_value(config).map_err(|error| format!("`client`: {error}"))?;
        let client = config.client()?;
        by_config.insert(key, client.clone());
        Ok(client)
    }
}
