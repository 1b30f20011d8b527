//! A stream put together: whatever the events are, they are refused or merged, what is handed out is JSON, and the typed
//! snapshot says the same as the JSON one. The first byte chooses the kind of stream, each line is an event.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;
use threadline::accumulate::{
    AssistantAccumulator, ChatCompletionAccumulator, CompletionAccumulator, ResponseAccumulator,
};
use threadline::json::{Encode, Json};

fn check(events: impl IntoIterator<Item = Json>) {
    for event in events {
        // Its syntax: depth, lone surrogates and numbers beyond a double are no concern of JSON.
        serde_json::from_str::<&RawValue>(event.raw()).expect("an event is JSON");
    }
}

fn same(snapshot: &dyn Encode, json: &Json) {
    let text = threadline::encode(snapshot).expect("numbers are finite");
    assert_eq!(Json::parse(&text).ok(), Json::parse(json.raw()).ok());
}

fuzz_target!(|input: &[u8]| {
    let Some((choice, text)) = input.split_first() else { return };
    let lines = text.split(|byte| *byte == b'\n');
    match choice % 4 {
        0 => {
            let (mut one, mut other) = (ChatCompletionAccumulator::new(), ChatCompletionAccumulator::new());
            for line in lines {
                let events = one.push_json(line);
                assert_eq!(events.as_ref().ok().map(Vec::len), other.push_bytes(line).ok().map(|events| events.len()));
                check(events.into_iter().flatten());
            }
            check(one.finish_json());
            same(&one.snapshot(), &one.snapshot_json());
        }
        1 => {
            let mut one = CompletionAccumulator::new();
            lines.for_each(|line| check(one.push_json(line).into_iter().flatten()));
            check(one.finish_json());
            same(&one.snapshot(), &one.snapshot_json());
        }
        2 => {
            let mut one = ResponseAccumulator::new();
            lines.for_each(|line| check(one.push_json(line).into_iter().flatten()));
            let _ = one.output_text();
            same(&one.snapshot(), &one.snapshot_json());
        }
        _ => {
            let mut one = AssistantAccumulator::new();
            for line in lines {
                let (name, data) = line.split_at(line.iter().position(|byte| *byte == b' ').unwrap_or(0));
                check(one.push_json(&String::from_utf8_lossy(name), data).into_iter().flatten());
            }
            let _ = (one.run(), one.messages(), one.run_steps(), one.current_text(), one.current_tool_call());
            check([one.snapshot_json()]);
        }
    }
});
