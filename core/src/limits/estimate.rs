//! How many tokens a request may take, roughly: enough to pace by, not to pay by.

use crate::json::{Doc, Kind, Node};

/// Members that hold files, not text.
const NOT_TEXT: [&str; 4] = ["file_data", "data", "b64_json", "image_url"];
/// What limits the tokens that are generated.
const MOST: [&str; 3] = ["max_completion_tokens", "max_output_tokens", "max_tokens"];

/// An estimate for the arguments of a call: a quarter of the bytes of its texts, and what it may generate at most.
pub(super) fn tokens(fields: &[u8]) -> u64 {
    let Ok(doc) = Doc::parse(fields) else { return fields.len() as u64 / 4 };
    let root = doc.root();
    let number = |name: &str| root.get(name).and_then(Node::as_i64).and_then(|n| u64::try_from(n).ok());
    let most = MOST.into_iter().filter_map(number).max().unwrap_or_default();
    let choices = number("n").unwrap_or(1).max(1);
    text(root) / 4 + most.saturating_mul(choices)
}

/// Bytes of all texts within.
fn text(root: Node<'_>) -> u64 {
    let mut sum = 0;
    let mut rest = vec![root];
    while let Some(node) = rest.pop() {
        match node.kind() {
            Kind::String => {
                let raw = node.raw();
                if !raw.starts_with("\"data:") {
                    sum += raw.len() as u64 - 2;
                }
            }
            Kind::List => rest.extend(node.items()),
            Kind::Object => {
                let members = node.members().filter(|member| !NOT_TEXT.contains(&&*member.name()));
                rest.extend(members.map(|member| member.value));
            }
            _ => {}
        }
    }
    sum
}

/// `usage.total_tokens` of a reply, found without reading all of it: inside a text the name would stand behind `\`.
pub(super) fn total(reply: &[u8]) -> Option<u64> {
    const NAME: &[u8] = b"\"total_tokens\"";
    let at = memchr::memmem::rfind(reply, NAME)?;
    let rest = reply[at + NAME.len()..].trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_the_most_that_may_be_generated_count() {
        let plain = format!(r#"{{"model":"m","messages":[{{"role":"user","content":"{}"}}]}}"#, "x".repeat(400));
        let estimate = tokens(plain.as_bytes());
        assert!((100..105).contains(&estimate), "{estimate}");
        let bounded = r#"{"input":"","max_output_tokens":500,"n":2}"#;
        assert_eq!(tokens(bounded.as_bytes()), 1000);
        assert_eq!(tokens(b""), 0);
    }

    #[test]
    fn files_are_not_taken_for_text() {
        let data = "A".repeat(10_000);
        for body in [
            format!(r#"{{"input":[{{"image_url":"data:image/png;base64,{data}"}}]}}"#),
            format!(r#"{{"input":[{{"image_url":{{"url":"data:image/png;base64,{data}"}}}}]}}"#),
            format!(r#"{{"input":[{{"type":"input_audio","input_audio":{{"data":"{data}"}}}}]}}"#),
        ] {
            assert!(tokens(body.as_bytes()) < 20);
        }
    }

    #[test]
    fn the_total_of_a_reply_is_found() {
        assert_eq!(total(br#"{"usage":{"total_tokens": 42,"x":1}}"#), Some(42));
        assert_eq!(total(br#"{"content":"say \"total_tokens\":7","usage":{"total_tokens":42}}"#), Some(42));
        assert_eq!(total(br#"{"content":"say \"total_tokens\":7"}"#), None);
        assert_eq!(total(br#"{"total_tokens":null}"#), None);
        assert_eq!(total(b""), None);
    }
}
