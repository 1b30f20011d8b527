//! What it costs to put a stream together, beside decoding its events alone. No network: the same bytes both times.

use std::hint::black_box;

use threadline::accumulate::{ChatCompletionAccumulator, ResponseAccumulator};
use threadline::json::decode;
use threadline::types::{ChatCompletionChunk, ResponseStreamEvent};

use crate::measure::round;
use crate::report::{Report, Row};

pub const CHAT: &str = "accumulator, chat chunks put together";
pub const RESPONSE: &str = "accumulator, events of a response put together";
/// The row that the accumulators are held against.
pub const ALONE: &str = "events decoded";

const ROUNDS: usize = 15;
const EVENTS: usize = 4_000;

/// Measures and reports one table a kind of stream.
pub async fn measure(report: &mut Report) {
    let chunks: &'static [Vec<u8>] = (0..EVENTS).map(|n| chunk(n).into_bytes()).collect::<Vec<_>>().leak();
    let events: &'static [Vec<u8>] = (0..EVENTS).map(|n| event(n).into_bytes()).collect::<Vec<_>>().leak();
    let mut chat = Row::new(CHAT, "chunk");
    let mut response = Row::new(RESPONSE, "event");
    for number in 0..=ROUNDS {
        let together = round(EVENTS, async move {
            let mut accumulator = ChatCompletionAccumulator::new();
            for chunk in chunks {
                black_box(accumulator.push_bytes(chunk).expect("it is a chunk"));
            }
            black_box(accumulator.snapshot());
        });
        let together = together.await;
        let as_json = round(EVENTS, async move {
            let mut accumulator = ChatCompletionAccumulator::new().without_snapshots();
            for chunk in chunks {
                black_box(accumulator.push_json(chunk).expect("it is a chunk"));
            }
            black_box(accumulator.snapshot_json());
        });
        let as_json = as_json.await;
        let alone = round(EVENTS, async move {
            for chunk in chunks {
                black_box(decode::<ChatCompletionChunk>(chunk).expect("it is a chunk"));
            }
        });
        let alone = alone.await;
        if number > 0 {
            chat.add(&[("put together", together), (ALONE, alone), ("put together, JSON", as_json)]);
        }
        let together = round(EVENTS, async move {
            let mut accumulator = ResponseAccumulator::new();
            for event in events {
                black_box(accumulator.push_bytes(event).expect("it is an event"));
            }
            black_box(accumulator.snapshot());
        });
        let together = together.await;
        let alone = round(EVENTS, async move {
            for event in events {
                black_box(decode::<ResponseStreamEvent>(event).expect("it is an event"));
            }
        });
        let alone = alone.await;
        if number > 0 {
            response.add(&[("put together", together), (ALONE, alone)]);
        }
    }
    report.finish(chat);
    report.finish(response);
}

fn chunk(n: usize) -> String {
    format!(
        r#"{{"id":"chatcmpl-CqJ1rVx2lFh0aUu5xk8nJ3DkTtYQm","object":"chat.completion.chunk","created":1764000000,"model":"gpt-5-mini-2025-08-07","service_tier":"default","system_fingerprint":"fp_50cad350e4","choices":[{{"index":0,"delta":{{"content":" word{n}"}},"logprobs":null,"finish_reason":null}}],"usage":null,"obfuscation":"g7Kz2"}}"#
    )
}

fn event(n: usize) -> String {
    format!(
        r#"{{"type":"response.output_text.delta","sequence_number":{n},"item_id":"msg_67c9fdcf37fc8190ba82116e33fb28c5","output_index":0,"content_index":0,"delta":" word{n}","logprobs":[],"obfuscation":"g7Kz2"}}"#
    )
}
