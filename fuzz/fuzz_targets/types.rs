//! Types of the API: any JSON object decodes, and encodes to what it was. The first byte chooses the type.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use threadline::json::{Decode, decode, encode};
use threadline::types;

/// Equal as JSON, numbers compared by their value.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, value)| other.get(name).is_some_and(|other| same(value, other)))
        }
        _ => one == other,
    }
}

fn round_trip<T: Decode>(text: &[u8], value: &Value) {
    match decode::<T>(text) {
        Ok(decoded) => {
            let again = encode(&decoded).expect("numbers of a document are finite");
            let again: Value = serde_json::from_str(&again).expect("valid JSON");
            assert!(same(&again, value), "{again} where it was {value}");
        }
        Err(error) => assert!(!value.is_object(), "an object was refused: {error}"),
    }
}

/// Whether a name stands twice in an object, or a text holds what one of the parsers does not keep.
fn is_ambiguous(text: &[u8], value: &Value) -> bool {
    fn names(value: &Value) -> usize {
        match value {
            Value::Array(items) => items.iter().map(names).sum(),
            Value::Object(members) => members.len() + members.values().map(names).sum::<usize>(),
            _ => 0,
        }
    }
    fn colons(value: &Value) -> usize {
        match value {
            Value::String(text) => text.matches(':').count(),
            Value::Array(items) => items.iter().map(colons).sum(),
            Value::Object(members) => {
                members.iter().map(|(name, value)| name.matches(':').count() + colons(value)).sum()
            }
            _ => 0,
        }
    }
    text.windows(6).any(|window| window.eq_ignore_ascii_case(b"\\u003a"))
        || text.iter().filter(|&&byte| byte == b':').count() != names(value) + colons(value)
}

fuzz_target!(|input: &[u8]| {
    let Some((&choice, text)) = input.split_first() else { return };
    let Ok(value) = serde_json::from_slice::<Value>(text) else { return };
    if is_ambiguous(text, &value) {
        return;
    }
    let check: fn(&[u8], &Value) = match choice % 16 {
        0 => round_trip::<types::ChatCompletion>,
        1 => round_trip::<types::ChatCompletionChunk>,
        2 => round_trip::<types::ChatCompletionCreateParams>,
        3 => round_trip::<types::Run>,
        4 => round_trip::<types::RunCreateParams>,
        5 => round_trip::<types::RunStep>,
        6 => round_trip::<types::ThreadMessage>,
        7 => round_trip::<types::AssistantStreamEvent>,
        8 => round_trip::<types::Response>,
        9 => round_trip::<types::ResponseCreateParams>,
        10 => round_trip::<types::ResponseStreamEvent>,
        11 => round_trip::<types::BetaResponseStreamEvent>,
        12 => round_trip::<types::RealtimeServerEvent>,
        13 => round_trip::<types::TranscriptionStreamEvent>,
        14 => round_trip::<types::ImageGenStreamEvent>,
        _ => round_trip::<types::VectorStore>,
    };
    check(text, &value);
});
