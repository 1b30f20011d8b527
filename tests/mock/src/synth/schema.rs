//! A value that fits a JSON Schema, as far as schemas of functions and structured outputs go.

use serde_json::{Map, Value, json};

/// A sample of `schema`; `root` is where its `$ref`s point into.
pub(super) fn sample(schema: &Value, root: &Value, name: &str, depth: usize) -> Value {
    if let Some(value) = schema.get("const").or_else(|| schema["enum"].get(0)).or_else(|| schema.get("default")) {
        return value.clone();
    }
    if depth > 8 {
        return Value::Null;
    }
    if let Some(target) = schema["$ref"].as_str().and_then(|r| root.pointer(r.trim_start_matches('#'))) {
        return sample(target, root, name, depth + 1);
    }
    if let Some(first) = schema["anyOf"].get(0).or_else(|| schema["oneOf"].get(0)).or_else(|| schema["allOf"].get(0)) {
        return sample(first, root, name, depth + 1);
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"].get(0).and_then(Value::as_str));
    match kind {
        Some("string") => match schema["format"].as_str() {
            Some("date") => json!("2026-01-15"),
            Some("date-time") => json!("2026-01-15T09:30:00Z"),
            _ => json!(name.replace('_', " ")),
        },
        Some("integer") => json!(schema["minimum"].as_i64().unwrap_or(1)),
        Some("number") => json!(schema["minimum"].as_f64().unwrap_or(1.5)),
        Some("boolean") => json!(true),
        Some("null") => Value::Null,
        Some("array") => {
            let least = schema["minItems"].as_u64().unwrap_or(1).clamp(1, 16);
            (0..least).map(|_| sample(&schema["items"], root, name, depth + 1)).collect()
        }
        _ => {
            let required: Vec<_> =
                schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let members = schema["properties"].as_object().into_iter().flatten();
            let wanted = members.filter(|(key, _)| required.is_empty() || required.contains(&key.as_str()));
            Value::Object(wanted.map(|(k, s)| (k.clone(), sample(s, root, k, depth + 1))).collect::<Map<_, _>>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn required_members_of_a_function_are_filled() {
        let schema = json!({"type": "object", "required": ["city", "unit", "days"], "properties": {
            "city": {"type": "string"}, "unit": {"enum": ["c", "f"]}, "days": {"type": ["integer", "null"], "minimum": 2},
            "more": {"type": "boolean"}}});
        assert_eq!(sample(&schema, &schema, "x", 0), json!({"city": "city", "unit": "c", "days": 2}));
    }

    #[test]
    fn a_schema_that_contains_itself_ends() {
        let schema = json!({"type": "object", "properties": {"next": {"$ref": "#"}}});
        assert!(sample(&schema, &schema, "x", 0).to_string().len() < 200);
    }
}
