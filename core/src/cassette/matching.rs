//! Whether a request is one that was recorded, and if not, how far it is from the nearest.

use serde_json::Value;

use super::format::{Asked, Body, Part, Said};

/// Most differences that an error names.
const SHOWN: usize = 5;

/// Whether both ask for the same.
pub(super) fn same(recorded: &Asked, asked: &Asked, ignored: &[String]) -> bool {
    recorded.method == asked.method && recorded.path == asked.path && differences(recorded, asked, ignored).is_empty()
}

/// The recorded request that is most like this one, by its place, and what differs.
pub(super) fn nearest<'a>(
    recorded: impl Iterator<Item = &'a Asked>,
    asked: &Asked,
    ignored: &[String],
) -> Option<(usize, Vec<String>)> {
    let distance = |other: &Asked| {
        let same_start = other.path.bytes().zip(asked.path.bytes()).take_while(|(a, b)| a == b).count();
        let place = (other.path != asked.path, other.method != asked.method, usize::MAX - same_start);
        (place, differences(other, asked, ignored))
    };
    recorded
        .enumerate()
        .map(|(at, other)| (at, distance(other)))
        .min_by(|(_, (one, few)), (_, (other, many))| (one, few.len()).cmp(&(other, many.len())))
        .map(|(at, (_, differences))| (at, differences))
}

/// What differs, for an error: places and kinds, and no text of either, which may be a prompt.
pub(super) fn show(differences: &[String]) -> String {
    let mut text = differences.iter().take(SHOWN).cloned().collect::<Vec<_>>().join("; ");
    if differences.len() > SHOWN {
        text.push_str(&format!("; and {} more", differences.len() - SHOWN));
    }
    text
}

/// What differs between two messages of a WebSocket.
pub(super) fn unlike(recorded: &Said, heard: &Said, ignored: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    match (&recorded.json, &heard.json) {
        (Some(one), Some(other)) => {
            let value = |json: &str| serde_json::from_str::<Value>(json).unwrap_or_default();
            let ignores = |name: &str| ignored.iter().any(|own| own == name);
            compare("it", &value(one.get()), &value(other.get()), &ignores, &mut found);
        }
        (None, None) if recorded.text == heard.text && recorded.base64 == heard.base64 => {}
        _ => match (&recorded.text, &heard.text) {
            (Some(one), Some(other)) => text("it", one, other, &mut found),
            _ => found.push("it is of another kind".to_owned()),
        },
    }
    found
}

fn differences(recorded: &Asked, asked: &Asked, ignored: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    let ignores = |name: &str| ignored.iter().any(|own| own == name);
    let sorted = |query: &[String]| {
        let name = |pair: &String| pair.split('=').next().unwrap_or_default().to_owned();
        let mut pairs: Vec<String> = query.iter().filter(|pair| !ignores(&name(pair))).cloned().collect();
        pairs.sort();
        pairs
    };
    let (one, other) = (sorted(&recorded.query), sorted(&asked.query));
    if one != other {
        let lost =
            one.iter().filter(|pair| !other.contains(pair)).chain(other.iter().filter(|pair| !one.contains(pair)));
        let mut names: Vec<&str> = lost.map(|pair| pair.split('=').next().unwrap_or_default()).collect();
        names.dedup();
        found.push(format!("the query differs ({})", names.join(", ")));
    }
    match (&recorded.body, &asked.body) {
        (None, None) => {}
        (Some(Body::Json(one)), Some(Body::Json(other))) => {
            let value = |json: &str| serde_json::from_str::<Value>(json).unwrap_or_default();
            compare("body", &value(one.get()), &value(other.get()), &ignores, &mut found);
        }
        (Some(Body::Text(one)), Some(Body::Text(other))) => text("body", one, other, &mut found),
        (Some(Body::Base64(one)), Some(Body::Base64(other))) if one == other => {}
        (Some(Body::Multipart(one)), Some(Body::Multipart(other))) => form(one, other, &mut found),
        (one, other) => found.push(format!("the body is {}, recorded was {}", kind(other), kind(one))),
    }
    found
}

fn kind(body: &Option<Body>) -> &'static str {
    match body {
        None => "absent",
        Some(Body::Json(_)) => "JSON",
        Some(Body::Text(_)) => "text",
        Some(Body::Base64(_)) => "binary",
        Some(Body::Multipart(_)) => "a form",
    }
}

