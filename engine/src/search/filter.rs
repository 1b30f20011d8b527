//! Filters over the attributes of files.

use serde_json::Value;

use crate::error::ApiError;

/// Nesting of `and` and `or`.
const MAX_DEPTH: usize = 16;

/// Refuses a filter that cannot be understood.
pub(crate) fn check(filter: &Value) -> Result<(), ApiError> {
    check_at(filter, 0)
}

fn check_at(filter: &Value, depth: usize) -> Result<(), ApiError> {
    let refused = |message: &str| Err(ApiError::param("filters", "invalid_value", message));
    match filter["type"].as_str() {
        _ if depth > MAX_DEPTH => refused("Invalid 'filters': nested too deeply."),
        Some("and" | "or") => match filter["filters"].as_array() {
            Some(filters) => filters.iter().try_for_each(|filter| check_at(filter, depth + 1)),
            None => refused("Invalid 'filters': 'and' and 'or' need a list 'filters'."),
        },
        Some("eq" | "ne" | "gt" | "gte" | "lt" | "lte") if filter["key"].is_string() && !filter["value"].is_null() => {
            Ok(())
        }
        Some("in" | "nin") if filter["key"].is_string() && filter["value"].is_array() => Ok(()),
        _ => refused(
            "Invalid 'filters': expected 'eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in' or 'nin' with 'key' and \
                      'value', or 'and' or 'or' with 'filters'.",
        ),
    }
}

/// Whether a file with these attributes passes.
pub(super) fn passes(filter: &Value, attributes: &Value) -> bool {
    let found = &attributes[filter["key"].as_str().unwrap_or_default()];
    let wanted = &filter["value"];
    let order = || compare(found, wanted);
    match filter["type"].as_str().unwrap_or_default() {
        "and" => filter["filters"].as_array().into_iter().flatten().all(|filter| passes(filter, attributes)),
        "or" => filter["filters"].as_array().into_iter().flatten().any(|filter| passes(filter, attributes)),
        "eq" => equal(found, wanted),
        "ne" => !equal(found, wanted),
        "gt" => order().is_some_and(std::cmp::Ordering::is_gt),
        "gte" => order().is_some_and(std::cmp::Ordering::is_ge),
        "lt" => order().is_some_and(std::cmp::Ordering::is_lt),
        "lte" => order().is_some_and(std::cmp::Ordering::is_le),
        "in" => wanted.as_array().into_iter().flatten().any(|wanted| equal(found, wanted)),
        "nin" => !wanted.as_array().into_iter().flatten().any(|wanted| equal(found, wanted)),
        _ => false,
    }
}

fn equal(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

fn compare(a: &Value, b: &Value) -> Option<std::cmp::Ordering> {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64()?.partial_cmp(&b.as_f64()?),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn filters_combine() {
        let attributes = json!({"lang": "de", "year": 2024, "draft": false});
        let pass = |filter: Value| {
            check(&filter).unwrap();
            passes(&filter, &attributes)
        };
        let year = |kind: &str, value: i64| json!({"type": kind, "key": "year", "value": value});
        assert!(pass(year("eq", 2024)) && pass(year("gte", 2024)) && pass(year("lt", 2025)));
        assert!(!pass(year("gt", 2024)) && !pass(year("ne", 2024)));
        assert!(pass(json!({"type": "in", "key": "lang", "value": ["fr", "de"]})));
        assert!(!pass(json!({"type": "nin", "key": "lang", "value": ["fr", "de"]})));
        assert!(pass(json!({"type": "eq", "key": "draft", "value": false})));
        assert!(!pass(json!({"type": "gt", "key": "lang", "value": 5})));
        assert!(pass(json!({"type": "and", "filters": [year("gt", 2000),
            {"type": "or", "filters": [year("eq", 1), {"type": "eq", "key": "lang", "value": "de"}]}]})));
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for filter in [
            json!({}),
            json!({"type": "eq"}),
            json!({"type": "in", "key": "a", "value": 1}),
            json!({"type": "and"}),
            json!("x"),
        ] {
            assert!(check(&filter).is_err(), "{filter}");
        }
    }
}
