//! Hostile and broken documents.

use super::samples::Run;
use crate::json::{DecodeErrorKind, Doc, Json, MAX_DEPTH, decode};

#[test]
fn every_prefix_of_a_document_fails_cleanly() {
    let text = r#"{"id":"a\u00e9\n😀","tools":[{"type":"function"},null],"score":-1.5e-3,"parts":[1,2.5],"done":true}"#;
    for end in 0..text.len() {
        assert!(decode::<Run>(&text.as_bytes()[..end]).is_err(), "{end}");
    }
    assert!(decode::<Run>(text.as_bytes()).is_ok());
}

#[test]
fn deep_nesting_is_refused_and_wide_nesting_is_not() {
    for open in ["[", "{\"a\":"] {
        let error = Doc::parse(open.repeat(10_000).as_bytes()).unwrap_err();
        assert_eq!(error.kind(), DecodeErrorKind::TooDeep);
    }
    let deepest = format!("{}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
    assert!(Doc::parse(deepest.as_bytes()).is_ok());
    assert!(Doc::parse(format!("[{deepest}]").as_bytes()).is_err());
    let wide = format!("[{}[]]", "[],".repeat(999_999));
    assert_eq!(Doc::parse(wide.as_bytes()).unwrap().root().len(), 1_000_000);
}

#[test]
fn a_deep_tree_of_serde_is_kept_all_the_same() {
    let mut tree = serde_json::Value::Null;
    for _ in 0..MAX_DEPTH + 50 {
        tree = serde_json::Value::Array(vec![tree]);
    }
    let json = Json::from(tree.clone());
    assert_eq!(json.to_value(), tree);
    assert_eq!(json, Json::from(tree));
}

#[test]
fn what_is_not_json_is_refused_with_its_place() {
    for (text, at) in [
        ("", 0),
        (" ", 1),
        ("NaN", 0),
        ("-Infinity", 1),
        ("[1,]", 3),
        ("[1 2]", 3),
        ("{\"a\" 1}", 5),
        ("{\"a\":1,}", 7),
        ("{a:1}", 1),
        ("[01]", 2),
        ("\"\\x\"", 2),
        ("\"\\u12g4\"", 5),
        ("tru", 0),
        ("1 2", 2),
        ("]", 0),
        ("[1}", 2),
    ] {
        let error = Doc::parse(text.as_bytes()).unwrap_err();
        assert_eq!((error.kind(), error.offset()), (DecodeErrorKind::Syntax, at), "{text}");
    }
}

#[test]
fn a_byte_order_mark_and_control_characters_pass() {
    let doc = Doc::parse(b"\xEF\xBB\xBF {\"a\":\"x\ny\x01\"} ").unwrap();
    assert_eq!(doc.root().get("a").unwrap().as_str().unwrap(), "x\ny\u{1}");
}

#[test]
fn bytes_that_are_not_utf8_are_refused_with_their_place() {
    let error = Doc::parse(b"\"ab\xff\"").unwrap_err();
    assert_eq!((error.kind(), error.offset()), (DecodeErrorKind::Utf8, 3));
}

#[test]
fn an_error_never_shows_the_payload() {
    for text in [r#"{"id":"sk-secret",}"#, r#"{"id":"sk-secret" "b":1}"#, r#""sk-secret""#, "sk-secret"] {
        let error = decode::<Run>(text.as_bytes()).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
    }
}

#[test]
fn many_members_are_read_in_linear_work() {
    let members: Vec<_> = (0..200_000).map(|n| format!("\"k{n}\":{n}")).collect();
    let text = format!("{{{},\"id\":\"last\",\"k0\":null}}", members.join(","));
    let run: Run = decode(text.as_bytes()).unwrap();
    assert_eq!(run.id, "last");
    assert_eq!(run.extra.get("k0"), Some(Json::NULL));
}
