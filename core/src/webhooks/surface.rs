//! `client.webhooks()`: verification with the client's secret.

use super::{WebhookHeaders, WebhookVerifier};
use crate::error::Error;
use crate::resources::Webhooks;
use crate::types::UnwrapWebhookEvent;

impl Webhooks {
    /// A verifier with the client's secret, for other tolerances and clocks.
    ///
    /// # Errors
    /// Kind `usage` if the client has no `webhook_secret`, or one that cannot be used.
    pub fn verifier(&self) -> Result<WebhookVerifier, Error> {
        match self.client.webhook_secret() {
            Some(secret) => WebhookVerifier::new(secret.expose()),
            None => Err(Error::usage(
                "no webhook secret: build the client with `webhook_secret`, set the environment variable \
                 OPENAI_WEBHOOK_SECRET, or use `WebhookVerifier::new`",
            )),
        }
    }

    /// Checks that a delivery was signed with the client's secret, within the last five minutes. `payload` is the
    /// request's body as it came.
    ///
    /// # Errors
    /// As [`WebhookVerifier::verify`] and [`verifier`](Self::verifier).
    pub fn verify_signature(&self, payload: impl AsRef<[u8]>, headers: impl WebhookHeaders) -> Result<(), Error> {
        self.verifier()?.verify(payload, headers)
    }

    /// Verifies a delivery and reads its event.
    ///
    /// # Errors
    /// As [`WebhookVerifier::unwrap`] and [`verifier`](Self::verifier).
    pub fn unwrap(&self, payload: impl AsRef<[u8]>, headers: impl WebhookHeaders) -> Result<UnwrapWebhookEvent, Error> {
        self.verifier()?.unwrap(payload, headers)
    }
}
