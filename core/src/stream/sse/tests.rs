use proptest::prelude::*;

use super::*;

/// What a test compares: name and data of each frame, and how the stream ended.
type Outcome = (Vec<(String, String)>, Ending);

fn text(bytes: &Bytes) -> String {
    String::from_utf8(bytes.to_vec()).expect("frames hold valid UTF-8")
}

fn frames(parser: &mut Parser) -> Vec<Frame> {
    std::iter::from_fn(|| parser.next_frame()).collect()
}

fn parse_frames(chunks: &[&[u8]]) -> (Vec<Frame>, Parser) {
    let mut parser = Parser::new();
    let mut all = Vec::new();
    for chunk in chunks {
        parser.push(Bytes::copy_from_slice(chunk));
        all.extend(frames(&mut parser));
    }
    (all, parser)
}

fn parse(chunks: &[&[u8]]) -> Outcome {
    let (all, parser) = parse_frames(chunks);
    (all.iter().map(|frame| (text(&frame.event), text(&frame.data))).collect(), parser.ending())
}

fn bytewise(bytes: &[u8]) -> Outcome {
    parse(&bytes.chunks(1).collect::<Vec<_>>())
}

/// What the sample shows, the stream, the (name, data) pairs in it.
type Sample = (&'static str, &'static [u8], &'static [(&'static str, &'static str)]);

/// Streams of the seed list.
const TABLE: &[Sample] = &[
    ("plain", b"data: a\n\n", &[("", "a")]),
    ("no space after the colon", b"data:a\n\n", &[("", "a")]),
    ("one space only is left out", b"data:  a \n\n", &[("", " a ")]),
    ("a tab is no space", b"data:\ta\n\n", &[("", "\ta")]),
    ("done without a space", b"data:[DONE]\n\n", &[("", "[DONE]")]),
    ("several data lines", b"data: a\ndata: b\ndata\ndata: c\n\n", &[("", "a\nb\n\nc")]),
    ("data without a colon", b"data\n\n", &[("", "")]),
    ("data with an empty value", b"data:\n\n", &[("", "")]),
    ("two empty data lines", b"data\ndata\n\n", &[("", "\n")]),
    ("named", b"event: error\ndata: {}\n\n", &[("error", "{}")]),
    ("the last name of a block counts", b"event: a\nevent: b\ndata: x\n\n", &[("b", "x")]),
    ("an empty name takes the name back", b"event: a\nevent\ndata: x\n\n", &[("", "x")]),
    ("a name does not outlive its block", b"event: a\n\ndata: x\n\n", &[("", "x")]),
    ("a name without data is no event", b"event: a\n\n", &[]),
    ("comments", b": a\n:\n::\ndata: x\n: b\n\n", &[("", "x")]),
    ("comment in the middle", b"data: x\n:data: y\ndata: z\n\n", &[("", "x\nz")]),
    ("only retry", b"retry: 5\n\n", &[]),
    ("only id", b"id: 5\n\n", &[]),
    ("only a comment", b": keep-alive\n\n", &[]),
    ("unknown fields", b"foo: 1\nDATA: 2\ndata : 3\ndata: x\n data: y\n\n", &[("", "x")]),
    ("longer and shorter names", b"dataa: 1\ndat: 2\nevents: 3\ndata: x\n\n", &[("", "x")]),
    ("field without colon", b"foo\nbar\ndata: x\n\n", &[("", "x")]),
    ("colons in the value", b"data: a: b:c\n\n", &[("", "a: b:c")]),
    ("carriage returns", b"data: a\rdata: b\r\r", &[("", "a\nb")]),
    ("both", b"data: a\r\ndata: b\r\n\r\n", &[("", "a\nb")]),
    ("mixture", b"data: a\rdata: b\r\ndata: c\n\r\ndata: d\n\r", &[("", "a\nb\nc"), ("", "d")]),
    ("empty lines", b"\n\n\r\r\n\ndata: x\n\n\n\n", &[("", "x")]),
    ("two", b"data: a\n\ndata: b\n\n", &[("", "a"), ("", "b")]),
    ("byte order mark", b"\xEF\xBB\xBFdata: x\n\n", &[("", "x")]),
    ("only the first mark is left out", b"\xEF\xBB\xBF\xEF\xBB\xBFdata: x\n\n", &[]),
    ("mark in the middle", b"data: a\n\n\xEF\xBB\xBFdata: b\n\ndata: c\n\n", &[("", "a"), ("", "c")]),
    ("mark in the value", b"data: \xEF\xBB\xBFx\n\n", &[("", "\u{FEFF}x")]),
    ("start that looks like a mark", b"\xEF\xBB: x\ndata: y\n\n", &[("", "y")]),
    ("mark alone", b"\xEF\xBB\xBF", &[]),
    ("multi-byte text", "data: é€😀\n\n".as_bytes(), &[("", "é€😀")]),
    ("multi-byte name", "event: é😀\ndata: x\n\n".as_bytes(), &[("é😀", "x")]),
    ("invalid byte", b"data: a\xFFb\n\ndata: c\n\n", &[("", "a\u{FFFD}b"), ("", "c")]),
    ("invalid name", b"event: \xC3\ndata: c\n\n", &[("\u{FFFD}", "c")]),
    ("a cut character at a line's end", b"data: a\xE2\x82\ndata: b\n\n", &[("", "a\u{FFFD}\nb")]),
    ("overlong form", b"data: \xC0\xAF\n\n", &[("", "\u{FFFD}\u{FFFD}")]),
    ("half a surrogate", b"data: \xED\xA0\x80\n\n", &[("", "\u{FFFD}\u{FFFD}\u{FFFD}")]),
    ("NUL is text", b"data: a\0b\n\n", &[("", "a\0b")]),
    ("look-alikes of the sentinel", b"data: [DONE]x\n\ndata: [DONE]\ndata:\n\n", &[("", "[DONE]x"), ("", "[DONE]\n")]),
    ("event after the sentinel", b"data: [DONE]\n\ndata: x\n\n", &[("", "[DONE]"), ("", "x")]),
];

fn owned(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, data)| ((*name).to_owned(), (*data).to_owned())).collect()
}