fn compare(at: &str, one: &Value, other: &Value, ignores: &impl Fn(&str) -> bool, found: &mut Vec<String>) {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            for (name, value) in one.iter().filter(|(name, _)| !ignores(name)) {
                match other.get(name) {
                    Some(other) => compare(&format!("{at}.{name}"), value, other, ignores, found),
                    None => found.push(format!("{at}.{name} is only in the recording")),
                }
            }
            let new = other.keys().filter(|name| !ignores(name) && !one.contains_key(*name));
            found.extend(new.map(|name| format!("{at}.{name} is only in the request")));
        }
        (Value::Array(one), Value::Array(other)) => {
            for (index, (one, other)) in one.iter().zip(other).enumerate() {
                compare(&format!("{at}[{index}]"), one, other, ignores, found);
            }
            if one.len() != other.len() {
                found.push(format!("{at} has {} items, recorded were {}", other.len(), one.len()));
            }
        }
        (Value::String(one), Value::String(other)) => text(at, one, other, found),
        (one, other) if one == other => {}
        (Value::Number(_) | Value::Bool(_) | Value::Null, Value::Number(_) | Value::Bool(_) | Value::Null) => {
            found.push(format!("{at} is {other}, recorded was {one}"));
        }
        _ => found.push(format!("{at} is of another type")),
    }
}

fn text(at: &str, one: &str, other: &str, found: &mut Vec<String>) {
    if one != other {
        let same = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
        found.push(format!("{at} is another text from character {} on", same + 1));
    }
}

fn form(one: &[Part], other: &[Part], found: &mut Vec<String>) {
    for (index, (one, other)) in one.iter().zip(other).enumerate() {
        if one != other {
            found.push(format!("part {} of the form (`{}`) is another", index + 1, other.name));
        }
    }
    if one.len() != other.len() {
        found.push(format!("the form has {} parts, recorded were {}", other.len(), one.len()));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use serde_json::value::to_raw_value;

    use super::*;

    fn asked(path: &str, body: Value) -> Asked {
        let body = Some(Body::Json(to_raw_value(&body).unwrap()));
        Asked { method: "POST".to_owned(), path: path.to_owned(), query: Vec::new(), headers: Default::default(), body }
    }

    fn differ(one: Value, other: Value) -> Vec<String> {
        differences(&asked("/x", one), &asked("/x", other), &["ignored".to_owned()])
    }

    #[test]
    fn the_order_of_members_and_ignored_ones_make_no_difference() {
        let one = asked("/x", json!({"a": 1, "b": [{"c": 2, "ignored": 1}]}));
        let text = r#"{"b":[{"ignored":7,"c":2}],"a":1}"#.to_owned();
        let body = Some(Body::Json(serde_json::value::RawValue::from_string(text).unwrap()));
        let other = Asked { body, ..one.clone() };
        assert!(same(&one, &other, &["ignored".to_owned()]) && !same(&one, &other, &[]));
        assert!(!same(&one, &asked("/y", json!({})), &[]));
    }

    #[test]
    fn differences_say_where_and_quote_no_text() {
        let one = json!({"temperature": 1, "m": [{"content": "canary one"}], "old": 1, "t": "x"});
        let other = json!({"temperature": 0.5, "m": [{"content": "canary two"}, {}], "new": 1, "t": 1});
        let mut found = differ(one, other);
        // Members come in the order in which they are kept, which is a feature of the JSON library.
        found.sort();
        assert_eq!(
            found,
            [
                "body.m has 2 items, recorded were 1",
                "body.m[0].content is another text from character 8 on",
                "body.new is only in the request",
                "body.old is only in the recording",
                "body.t is of another type",
                "body.temperature is 0.5, recorded was 1",
            ]
        );
        assert!(show(&found).ends_with("and 1 more"));
    }

    #[test]
    fn the_query_is_compared_without_order() {
        let with = |query: &[&str]| Asked {
            query: query.iter().map(|pair| (*pair).to_owned()).collect(),
            ..asked("/x", json!({}))
        };
        assert!(same(&with(&["a=1", "b=2"]), &with(&["b=2", "a=1"]), &[]));
        assert!(
            !same(&with(&["a=1"]), &with(&["a=2"]), &[]) && same(&with(&["a=1"]), &with(&["a=2"]), &["a".to_owned()])
        );
        assert!(!same(&with(&["a=1", "a=1"]), &with(&["a=1"]), &[]));
    }

    #[test]
    fn the_nearest_has_the_same_path_and_the_fewest_differences() {
        let tape = [
            asked("/v1/files", json!({})),
            asked("/v1/chat", json!({"a": 1, "b": 2, "c": 3})),
            asked("/v1/chat", json!({"a": 1, "b": 2})),
        ];
        let (at, found) = nearest(tape.iter(), &asked("/v1/chat", json!({"a": 1, "b": 3})), &[]).unwrap();
        assert_eq!((at, found.len()), (2, 1));
        assert_eq!(nearest(tape.iter(), &asked("/v1/file", json!({})), &[]).unwrap().0, 0);
        assert!(nearest([].iter(), &tape[0], &[]).is_none());
    }
}
