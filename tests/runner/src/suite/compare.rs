//! Compares JSON with what a case asks for, matchers included.

use std::fmt::Write as _;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::Difference;
use super::sent::Sent;

/// The comparison of one case.
#[derive(Debug)]
pub(super) struct Compare<'a> {
    /// What the servers sent, for `$sent`.
    pub(super) sent: &'a Sent,
}

type Same = Result<(), Difference>;

impl Compare<'_> {
    /// Whether `got` is what `want` asks for. `None` is a member that is not there.
    pub(super) fn value(&self, path: &str, want: &Value, got: Option<&Value>) -> Same {
        if let Some((name, argument)) = matcher(want) {
            return self.matcher(path, name, argument, got);
        }
        let Some(got) = got else {
            return Err(Difference::new(path, want, "nothing"));
        };
        match (want, got) {
            (Value::Object(want), Value::Object(got)) => {
                self.members(path, want, got)?;
                match got.keys().find(|name| !want.contains_key(*name)) {
                    Some(name) => Err(Difference::new(format!("{path}.{name}"), "nothing", &got[name])),
                    None => Ok(()),
                }
            }
            (Value::Array(want), Value::Array(got)) => {
                for (index, want) in want.iter().enumerate() {
                    self.value(&format!("{path}[{index}]"), want, got.get(index))?;
                }
                match got.get(want.len()) {
                    Some(more) => Err(Difference::new(format!("{path}[{}]", want.len()), "the end of the list", more)),
                    None => Ok(()),
                }
            }
            _ if scalar_equal(want, got) => Ok(()),
            _ => Err(Difference::new(path, want, got)),
        }
    }

    /// Whether `got` has at least the members of `want`.
    pub(super) fn members(&self, path: &str, want: &Map<String, Value>, got: &Map<String, Value>) -> Same {
        want.iter().try_for_each(|(name, want)| self.value(&format!("{path}.{name}"), want, got.get(name)))
    }

    fn matcher(&self, path: &str, name: &str, argument: &Value, got: Option<&Value>) -> Same {
        let fail = || {
            let got = got.map_or_else(|| "nothing".to_owned(), Value::to_string);
            Err(Difference::new(path, format!("{{\"{name}\": {argument}}}"), got))
        };
        if name == "$sent" {
            let sent = self.sent.named(argument.as_str().unwrap_or_default());
            return match sent {
                Some(sent) => self.value(path, &sent, got),
                None => fail(),
            };
        }
        let Some(got) = got else { return fail() };
        let fits = match name {
            "$any" => !got.is_null(),
            "$includes" => return self.includes(path, argument, got),
            "$contains" => text_of(got).contains(argument.as_str().unwrap_or("\0")),
            "$lacks" => !text_of(got).contains(argument.as_str().unwrap_or("")),
            "$one_of" => argument
                .as_array()
                .is_some_and(|choices| choices.iter().any(|choice| self.value(path, choice, Some(got)).is_ok())),
            "$range" => {
                let bound = |index: usize| argument.get(index).and_then(Value::as_f64).unwrap_or(f64::NAN);
                got.as_f64().is_some_and(|number| bound(0) <= number && number <= bound(1))
            }
            "$len" => length(got).is_some_and(|length| argument.as_u64() == u64::try_from(length).ok()),
            "$sha256" => argument.as_str().is_some_and(|text| got.as_str() == Some(&hex_sha256(text.as_bytes()))),
            _ => return Err(Difference::new(path, "a known matcher", name)),
        };
        if fits { Ok(()) } else { fail() }
    }

    fn includes(&self, path: &str, want: &Value, got: &Value) -> Same {
        match (want, got) {
            _ if matcher(want).is_some() => self.value(path, want, Some(got)),
            (Value::Object(want), Value::Object(got)) => want.iter().try_for_each(|(name, want)| {
                let path = format!("{path}.{name}");
                match got.get(name) {
                    Some(got) => self.includes(&path, want, got),
                    None => self.value(&path, want, None),
                }
            }),
            _ => self.value(path, want, Some(got)),
        }
    }
}

