//! KDoc and literals.

/// Column at which comments are wrapped.
const WIDTH: usize = 130;

/// Adds `text` as a KDoc comment with this indent. Kotlin nests comments, so neither mark may stand inside.
pub fn kdoc(out: &mut String, indent: usize, text: &str) {
    let pad = " ".repeat(indent);
    let text = text.trim().replace("*/", "*\u{200b}/").replace("/*", "/\u{200b}*");
    if !text.contains('\n') && indent + text.chars().count() + 7 <= WIDTH {
        out.push_str(&format!("{pad}/** {text} */\n"));
        return;
    }
    out.push_str(&format!("{pad}/**\n"));
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && indent + 3 + line.chars().count() + 1 + word.chars().count() > WIDTH {
                out.push_str(&format!("{pad} * {line}\n"));
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        out.push_str(format!("{pad} * {line}").trim_end());
        out.push('\n');
    }
    out.push_str(&format!("{pad} */\n"));
}

/// A text as a Kotlin literal.
pub fn string(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' | '$' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_cannot_end_early() {
        let mut out = String::new();
        kdoc(&mut out, 0, "As in `a*/b`.");
        assert_eq!(out.matches("*/").count(), 1, "{out}");
    }

    #[test]
    fn literals_take_no_templates() {
        assert_eq!(string("a$b\"\n"), r#""a\$b\"\n""#);
    }
}
