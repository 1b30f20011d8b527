//! Texts that suit the name of the member they stand in.

use crate::api::Field;

/// FNV-1a: the same on every machine, unlike the standard library's hasher.
pub(crate) fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3))
}

/// Mixes two seeds.
pub(crate) fn mix(a: u64, b: u64) -> u64 {
    let mut x = (a ^ b.rotate_left(29)).wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^ (x >> 31)
}

/// `prefix_` and twelve hex digits.
pub(crate) fn id(prefix: &str, seed: u64) -> String {
    format!("{prefix}_{:012x}", mix(seed, 7) & 0xffff_ffff_ffff)
}

/// A text for the member `name` of the type `owner`, within the member's limits.
pub(crate) fn string(name: &str, owner: &str, field: Option<&Field>, seed: u64) -> String {
    if let Some(pattern) = field.and_then(|f| f.text("pattern"))
        && let Some(text) = of_pattern(pattern, seed)
    {
        return text;
    }
    let format = field.and_then(|f| f.text("format")).unwrap_or_default();
    let text = match (format, name) {
        ("uri", _) => format!("https://example.com/{name}"),
        ("date", _) => "2026-01-15".to_owned(),
        ("date-time", _) => "2026-01-15T09:30:00Z".to_owned(),
        (_, "id") => id(&snake(owner), seed),
        (_, "model") => "gpt-mock".to_owned(),
        (_, "email") => "person@example.com".to_owned(),
        (_, "arguments") => "{}".to_owned(),
        (_, "description" | "instructions" | "text") => format!("Some {name}: \"grün\", 日本, 🌍\n"),
        (_, n) if n == "url" || n.ends_with("_url") => format!("https://example.com/{n}"),
        (_, n) => match n.strip_suffix("_id").or(n.strip_suffix("_ids")) {
            Some(stem) => id(stem, seed),
            None => n.replace('_', " "),
        },
    };
    let least = field.and_then(|f| f.count("min_length")).unwrap_or(0);
    let most = field.and_then(|f| f.count("max_length")).unwrap_or(usize::MAX).max(1);
    text.chars().chain(std::iter::repeat_n('x', least.saturating_sub(text.chars().count()))).take(most).collect()
}

fn snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    if out.is_empty() { "id".to_owned() } else { out }
}

/// A text that matches a pattern of plain characters and classes with `+`, `*`, `?`, `{n}` or `{n,m}`; `None` for others.
fn of_pattern(pattern: &str, seed: u64) -> Option<String> {
    let regex = regex_lite::Regex::new(pattern).ok()?;
    let mut rest = pattern.strip_prefix('^').unwrap_or(pattern);
    rest = rest.strip_suffix('$').unwrap_or(rest);
    let (mut out, mut n) = (String::new(), seed);
    while let Some(c) = rest.chars().next() {
        let choices: Vec<char>;
        if c == '[' {
            let end = rest.find(']')?;
            choices = class(&rest[1..end])?;
            rest = &rest[end + 1..];
        } else if c == '\\' {
            let escaped = rest.chars().nth(1)?;
            choices = match escaped {
                'd' => ('0'..='9').collect(),
                'w' => ('a'..='z').collect(),
                other => vec![other],
            };
            rest = &rest[1 + escaped.len_utf8()..];
        } else {
            choices = vec![c];
            rest = &rest[c.len_utf8()..];
        }
        let times = match rest.chars().next() {
            Some('+' | '*') => {
                rest = &rest[1..];
                6
            }
            Some('?') => {
                rest = &rest[1..];
                1
            }
            Some('{') => {
                let end = rest.find('}')?;
                let count = rest[1..end].split(',').next()?.parse().ok()?;
                rest = &rest[end + 1..];
                count
            }
            _ => 1,
        };
        for i in 0..times {
            n = mix(n, i);
            out.push(choices[n as usize % choices.len()]);
        }
    }
    regex.is_match(&out).then_some(out)
}

fn class(inner: &str) -> Option<Vec<char>> {
    let chars: Vec<char> = inner.chars().collect();
    let (mut out, mut i) = (Vec::new(), 0);
    while i < chars.len() {
        if chars.get(i + 1) == Some(&'-') && i + 2 < chars.len() {
            out.extend(chars[i]..=chars[i + 2]);
            i += 3;
        } else {
            out.push(chars[i]);
            i += 1;
        }
    }
    (!out.is_empty() && !inner.starts_with('^')).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_the_description_get_matching_texts() {
        for pattern in ["^[a-zA-Z0-9_-]+$", "^tunnel_[a-z0-9]{32}$", "^[A-Za-z0-9_.-]+$", r"^\d{4}-\d{2}$"] {
            for seed in 0..50 {
                assert!(of_pattern(pattern, seed).is_some(), "{pattern}");
            }
        }
        assert_eq!(of_pattern("^(a|b)$", 1), None);
    }

    #[test]
    fn ids_name_what_they_identify() {
        assert!(string("id", "VectorStore", None, 1).starts_with("vector_store_"));
        assert!(string("thread_id", "Run", None, 1).starts_with("thread_"));
    }
}
