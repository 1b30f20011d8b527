//! Tokens of texts, counted where a rough bound does not do.

/// Tokens of a text, as the newer models count them.
pub(crate) fn count(text: &str) -> i64 {
    tiktoken_rs::o200k_base_singleton().encode_ordinary(text).len() as i64
}

/// Tokens that a text has at most: none is shorter than a byte.
pub(crate) fn bound(text: &str) -> i64 {
    text.len() as i64
}

/// Where each token of a text ends, in bytes; the last end is the text's length.
pub(crate) fn ends(text: &str) -> Vec<usize> {
    let coder = tiktoken_rs::o200k_base_singleton();
    let mut end = 0;
    coder
        .encode_ordinary(text)
        .into_iter()
        .map(|token| {
            // Every token that the coder gives, it can read back.
            end += coder.decode_bytes(&[token]).map_or(0, |bytes| bytes.len());
            end
        })
        .collect()
}
