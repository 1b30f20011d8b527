//! Helpers that make no request.

use std::collections::HashMap;
use std::time::{Duration, UNIX_EPOCH};

use threadline::json::encode;
use threadline::webhooks::WebhookVerifier;

use crate::client::Client;
use crate::error::CallError;

/// The library's version.
#[uniffi::export]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// A verifier with these settings; the client's secret where none is given.
fn verifier(
    client: &Client,
    secret: Option<String>,
    tolerance: Option<u64>,
    now: Option<f64>,
) -> Result<WebhookVerifier, CallError> {
    let mut verifier = match secret {
        Some(secret) => WebhookVerifier::new(secret)?,
        None => client.core.webhooks().verifier()?,
    };
    if let Some(seconds) = tolerance {
        verifier = verifier.tolerance(Duration::from_secs(seconds));
    }
    if let Some(seconds) = now {
        verifier = verifier.now(UNIX_EPOCH + Duration::try_from_secs_f64(seconds).unwrap_or_default());
    }
    Ok(verifier)
}

#[uniffi::export]
impl Client {
    /// Checks the signature of a webhook's delivery. `tolerance` in seconds, 300 where it is left out; `now` in seconds since the
    /// Unix epoch, where it is not the clock's.
    pub fn verify_webhook(
        &self,
        payload: Vec<u8>,
        headers: HashMap<String, Vec<String>>,
        secret: Option<String>,
        tolerance: Option<u64>,
        now: Option<f64>,
    ) -> Result<(), CallError> {
        Ok(verifier(self, secret, tolerance, now)?.verify(&payload, &headers)?)
    }

    /// Checks the signature and reads the delivery's event: its JSON.
    pub fn unwrap_webhook(
        &self,
        payload: Vec<u8>,
        headers: HashMap<String, Vec<String>>,
        secret: Option<String>,
        tolerance: Option<u64>,
        now: Option<f64>,
    ) -> Result<String, CallError> {
        let event = verifier(self, secret, tolerance, now)?.unwrap(&payload, &headers)?;
        encode(&event).map_err(|error| CallError::usage(error.to_string()))
    }
}
