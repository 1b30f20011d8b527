//! The parser agrees with another one on what is JSON and what it means.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use serde_json::value::RawValue;
use threadline::json::{Doc, Json, Kind, MAX_DEPTH, Node, decode, encode};

fn depth(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| matches!(byte, b'[' | b'{')).count()
}

fn same(node: Node<'_>, value: &Value) {
    match (node.kind(), value) {
        (Kind::Null, Value::Null) => {}
        (Kind::Bool, Value::Bool(value)) => assert_eq!(node.as_bool(), Some(*value)),
        (Kind::Number, Value::Number(number)) => {
            if let Some(integer) = number.as_i64() {
                assert_eq!(node.as_i64(), Some(integer));
            }
            let ours = node.as_f64().expect("numbers beyond the range of a double are refused by the other parser");
            let theirs = number.as_f64().expect("a double");
            assert!(ours == theirs, "{ours} and {theirs}");
        }
        (Kind::String, Value::String(text)) => assert_eq!(node.as_str().as_deref(), Some(&**text)),
        (Kind::List, Value::Array(items)) => {
            assert_eq!(node.len(), items.len());
            assert_eq!(node.items().count(), items.len());
            node.items().zip(items).for_each(|(node, value)| same(node, value));
        }
        (Kind::Object, Value::Object(members)) => {
            assert!(node.members().count() >= members.len());
            for (name, value) in members {
                same(node.get(name).expect("a member"), value);
            }
        }
        (kind, _) => panic!("a {kind:?} where the other parser found something else"),
    }
}

fuzz_target!(|bytes: &[u8]| {
    if depth(bytes) >= MAX_DEPTH.min(100) {
        let _ = Doc::parse(bytes);
        return;
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let theirs = serde_json::from_slice::<Value>(bytes);
    match (Doc::parse(bytes), theirs) {
        (Ok(doc), Ok(value)) => {
            same(doc.root(), &value);
            let json: Json = decode(bytes).expect("any value is `Json`");
            let again = encode(&json).expect("no number was computed");
            assert_eq!(serde_json::from_str::<Value>(&again).expect("valid JSON"), value);
        }
        // The other parser has no place for lone surrogates, numbers beyond a double and control characters in strings.
        (Ok(_), Err(_)) => {
            assert!(bytes.iter().any(|byte| *byte == b'\\' || byte.is_ascii_digit() || byte.is_ascii_control()));
            let json: Json = decode(bytes).expect("any value is `Json`");
            let again = encode(&json).expect("no number was computed");
            serde_json::from_str::<&RawValue>(&again).expect("what is written is JSON for every parser");
        }
        (Err(error), Ok(_)) => panic!("refused although valid: {error}"),
        (Err(_), Err(_)) => {}
    }
});
