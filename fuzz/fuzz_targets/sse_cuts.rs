//! An event stream gives the same frames wherever it is cut. The first byte says how many cuts there are, the next ones where.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use threadline::stream::sse::{Ending, Frame, Parser};

fn parse<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> (Vec<Frame>, Ending) {
    let mut parser = Parser::new();
    let mut frames = Vec::new();
    let mut count = 0;
    for chunk in chunks {
        count += 1;
        parser.push(Bytes::copy_from_slice(chunk));
        frames.extend(std::iter::from_fn(|| parser.next_frame()));
    }
    let stats = parser.stats();
    assert!(stats.touched <= 3 * stats.received + 3 * count, "{stats:?}");
    (frames, parser.ending())
}

fuzz_target!(|input: &[u8]| {
    let Some((&count, rest)) = input.split_first() else { return };
    let (sizes, stream) = rest.split_at(rest.len().min(usize::from(count % 16)));
    let mut left = stream;
    let mut chunks = Vec::new();
    for &size in sizes {
        let (chunk, after) = left.split_at(left.len().min(usize::from(size)));
        chunks.push(chunk);
        left = after;
    }
    chunks.push(left);
    let whole = parse(std::iter::once(stream));
    assert_eq!(parse(chunks.into_iter()), whole);
    assert_eq!(parse(stream.chunks(1)), whole);
});
