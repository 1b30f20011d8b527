//! The texts that go with types and members: ours where there is one, else what the facts say.

use serde_json::Value;

use super::defs::FieldDef;
use super::{Type, Use};

/// Limits, units and default of a member as one sentence, such as `Between 0 and 2; default 1.` What `text` says already is
/// left out.
pub fn facts(field: &FieldDef, text: &str) -> Option<String> {
    let mut parts = Vec::new();
    if let Some((unit, word)) = field.format.as_deref().and_then(unit) {
        parts.extend((!text.contains(word)).then(|| unit.to_owned()));
    }
    parts.extend(range(field).filter(|part| !says(text, part)));
    parts.extend(count(field.min_length, field.max_length, "character").filter(|part| !says(text, part)));
    parts.extend(count(field.min_items, field.max_items, "item").filter(|part| !says(text, part)));
    if let Some(pattern) = field.pattern.as_deref().filter(|pattern| pattern.len() <= 60 && !pattern.contains('`')) {
        parts.push(format!("matches `{pattern}`"));
    }
    if !field.values.is_empty() {
        let values: Vec<String> = field.values.iter().map(ToString::to_string).collect();
        parts.push(format!("one of {}", values.join(", ")));
    }
    if !text.contains("efault") {
        parts.extend(field.default.as_ref().and_then(literal).map(|default| format!("default {default}")));
    }
    if parts.is_empty() {
        return None;
    }
    Some(sentence(&parts.join("; ")))
}

/// Whether all numbers of `part` stand in `text` (which may write 4,096 for 4096).
fn says(text: &str, part: &str) -> bool {
    let text: String = text.chars().filter(|c| *c != ',').collect();
    let numbers = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_ascii_digit() && c != '.').map(|word| word.trim_matches('.').to_owned()).collect()
    };
    let told = numbers(&text);
    numbers(part).iter().filter(|number| !number.is_empty()).all(|number| told.contains(number))
}

/// First letter in upper case, one full stop at the end.
pub fn sentence(text: &str) -> String {
    let text = text.trim().trim_end_matches('.');
    let mut letters = text.chars();
    letters.next().map(|first| format!("{}{}.", first.to_uppercase(), letters.as_str())).unwrap_or_default()
}

/// What a format means, and the word by which a text shows that it says so.
fn unit(format: &str) -> Option<(&'static str, &'static str)> {
    match format {
        "unixtime" => Some(("Unix time in seconds", "Unix")),
        "uri" | "url" => Some(("an absolute URL", "URL")),
        "date" => Some(("a date as `YYYY-MM-DD`", "YYYY")),
        "date-time" => Some(("a time as in RFC 3339", "RFC 3339")),
        _ => None,
    }
}

fn range(field: &FieldDef) -> Option<String> {
    match (&field.exclusive_minimum, &field.minimum, &field.maximum) {
        (Some(low), _, Some(high)) => Some(format!("above {low}, at most {high}")),
        (Some(low), _, None) => Some(format!("above {low}")),
        (None, Some(low), Some(high)) => Some(format!("between {low} and {high}")),
        (None, Some(low), None) => Some(format!("at least {low}")),
        (None, None, Some(high)) => Some(format!("at most {high}")),
        (None, None, None) => None,
    }
}

fn count(low: Option<u64>, high: Option<u64>, unit: &str) -> Option<String> {
    let plural = |n: u64| if n == 1 { unit.to_owned() } else { format!("{unit}s") };
    match (low.filter(|low| *low > 0), high) {
        (Some(low), Some(high)) if low == high => Some(format!("{low} {}", plural(low))),
        (Some(low), Some(high)) => Some(format!("{low} to {high} {}", plural(high))),
        (Some(low), None) => Some(format!("at least {low} {}", plural(low))),
        (None, Some(high)) => Some(format!("at most {high} {}", plural(high))),
        (None, None) => None,
    }
}

fn literal(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) if text.is_empty() || text.contains('`') || text.len() > 60 => None,
        Value::String(text) => Some(format!("`{text}`")),
        Value::Bool(flag) => Some(format!("`{flag}`")),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(items) if items.is_empty() => Some("`[]`".to_owned()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

impl Type {
    /// Text about the type: ours, else where it is used.
    pub fn text(&self) -> String {
        if let Some(text) = self.docs.get("").filter(|text| !text.trim().is_empty()) {
            return text.clone();
        }
        let Some(first) = self.used_by.first() else {
            return "A value of the API.".to_owned();
        };
        let more = match self.used_by.len() - 1 {
            0 => String::new(),
            1 => ", and in one more place".to_owned(),
            n => format!(", and in {n} more places"),
        };
        match first {
            Use::Arguments(id) => format!("Arguments of `{id}`{more}."),
            Use::Reply(id) => format!("Reply of `{id}`{more}."),
            Use::Item(id) => format!("Item of the list that `{id}` gives{more}."),
            Use::Event(id) => format!("Event of the stream that `{id}` gives{more}."),
            Use::Member { owner, member } => format!("`{member}` of `{owner}`{more}."),
        }
    }

    /// Text about a member or a value, if there is one in our words.
    pub fn member_text(&self, member: &str) -> Option<&str> {
        self.docs.get(member).map(|text| text.trim()).filter(|text| !text.is_empty() && !member.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(json: &str) -> FieldDef {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn limits_units_and_default_become_one_sentence() {
        let cases = [
            (r#"{"name":"t","type":"number","minimum":0,"maximum":2,"default":1}"#, "Between 0 and 2; default 1."),
            (r#"{"name":"t","type":"integer","format":"unixtime"}"#, "Unix time in seconds."),
            (r#"{"name":"t","type":"list<string>","max_items":1}"#, "At most 1 item."),
            (r#"{"name":"t","type":"string","min_length":1,"max_length":64}"#, "1 to 64 characters."),
            (r#"{"name":"t","type":"number","exclusive_minimum":0,"maximum":1}"#, "Above 0, at most 1."),
            (r#"{"name":"t","type":"integer","values":[256,512],"default":256}"#, "One of 256, 512; default 256."),
        ];
        for (json, expected) in cases {
            assert_eq!(facts(&field(json), "").as_deref(), Some(expected));
        }
        assert_eq!(facts(&field(r#"{"name":"t","type":"string","default":null}"#), ""), None);
    }

    #[test]
    fn what_the_text_says_is_not_said_again() {
        let limits = field(r#"{"name":"t","type":"string","max_length":4096,"default":"a"}"#);
        assert_eq!(facts(&limits, "Up to 4,096 characters.").as_deref(), Some("Default `a`."));
        assert_eq!(facts(&limits, "Up to 4,096 characters; `a` by default."), None);
        let time = field(r#"{"name":"t","type":"integer","format":"unixtime"}"#);
        assert_eq!(facts(&time, "When it ends, in seconds since the Unix epoch."), None);
    }
}
