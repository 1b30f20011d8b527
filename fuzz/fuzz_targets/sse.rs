//! Any bytes as an event stream: frames are valid UTF-8, and the work is linear.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use threadline::stream::sse::Parser;

fuzz_target!(|bytes: &[u8]| {
    let mut parser = Parser::new();
    parser.push(Bytes::copy_from_slice(bytes));
    let mut frames = 0;
    while let Some(frame) = parser.next_frame() {
        frames += 1;
        for text in [&frame.data, &frame.event, &frame.id] {
            std::str::from_utf8(text).expect("frames hold valid UTF-8");
        }
        assert!(!frame.id.contains(&0));
    }
    let stats = parser.stats();
    assert_eq!((stats.frames, stats.received), (frames, bytes.len() as u64));
    assert!(stats.touched <= 3 * stats.received + 3, "{stats:?}");
    assert!(stats.frame_bytes <= stats.received);
    assert!(parser.held() <= 3 * bytes.len());
    parser.ending();
});
