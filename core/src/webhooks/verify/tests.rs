use super::*;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const SENT: u64 = 1_614_265_330;
const BODY: &str = r#"{"test": 2432232314}"#;
const SIGNATURE: &str = "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
/// The same signed with the secret's text after the prefix.
const PLAIN_SIGNATURE: &str = "ELhqG0Ku1gwOc1f4jyKdp3SFGFLAOdJ9bvpWLciCakI=";

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn verifier(secret: &str) -> WebhookVerifier {
    WebhookVerifier::new(secret).unwrap().now(at(SENT))
}

fn headers(signature: &str) -> [(&'static str, String); 3] {
    [
        ("Webhook-Id", ID.to_owned()),
        ("Webhook-Timestamp", SENT.to_string()),
        ("Webhook-Signature", signature.to_owned()),
    ]
}

fn accepts(verifier: &WebhookVerifier, body: &str, signature: &str) -> bool {
    match verifier.verify(body, headers(signature)) {
        Ok(()) => true,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::WebhookSignature);
            assert!(!error.is_retryable());
            false
        }
    }
}

#[test]
fn the_vector_of_standard_webhooks_is_accepted() {
    assert!(accepts(&verifier(SECRET), BODY, &format!("v1,{SIGNATURE}")));
}

#[test]
fn any_of_several_signatures_is_enough() {
    let ok = verifier(SECRET);
    let other = "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    assert!(accepts(&ok, BODY, &format!("{other} v1,{SIGNATURE}")));
    assert!(accepts(&ok, BODY, &format!("v1a,x   v1,{SIGNATURE} {other}")));
    // As the official packages do.
    assert!(accepts(&ok, BODY, SIGNATURE));
    for bad in [other, "v1,", "v1", "v2,x", "v1,!!!", &format!("v2,{SIGNATURE}"), &SIGNATURE[..20]] {
        assert!(!accepts(&ok, BODY, bad), "{bad}");
    }
}

#[test]
fn a_changed_byte_anywhere_is_noticed() {
    let (ok, signature) = (verifier(SECRET), format!("v1,{SIGNATURE}"));
    assert!(!accepts(&ok, &BODY.replace('4', "5"), &signature));
    assert!(!accepts(&ok, &format!("{BODY}\n"), &signature));
    assert!(!accepts(&verifier("whsec_c2VjcmV0"), BODY, &signature));
    for (index, value) in [(0, "msg_other".to_owned()), (1, (SENT + 1).to_string())] {
        let mut headers = headers(&signature);
        headers[index].1 = value;
        assert!(ok.verify(BODY, headers).is_err());
    }
}

#[test]
fn a_secret_without_its_prefix_is_text_or_base64() {
    let bare = verifier(SECRET.strip_prefix("whsec_").unwrap());
    assert!(accepts(&bare, BODY, &format!("v1,{SIGNATURE}")));
    assert!(accepts(&bare, BODY, &format!("v1,{PLAIN_SIGNATURE}")));
    assert!(!accepts(&verifier(SECRET), BODY, &format!("v1,{PLAIN_SIGNATURE}")));
    assert!(accepts(&verifier(&format!(" {SECRET}\n")), BODY, &format!("v1,{SIGNATURE}")));
}

#[test]
fn two_secrets_are_accepted_while_one_replaces_the_other() {
    let both = verifier("whsec_c2VjcmV0").also_accept(SECRET).unwrap();
    assert!(accepts(&both, BODY, &format!("v1,{SIGNATURE}")));
}

#[test]
fn unusable_secrets_are_refused_before_any_delivery() {
    for secret in ["", "  ", "whsec_", "whsec_!!", "whsec_a"] {
        assert_eq!(WebhookVerifier::new(secret).unwrap_err().kind(), ErrorKind::Usage, "{secret:?}");
    }
}

#[test]
fn the_time_may_differ_by_the_tolerance_in_both_directions() {
    let signature = format!("v1,{SIGNATURE}");
    let ok = |now: u64, tolerance: u64| {
        let verifier = verifier(SECRET).now(at(now)).tolerance(Duration::from_secs(tolerance));
        accepts(&verifier, BODY, &signature)
    };
    assert!(ok(SENT + 300, 300) && ok(SENT - 300, 300) && ok(SENT, 0) && ok(0, u64::MAX));
    assert!(!ok(SENT + 301, 300) && !ok(SENT - 301, 300) && !ok(SENT + 1, 0) && !ok(0, 300));
    let text = |now| verifier(SECRET).now(at(now)).verify(BODY, headers(&signature)).unwrap_err().to_string();
    assert!(text(SENT + 301).contains("too old: it was sent 301 s ago"));
    assert!(text(SENT - 301).contains("too new"));
}

#[test]
fn a_time_that_is_no_number_is_refused() {
    for time in ["", "soon", "1.5", "99999999999999999999999", "-9223372036854775808"] {
        let mut headers = headers(SIGNATURE);
        headers[1].1 = time.to_owned();
        let error = verifier(SECRET).verify(BODY, headers).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WebhookSignature, "{time}");
    }
}

#[test]
fn a_missing_header_is_named() {
    for missing in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let rest: Vec<_> =
            headers(SIGNATURE).into_iter().filter(|(name, _)| !name.eq_ignore_ascii_case(missing)).collect();
        let error = verifier(SECRET).verify(BODY, rest).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WebhookSignature);
        assert!(error.message().contains(missing), "{error}");
    }
}

#[test]
fn no_body_is_read_before_it_is_verified() {
    let error = verifier(SECRET).unwrap("not json", headers(&format!("v1,{SIGNATURE}"))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WebhookSignature);
    let event = verifier(SECRET).unwrap(BODY, headers(&format!("v1,{SIGNATURE}"))).unwrap();
    assert!(matches!(event, UnwrapWebhookEvent::Unknown(_)), "an event without a type is kept as it is");
}

#[test]
fn debug_shows_no_secret() {
    let text = format!("{:?}", verifier("canary-secret"));
    assert!(!text.contains("canary"), "{text}");
}
