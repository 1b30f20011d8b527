//! Strict decoding names the first misfit.

use super::samples::{Run, Usage};
use crate::FileInput;
use crate::json::{DecodeErrorKind, Strict, decode, decode_strict};
use crate::types::FileCreateParams;

const GOOD: &str = r#"{"object":"run","id":"run_1","status":"queued","created_at":1,"score":0.5,"done":true,
    "tools":[{"type":"function","name":"f"}],"content":"text","function":{"type":"function","name":"g"}}"#;

fn error(from: &str, to: &str) -> (DecodeErrorKind, String) {
    let text = GOOD.replace(from, to);
    assert_ne!(text, GOOD);
    let error = decode_strict::<Run>(text.as_bytes(), Strict::default()).unwrap_err();
    (error.kind(), error.path().to_owned())
}

#[test]
fn the_first_misfit_is_named_by_its_path() {
    use DecodeErrorKind::{Absent, Type};
    assert!(decode_strict::<Run>(GOOD.as_bytes(), Strict::default()).is_ok());
    for (from, to, kind, path) in [
        (r#""id":"run_1","#, "", Absent, "$.id"),
        (r#""object":"run","#, "", Absent, "$.object"),
        (r#""object":"run""#, r#""object":"walk""#, Type, "$.object"),
        (r#""id":"run_1""#, r#""id":null"#, Type, "$.id"),
        (r#""created_at":1"#, r#""created_at":1.5"#, Type, "$.created_at"),
        (r#""name":"f""#, r#""name":7"#, Type, "$.tools[0].name"),
        (r#""name":"f""#, r#""nam":"f""#, Absent, "$.tools[0].name"),
        (r#"[{"type":"function""#, r#"[null,{"type":"function""#, Type, "$.tools[0]"),
        (r#""content":"text""#, r#""content":5"#, Type, "$.content"),
        (r#""content":"text""#, r#""content":"text","usage":{"total":1,"parts":[1,2,"x"]}"#, Type, "$.usage.parts[2]"),
    ] {
        assert_eq!(error(from, to), (kind, path.to_owned()));
    }
}

#[test]
fn unknown_values_are_errors_only_when_asked_for() {
    for (from, to, path) in [
        (r#""status":"queued""#, r#""status":"new""#, "$.status"),
        (r#"[{"type":"function""#, r#"[{"type":"new""#, "$.tools[0]"),
    ] {
        let text = GOOD.replace(from, to);
        assert!(decode_strict::<Run>(text.as_bytes(), Strict::default()).is_ok());
        let error = decode_strict::<Run>(text.as_bytes(), Strict::default().unknown_values()).unwrap_err();
        assert_eq!((error.kind(), error.path()), (DecodeErrorKind::Unknown, path));
    }
}

#[test]
fn absent_members_may_be_let_through_and_wrong_types_still_not() {
    let strict = Strict::default().absent_members();
    for (from, to) in [(r#""id":"run_1","#, ""), (r#""name":"f""#, r#""nam":"f""#)] {
        assert!(decode_strict::<Run>(GOOD.replace(from, to).as_bytes(), strict).is_ok());
    }
    let error = decode_strict::<Run>(GOOD.replace(r#""id":"run_1""#, r#""id":7"#).as_bytes(), strict).unwrap_err();
    assert_eq!((error.kind(), error.path()), (DecodeErrorKind::Type, "$.id"));
}

#[test]
fn a_path_is_taken_from_trusted_texts_only() {
    let file = |text: &str, strict| decode_strict::<FileInput>(text.as_bytes(), strict);
    let (own, path) = (r#"{"$file":{"text":"abc","filename":"a.txt"}}"#, r#"{"$file":{"path":"/etc/passwd"}}"#);
    assert!(file(own, Strict::default()).is_ok());
    assert!(file(path, Strict::default().local_files()).is_ok());
    assert_eq!(file(path, Strict::default()).unwrap_err().kind(), DecodeErrorKind::Type);
    assert!(decode::<FileInput>(path.as_bytes()).is_err());
    let text = format!(r#"{{"purpose":"batch","file":{path}}}"#);
    let params: FileCreateParams = serde_json::from_str(&text).unwrap();
    assert!(!format!("{:?}", params.file).contains("passwd"));
}

#[test]
fn lenient_decoding_fails_only_for_another_kind_of_root() {
    let error = decode::<Usage>(b"  [1]").unwrap_err();
    assert_eq!(error.to_string(), "expected an object, found a list (byte 2)");
    assert!(decode::<Usage>(br#"{"total":[],"parts":{}}"#).is_ok());
}
