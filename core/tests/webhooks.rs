//! Deliveries verified with the client's own secret and the real clock.

#![allow(clippy::unwrap_used)] // outside of the tests too, which is all there is here

mod support;

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use sha2::Sha256;
use support::fake::Fake;
use threadline::types::UnwrapWebhookEvent;
use threadline::{Client, ErrorKind, RequestOptions};

const BODY: &str =
    r#"{"id":"evt_1","object":"event","type":"response.completed","created_at":1,"data":{"id":"resp_1"}}"#;

/// Headers of a delivery that is sent now.
fn headers(key: &[u8]) -> HeaderMap {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(format!("wh_1.{now}.{BODY}").as_bytes());
    let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    let mut headers = HeaderMap::new();
    for (name, value) in [("webhook-id", "wh_1"), ("webhook-timestamp", &now), ("webhook-signature", &signature)] {
        headers.insert(name, value.parse().unwrap());
    }
    headers
}

fn client() -> Client {
    let fake = Fake::new([]);
    fake.builder().webhook_secret(format!("whsec_{}\n", STANDARD.encode("the key"))).build().unwrap()
}

#[test]
fn a_delivery_of_now_is_read_with_the_clients_secret() {
    let webhooks = client().webhooks();
    webhooks.verify_signature(BODY, headers(b"the key")).unwrap();
    let UnwrapWebhookEvent::ResponseCompleted(event) = webhooks.unwrap(BODY, headers(b"the key")).unwrap() else {
        panic!("another event");
    };
    assert_eq!(event.data.id, "resp_1");
    let error = webhooks.unwrap(BODY, headers(b"another key")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WebhookSignature);
}

#[test]
fn a_derived_client_may_have_another_secret() {
    let other = client().with_options(RequestOptions::new().webhook_secret("another key"));
    other.webhooks().verify_signature(BODY, headers(b"another key")).unwrap();
    assert!(other.webhooks().verify_signature(BODY, headers(b"the key")).is_err());
}

#[test]
fn a_client_shows_its_secret_nowhere() {
    let client = Fake::new([]).builder().webhook_secret("canary").build().unwrap();
    let shown = format!("{client:?} {:?} {:?}", client.webhooks(), client.webhooks().verifier());
    assert!(!shown.contains("canary"), "{shown}");
}
