//! Arguments are sorted into query, headers and body, and none is lost. The first byte chooses the operation.
#![no_main]

use bytes::Bytes;
use futures_util::FutureExt;
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};
use threadline::operation::BodyKind;
use threadline::operations;
use threadline::request::FileInput;
use threadline::request::body::BodyRecipe;
use threadline::request::split::{Arguments, split};

fuzz_target!(|input: &[u8]| {
    let Some((&choice, text)) = input.split_first() else { return };
    let operation = match choice % 8 {
        0 => &operations::CHAT_COMPLETIONS_CREATE,
        1 => &operations::EMBEDDINGS_CREATE,
        2 => &operations::BETA_THREADS_RUNS_CREATE,
        3 => &operations::FILES_CREATE,
        4 => &operations::FILES_LIST,
        5 => &operations::REALTIME_CALLS_CREATE,
        6 => &operations::IMAGES_EDIT,
        _ => &operations::RESPONSES_RETRIEVE,
    };
    let stream = choice & 0x80 != 0;
    let fields = Bytes::copy_from_slice(text);
    let files = [FileInput::from_bytes("content")];
    let files = if matches!(operation.body, BodyKind::Multipart) { &files[..] } else { &[] };
    let parts = split(operation, Arguments { fields: &fields, files, extra_body: &[], stream });
    let Ok(Value::Object(mut expected)) = serde_json::from_slice::<Value>(text) else { return };
    let Ok(parts) = parts else { return };
    match &parts.body {
        BodyRecipe::Bytes { bytes, .. } if matches!(operation.body, BodyKind::Json) => {
            let body: Map<String, Value> = serde_json::from_slice(&bytes.0).expect("a JSON object");
            for (name, json) in operation.defaults {
                let default = || serde_json::from_str(json).expect("defaults are JSON");
                expected.entry(*name).or_insert_with(default);
            }
            if let Some(name) = operation.stream.and_then(|style| style.param).filter(|_| stream) {
                expected.insert(name.to_owned(), true.into());
            }
            let elsewhere = |name: &String| {
                operation.query.contains(&&**name) || operation.header_params.iter().any(|(param, _)| param == name)
            };
            expected.retain(|name, _| !elsewhere(name));
            assert_eq!(body, expected);
        }
        BodyRecipe::Multipart(_) => {
            let open = parts.body.open().now_or_never().expect("in memory").expect("in memory");
            assert!(open.length.is_some());
        }
        BodyRecipe::Empty => {
            let sent = |value: &Value| !matches!(value, Value::Null | Value::Array(_) | Value::Object(_));
            let pairs = expected.values().filter(|value| sent(value)).count();
            assert!(parts.query.len() >= pairs);
        }
        other => panic!("`{}` has no such body: {other:?}", operation.id),
    }
});
