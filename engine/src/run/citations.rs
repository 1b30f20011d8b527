//! Finds citation markers in a model's text while it streams.
//!
//! The engine's file search heads each result with a marker, `【0:1†notes.md】`, which the model repeats where it cites. Text
//! from `【` on is held back until `】` shows whether it is one.

use std::collections::HashMap;

/// Characters held back at most.
const MAX_HELD: usize = 80;
const OPEN: char = '【';
const CLOSE: char = '】';

/// A piece of text, or a marker with the file that it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(String),
    Citation { marker: String, file_id: String },
}

/// The markers of a run and the text held back.
#[derive(Debug, Default)]
pub(crate) struct Scanner {
    files: HashMap<String, String>,
    held: String,
}

impl Scanner {
    /// Knows these markers, each with its file.
    pub(crate) fn new(files: HashMap<String, String>) -> Self {
        Self { files, held: String::new() }
    }

    /// Takes in more text; returns what can be shown.
    pub(crate) fn push(&mut self, text: &str) -> Vec<Piece> {
        if self.files.is_empty() {
            return vec![Piece::Text(text.to_owned())];
        }
        let mut pieces = Vec::new();
        let mut plain = String::new();
        for letter in text.chars() {
            if letter == OPEN {
                plain.push_str(&std::mem::take(&mut self.held));
                self.held.push(letter);
            } else if self.held.is_empty() {
                plain.push(letter);
            } else {
                self.held.push(letter);
                if letter == CLOSE {
                    let marker = std::mem::take(&mut self.held);
                    match self.files.get(&marker) {
                        Some(file) => {
                            show(&mut pieces, &mut plain);
                            pieces.push(Piece::Citation { marker, file_id: file.clone() });
                        }
                        None => plain.push_str(&marker),
                    }
                } else if self.held.chars().count() > MAX_HELD {
                    plain.push_str(&std::mem::take(&mut self.held));
                }
            }
        }
        show(&mut pieces, &mut plain);
        pieces
    }

    /// What is held back, when no more text comes.
    pub(crate) fn finish(&mut self) -> Option<String> {
        Some(std::mem::take(&mut self.held)).filter(|held| !held.is_empty())
    }
}

fn show(pieces: &mut Vec<Piece>, plain: &mut String) {
    if !plain.is_empty() {
        pieces.push(Piece::Text(std::mem::take(plain)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(pieces: &[&str]) -> Vec<Piece> {
        let files = HashMap::from([("【0:1†a.md】".to_owned(), "file-a".to_owned())]);
        let mut scanner = Scanner::new(files);
        let mut found: Vec<Piece> = Vec::new();
        for piece in pieces {
            found.extend(scanner.push(piece));
        }
        found.extend(scanner.finish().map(Piece::Text));
        // Neighbouring texts are one.
        found.into_iter().fold(Vec::new(), |mut all, piece| {
            match (all.last_mut(), piece) {
                (Some(Piece::Text(last)), Piece::Text(text)) => last.push_str(&text),
                (_, piece) => all.push(piece),
            }
            all
        })
    }

    #[test]
    fn a_marker_is_found_wherever_it_is_cut() {
        let text = "So it is 【0:1†a.md】, they say.";
        let whole = scan(&[text]);
        assert_eq!(
            whole,
            [
                Piece::Text("So it is ".into()),
                Piece::Citation { marker: "【0:1†a.md】".into(), file_id: "file-a".into() },
                Piece::Text(", they say.".into()),
            ]
        );
        for (cut, _) in text.char_indices() {
            assert_eq!(scan(&[&text[..cut], &text[cut..]]), whole);
        }
    }

    #[test]
    fn what_is_no_marker_stays_text() {
        for text in ["【0:2†b.md】", "a 【 b", "【【0:3】", "【"] {
            assert_eq!(scan(&[text]), [Piece::Text(text.into())]);
        }
        let long = format!("【{}", "x".repeat(200));
        assert_eq!(scan(&[&long]), [Piece::Text(long.clone())]);
    }
}
