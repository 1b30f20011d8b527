//! Doc comments and literals in Rust source.

/// Column at which doc comments are wrapped.
const WIDTH: usize = 116;

/// Adds `text` as `///` lines with this indent, wrapped, with what rustdoc would misread escaped.
pub fn doc(out: &mut String, indent: usize, text: &str) {
    let pad = " ".repeat(indent);
    for paragraph in text.split('\n') {
        if paragraph.trim().is_empty() {
            out.push_str(&format!("{pad}///\n"));
            continue;
        }
        let mut line = String::new();
        for word in escape(paragraph).split_whitespace() {
            if !line.is_empty() && indent + 4 + line.len() + 1 + word.len() > WIDTH {
                out.push_str(&format!("{pad}/// {line}\n"));
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        out.push_str(&format!("{pad}/// {line}\n"));
    }
}

/// Outside of code spans, brackets would be links and angle brackets HTML; bare addresses become links.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for (index, part) in text.split('`').enumerate() {
        if index > 0 {
            out.push('`');
        }
        if index % 2 == 1 {
            out.push_str(part);
            continue;
        }
        for word in part.split_inclusive(char::is_whitespace) {
            if word.starts_with("https://") || word.starts_with("http://") {
                let end = word.trim_end_matches(|c: char| c.is_whitespace() || ".,;:)".contains(c)).len();
                out.push_str(&format!("<{}>{}", &word[..end], &word[end..]));
            } else {
                out.push_str(&word.replace('[', "\\[").replace(']', "\\]").replace('<', "\\<"));
            }
        }
    }
    out
}

/// A text as a Rust literal.
pub fn string(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&c.escape_unicode().to_string()),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A list of texts as the inside of a Rust slice.
pub fn strings<S: AsRef<str>>(texts: impl IntoIterator<Item = S>) -> String {
    texts.into_iter().map(|text| string(text.as_ref())).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_escaped_and_code_is_not() {
        let mut out = String::new();
        doc(&mut out, 0, "See [1], `Vec<[T]>` and https://example.org/a. A <b>.");
        assert_eq!(out, "/// See \\[1\\], `Vec<[T]>` and <https://example.org/a>. A \\<b>.\n");
    }

    #[test]
    fn long_lines_wrap_and_paragraphs_stay() {
        let mut out = String::new();
        doc(&mut out, 4, &format!("{}\n\nNext.", "word ".repeat(40)));
        assert!(out.lines().all(|line| line.len() <= 120 && line.starts_with("    ///")));
        assert!(out.ends_with("    ///\n    /// Next.\n"));
    }

    #[test]
    fn literals_escape_what_rust_would_misread() {
        assert_eq!(string("a\"b\\c\n"), r#""a\"b\\c\n""#);
    }
}
