//! Reads request bodies strictly, and says what is wrong with one in the words of the original service.

mod object;

pub(crate) use self::object::{Object, check_key, check_properties, kind_of};
use crate::error::ApiError;

/// Longest metadata key and value, in characters.
const KEY_LENGTH: usize = 64;
const VALUE_LENGTH: usize = 512;
const METADATA_PAIRS: usize = 16;

/// "a string", "an integer": the word with its article.
fn with_article(word: &str) -> String {
    match word {
        "null" => "null".to_owned(),
        "integer" | "array" | "object" | "unsupported value" => format!("an {word}"),
        _ => format!("a {word}"),
    }
}

pub(crate) fn wrong_type(param: &str, expected: &str, found: &serde_json::Value) -> ApiError {
    let message = format!(
        "Invalid type for '{param}': expected {}, but got {} instead.",
        with_article(expected),
        with_article(kind_of(found))
    );
    ApiError::param(param, "invalid_type", message)
}

pub(crate) fn missing(param: &str) -> ApiError {
    ApiError::param(param, "missing_required_parameter", format!("Missing required parameter: '{param}'."))
}

pub(crate) fn unknown(param: &str) -> ApiError {
    ApiError::param(param, "unknown_parameter", format!("Unknown parameter: '{param}'."))
}

/// A value that is none of the few that are allowed.
pub(crate) fn not_one_of(param: &str, found: &str, allowed: &[&str]) -> ApiError {
    let shown: String = found.chars().take(64).collect();
    let supported = match allowed {
        [only] => format!("'{only}'"),
        [first, last] => format!("'{first}' and '{last}'"),
        [most @ .., last] => {
            let most: Vec<String> = most.iter().map(|name| format!("'{name}'")).collect();
            format!("{}, and '{last}'", most.join(", "))
        }
        [] => String::new(),
    };
    let message = format!("Invalid value: '{shown}'. Supported values are: {supported}.");
    ApiError::param(param, "invalid_value", message)
}

/// A text beyond its limit, counted in characters.
pub(crate) fn check_length(param: &str, text: &str, max: usize) -> Result<(), ApiError> {
    // A text has at most as many characters as bytes.
    if text.len() <= max {
        return Ok(());
    }
    let length = text.chars().count();
    if length <= max {
        return Ok(());
    }
    let message = format!(
        "Invalid '{param}': string too long. Expected a string with maximum length {max}, but got a string with \
         length {length} instead."
    );
    Err(ApiError::param(param, "string_above_max_length", message))
}

pub(crate) fn check_count(param: &str, count: usize, min: usize, max: usize) -> Result<(), ApiError> {
    if count > max {
        let message = format!(
            "Invalid '{param}': array too long. Expected an array with maximum length {max}, but got an array with \
             length {count} instead."
        );
        return Err(ApiError::param(param, "array_above_max_length", message));
    }
    if count < min {
        let message = format!(
            "Invalid '{param}': array too short. Expected an array with minimum length {min}, but got an array with \
             length {count} instead."
        );
        return Err(ApiError::param(param, "array_below_min_length", message));
    }
    Ok(())
}

pub(crate) fn check_int(param: &str, value: i64, min: i64, max: i64) -> Result<(), ApiError> {
    let (code, side, sign, limit) = if value > max {
        ("integer_above_max_value", "above maximum", "<=", max)
    } else if value < min {
        ("integer_below_min_value", "below minimum", ">=", min)
    } else {
        return Ok(());
    };
    let message =
        format!("Invalid '{param}': integer {side} value. Expected a value {sign} {limit}, but got {value} instead.");
    Err(ApiError::param(param, code, message))
}

pub(crate) fn check_decimal(param: &str, value: f64, min: f64, max: f64) -> Result<(), ApiError> {
    let (code, side, sign, limit) = if value > max {
        ("decimal_above_max_value", "above maximum", "<=", max)
    } else if value < min {
        ("decimal_below_min_value", "below minimum", ">=", min)
    } else {
        return Ok(());
    };
    let message =
        format!("Invalid '{param}': decimal {side} value. Expected a value {sign} {limit}, but got {value} instead.");
    Err(ApiError::param(param, code, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_allowed_values_read_as_sentences() {
        assert_eq!(
            not_one_of("order", "x", &["asc", "desc"]).message,
            "Invalid value: 'x'. Supported values are: 'asc' and 'desc'."
        );
        assert_eq!(
            not_one_of("role", "x", &["a", "b", "c"]).message,
            "Invalid value: 'x'. Supported values are: 'a', 'b', and 'c'."
        );
    }

    #[test]
    fn lengths_count_characters() {
        assert!(check_length("name", &"ü".repeat(256), 256).is_ok());
        let error = check_length("name", &"ü".repeat(257), 256).unwrap_err();
        assert_eq!(error.code, Some("string_above_max_length"));
        assert!(error.message.contains("length 257 instead"));
    }
}
