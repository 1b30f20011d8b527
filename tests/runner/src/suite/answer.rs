//! Reads answer lines.

use serde_json::Value;

/// An answer as JSON.
pub(super) fn parse(line: &str) -> serde_json::Result<Value> {
    serde_json::from_str(line).or_else(|_| serde_json::from_str(&lenient(line)))
}

/// The text with lone surrogates (`\ud800`), which JSON allows and `serde_json` does not, as replacement characters.
fn lenient(answer: &str) -> String {
    let unit = |text: &str| u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok();
    let mut out = String::with_capacity(answer.len());
    let mut rest = answer;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        let taken = match (unit(escape), escape.get(6..).and_then(unit)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => 0,
            (Some(_), _) => 6,
            (None, _) => 2,
        };
        match taken {
            0 => out.push_str("\\ufffd"),
            taken => out.push_str(&escape[..taken]),
        }
        rest = &escape[taken.max(if taken == 0 { 6 } else { 2 })..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lone_surrogates_become_replacement_characters_and_pairs_stay() {
        let line = r#"["a\ud83db", "\ud83d\ude00", "\\ud83d", "\udc00", "\n\u00e9"]"#;
        let texts = ["a\u{fffd}b", "\u{1f600}", "\\ud83d", "\u{fffd}", "\né"];
        assert_eq!(parse(line).unwrap(), serde_json::json!(texts));
    }
}
