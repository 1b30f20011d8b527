//! The same rules for arbitrary documents.

use super::samples::{FunctionTool, Params, Run, Tool, Usage};
use crate::json::{Decode, Json, decode, encode};
use proptest::prelude::*;

/// Names that the sample types know, so that their fields are met; and others.
fn name() -> impl Strategy<Value = String> {
    const KNOWN: &[&str] = &[
        "object",
        "id",
        "status",
        "created_at",
        "score",
        "done",
        "tools",
        "content",
        "function",
        "usage",
        "metadata",
        "embedding",
        "any",
        "steps",
        "late",
        "total",
        "parts",
        "by_name",
        "type",
        "name",
        "strict",
        "parameters",
        "role",
        "temperature",
        "input",
        "key",
        "kind",
        "limit",
        "deleted",
    ];
    prop_oneof![8 => prop::sample::select(KNOWN).prop_map(str::to_owned), 1 => ".{0,4}"]
}

fn scalar() -> impl Strategy<Value = String> {
    const TEXTS: &[&str] = &[
        "null",
        "true",
        "false",
        "0",
        "-0",
        "1",
        "1.0",
        "1e3",
        "0.1",
        "-12.5e-3",
        "12345678901234567890",
        "1e400",
        "9007199254740993",
        "\"\"",
        "\"queued\"",
        "\"run\"",
        "\"function\"",
        "\"search\"",
        "\"message\"",
        "\"params\"",
        "\"AACAPw==\\u0020\"",
        "\"\\ud800\"",
        "\"\\ud83d\\ude00\"",
        "\"a\\nb\"",
    ];
    prop_oneof![
        4 => prop::sample::select(TEXTS).prop_map(str::to_owned),
        1 => any::<i64>().prop_map(|number| number.to_string()),
        1 => any::<f64>().prop_filter("JSON has no others", |number| number.is_finite()).prop_map(|number| format!("{number:?}")),
        1 => ".{0,6}".prop_map(|text| Json::string(text).raw().to_owned()),
    ]
}

fn object(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    prop::collection::vec((name(), value), 0..8).prop_map(|members| {
        let members: Vec<_> =
            members.iter().map(|(name, value)| format!("{}: {value}", Json::string(name).raw())).collect();
        format!("{{{}}}", members.join(" ,"))
    })
}

fn value() -> impl Strategy<Value = String> {
    scalar().prop_recursive(4, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|items| format!("[{}]", items.join(", "))),
            object(inner),
        ]
    })
}

fn check<T: Decode>(text: &str) {
    let again = encode(&decode::<T>(text.as_bytes()).unwrap()).unwrap();
    assert_eq!(Json::parse(&again).unwrap(), Json::parse(text).unwrap());
    // What was written is stable to the byte.
    assert_eq!(encode(&decode::<T>(again.as_bytes()).unwrap()).unwrap(), again);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn any_object_survives_a_round_trip_through_any_type(text in object(value())) {
        check::<Run>(&text);
        check::<Params>(&text);
        check::<Usage>(&text);
        check::<Tool>(&text);
        check::<FunctionTool>(&text);
    }

    #[test]
    fn a_value_equals_itself_and_its_tree(text in value()) {
        let json = Json::parse(&text).unwrap();
        prop_assert_eq!(&json, &json.clone());
        if let Ok(tree) = serde_json::from_str::<serde_json::Value>(&text) {
            prop_assert_eq!(json.to_value(), tree);
        }
    }

    #[test]
    fn bytes_never_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = decode::<Run>(&bytes);
    }

    #[test]
    fn the_parser_agrees_with_serde_json(text in "[\\[\\]{},:\"0-9eE.+\\-a-f \\\\ntrulse]{0,16}") {
        let ours = Json::parse(&text).is_ok();
        // serde_json refuses numbers that no double can hold, and lone surrogates.
        match serde_json::from_str::<serde_json::Value>(&text) {
            Ok(_) => prop_assert!(ours, "{}", text),
            Err(error) if error.to_string().contains("out of range") || error.to_string().contains("surrogate") => {}
            Err(_) => prop_assert!(!ours, "{}", text),
        }
    }
}
