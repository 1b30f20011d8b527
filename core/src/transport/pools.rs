//! Connections by runtime.
//!
//! A connection is driven by a task of the runtime that opened it. A call from another runtime would wait for as long as that one
//! stands still, and fail when it has gone; so each runtime has connections of its own.

use std::sync::{Mutex, OnceLock, PoisonError};

use reqwest::Client;
use tokio::runtime::{Handle, Id};

use super::TransportError;

/// Runtimes beside the first whose connections are kept. A program of tests makes one after the other.
const OTHERS: usize = 4;

/// The HTTP clients of one transport, each with its connections.
pub(super) struct Pools {
    first: Client,
    /// The runtime that sent first.
    home: OnceLock<Option<Id>>,
    /// Of other runtimes, the latest last.
    others: Mutex<Vec<(Option<Id>, Client)>>,
}

impl Pools {
    pub(super) fn new(first: Client) -> Self {
        Self { first, home: OnceLock::new(), others: Mutex::default() }
    }

    /// The one of this runtime; `make` makes another where it has none yet.
    pub(super) fn here(&self, make: impl FnOnce() -> Result<Client, TransportError>) -> Result<Client, TransportError> {
        let here = Handle::try_current().ok().map(|runtime| runtime.id());
        if *self.home.get_or_init(|| here) == here {
            return Ok(self.first.clone());
        }
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, client)) = others.iter().find(|(runtime, _)| *runtime == here) {
            return Ok(client.clone());
        }
        let client = make()?;
        if others.len() == OTHERS {
            others.remove(0);
        }
        others.push((here, client.clone()));
        Ok(client)
    }
}
