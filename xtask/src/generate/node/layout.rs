//! TypeScript source: comments, and types broken where a line would be too long.

/// Longest line.
pub const WIDTH: usize = 120;

/// A line: what stands first, a type, what stands last. Long unions are broken between their arms.
pub fn line(out: &mut String, indent: usize, first: &str, ty: &str, last: &str) {
    let pad = " ".repeat(indent);
    let flat = format!("{pad}{first}{ty}{last}\n");
    let arms = arms(ty);
    if flat.chars().count() <= WIDTH + 1 || arms.len() == 1 {
        out.push_str(&flat);
        return;
    }
    out.push_str(&format!("{pad}{}\n", first.trim_end()));
    let mut current = format!("{pad}  ");
    for (at, arm) in arms.iter().enumerate() {
        let end = if at + 1 == arms.len() { last } else { "" };
        let piece = format!("| {arm}{end} ");
        if current.trim().is_empty() || current.chars().count() + piece.trim_end().chars().count() <= WIDTH {
            current.push_str(&piece);
            continue;
        }
        out.push_str(current.trim_end());
        out.push('\n');
        current = format!("{pad}  {piece}");
    }
    out.push_str(current.trim_end());
    out.push('\n');
}

/// `head(`, items, `tail`: on one line, or each item on its own.
pub fn call(out: &mut String, indent: usize, head: &str, items: &[String], tail: &str) {
    let pad = " ".repeat(indent);
    let flat = format!("{pad}{head}{}{tail}", items.join(", "));
    if flat.chars().count() <= WIDTH || items.is_empty() {
        out.push_str(&flat);
        out.push('\n');
        return;
    }
    out.push_str(&format!("{pad}{head}\n"));
    for item in items {
        out.push_str(&format!("{pad}  {item},\n"));
    }
    out.push_str(&format!("{pad}{tail}\n"));
}

/// `head {`, names that share lines, `} tail`.
pub fn names(out: &mut String, indent: usize, head: &str, names: &[String], tail: &str) {
    let pad = " ".repeat(indent);
    let flat = format!("{pad}{head}{{ {} }}{tail}", names.join(", "));
    if flat.chars().count() <= WIDTH {
        out.push_str(&flat);
        out.push('\n');
        return;
    }
    out.push_str(&format!("{pad}{head}{{\n"));
    let mut current = String::new();
    for name in names {
        if !current.is_empty() && indent + 4 + current.chars().count() + name.chars().count() > WIDTH {
            out.push_str(&format!("{pad}  {}\n", current.trim_end()));
            current.clear();
        }
        current.push_str(name);
        current.push_str(", ");
    }
    out.push_str(&format!("{pad}  {}\n{pad}}}{tail}\n", current.trim_end()));
}

/// Adds a comment that editors show.
pub fn comment(out: &mut String, indent: usize, text: &str) {
    let pad = " ".repeat(indent);
    let text = text.trim().replace("*/", "*\\/");
    let mut lines: Vec<String> = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && indent + 3 + line.chars().count() + 1 + word.chars().count() > WIDTH {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    if let [only] = lines.as_slice()
        && indent + 7 + only.chars().count() <= WIDTH
    {
        out.push_str(&format!("{pad}/** {only} */\n"));
        return;
    }
    out.push_str(&format!("{pad}/**\n"));
    for line in lines {
        out.push_str(format!("{pad} * {line}").trim_end());
        out.push('\n');
    }
    out.push_str(&format!("{pad} */\n"));
}

/// The arms of a union, or the type itself.
pub fn arms(ty: &str) -> Vec<&str> {
    let (mut depth, mut quote, mut start) = (0_i32, None, 0);
    let mut found = Vec::new();
    let mut previous = ' ';
    for (at, c) in ty.char_indices() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"' | '`') => quote = Some(c),
            (None, '(' | '[' | '{' | '<') => depth += 1,
            // The head of an arrow is no bracket.
            (None, '>') if previous == '=' => return vec![ty],
            (None, ')' | ']' | '}' | '>') => depth -= 1,
            // A condition is broken nowhere.
            (None, '?') if depth == 0 => return vec![ty],
            (None, '|') if depth == 0 => {
                found.push(ty[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
        previous = c;
    }
    found.push(ty[start..].trim());
    found.retain(|arm| !arm.is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_outer_arms_are_apart() {
        assert_eq!(arms("Array<A | B> | 'x|y' | { a: C | D }"), ["Array<A | B>", "'x|y'", "{ a: C | D }"]);
        assert_eq!(arms("(a: string) => A | B").len(), 1);
    }

    #[test]
    fn long_unions_share_lines() {
        let arms: Vec<String> = (0..60).map(|n| format!("'value_{n}'")).collect();
        let mut out = String::new();
        line(&mut out, 2, "kind?: ", &arms.join(" | "), ";");
        assert!(out.starts_with("  kind?:\n    | 'value_0' | 'value_1'") && out.ends_with("'value_59';\n"), "{out}");
        assert!(out.lines().all(|line| line.chars().count() <= WIDTH) && out.lines().count() < 12, "{out}");
    }

    #[test]
    fn a_comment_ends_where_typescript_thinks_it_ends() {
        let mut out = String::new();
        comment(&mut out, 0, "Ends */ here.\nNot here.");
        assert_eq!(out, "/**\n * Ends *\\/ here.\n * Not here.\n */\n");
    }
}
