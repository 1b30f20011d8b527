//! Clients by configuration: equal configurations share one client, and so its connections.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use threadline::Client;
use threadline::usage::UsageCounter;

use super::options;

/// The clients made so far.
#[derive(Default)]
pub(super) struct Clients {
    by_config: Mutex<HashMap<String, Made>>,
}

/// A client, and what its configuration says about observing it.
#[derive(Clone)]
pub(super) struct Made {
    pub(super) client: Client,
    pub(super) observe: bool,
    pub(super) counter: Option<UsageCounter>,
}

impl Clients {
    /// The client of this configuration.
    pub(super) fn of(&self, config: Value) -> Result<Made, String> {
        // serde_json keeps the members of an object sorted, so equal objects have equal texts.
        let key = config.to_string();
        let mut by_config = self.by_config.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = by_config.get(&key) {
            return Ok(made.clone());
        }
        let made = options::client(config)?;
        by_config.insert(key, made.clone());
        Ok(made)
    }
}
