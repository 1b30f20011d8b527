//! Strings: taking escapes out, and putting those in that a server has left out.

use super::writer;
use memchr::memchr;
use std::borrow::Cow;

/// The value of a string whose text between the quotes is `inside`, valid by the parser's word.
/// A lone surrogate becomes U+FFFD.
#[inline]
pub(crate) fn unescape(inside: &str) -> Cow<'_, str> {
    match memchr(b'\\', inside.as_bytes()) {
        None => Cow::Borrowed(inside),
        Some(first) => Cow::Owned(unescape_from(inside, first).0),
    }
}

/// As [`unescape`], and whether nothing was lost: false where a lone surrogate became U+FFFD.
#[inline]
pub(super) fn unescape_exact(inside: &str) -> (Cow<'_, str>, bool) {
    match memchr(b'\\', inside.as_bytes()) {
        None => (Cow::Borrowed(inside), true),
        Some(first) => {
            let (text, exact) = unescape_from(inside, first);
            (Cow::Owned(text), exact)
        }
    }
}

/// Whether the string whose text between the quotes is `inside` has this value.
#[inline]
pub(super) fn same(inside: &str, value: &str) -> bool {
    inside == value && !inside.contains('\\') || inside.len() > value.len() && unescape(inside) == value
}

fn unescape_from(inside: &str, first: usize) -> (String, bool) {
    let mut out = String::with_capacity(inside.len());
    let mut exact = true;
    let mut rest = inside;
    let mut next = Some(first);
    while let Some(at) = next {
        out.push_str(&rest[..at]);
        let (char, used) = escape(&rest.as_bytes()[at + 1..]);
        exact &= char.is_some();
        out.push(char.unwrap_or(char::REPLACEMENT_CHARACTER));
        rest = &rest[at + 1 + used..];
        next = memchr(b'\\', rest.as_bytes());
    }
    out.push_str(rest);
    (out, exact)
}

/// What the escape after a backslash stands for (none for a lone surrogate), and how long it is.
fn escape(text: &[u8]) -> (Option<char>, usize) {
    let plain = match text.first() {
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return unicode(text),
        Some(other) => *other as char,
        None => return (None, 0),
    };
    (Some(plain), 1)
}

fn unicode(text: &[u8]) -> (Option<char>, usize) {
    let Some(unit) = unit(text) else { return (None, text.len().min(5)) };
    if (0xD800..0xDC00).contains(&unit)
        && text.get(5) == Some(&b'\\')
        && let Some(low) = text.get(6..).and_then(self::unit).filter(|low| (0xDC00..0xE000).contains(low))
    {
        return (char::from_u32(0x1_0000 + ((unit - 0xD800) << 10) + (low - 0xDC00)), 11);
    }
    (char::from_u32(unit), 5)
}

/// The UTF-16 unit of `uXXXX`.
fn unit(text: &[u8]) -> Option<u32> {
    if text.first() != Some(&b'u') {
        return None;
    }
    let hex = text.get(1..5)?;
    hex.iter().try_fold(0, |value, digit| Some(value << 4 | (*digit as char).to_digit(16)?))
}

/// JSON that every parser takes: control characters that stand in its strings as they are, which the reader lets pass, are
/// escaped. Line breaks between values stay.
#[inline]
pub(super) fn tidy(json: &str) -> Cow<'_, str> {
    if has_controls(json) { escape_controls(json, false) } else { Cow::Borrowed(json) }
}

/// As [`tidy`], for the text between a string's quotes.
#[inline]
pub(super) fn tidy_inside(inside: &str) -> Cow<'_, str> {
    if has_controls(inside) { escape_controls(inside, true) } else { Cow::Borrowed(inside) }
}

#[inline]
fn has_controls(text: &str) -> bool {
    // Branch-free over a chunk, so that the compiler tests many bytes at a time.
    text.as_bytes().chunks(64).any(|chunk| chunk.iter().fold(false, |found, byte| found | (*byte < 0x20)))
}

#[cold]
#[inline(never)]
fn escape_controls(text: &str, mut in_string: bool) -> Cow<'_, str> {
    let mut out = String::new();
    let (mut done, mut after_backslash) = (0, false);
    for (at, byte) in text.bytes().enumerate() {
        if in_string && byte < 0x20 {
            out.push_str(&text[done..at]);
            writer::escape_one(&mut out, byte);
            done = at + 1;
        }
        match byte {
            _ if after_backslash => after_backslash = false,
            b'\\' => after_backslash = true,
            b'"' => in_string = !in_string,
            _ => {}
        }
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[done..]);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_control_characters_inside_of_strings_are_escaped() {
        for (json, tidied) in [
            ("{\n\t\"a\": \"b\"\r\n}", "{\n\t\"a\": \"b\"\r\n}"),
            ("{\n\"a\nb\": \"\u{0}\tc\u{1f}\"\n}", "{\n\"a\\nb\": \"\\u0000\\tc\\u001f\"\n}"),
            (r#"["\\", "\""]"#, r#"["\\", "\""]"#),
            ("[\"\\\\\",\n\"\\\"\n\"]", "[\"\\\\\",\n\"\\\"\\n\"]"),
            ("[1,\n2]", "[1,\n2]"),
        ] {
            assert_eq!(tidy(json), tidied);
            assert_eq!(tidy(&tidy(json)), tidied);
        }
        assert_eq!(tidy_inside("a\n\\\"\u{7}é"), "a\\n\\\"\\u0007é");
    }

    #[test]
    fn escapes_become_their_characters() {
        for (inside, value) in [
            ("plain", "plain"),
            (r#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{c}\n\r\t"),
            (r"\u0041\u00e9\u20AC", "Aé€"),
            (r"x\ud83d\ude00y", "x😀y"),
            (r"\ud83d", "\u{FFFD}"),
            (r"\ude00\ud83d", "\u{FFFD}\u{FFFD}"),
            (r"\ud83d\u0041", "\u{FFFD}A"),
            (r"\ud83dA", "\u{FFFD}A"),
            (r"\ud83d\ud83d\ude00", "\u{FFFD}😀"),
            (r"\ud83d\n", "\u{FFFD}\n"),
        ] {
            assert_eq!(unescape(inside), value, "{inside}");
            assert_eq!(unescape_exact(inside).1, !value.contains('\u{FFFD}'), "{inside}");
        }
    }

    #[test]
    fn a_string_equals_its_value_however_it_is_written() {
        assert!(same("type", "type"));
        assert!(same(r"t\u0079pe", "type"));
        assert!(!same("typ", "type"));
        assert!(!same(r"\n", r"\n"));
        assert!(same(r"\\n", r"\n"));
    }
}
