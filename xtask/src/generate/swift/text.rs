//! DocC comments and literals.

/// Column at which comments are wrapped.
const WIDTH: usize = 140;

/// Adds `text` as a comment with this indent.
pub fn comment(out: &mut String, indent: usize, text: &str) {
    let pad = " ".repeat(indent);
    for paragraph in text.trim().split('\n') {
        let mut line = format!("{pad}///");
        for word in paragraph.split_whitespace() {
            if line.chars().count() + 1 + word.chars().count() > WIDTH && line.trim() != "///" {
                out.push_str(&line);
                out.push('\n');
                line = format!("{pad}///");
            }
            line.push(' ');
            line.push_str(word);
        }
        out.push_str(&line);
        out.push('\n');
    }
}

/// A text as a Swift literal.
pub fn string(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Lines as a literal over several lines, whose end stands at this indent.
pub fn lines(indent: usize, lines: &[String]) -> String {
    let pad = " ".repeat(indent);
    let body: String = lines.iter().map(|line| format!("{pad}{}\n", line.replace('\\', "\\\\"))).collect();
    format!("\"\"\"\n{body}{pad}\"\"\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_wrapped_and_keep_their_paragraphs() {
        let mut out = String::new();
        comment(&mut out, 4, &format!("{}\n\n`GET /x`", "word ".repeat(40)));
        assert!(out.lines().all(|line| line.starts_with("    ///") && line.len() <= WIDTH), "{out}");
        assert!(out.ends_with("    ///\n    /// `GET /x`\n"), "{out}");
    }

    #[test]
    fn literals_interpolate_nothing() {
        assert_eq!(string("a\\(b)\"\n"), r#""a\\(b)\"\n""#);
    }
}
