//! JSON text that reads well in a diff.

use serde_json::Value;

/// Longest line of a list of enum values.
const WIDTH: usize = 120;

/// A value on one line, with a space after `:` and `,`.
pub(crate) fn inline(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let members: Vec<String> = members.iter().map(|(key, value)| member(key, value)).collect();
            format!("{{{}}}", members.join(", "))
        }
        scalar => scalar.to_string(),
    }
}

/// `"key": value` on one line.
pub(crate) fn member(key: &str, value: &Value) -> String {
    format!("{}: {}", Value::from(key), inline(value))
}

/// An array of strings: on one line if it fits behind `indent` columns, else filled lines.
pub(crate) fn filled(values: &[String], indent: usize) -> String {
    let quoted: Vec<String> = values.iter().map(|value| Value::from(value.as_str()).to_string()).collect();
    let short = quoted.join(", ");
    if short.len() + indent + 20 <= WIDTH {
        return format!("[{short}]");
    }
    let mut lines: Vec<String> = vec![String::new()];
    for (at, value) in quoted.iter().enumerate() {
        let comma = if at + 1 < quoted.len() { "," } else { "" };
        let last = lines.len() - 1;
        if !lines[last].is_empty() && lines[last].len() + value.len() + 8 > WIDTH {
            lines.push(String::new());
        }
        let last = lines.len() - 1;
        let space = if lines[last].is_empty() { "" } else { " " };
        lines[last].push_str(&format!("{space}{value}{comma}"));
    }
    format!("[\n      {}]", lines.join("\n      "))
}

/// Splits `(key, text)` entries into files of at most `limit` lines: `{"name": {…}}` each.
pub(crate) fn files(name: &str, stem: &str, entries: &[(String, String)], limit: usize) -> Vec<(String, String)> {
    let mut files: Vec<Vec<&(String, String)>> = vec![Vec::new()];
    let mut lines = 0;
    for entry in entries {
        let size = entry.1.lines().count();
        if lines + size > limit {
            files.push(Vec::new());
            lines = 0;
        }
        lines += size;
        if let Some(last) = files.last_mut() {
            last.push(entry);
        }
    }
    let write = |(at, entries): (usize, Vec<&(String, String)>)| {
        let file = if at == 0 { format!("{stem}.json") } else { format!("{stem}_{}.json", at + 1) };
        let body: Vec<String> =
            entries.iter().map(|(key, text)| format!("  {}: {text}", Value::from(key.as_str()))).collect();
        (file, format!("{{{}: {{\n{}\n}}}}\n", Value::from(name), body.join(",\n")))
    };
    files.into_iter().enumerate().map(write).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn one_line_has_spaces_and_keeps_the_order() {
        assert_eq!(inline(&json!({"b": [1, "x"], "a": null})), r#"{"b": [1, "x"], "a": null}"#);
    }

    #[test]
    fn long_lists_of_values_are_filled() {
        let values: Vec<String> = (0..40).map(|n| format!("value_{n}")).collect();
        let text = filled(&values, 0);
        assert!(text.lines().all(|line| line.len() <= WIDTH + 2));
        assert_eq!(serde_json::from_str::<Vec<String>>(&text).unwrap(), values);
    }

    #[test]
    fn large_groups_are_split_and_stay_json() {
        let entries: Vec<(String, String)> = (0..5).map(|n| (format!("T{n}"), "{}".to_owned())).collect();
        let files = files("types", "chat", &entries, 2);
        assert_eq!(
            files.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
            ["chat.json", "chat_2.json", "chat_3.json"]
        );
        assert!(files.iter().all(|(_, text)| serde_json::from_str::<Value>(text).is_ok()));
    }
}
