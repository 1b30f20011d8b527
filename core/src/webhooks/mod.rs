//! Webhooks: proof that a delivery comes from the provider, and its typed event.
//!
//! ```
//! # fn run(body: &[u8], headers: &http::HeaderMap) -> Result<(), threadline::Error> {
//! use threadline::types::UnwrapWebhookEvent;
//! use threadline::webhooks::WebhookVerifier;
//!
//! let verifier = WebhookVerifier::new("whsec_c2VjcmV0")?;
//! match verifier.unwrap(body, headers)? {
//!     UnwrapWebhookEvent::ResponseCompleted(event) => println!("{} is done", event.data.id),
//!     other => println!("{other:?}"),
//! }
//! # Ok(()) }
//! ```
//!
//! `client.webhooks().unwrap(body, headers)` does the same with the client's `webhook_secret`.

mod headers;
mod surface;
mod verify;

pub use self::headers::{HeaderText, WebhookHeaders};
pub use self::verify::{DEFAULT_TOLERANCE, WebhookVerifier};
