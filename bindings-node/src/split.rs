//! Large JSON in pieces, each parsed in a turn of the event loop of its own, so that nothing else waits for long.
//!
//! A piece is a path and a text: what the text holds joins the container, or the text, at the path. The first piece is the outermost container.

use std::collections::HashMap;

use memchr::{memchr, memchr2};

/// Texts up to this length are parsed in one go.
pub(crate) const LARGE: usize = 1 << 20;
/// About how long a piece is.
const PIECE: usize = 128 << 10;
/// Deepest nesting that is taken apart; what is deeper is refused by whoever reads it.
const DEPTH: usize = 130;

/// One piece: its path as JSON, and its text.
pub(crate) type Piece = (String, Vec<u8>);

/// The pieces of a text, if it is large and can be taken apart.
pub(crate) fn split(text: &[u8]) -> Option<Vec<Piece>> {
    if text.len() <= LARGE {
        return None;
    }
    let begin = blanks(text, 0);
    let empty = empty(*text.get(begin)?).filter(|empty| *empty != b"\"\"")?;
    let mut walk = Walk { text, large: large(text, begin)?, pieces: Vec::new() };
    walk.pieces.push(("[]".to_owned(), empty.to_vec()));
    walk.container(begin, &mut Vec::new())?;
    Some(walk.pieces)
}

/// What begins with this, without what is in it.
fn empty(open: u8) -> Option<&'static [u8]> {
    match open {
        b'{' => Some(b"{}"),
        b'[' => Some(b"[]"),
        b'"' => Some(b"\"\""),
        _ => None,
    }
}

fn blanks(text: &[u8], mut at: usize) -> usize {
    while at < text.len() && text[at].is_ascii_whitespace() {
        at += 1;
    }
    at
}

/// Behind the text that begins here.
fn string(text: &[u8], begin: usize) -> Option<usize> {
    let mut at = begin + 1;
    loop {
        at += memchr2(b'"', b'\\', text.get(at..)?)?;
        if text[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// Where each of the containers and texts ends that are longer than a piece, by where it begins: found in one walk over the value that begins
/// here. Nothing if it is no JSON, or nested too deeply.
fn large(text: &[u8], begin: usize) -> Option<HashMap<usize, usize>> {
    let mut found = HashMap::new();
    let mut open = Vec::new();
    let mut at = begin;
    while at < text.len() {
        let from = at;
        match text[at] {
            b'"' => at = string(text, at)?,
            b'{' | b'[' => {
                open.push(at);
                at += 1;
                if open.len() > DEPTH {
                    return None;
                }
                continue;
            }
            b'}' | b']' => {
                let from = open.pop()?;
                at += 1;
                if at - from > PIECE {
                    found.insert(from, at);
                }
                if open.is_empty() {
                    return Some(found);
                }
                continue;
            }
            _ => {
                at += 1;
                continue;
            }
        }
        if at - from > PIECE {
            found.insert(from, at);
        }
    }
    None
}

struct Walk<'a> {
    text: &'a [u8],
    large: HashMap<usize, usize>,
    pieces: Vec<Piece>,
}

/// The children of a container that make up the next piece.
struct Chunk {
    open: u8,
    text: Vec<u8>,
}

impl Chunk {
    fn add(&mut self, parts: &[&[u8]]) {
        self.text.push(if self.text.is_empty() { self.open } else { b',' });
        for part in parts {
            self.text.extend_from_slice(part);
        }
    }

    fn take(&mut self) -> Option<Vec<u8>> {
        if self.text.is_empty() {
            return None;
        }
        self.text.push(if self.open == b'{' { b'}' } else { b']' });
        Some(std::mem::take(&mut self.text))
    }
}

impl Walk<'_> {
    /// Behind the value that begins here.
    fn value(&self, begin: usize) -> Option<usize> {
        if let Some(end) = self.large.get(&begin) {
            return Some(*end);
        }
        let text = self.text;
        let (mut at, mut depth) = (begin, 0_usize);
        while at < text.len() {
            match text[at] {
                b'"' => {
                    at = string(text, at)?;
                    if depth == 0 {
                        return Some(at);
                    }
                }
                b'{' | b'[' => {
                    depth += 1;
                    at += 1;
                }
                // Of the container that the value is in.
                b'}' | b']' | b',' if depth == 0 => return Some(at),
                b'}' | b']' => {
                    depth -= 1;
                    at += 1;
                    if depth == 0 {
                        return Some(at);
                    }
                }
                byte if depth == 0 && byte.is_ascii_whitespace() => return Some(at),
                _ => at += 1,
            }
        }
        None
    }

    /// A long text, in parts that end neither inside of a character nor of an escape.
    fn long_string(&mut self, begin: usize, end: usize, path: &[String]) {
        let end = end - 1;
        let mut from = begin + 1;
        let mut at = from;
        while at < end {
            let cut = (from + PIECE).max(at);
            let limit = cut.min(end);
            let Some(escape) = memchr(b'\\', &self.text[at..limit]) else {
                at = limit;
                while at < end && self.text[at] & 0b1100_0000 == 0b1000_0000 {
                    at += 1;
                }
                self.part(from, at, path);
                from = at;
                continue;
            };
            at += escape;
            at += if self.text[at + 1] == b'u' { 6 } else { 2 };
        }
        if from < end {
            self.part(from, end, path);
        }
    }

    fn part(&mut self, from: usize, to: usize, path: &[String]) {
        let text = [b"\"", &self.text[from..to], b"\""].concat();
        self.pieces.push((format!("[{}]", path.join(",")), text));
    }

    fn flush(&mut self, chunk: &mut Chunk, path: &[String]) {
        if let Some(text) = chunk.take() {
            self.pieces.push((format!("[{}]", path.join(",")), text));
        }
    }

    /// The children of the container that begins here, whose place is `path`.
    fn container(&mut self, begin: usize, path: &mut Vec<String>) -> Option<()> {
        let text = self.text;
        let open = text[begin];
        let mut chunk = Chunk { open, text: Vec::new() };
        let mut count = 0_usize;
        let mut at = begin + 1;
        loop {
            at = blanks(text, at);
            match text.get(at)? {
                b'}' | b']' => {
                    self.flush(&mut chunk, path);
                    return Some(());
                }
                b',' => {
                    at += 1;
                    continue;
                }
                _ => {}
            }
            let begin = at;
            let mut key = &text[begin..begin];
            if open == b'{' {
                if text[begin] != b'"' {
                    return None;
                }
                let end = string(text, begin)?;
                key = &text[begin..end];
                at = blanks(text, end);
                if text.get(at) != Some(&b':') {
                    return None;
                }
                at = blanks(text, at + 1);
            }
            let value = at;
            let end = self.value(value)?;
            if end == value {
                return None;
            }
            at = end;
            let place = count;
            count += 1;
            if self.large.contains_key(&value) {
                chunk.add(&[&text[begin..value], empty(text[value])?]);
                self.flush(&mut chunk, path);
                path.push(if open == b'{' { String::from_utf8(key.to_vec()).ok()? } else { place.to_string() });
                if text[value] == b'"' {
                    self.long_string(value, end, path);
                } else {
                    self.container(value, path)?;
                }
                path.pop();
                continue;
            }
            if chunk.text.len() + (end - begin) > PIECE {
                self.flush(&mut chunk, path);
            }
            chunk.add(&[&text[begin..end]]);
        }
    }
}
