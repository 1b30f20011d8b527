//! The signature of a delivery: HMAC-SHA256 over `id.timestamp.body`, as Standard Webhooks defines it.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::WebhookHeaders;
use crate::error::{Error, ErrorKind};
use crate::json;
use crate::types::UnwrapWebhookEvent;

/// How far the time of a delivery may lie from now, in either direction, if not told otherwise.
pub const DEFAULT_TOLERANCE: Duration = Duration::from_secs(300);

/// Base64 with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Verifies webhook deliveries. Needs no client and no network.
///
/// The secret is what the provider showed when the endpoint was registered: `whsec_` and base64. One without that
/// prefix is taken as it is, and where it is base64 also as what it encodes.
#[derive(Clone)]
pub struct WebhookVerifier {
    keys: Vec<Zeroizing<Vec<u8>>>,
    tolerance: Duration,
    now: Option<SystemTime>,
}

impl WebhookVerifier {
    /// A verifier with this signing secret.
    ///
    /// # Errors
    /// Kind `usage` if the secret is empty, or is not base64 behind `whsec_`.
    pub fn new(secret: impl AsRef<str>) -> Result<Self, Error> {
        Self { keys: Vec::new(), tolerance: DEFAULT_TOLERANCE, now: None }.also_accept(secret)
    }

    /// Accepts deliveries signed with this secret too, while the endpoint's secret is being rotated.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn also_accept(mut self, secret: impl AsRef<str>) -> Result<Self, Error> {
        // A secret read from a file ends in a line feed more often than not.
        let secret = secret.as_ref().trim();
        let decoded = |text: &str| BASE64.decode(text).ok().filter(|key| !key.is_empty()).map(Zeroizing::new);
        match secret.strip_prefix("whsec_") {
            Some(encoded) => {
                let wrong =
                    "the webhook secret is not base64 behind `whsec_`: copy it again from the endpoint's settings";
                self.keys.push(decoded(encoded).ok_or_else(|| Error::usage(wrong))?);
            }
            None if secret.is_empty() => return Err(Error::usage("the webhook secret is empty")),
            None => {
                self.keys.push(Zeroizing::new(secret.as_bytes().to_vec()));
                self.keys.extend(decoded(secret));
            }
        }
        Ok(self)
    }

    /// How far the time of a delivery may lie from now, in either direction. Default 300 s.
    #[must_use]
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Takes this as the present time, for tests. Default: the system's clock.
    #[must_use]
    pub fn now(mut self, now: SystemTime) -> Self {
        self.now = Some(now);
        self
    }

    /// Checks that a delivery was signed with the secret, and lately. `payload` is the request's body, byte for byte
    /// as it came: parsing it and writing it again would break the signature.
    ///
    /// # Errors
    /// Kind `webhook_signature` if a header is missing, the time is out of tolerance, or no signature matches.
    pub fn verify(&self, payload: impl AsRef<[u8]>, headers: impl WebhookHeaders) -> Result<(), Error> {
        let header = |name: &str| {
            headers.header(name).filter(|value| !value.is_empty()).ok_or_else(|| {
                invalid(format!(
                    "the header `{name}` is missing: the request is no webhook delivery, or a proxy took it"
                ))
            })
        };
        let signatures = header("webhook-signature")?;
        let timestamp = header("webhook-timestamp")?;
        let id = header("webhook-id")?;
        self.check_time(&timestamp)?;
        let genuine = signatures.split_ascii_whitespace().any(|signature| {
            let encoded = signature.strip_prefix("v1,").unwrap_or(signature);
            let Ok(signature) = BASE64.decode(encoded) else { return false };
            self.keys.iter().any(|key| self.matches(key, &id, &timestamp, payload.as_ref(), &signature))
        });
        if genuine {
            return Ok(());
        }
        Err(invalid(
            "no signature matches: the secret is not this endpoint's, or the body is not byte for byte what was sent",
        ))
    }

    /// Verifies a delivery and reads its event.
    ///
    /// # Errors
    /// As [`verify`](Self::verify); kind `decode` if the body is not JSON.
    pub fn unwrap(&self, payload: impl AsRef<[u8]>, headers: impl WebhookHeaders) -> Result<UnwrapWebhookEvent, Error> {
        let payload = payload.as_ref();
        self.verify(payload, headers)?;
        json::decode(payload)
            .map_err(|error| Error::new(ErrorKind::Decode, format!("the webhook's body cannot be read: {error}")))
    }

    fn check_time(&self, timestamp: &str) -> Result<(), Error> {
        let sent: i128 = match timestamp.trim().parse::<i64>() {
            Ok(seconds) => seconds.into(),
            Err(_) => return Err(invalid("the header `webhook-timestamp` is not a number of seconds")),
        };
        let now = match self.now.unwrap_or_else(SystemTime::now).duration_since(UNIX_EPOCH) {
            Ok(since) => i128::from(since.as_secs()),
            Err(before) => -i128::from(before.duration().as_secs()),
        };
        let tolerance = i128::from(self.tolerance.as_secs());
        if now - sent > tolerance {
            return Err(invalid(format!("the delivery is too old: it was sent {} s ago", now - sent)));
        }
        if sent - now > tolerance {
            let ahead = sent - now;
            return Err(invalid(format!("the delivery is too new: it is {ahead} s ahead of this machine's clock")));
        }
        Ok(())
    }

    /// Compares in constant time.
    fn matches(&self, key: &[u8], id: &str, timestamp: &str, payload: &[u8], signature: &[u8]) -> bool {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return false };
        for piece in [id.as_bytes(), b".", timestamp.as_bytes(), b".", payload] {
            mac.update(piece);
        }
        mac.verify_slice(signature).is_ok()
    }
}

impl fmt::Debug for WebhookVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookVerifier")
            .field("tolerance", &self.tolerance)
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::WebhookSignature, message)
}

#[cfg(test)]
mod tests;
