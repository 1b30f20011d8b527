//! Large JSON in pieces, each parsed in a turn of the event loop of its own, so that nothing else waits for long.
//!
//! A piece is a path and a text: what the text holds joins the container, or the text, at the path. The first piece is the outermost container.

/// Texts up to this length are parsed in one go: to take them apart costs more than it saves where this crate is not optimised.
pub(crate) const LARGE: usize = if cfg!(debug_assertions) { 32 << 20 } else { 1 << 20 };
/// About how long a piece is.
const PIECE: usize = 128 << 10;

/// One piece: its path as JSON, and its text.
pub(crate) type Piece = (String, Vec<u8>);

/// The pieces of a text, if it is large and can be taken apart.
pub(crate) fn split(text: &[u8]) -> Option<Vec<Piece>> {
    if text.len() <= LARGE {
        return None;
    }
    let mut walk = Walk { text, at: 0, pieces: Vec::new() };
    walk.blanks();
    let open = *text.get(walk.at)?;
    let empty: &[u8] = match open {
        b'{' => b"{}",
        b'[' => b"[]",
        _ => return None,
    };
    walk.pieces.push(("[]".to_owned(), empty.to_vec()));
    walk.container(&mut Vec::new())?;
    Some(walk.pieces)
}

struct Walk<'a> {
    text: &'a [u8],
    at: usize,
    pieces: Vec<Piece>,
}

/// The children of a container that make up the next piece.
struct Chunk {
    open: u8,
    text: Vec<u8>,
}

impl Chunk {
    fn add(&mut self, child: &[u8]) {
        self.text.push(if self.text.is_empty() { self.open } else { b',' });
        self.text.extend_from_slice(child);
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
    fn blanks(&mut self) {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    /// Behind the text that begins here.
    fn string(&self, begin: usize) -> Option<usize> {
        let mut at = begin + 1;
        loop {
            match self.text.get(at)? {
                b'"' => return Some(at + 1),
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
    }

    /// Behind the value that begins here.
    fn value(&self, begin: usize) -> Option<usize> {
        let (mut at, mut depth) = (begin, 0_usize);
        loop {
            match self.text.get(at)? {
                b'"' => at = self.string(at)?,
                b'{' | b'[' => {
                    depth += 1;
                    at += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    at += 1;
                }
                _ if depth > 0 => at += 1,
                _ => {
                    while self
                        .text
                        .get(at)
                        .is_some_and(|byte| !matches!(byte, b',' | b'}' | b']') && !byte.is_ascii_whitespace())
                    {
                        at += 1;
                    }
                    return Some(at);
                }
            }
            if depth == 0 {
                return Some(at);
            }
        }
    }

    /// A long text, in parts that end neither inside of a character nor of an escape.
    fn long_string(&mut self, begin: usize, end: usize, path: &[String]) {
        let mut from = begin + 1;
        let mut at = from;
        while at < end - 1 {
            let whole = self.text[at] & 0b1100_0000 != 0b1000_0000;
            if at - from >= PIECE && whole {
                self.part(from, at, path);
                from = at;
            }
            at += match (self.text[at], self.text.get(at + 1)) {
                (b'\\', Some(b'u')) => 6,
                (b'\\', _) => 2,
                _ => 1,
            };
        }
        self.part(from, end - 1, path);
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

    /// The children of the container that begins here, whose place is `path`; goes behind it.
    fn container(&mut self, path: &mut Vec<String>) -> Option<()> {
        let open = self.text[self.at];
        self.at += 1;
        let mut chunk = Chunk { open, text: Vec::new() };
        let mut count = 0_usize;
        loop {
            self.blanks();
            match self.text.get(self.at)? {
                b'}' | b']' => {
                    self.at += 1;
                    self.flush(&mut chunk, path);
                    return Some(());
                }
                b',' => {
                    self.at += 1;
                    continue;
                }
                _ => {}
            }
            let begin = self.at;
            let mut key = count.to_string();
            if open == b'{' {
                let end = self.string(begin)?;
                key = String::from_utf8(self.text[begin..end].to_vec()).ok()?;
                self.at = end;
                self.blanks();
                if self.text.get(self.at) != Some(&b':') {
                    return None;
                }
                self.at += 1;
                self.blanks();
            }
            let value = self.at;
            let end = self.value(value)?;
            count += 1;
            let can_split = matches!(self.text.get(value), Some(b'{' | b'[' | b'"'));
            if end - value > PIECE && can_split {
                let empty: &[u8] = match self.text[value] {
                    b'{' => b"{}",
                    b'[' => b"[]",
                    _ => b"\"\"",
                };
                chunk.add(&[&self.text[begin..value], empty].concat());
                self.flush(&mut chunk, path);
                path.push(key);
                if self.text[value] == b'"' {
                    self.long_string(value, end, path);
                    self.at = end;
                } else {
                    self.container(path)?;
                }
                path.pop();
                continue;
            }
            if chunk.text.len() + (end - begin) > PIECE {
                self.flush(&mut chunk, path);
            }
            chunk.add(&self.text[begin..end]);
            self.at = end;
        }
    }
}