#[test]
fn each_sample_gives_its_events_whole_and_one_byte_a_time() {
    for (what, bytes, expected) in TABLE {
        assert_eq!(parse(&[bytes]), (owned(expected), Ending::Clean), "{what}");
        assert_eq!(bytewise(bytes), (owned(expected), Ending::Clean), "{what}, bytewise");
    }
}

#[test]
fn every_cut_in_two_or_three_gives_the_same_events() {
    for (what, bytes, expected) in TABLE {
        for first in 0..=bytes.len() {
            for second in first..=bytes.len() {
                let chunks = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                assert_eq!(parse(&chunks), (owned(expected), Ending::Clean), "{what}, cut at {first} and {second}");
            }
        }
    }
}

#[test]
fn every_mixture_of_three_line_ends_is_understood() {
    let ends = ["\n", "\r", "\r\n"];
    for first in ends {
        for second in ends {
            for third in ends {
                // CR before LF is one line end, not two.
                let joined = second == "\r" && third == "\n";
                let stream = format!("data: a{first}data: b{second}{third}data: c\n\n");
                let expected: &[_] = if joined { &[("", "a\nb\nc")] } else { &[("", "a\nb"), ("", "c")] };
                assert_eq!(parse(&[stream.as_bytes()]).0, owned(expected), "{stream:?}");
                assert_eq!(bytewise(stream.as_bytes()).0, owned(expected), "{stream:?}, bytewise");
            }
        }
    }
}

#[test]
fn an_event_ends_at_its_carriage_return_without_waiting_for_the_next_byte() {
    let mut parser = Parser::new();
    parser.push("data: a\r\r".into());
    assert_eq!(parser.next_frame().expect("complete").data, "a");
    parser.push("\ndata: b\r\n\r".into());
    assert_eq!(parser.next_frame().expect("complete").data, "b");
    assert_eq!(parser.next_frame(), None);
}

#[test]
fn the_end_inside_an_event_is_reported_and_nothing_delivered() {
    let table: &[(&str, Ending)] = &[
        ("", Ending::Clean),
        ("data: a\n\n", Ending::Clean),
        ("data: a\n\n: comment", Ending::Clean),
        ("data: a\n\nid: 4", Ending::Clean),
        ("data: a\n\nretry: 4", Ending::Clean),
        ("data: a\n\nunknown", Ending::Clean),
        ("data: a\n\nd", Ending::InsideEvent),
        ("data: a\n\ndata", Ending::InsideEvent),
        ("data: a\n\ndata:", Ending::InsideEvent),
        ("data: a\n\ndata: {\"x\"", Ending::InsideEvent),
        ("data: a\n\ndata: {}\n", Ending::InsideEvent),
        ("data: a\n\nevent: e", Ending::InsideEvent),
        ("data: a\n\nevent: e\n", Ending::InsideEvent),
    ];
    for (stream, ending) in table {
        let delivered = usize::from(stream.starts_with("data: a\n\n"));
        for outcome in [parse(&[stream.as_bytes()]), bytewise(stream.as_bytes())] {
            assert_eq!((outcome.0.len(), outcome.1), (delivered, *ending), "{stream:?}");
        }
    }
}

