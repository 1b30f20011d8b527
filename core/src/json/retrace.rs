//! Parsing a document that looks like the one before it.
//!
//! The events of a stream repeat each other but for a few strings and numbers. Where two texts are the same, so are
//! their tapes; where they differ inside a scalar value, only that value has to be read. Whatever differs in another
//! way is for the parser.

use super::scan;
use super::tape::Entry;

/// Turns the tape of `old` into that of `new`: whether one of the new values is written with an escape. None if the
/// documents are not that alike; the tape is of no use then. `old` holds no list of numbers, whose items have no entries.
pub(super) fn retrace(old: &[u8], new: &[u8], tape: &mut [Entry]) -> Option<bool> {
    let mut escaped = false;
    // How far both texts have been compared, and how many entries have their new offsets.
    let (mut old_at, mut new_at, mut done) = (0, 0, 0);
    loop {
        let same = common_prefix(&old[old_at..], &new[new_at..]);
        let (difference, shift) = (old_at + same, new_at as i64 - old_at as i64);
        if difference == old.len() && new_at + same == new.len() {
            move_entries(old, &mut tape[done..], shift);
            return Some(escaped);
        }
        // The difference must be in the last value that starts before it, and behind the one that differed last; or it is
        // the first digit of a number.
        let index = done + tape[done..].partition_point(|entry| (entry.start as usize) < difference);
        let starts_there = tape.get(index).is_some_and(|entry| entry.start as usize == difference);
        let index = match old.get(difference) {
            Some(b'-' | b'0'..=b'9') if starts_there => index,
            _ => index.checked_sub(1).filter(|index| *index >= done)?,
        };
        let (start, end) = (tape[index].start as usize, tape[index].end as usize);
        let new_start = (start as i64 + shift) as usize;
        let new_end = match old[start] {
            // A key has a colon behind it.
            b'"' if difference < end && matches!(old.get(end), Some(b',' | b'}' | b']')) => {
                let (end, has_escape) = scan::string(new, new_start + 1).ok()?;
                escaped |= has_escape;
                end
            }
            b'-' | b'0'..=b'9' if difference <= end => scan::number(new, new_start).ok()?,
            _ => return None,
        };
        move_entries(old, &mut tape[done..index], shift);
        tape[index] = Entry { start: new_start as u32, end: new_end as u32 };
        (old_at, new_at, done) = (end, new_end, index + 1);
    }
}

/// Moves entries by so many bytes.
fn move_entries(old: &[u8], entries: &mut [Entry], shift: i64) {
    if shift == 0 {
        return;
    }
    let moved = |offset: u32| (i64::from(offset) + shift) as u32;
    for entry in entries {
        // Of brackets, `end` is no offset.
        if !matches!(old[entry.start as usize], b'{' | b'}' | b'[' | b']') {
            entry.end = moved(entry.end);
        }
        entry.start = moved(entry.start);
    }
}

