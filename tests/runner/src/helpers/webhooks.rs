//! Webhooks: `webhooks.unwrap`, `webhooks.verify_signature`. No request is made.
//!
//! `payload` is a text, or `{"$base64": "…"}` for bytes; `headers` an object of names to a text or a list of texts.
//! `secret` and `tolerance` (seconds) as in the official packages; without `secret` the client's `webhook_secret` is taken.
//! `now` is the present time in seconds since the Unix epoch; without it the clock's.

use std::collections::HashMap;
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;
use threadline::json::Map;
use threadline::webhooks::WebhookVerifier;
use threadline::{Client, Error, Json};

use crate::driver::answer::encoded;
use crate::driver::{Answer, Arguments, Pending, Row, Usage};

pub(super) static ROWS: &[Row] = &[
    Row {
        id: "webhooks.unwrap",
        path: &[],
        required: &["headers", "payload"],
        optional: &["now", "secret", "tolerance"],
        stream: None,
        run: |client, a| {
            let delivery = Delivery::new(client, a)?;
            Ok(answer(move || match delivery.plain {
                Some(client) => client.webhooks().unwrap(&delivery.payload, &delivery.headers).map(Some),
                None => delivery.verifier?.unwrap(&delivery.payload, &delivery.headers).map(Some),
            }))
        },
    },
    Row {
        id: "webhooks.verify_signature",
        path: &[],
        required: &["headers", "payload"],
        optional: &["now", "secret", "tolerance"],
        stream: None,
        run: |client, a| {
            let delivery = Delivery::new(client, a)?;
            Ok(answer(move || match delivery.plain {
                Some(client) => client.webhooks().verify_signature(&delivery.payload, &delivery.headers).map(|()| None),
                None => delivery.verifier?.verify(&delivery.payload, &delivery.headers).map(|()| None),
            }))
        },
    },
];

type Event = threadline::types::UnwrapWebhookEvent;

fn answer(check: impl FnOnce() -> Result<Option<Event>, Error> + Send + 'static) -> Pending {
    Box::pin(async move {
        match check() {
            Err(error) => Answer::failed(&error),
            Ok(None) => Answer::Value { value: RawValue::NULL.to_owned(), request_id: None },
            Ok(Some(event)) => match encoded(&event) {
                Ok(value) => Answer::Value { value, request_id: None },
                Err(message) => Answer::usage(message),
            },
        }
    })
}

struct Delivery {
    payload: Vec<u8>,
    headers: HashMap<String, Vec<String>>,
    /// The client, where nothing but its own settings is asked for.
    plain: Option<Client>,
    verifier: Result<WebhookVerifier, Error>,
}

impl Delivery {
    fn new(client: &Client, a: &Arguments) -> Result<Self, Usage> {
        let mut a = a.clone();
        let payload = a.take::<Json>("payload")?.unwrap_or(Json::NULL);
        let bytes = payload.get("$base64").and_then(|text| STANDARD.decode(text.as_string()?).ok());
        let payload = bytes.or_else(|| payload.as_string().map(String::into_bytes));
        let payload = payload.ok_or_else(|| Usage::new("the argument `payload` must be a text or {\"$base64\": …}"))?;
        let mut headers = HashMap::new();
        for (name, value) in a.take::<Map<Json>>("headers")?.unwrap_or_default().iter() {
            let values = value.as_string().map(|one| vec![one]).or_else(|| value.decode().ok());
            let values = values.ok_or_else(|| Usage::new("a value of `headers` must be a text or a list of texts"))?;
            headers.insert(name.to_owned(), values);
        }
        let secret = a.take::<String>("secret")?;
        let tolerance = a.take::<i64>("tolerance")?.map(u64::try_from).transpose();
        let tolerance = tolerance.map_err(|_| Usage::new("the argument `tolerance` must not be negative"))?;
        let now = a.take::<i64>("now")?.map(|now| now.unsigned_abs());
        let plain = (secret.is_none() && tolerance.is_none() && now.is_none()).then(|| client.clone());
        let mut verifier = match secret {
            Some(secret) => WebhookVerifier::new(secret),
            None => client.webhooks().verifier(),
        };
        if let Some(seconds) = tolerance {
            verifier = verifier.map(|verifier| verifier.tolerance(Duration::from_secs(seconds)));
        }
        if let Some(seconds) = now {
            verifier = verifier.map(|verifier| verifier.now(UNIX_EPOCH + Duration::from_secs(seconds)));
        }
        Ok(Self { payload, headers, plain, verifier })
    }
}