#[test]
fn ids_last_until_the_next_one_and_those_with_nul_do_not_count() {
    let stream = b"id: 1\ndata: a\n\ndata: b\n\nid: x\0\ndata: c\n\nid\ndata: d\n\n";
    for chunks in [vec![&stream[..]], stream.chunks(1).collect(), stream.chunks(3).collect()] {
        let ids: Vec<String> = parse_frames(&chunks).0.iter().map(|frame| text(&frame.id)).collect();
        assert_eq!(ids, ["1", "1", "1", ""]);
    }
}

#[test]
fn only_digits_are_a_retry_delay() {
    let table = [("5", Some(5)), ("0", Some(0)), ("1.5", None), ("-1", None), ("+1", None), ("x", None), ("", None)];
    let long = ["99999999999999999999", "000000000000000000000000000000000000005"].map(|digits| (digits, None));
    for (value, expected) in table.into_iter().chain(long) {
        let stream = format!("retry: {value}\ndata: a\n\n");
        for size in [1, 2, 7, 1000] {
            let chunks: Vec<&[u8]> = stream.as_bytes().chunks(size).collect();
            let (all, _) = parse_frames(&chunks);
            assert_eq!(all[0].retry, expected.map(Duration::from_millis), "{value:?} in chunks of {size}");
        }
    }
}

#[test]
fn an_event_within_one_chunk_is_a_slice_of_it() {
    let chunk = Bytes::from("event: thread.run.created\ndata: {\"id\": \"run_1\"}\n\n".to_owned());
    let inside = |part: &Bytes| {
        let range = chunk.as_ptr_range();
        range.contains(&part.as_ptr())
    };
    let mut parser = Parser::new();
    parser.push(chunk.clone());
    let frame = parser.next_frame().expect("complete");
    assert_eq!((frame.name(), &frame.data[..]), ("thread.run.created", &b"{\"id\": \"run_1\"}"[..]));
    assert!(inside(&frame.data) && inside(&frame.event));
}

#[test]
fn chunks_pushed_before_the_frames_were_taken_wait_their_turn() {
    let mut parser = Parser::new();
    for chunk in ["data: a\n\nda", "", "ta: b\n", "\ndata: c\n\n"] {
        parser.push(chunk.into());
    }
    let data: Vec<String> = frames(&mut parser).iter().map(|frame| text(&frame.data)).collect();
    assert_eq!(data, ["a", "b", "c"]);
}

/// Parses one event of `size` bytes in pieces of `piece` bytes and checks that the work was linear.
fn parse_large(size: usize, piece: usize, unit: &str) {
    let payload = unit.repeat(size / unit.len());
    let stream = Bytes::from(format!("data: {payload}\n\n"));
    let mut parser = Parser::new();
    let mut found = Vec::new();
    for start in (0..stream.len()).step_by(piece) {
        parser.push(stream.slice(start..stream.len().min(start + piece)));
        found.extend(std::iter::from_fn(|| parser.next_frame()));
    }
    assert_eq!(found.len(), 1);
    assert!(found[0].data == payload.as_bytes());
    let stats = parser.stats();
    assert_eq!(stats.received, stream.len() as u64);
    assert_eq!(stats.frame_bytes, stream.len() as u64);
    assert!(stats.touched <= 3 * stats.received, "{} bytes touched for {}", stats.touched, stats.received);
}

#[test]
fn a_large_event_costs_three_looks_a_byte_however_it_is_cut() {
    parse_large(16 << 20, 16, "0123456789abcdef");
    parse_large(16 << 20, 16 << 10, "0123456789abcdef");
    parse_large(16 << 20, usize::MAX >> 1, "0123456789abcdef");
    parse_large(256 << 10, 16, "\u{20AC}");
    parse_large(256 << 10, 1, "\u{1F600}");
}