/// How many bytes two texts have in common at their start.
fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    let mut same = 0;
    // Many bytes at a time, and which of eight differs: arrays compare without a call.
    while let (Some(x), Some(y)) = (a[same..].first_chunk::<32>(), b[same..].first_chunk::<32>())
        && x == y
    {
        same += 32;
    }
    while let (Some(x), Some(y)) = (a[same..].first_chunk(), b[same..].first_chunk()) {
        let differ = u64::from_le_bytes(*x) ^ u64::from_le_bytes(*y);
        if differ != 0 {
            return same + (differ.trailing_zeros() / 8) as usize;
        }
        same += 8;
    }
    same + a[same..].iter().zip(&b[same..]).take_while(|(x, y)| x == y).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::json::tape::Doc;

    /// Whether `new` was found to be like `old`; if so, its tape must be the one the parser makes.
    #[track_caller]
    fn is_alike(old: &str, new: &str) -> bool {
        let mut tape = Doc::parse_text(old).unwrap().tape;
        let found = retrace(old.as_bytes(), new.as_bytes(), &mut tape);
        if let Some(escaped) = found {
            let doc = Doc::parse_text(new).unwrap_or_else(|error| panic!("{old} is not like {new}: {error}"));
            assert_eq!(tape, doc.tape, "{old} and {new}");
            assert!(escaped || !doc.escaped || old.contains('\\'), "{old} and {new}");
        }
        found.is_some()
    }

    #[test]
    fn other_values_make_the_same_tape_moved() {
        let old = r#"{"n":12,"a":{"delta":"x","list":[{"k":null},"y",[]]},"z":"end"}"#;
        for (from, to) in [
            ("12", "12"),
            ("12", "1"),
            ("12", "123.5e7"),
            ("12", "19"),
            ("12", "7"),
            ("12", "-12"),
            (r#""x""#, r#""""#),
            (r#""x""#, r#""xylophone""#),
            (r#""x""#, r#""\u0041\n""#),
            (r#""x""#, r#""größer""#),
            (r#""y""#, r#""why, \"not\"?""#),
            (r#""end""#, r#""ending, and more of it than there was before""#),
        ] {
            let new = old.replace(from, to);
            assert!(is_alike(old, &new) && is_alike(&new, old), "{new}");
            let both = new.replace(r#""z":"end""#, r#""z":"other""#);
            assert!(is_alike(old, &both) && is_alike(&both, old), "{both}");
        }
    }

    #[test]
    fn another_structure_is_for_the_parser() {
        let old = r#"{"n":12,"a":{"delta":"x"},"z":null,"y":true}"#;
        for (from, to) in [
            (r#""n""#, r#""m""#),
            (r#""delta""#, r#""deltas""#),
            (r#""x""#, "7"),
            (r#""x""#, r#"["x"]"#),
            ("12", "\"12\""),
            ("12", "1 2"),
            ("12", "12,13"),
            ("12", "1x"),
            ("null", "\"n\""),
            ("null", "nul"),
            ("true", "false"),
            ("}", ""),
            (r#""y":true"#, r#""y":true,"w":1"#),
            (r#""x"}"#, r#""x}"#),
        ] {
            assert!(!is_alike(old, &old.replace(from, to)), "{to}");
        }
        assert!(is_alike("1", "-2") && !is_alike("\"a\"", "\"b\"") && !is_alike("[]", ""));
    }

    fn document() -> impl Strategy<Value = String> {
        let scalar = prop_oneof![
            prop::sample::select(vec!["null", "true", "0", "-1", "12", "1.5e3", "\"\"", "\"a\"", "\"ab\"", "\"\\n\""])
                .prop_map(str::to_owned),
            "[ab\"\\\\:,{}]{0,4}".prop_map(|text| serde_json::to_string(&text).unwrap()),
        ];
        (scalar.clone(), scalar.clone(), scalar, "[ab]{1,2}", any::<bool>()).prop_map(|(a, b, c, key, list)| {
            let (open, close) = if list { ("[", "]") } else { ("{\"x\":", "}") };
            format!("{{\"{key}\":{a},\"in\":{open}{b}{close},\"c\":{c}}}")
        })
    }

    proptest! {
        #[test]
        fn whatever_is_found_alike_has_the_parsers_tape(old in document(), new in document()) {
            if Doc::parse_text(&old).unwrap().number_lists.is_empty() {
                is_alike(&old, &new);
            }
        }

        #[test]
        fn the_common_prefix_ends_at_the_first_difference(
            text in prop::collection::vec(0u8..3, 0..100), at in 0usize..120, tail in prop::collection::vec(0u8..3, 0..9)
        ) {
            let mut other = text[..at.min(text.len())].to_vec();
            other.extend(tail);
            let expected = text.iter().zip(&other).take_while(|(a, b)| a == b).count();
            prop_assert_eq!(common_prefix(&text, &other), expected);
        }
    }
}
