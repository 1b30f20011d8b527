//! Python source: docstrings, literals, and expressions broken at their brackets where a line would be too long.

/// Longest line.
pub const WIDTH: usize = 120;

/// A piece of source that may be broken.
#[derive(Debug, Clone)]
pub enum Doc {
    /// Never broken.
    Text(String),
    /// `head`, items with commas, `tail`.
    Brackets {
        /// Up to and with the opening bracket.
        head: String,
        /// What stands between.
        items: Vec<Doc>,
        /// The closing bracket.
        tail: &'static str,
        /// Whether broken items share lines.
        fill: bool,
    },
    /// One after the other.
    Sequence(Vec<Doc>),
}

impl Doc {
    /// Brackets with one item a line when broken.
    pub fn brackets(head: impl Into<String>, items: Vec<Doc>, tail: &'static str) -> Self {
        Self::Brackets { head: head.into(), items, tail, fill: false }
    }

    /// Brackets whose items share lines when broken.
    pub fn filled(head: impl Into<String>, items: impl IntoIterator<Item = String>, tail: &'static str) -> Self {
        Self::Brackets { head: head.into(), items: items.into_iter().map(Self::Text).collect(), tail, fill: true }
    }

    /// On one line.
    pub fn flat(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Brackets { head, items, tail, .. } => {
                let items: Vec<String> = items.iter().map(Self::flat).collect();
                format!("{head}{}{tail}", items.join(", "))
            }
            Self::Sequence(parts) => parts.iter().map(Self::flat).collect(),
        }
    }

    /// Laid out for a place that is `column` characters into its line, whose line has this indent, with `after` more
    /// characters behind it.
    pub fn lay(&self, indent: usize, column: usize, after: usize) -> String {
        let flat = self.flat();
        if column + flat.chars().count() + after <= WIDTH {
            return flat;
        }
        match self {
            Self::Text(text) => text.clone(),
            Self::Sequence(parts) => {
                let mut out = String::new();
                for (at, part) in parts.iter().enumerate() {
                    let rest: usize = parts[at + 1..].iter().map(|part| part.flat().chars().count()).sum();
                    let line = out.rsplit('\n').next().unwrap_or_default().chars().count();
                    let column = if out.contains('\n') { line } else { column + line };
                    out.push_str(&part.lay(indent, column, rest + after));
                }
                out
            }
            Self::Brackets { head, items, tail, fill } => {
                let pad = " ".repeat(indent + 4);
                let mut out = format!("{head}\n");
                if *fill {
                    let mut line = pad.clone();
                    for item in items {
                        let item = item.flat();
                        if line.len() > pad.len() && line.chars().count() + item.chars().count() + 1 > WIDTH {
                            out.push_str(line.trim_end());
                            out.push('\n');
                            line.clone_from(&pad);
                        }
                        line.push_str(&item);
                        line.push_str(", ");
                    }
                    let single = items.len() == 1 && *tail == "]" && head.len() > 1;
                    out.push_str(if single { line.trim_end().trim_end_matches(',') } else { line.trim_end() });
                    out.push('\n');
                } else {
                    // A comma behind the only argument of a subscript would make it a tuple.
                    let comma = if items.len() == 1 && *tail == "]" { "" } else { "," };
                    for item in items {
                        out.push_str(&format!("{pad}{}{comma}\n", item.lay(indent + 4, indent + 4, 1)));
                    }
                }
                out.push_str(&" ".repeat(indent));
                out.push_str(tail);
                out
            }
        }
    }
}

/// Adds a line: what stands first, an expression, what stands last.
pub fn line(out: &mut String, indent: usize, first: &str, doc: &Doc, last: &str) {
    let column = indent + first.chars().count();
    let body = doc.lay(indent, column, last.chars().count());
    out.push_str(&format!("{}{first}{body}{last}\n", " ".repeat(indent)));
}

/// Adds a docstring, wrapped.
pub fn docstring(out: &mut String, indent: usize, text: &str) {
    let pad = " ".repeat(indent);
    let text = text.trim().replace('\\', "\\\\").replace("\"\"\"", "\\\"\\\"\\\"");
    let lines: Vec<String> = text.split('\n').flat_map(|paragraph| wrap(paragraph, WIDTH - indent)).collect();
    if let [only] = lines.as_slice()
        && indent + only.chars().count() + 6 <= WIDTH
        && !only.ends_with('"')
    {
        out.push_str(&format!("{pad}\"\"\"{only}\"\"\"\n"));
        return;
    }
    for (at, line) in lines.iter().enumerate() {
        let mark = if at == 0 { "\"\"\"" } else { "" };
        let line = format!("{pad}{mark}{line}");
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out.push_str(&format!("{pad}\"\"\"\n"));
}

/// Words on lines of at most `width` less three characters; an empty text is an empty line.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.last().map_or(0, |line| line.chars().count());
        if last > 0 && last + 1 + word.chars().count() > width - 3 {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

/// A text as a literal.
pub fn string(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
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

    fn texts(texts: &[&str]) -> Vec<Doc> {
        texts.iter().map(|text| Doc::Text((*text).to_owned())).collect()
    }

    #[test]
    fn what_fits_stays_on_its_line() {
        let doc = Doc::brackets("Union[", texts(&["str", "int"]), "]");
        assert_eq!(doc.lay(4, 100, 0), "Union[str, int]");
    }

    #[test]
    fn the_outermost_brackets_break_first() {
        let inner = Doc::brackets("List[", texts(&["Some.Type"]), "]");
        let doc = Doc::brackets("Union[", vec![inner, Doc::Text("x".repeat(60)), Doc::Text("y".repeat(60))], "]");
        let laid = doc.lay(4, 10, 0);
        assert_eq!(laid.lines().count(), 5);
        assert!(laid.starts_with("Union[\n        List[Some.Type],\n") && laid.ends_with("\n    ]"));
    }

    #[test]
    fn the_only_argument_of_a_subscript_has_no_comma() {
        let doc = Doc::brackets("Optional[", texts(&["x".repeat(130).as_str()]), "]");
        assert_eq!(doc.lay(0, 0, 0), format!("Optional[\n    {}\n]", "x".repeat(130)));
    }

    #[test]
    fn literals_share_lines() {
        let doc = Doc::filled("Literal[", (0..60).map(|n| format!("\"v{n}\"")), "]");
        let laid = doc.lay(0, 0, 0);
        assert!(laid.lines().all(|line| line.chars().count() <= WIDTH) && laid.lines().count() < 10, "{laid}");
    }

    #[test]
    fn docstrings_end_where_python_thinks_they_end() {
        let mut out = String::new();
        docstring(&mut out, 4, "Says \"yes\"");
        docstring(&mut out, 4, "A \\ and \"\"\" inside.");
        assert_eq!(out, "    \"\"\"Says \"yes\"\n    \"\"\"\n    \"\"\"A \\\\ and \\\"\\\"\\\" inside.\"\"\"\n");
    }
}
