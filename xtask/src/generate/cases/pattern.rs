//! A text for a pattern, for the few shapes of patterns that a description of an API has.

/// A text that matches a pattern made of literals, classes, groups without alternatives, and repetition; `None` for any
/// other pattern.
pub fn example(pattern: &str) -> Option<String> {
    let mut rest = pattern.strip_prefix('^').unwrap_or(pattern).chars().collect::<Vec<_>>();
    if rest.last() == Some(&'$') {
        rest.pop();
    }
    let mut reader = Reader { chars: rest, at: 0 };
    let text = reader.sequence()?;
    (reader.at == reader.chars.len()).then_some(text)
}

struct Reader {
    chars: Vec<char>,
    at: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += 1;
        Some(next)
    }

    /// Atoms up to the end or a closing parenthesis; of alternatives, the first.
    fn sequence(&mut self) -> Option<String> {
        let mut text = String::new();
        let mut skipping = false;
        while let Some(c) = self.peek() {
            if c == ')' {
                break;
            }
            if c == '|' {
                self.at += 1;
                skipping = true;
                continue;
            }
            let atom = self.atom()?;
            let count = self.repetition()?;
            if !skipping {
                text.push_str(&atom.repeat(count));
            }
        }
        Some(text)
    }

    fn atom(&mut self) -> Option<String> {
        match self.next()? {
            '(' => {
                if self.peek() == Some('?') {
                    // Only a group that is not captured; looking ahead is beyond this.
                    self.at += 1;
                    if self.next()? != ':' {
                        return None;
                    }
                }
                let inner = self.sequence()?;
                (self.next()? == ')').then_some(inner)
            }
            '[' => self.class(),
            '\\' => self.escaped().map(String::from),
            '.' => Some("a".to_owned()),
            '*' | '+' | '?' | '{' | '^' | '$' => None,
            c => Some(c.to_string()),
        }
    }

    fn escaped(&mut self) -> Option<char> {
        match self.next()? {
            'd' => Some('1'),
            'w' | 'S' => Some('a'),
            's' => Some(' '),
            c if !c.is_alphanumeric() => Some(c),
            _ => None,
        }
    }

    /// A letter of the class: the first one named.
    fn class(&mut self) -> Option<String> {
        let negated = self.peek() == Some('^');
        if negated {
            self.at += 1;
        }
        let mut first = None;
        let mut named = Vec::new();
        loop {
            let c = match self.next()? {
                ']' => break,
                '\\' => self.escaped()?,
                c => c,
            };
            first = first.or(Some(c));
            named.push(c);
        }
        if negated {
            return ['a', 'b', '1'].into_iter().find(|c| !named.contains(c)).map(String::from);
        }
        first.map(String::from)
    }

    /// How often: as rarely as allowed, but once rather than never.
    fn repetition(&mut self) -> Option<usize> {
        match self.peek() {
            Some('*' | '+' | '?') => {
                self.at += 1;
                if self.peek() == Some('?') {
                    self.at += 1;
                }
                Some(1)
            }
            Some('{') => {
                self.at += 1;
                let mut digits = String::new();
                let mut inside = String::new();
                loop {
                    let c = self.next()?;
                    if c == '}' {
                        break;
                    }
                    inside.push(c);
                    if c.is_ascii_digit() && !inside.contains(',') {
                        digits.push(c);
                    }
                }
                let low: usize = digits.parse().ok()?;
                Some(if low == 0 && inside.contains(',') { 1 } else { low })
            }
            _ => Some(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::example;

    #[test]
    fn common_patterns_get_a_text_that_fits() {
        let cases = [
            ("^[a-zA-Z0-9_-]+$", "a"),
            (r"^\d{4}-\d{2}$", "1111-11"),
            ("^(file|batch)_[a-f0-9]{3}$", "file_aaa"),
            (r"^[^\s/]{1,64}$", "a"),
            ("^conv_", "conv_"),
        ];
        for (pattern, expected) in cases {
            assert_eq!(example(pattern).as_deref(), Some(expected), "{pattern}");
        }
    }

    #[test]
    fn other_patterns_are_left_alone() {
        for pattern in ["^(?=a)b$", "a{", "[a"] {
            assert_eq!(example(pattern), None, "{pattern}");
        }
    }
}