#[test]
fn a_line_of_64_mib_is_linear_too() {
    parse_large(64 << 20, 64 << 10, "0123456789abcdef");
}

#[test]
fn a_million_idle_lines_are_linear_and_leave_nothing_held() {
    for line in ["\n", "\r\n", ": keep-alive\n", ":\r", "unknown: field\n", "retry: 1\n\n"] {
        let block = Bytes::from(line.repeat(1000));
        let mut parser = Parser::new();
        for _ in 0..1000 {
            parser.push(block.clone());
            assert_eq!(parser.next_frame(), None);
            assert_eq!((parser.held(), parser.waiting.len()), (0, 0));
        }
        let stats = parser.stats();
        assert!(stats.touched <= 3 * stats.received, "{line:?}");
        assert_eq!((stats.frames, stats.frame_bytes), (0, 0), "{line:?}");
    }
}

#[test]
fn an_endless_comment_is_not_held() {
    let mut parser = Parser::new();
    parser.push(": ".into());
    for _ in 0..1000 {
        parser.push(Bytes::from_static(&[b'x'; 4096]));
        assert_eq!(parser.next_frame(), None);
        assert_eq!(parser.held(), 0);
    }
    parser.push("\ndata: a\n\n".into());
    assert_eq!(parser.next_frame().expect("complete").data, "a");
}

#[test]
fn the_bytes_held_for_an_open_event_are_known() {
    let mut parser = Parser::new();
    parser.push("event: ab\ndata: 12345".into());
    assert_eq!((parser.next_frame(), parser.held()), (None, 7));
    parser.push("\ndata: 67".into());
    assert_eq!((parser.next_frame(), parser.held()), (None, 10));
    parser.push("\n\n".into());
    assert_eq!(parser.next_frame().expect("complete").data, "12345\n67");
    assert_eq!(parser.held(), 0);
}

#[test]
fn heartbeats_and_frames_are_counted_apart() {
    let mut parser = Parser::new();
    parser.push(": ping\n\ndata: a\n\n: ping\n\n".into());
    assert_eq!(frames(&mut parser).len(), 1);
    let stats = parser.stats();
    assert_eq!((stats.received, stats.frame_bytes, stats.frames), (25, 9, 1));
}

/// Streams made of the pieces that matter to the format.
fn streams() -> impl Strategy<Value = Vec<u8>> {
    let unit = prop::sample::select(vec![
        &b"data: "[..],
        b"data:",
        b"data",
        b"event: ",
        b"event:x",
        b"id: 7",
        b"id",
        b"retry: 10",
        b":",
        b" ",
        b"\n",
        b"\n\n",
        b"\r",
        b"\r\n",
        b"\r\n\r\n",
        b"\xEF\xBB\xBF",
        b"\xEF\xBB",
        b"{\"a\": 1}",
        b"[DONE]",
        b"\0",
        b"\xFF",
        b"\xE2\x82\xAC",
        b"\xF0\x9F\x98\x80",
        b"\xF0\x9F",
        b"some text that is longer than the pieces which are looked at byte by byte, so that the fast path runs too",
    ]);
    let noise = prop::collection::vec(any::<u8>(), 0..4);
    prop::collection::vec(prop_oneof![8 => unit.prop_map(<[u8]>::to_vec), 1 => noise], 0..60)
        .prop_map(|units| units.concat())
}

proptest! {
    #[test]
    fn any_cut_gives_the_same_frames(bytes in streams(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..10)) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.sort_unstable();
        let mut chunks = Vec::new();
        let mut from = 0;
        for cut in cuts {
            chunks.push(&bytes[from..cut]);
            from = cut;
        }
        chunks.push(&bytes[from..]);
        let (whole, parser) = parse_frames(&[&bytes]);
        for chunks in [chunks, bytes.chunks(1).collect()] {
            let (cut, cut_parser) = parse_frames(&chunks);
            prop_assert_eq!(&cut, &whole);
            prop_assert_eq!(cut_parser.ending(), parser.ending());
            let (stats, cut_stats) = (parser.stats(), cut_parser.stats());
            prop_assert_eq!((cut_stats.received, cut_stats.frames), (stats.received, stats.frames));
            let pieces = chunks.len() as u64;
            prop_assert!(cut_stats.touched <= 3 * cut_stats.received + 3 * pieces, "{:?}", cut_stats);
        }
    }
}
