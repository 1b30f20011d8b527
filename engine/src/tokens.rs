//! Tokens of texts, counted where a rough bound does not do.

/// Bytes that are counted at once. The coder's time grows faster than a text without spaces does.
const PIECE: usize = 8 * 1024;

/// Tokens of a text, as the newer models count them.
pub(crate) fn count(text: &str) -> i64 {
    let coder = tiktoken_rs::o200k_base_singleton();
    pieces(text).map(|piece| coder.encode_ordinary(piece).len() as i64).sum()
}

/// Tokens that a text has at most: none is shorter than a byte.
pub(crate) fn bound(text: &str) -> i64 {
    text.len() as i64
}

/// Where each token of a text ends, in bytes; the last end is the text's length.
pub(crate) fn ends(text: &str) -> Vec<usize> {
    let coder = tiktoken_rs::o200k_base_singleton();
    let mut end = 0;
    pieces(text)
        .flat_map(|piece| coder.encode_ordinary(piece))
        .map(|token| {
            // Every token that the coder gives, it can read back.
            end += coder.decode_bytes(&[token]).map_or(0, |bytes| bytes.len());
            end
        })
        .collect()
}

/// A text in pieces that end before a space, where there is one.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut end = PIECE.min(rest.len());
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        if end < rest.len()
            && let Some(space) = rest[..end].rfind(' ').filter(|space| *space > 0)
        {
            end = space;
        }
        let (piece, more) = rest.split_at(end);
        rest = more;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_lose_nothing_and_count_as_the_whole() {
        let text = "Grüße, 你好 and so on; ".repeat(2000);
        assert_eq!(pieces(&text).collect::<String>(), text);
        assert!(pieces(&text).count() > 5);
        let whole = tiktoken_rs::o200k_base_singleton().encode_ordinary(&text).len() as i64;
        assert_eq!(count(&text), whole);
        assert_eq!(ends(&text).last(), Some(&text.len()));
        assert_eq!((count(""), ends("")), (0, Vec::new()));
    }

    #[test]
    fn a_text_without_spaces_takes_no_longer_than_others() {
        let text = "a".repeat(2_000_000);
        assert_eq!(ends(&text).last(), Some(&text.len()));
    }
}
