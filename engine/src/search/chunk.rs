//! Cuts texts into overlapping windows of tokens.

use crate::tokens;

/// A window of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) text: String,
    pub(super) tokens: i64,
}

/// Windows of `size` tokens, each beginning `overlap` tokens before the end of the one before. A window ends at a line's
/// or a sentence's end if there is one in its last tenth. `None` if the text has more than `most` tokens.
pub(super) fn cut(text: &str, size: usize, overlap: usize, most: usize) -> Option<Vec<Chunk>> {
    let ends = tokens::ends(text);
    if ends.len() > most {
        return None;
    }
    let mut chunks = Vec::new();
    let mut first = 0;
    while first < ends.len() {
        let last = (first + size).min(ends.len());
        let from = boundary(text, if first == 0 { 0 } else { ends[first - 1] });
        let to = boundary(text, ends[last - 1]);
        let mut cut = last;
        if last < ends.len() {
            let tail = boundary(text, ends[last - 1 - size / 10]).max(from);
            if let Some(end) = good_end(&text[tail..to]) {
                cut = ends.partition_point(|token| *token < tail + end) + 1;
            }
        }
        let cut = cut.clamp(first + 1, last);
        let to = boundary(text, ends[cut - 1]);
        let part = text[from..to].trim();
        if !part.is_empty() {
            chunks.push(Chunk { text: part.to_owned(), tokens: (cut - first) as i64 });
        }
        if cut >= ends.len() {
            break;
        }
        first = cut.saturating_sub(overlap).max(first + 1);
    }
    Some(chunks)
}

/// The end of the last line, else of the last sentence.
fn good_end(tail: &str) -> Option<usize> {
    tail.rfind('\n').map(|at| at + 1).or_else(|| {
        let sentence = |end: &str| tail.rfind(end).map(|at| at + end.len());
        [". ", "! ", "? ", "。"].into_iter().filter_map(sentence).max()
    })
}

/// The nearest place at or before this one that is between two characters.
fn boundary(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, size: usize, overlap: usize) -> Vec<Chunk> {
        cut(text, size, overlap, usize::MAX).unwrap()
    }

    #[test]
    fn a_text_of_too_many_tokens_is_not_cut() {
        let text = "one two three four";
        let tokens = tokens::ends(text).len();
        assert!(cut(text, 100, 50, tokens).is_some());
        assert!(cut(text, 100, 50, tokens - 1).is_none());
    }

    #[test]
    fn a_short_text_is_one_chunk() {
        let chunks = all("Hello there.", 800, 400);
        assert_eq!(chunks.len(), 1);
        assert_eq!(chunks[0].text, "Hello there.");
        assert!(all("", 800, 400).is_empty());
        assert!(all(" \n ", 800, 400).is_empty());
    }

    #[test]
    fn windows_overlap_and_cover_everything() {
        let text: String = (0..2000).map(|i| format!("word{i} ")).collect();
        let chunks = all(&text, 200, 100);
        assert!(chunks.len() > 10);
        assert!(chunks.iter().all(|chunk| chunk.tokens <= 200));
        for i in 0..2000 {
            let word = format!("word{i}");
            let found = chunks.iter().any(|chunk| chunk.text.split_whitespace().any(|part| part == word));
            assert!(found || chunks.iter().any(|chunk| chunk.text.contains(&word)), "{word} is lost");
        }
    }

    #[test]
    fn windows_end_at_lines_and_never_inside_a_character() {
        let lines: String = (0..400).map(|i| format!("Zeile {i}: Grüße, 你好, 👩‍👩‍👧.\n")).collect();
        let chunks = all(&lines, 100, 50);
        let ended = chunks.iter().filter(|chunk| chunk.text.ends_with('.')).count();
        assert!(chunks.len() > 10 && ended * 10 >= chunks.len() * 5, "{ended} of {}", chunks.len());
    }
}