/// The name and argument of a matcher. `$file`, `$bytes` and the `$ref` of a schema are values.
fn matcher(value: &Value) -> Option<(&str, &Value)> {
    let members = value.as_object().filter(|members| members.len() == 1)?;
    let (name, argument) = members.iter().next()?;
    let is_value = matches!(name.as_str(), "$bytes" | "$file" | "$ref");
    (name.starts_with('$') && !is_value).then_some((name, argument))
}

fn scalar_equal(want: &Value, got: &Value) -> bool {
    match (want, got) {
        (Value::Number(want), Value::Number(got)) => {
            want == got || ((want.is_f64() || got.is_f64()) && want.as_f64() == got.as_f64())
        }
        _ => want == got,
    }
}

fn text_of(value: &Value) -> std::borrow::Cow<'_, str> {
    match value {
        Value::String(text) => text.into(),
        other => other.to_string().into(),
    }
}

fn length(value: &Value) -> Option<usize> {
    match value {
        Value::Array(items) => Some(items.len()),
        Value::Object(members) => Some(members.len()),
        Value::String(text) => Some(text.chars().count()),
        _ => None,
    }
}

/// SHA-256 in lower-case hexadecimal.
pub(crate) fn hex_sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(want: Value, got: Value) -> Result<(), String> {
        let sent = Sent::default();
        Compare { sent: &sent }.value("x", &want, Some(&got)).map_err(|difference| difference.path)
    }

    #[test]
    fn order_of_members_and_form_of_numbers_do_not_matter() {
        assert_eq!(check(json!({"a": 1, "b": [2.0]}), json!({"b": [2], "a": 1.0})), Ok(()));
    }

    #[test]
    fn large_integers_are_compared_exactly() {
        assert_eq!(check(json!(9_007_199_254_740_993_u64), json!(9_007_199_254_740_992_u64)), Err("x".into()));
    }

    #[test]
    fn the_path_names_the_first_difference() {
        assert_eq!(check(json!({"a": [1, {"b": 2}]}), json!({"a": [1, {"b": 3}]})), Err("x.a[1].b".into()));
        assert_eq!(check(json!({"a": 1}), json!({"a": 1, "z": 2})), Err("x.z".into()));
        assert_eq!(check(json!([1]), json!([1, 2])), Err("x[1]".into()));
        assert_eq!(check(json!({"a": null}), json!({})), Err("x.a".into()));
    }

    #[test]
    fn matchers_match_what_they_say() {
        assert_eq!(check(json!({"$any": true}), json!(0)), Ok(()));
        assert_eq!(check(json!({"$any": true}), json!(null)), Err("x".into()));
        assert_eq!(check(json!({"$includes": {"a": {"b": 1}}}), json!({"a": {"b": 1, "c": 2}, "d": 3})), Ok(()));
        assert_eq!(check(json!({"$includes": {"a": {"b": 1}}}), json!({"a": {"b": 2}})), Err("x.a.b".into()));
        assert_eq!(check(json!({"$contains": "el"}), json!("hello")), Ok(()));
        assert_eq!(check(json!({"$lacks": "el"}), json!("hello")), Err("x".into()));
        assert_eq!(check(json!({"$one_of": [1, "a"]}), json!("a")), Ok(()));
        assert_eq!(check(json!({"$range": [1, 2]}), json!(2.5)), Err("x".into()));
        assert_eq!(check(json!({"$len": 2}), json!([1, 2])), Ok(()));
        assert_eq!(check(json!({"$unknown": 2}), json!([1, 2])), Err("x".into()));
    }

    #[test]
    fn sha256_is_that_of_the_text() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(check(json!({"$sha256": ""}), json!(empty)), Ok(()));
    }
}
