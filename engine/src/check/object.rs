//! One JSON object of a request, read member by member.

use serde_json::{Map, Value};

use super::{
    KEY_LENGTH, METADATA_PAIRS, VALUE_LENGTH, check_count, check_decimal, check_int, check_length, missing, not_one_of,
    unknown, wrong_type,
};
use crate::error::ApiError;
use crate::ids;

/// The word for a JSON type in a message.
pub(crate) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_i64() || number.is_u64() => "integer",
        Value::Number(_) => "decimal",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// An object and the path to it, which its messages name.
#[derive(Debug, Clone)]
pub(crate) struct Object<'a> {
    members: &'a Map<String, Value>,
    path: String,
    /// Whether unknown members are let pass.
    lenient: bool,
}

impl<'a> Object<'a> {
    /// The body of a request.
    pub(crate) fn body(value: &'a Value, lenient: bool) -> Result<Self, ApiError> {
        match value {
            Value::Object(members) => Ok(Self { members, path: String::new(), lenient }),
            other => {
                let message = format!(
                    "Invalid type for the request body: expected an object, but got {} instead.",
                    super::with_article(kind_of(other))
                );
                Err(ApiError { code: Some("invalid_type"), ..ApiError::invalid(message) })
            }
        }
    }

    /// An object inside of another, at this path.
    fn at(&self, value: &'a Value, path: String) -> Result<Self, ApiError> {
        match value {
            Value::Object(members) => Ok(Self { members, path, lenient: self.lenient }),
            other => Err(wrong_type(&path, "object", other)),
        }
    }

    /// The path of a member.
    pub(crate) fn param(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// Refuses members that are not among these, then the absence of those that are required.
    pub(crate) fn expect(&self, required: &[&str], optional: &[&str]) -> Result<(), ApiError> {
        let known = |name: &str| required.contains(&name) || optional.contains(&name);
        if !self.lenient
            && let Some(name) = self.members.keys().find(|name| !known(name))
        {
            let shown: String = name.chars().take(64).collect();
            return Err(unknown(&self.param(&shown)));
        }
        match required.iter().find(|name| !self.members.contains_key(**name)) {
            Some(name) => Err(missing(&self.param(name))),
            None => Ok(()),
        }
    }

    /// Whether the member is there, null or not.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// The member unless it is absent or null.
    pub(crate) fn value(&self, name: &str) -> Option<&'a Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// A text of at most `max` characters.
    pub(crate) fn text(&self, name: &str, max: usize) -> Result<Option<&'a str>, ApiError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => check_length(&self.param(name), text, max).map(|()| Some(text.as_str())),
            Some(other) => Err(wrong_type(&self.param(name), "string", other)),
        }
    }

    /// A text that must be there.
    pub(crate) fn required_text(&self, name: &str, max: usize) -> Result<&'a str, ApiError> {
        match self.members.get(name) {
            None => Err(missing(&self.param(name))),
            Some(Value::String(text)) => check_length(&self.param(name), text, max).map(|()| text.as_str()),
            Some(other) => Err(wrong_type(&self.param(name), "string", other)),
        }
    }

    /// One of a few texts.
    pub(crate) fn choice(&self, name: &str, allowed: &[&str]) -> Result<Option<&'a str>, ApiError> {
        match self.text(name, usize::MAX)? {
            Some(text) if !allowed.contains(&text) => Err(not_one_of(&self.param(name), text, allowed)),
            found => Ok(found),
        }
    }

    pub(crate) fn int(&self, name: &str, min: i64, max: i64) -> Result<Option<i64>, ApiError> {
        let Some(value) = self.value(name) else { return Ok(None) };
        // 5.0 is a whole number too.
        let whole = value.as_i64().or_else(|| {
            value.as_f64().filter(|number| number.fract() == 0.0 && number.abs() < 9e15).map(|number| number as i64)
        });
        match whole {
            Some(number) => check_int(&self.param(name), number, min, max).map(|()| Some(number)),
            None if value.is_u64() => check_int(&self.param(name), i64::MAX, min, max).map(|()| Some(i64::MAX)),
            None => Err(wrong_type(&self.param(name), "integer", value)),
        }
    }

    pub(crate) fn decimal(&self, name: &str, min: f64, max: f64) -> Result<Option<f64>, ApiError> {
        match self.value(name) {
            None => Ok(None),
            Some(value) => match value.as_f64() {
                Some(number) => check_decimal(&self.param(name), number, min, max).map(|()| Some(number)),
                None => Err(wrong_type(&self.param(name), "decimal", value)),
            },
        }
    }

    pub(crate) fn boolean(&self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(other) => Err(wrong_type(&self.param(name), "boolean", other)),
        }
    }

    pub(crate) fn list(&self, name: &str, min: usize, max: usize) -> Result<Option<&'a [Value]>, ApiError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Array(items)) => {
                check_count(&self.param(name), items.len(), min, max).map(|()| Some(items.as_slice()))
            }
            Some(other) => Err(wrong_type(&self.param(name), "array", other)),
        }
    }

    /// Objects of a list, each with its path.
    pub(crate) fn objects(&self, name: &str, min: usize, max: usize) -> Result<Vec<Object<'a>>, ApiError> {
        let items = self.list(name, min, max)?.unwrap_or_default();
        items.iter().enumerate().map(|(i, item)| self.at(item, format!("{}[{i}]", self.param(name)))).collect()
    }

    /// Texts of a list.
    pub(crate) fn texts(&self, name: &str, min: usize, max: usize) -> Result<Option<Vec<&'a str>>, ApiError> {
        let Some(items) = self.list(name, min, max)? else { return Ok(None) };
        let text = |(i, item): (usize, &'a Value)| {
            item.as_str().ok_or_else(|| wrong_type(&format!("{}[{i}]", self.param(name)), "string", item))
        };
        items.iter().enumerate().map(text).collect::<Result<_, _>>().map(Some)
    }

    /// A list of ids, which must begin as ids of that kind do.
    pub(crate) fn ids(&self, name: &str, kind: &str, min: usize, max: usize) -> Result<Option<Vec<String>>, ApiError> {
        let Some(found) = self.texts(name, min, max)? else { return Ok(None) };
        for (place, id) in found.iter().enumerate() {
            ids::check(&format!("{}[{place}]", self.param(name)), id, kind)?;
        }
        Ok(Some(found.into_iter().map(ids::file).collect()))
    }

    /// The id of a file that has to be there.
    pub(crate) fn file_id(&self, name: &str) -> Result<String, ApiError> {
        let id = self.required_text(name, 256)?;
        ids::check(&self.param(name), id, "file")?;
        Ok(ids::file(id))
    }

    pub(crate) fn object(&self, name: &str) -> Result<Option<Object<'a>>, ApiError> {
        self.value(name).map(|value| self.at(value, self.param(name))).transpose()
    }

    /// Up to 16 pairs of texts; `None` if absent, `{}` if null.
    pub(crate) fn metadata(&self) -> Result<Option<Map<String, Value>>, ApiError> {
        let param = self.param("metadata");
        let pairs = match self.members.get("metadata") {
            None => return Ok(None),
            Some(Value::Null) => return Ok(Some(Map::new())),
            Some(Value::Object(pairs)) => pairs,
            Some(other) => return Err(wrong_type(&param, "object", other)),
        };
        check_properties(&param, pairs.len(), METADATA_PAIRS)?;
        for (key, value) in pairs {
            check_key(&param, key)?;
            let place = format!("{param}.{key}");
            match value {
                Value::String(text) => check_length(&place, text, VALUE_LENGTH)?,
                other => return Err(wrong_type(&place, "string", other)),
            }
        }
        Ok(Some(pairs.clone()))
    }
}

/// An object with too many members.
pub(crate) fn check_properties(param: &str, count: usize, max: usize) -> Result<(), ApiError> {
    if count <= max {
        return Ok(());
    }
    let message = format!(
        "Invalid '{param}': too many properties. Expected an object with at most {max} properties, but got an object \
         with {count} properties instead."
    );
    Err(ApiError::param(param, "object_above_max_properties", message))
}

/// A member's name that is too long.
pub(crate) fn check_key(param: &str, key: &str) -> Result<(), ApiError> {
    let length = key.chars().count();
    if length <= KEY_LENGTH {
        return Ok(());
    }
    let message = format!(
        "Invalid '{param}': property name too long. Expected a property name with maximum length {KEY_LENGTH}, but \
         got a property name with length {length} instead."
    );
    Err(ApiError::param(param, "property_name_above_max_length", message))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn error(value: &Value, read: impl Fn(&Object<'_>) -> Result<(), ApiError>) -> ApiError {
        read(&Object::body(value, false).unwrap()).unwrap_err()
    }

    #[test]
    fn types_are_named_as_the_service_names_them() {
        let found = error(&json!({"name": 5}), |body| body.text("name", 256).map(|_| ()));
        assert_eq!(found.message, "Invalid type for 'name': expected a string, but got an integer instead.");
        let found = error(&json!({"limit": "x"}), |body| body.int("limit", 1, 100).map(|_| ()));
        assert_eq!(found.message, "Invalid type for 'limit': expected an integer, but got a string instead.");
        assert_eq!(Object::body(&json!([1]), false).unwrap_err().code, Some("invalid_type"));
    }

    #[test]
    fn metadata_has_limits_of_its_own() {
        let many: Map<String, Value> = (0..17).map(|i| (format!("k{i}"), json!("v"))).collect();
        let found = error(&json!({ "metadata": many }), |body| body.metadata().map(|_| ()));
        assert_eq!(found.code, Some("object_above_max_properties"));
        assert_eq!(
            found.message,
            "Invalid 'metadata': too many properties. Expected an object with at most 16 properties, but got an object \
             with 17 properties instead."
        );
        let found = error(&json!({"metadata": {"k": 1}}), |body| body.metadata().map(|_| ()));
        assert_eq!((found.param.as_deref(), found.code), (Some("metadata.k"), Some("invalid_type")));
        let long = json!({"metadata": {"k".repeat(65): "v"}});
        assert_eq!(error(&long, |body| body.metadata().map(|_| ())).code, Some("property_name_above_max_length"));
        let long = json!({"metadata": {"k": "v".repeat(513)}});
        assert_eq!(error(&long, |body| body.metadata().map(|_| ())).param.as_deref(), Some("metadata.k"));
    }

    #[test]
    fn unknown_members_come_before_missing_ones() {
        let body = json!({"foo": 1});
        let found = error(&body, |body| body.expect(&["model"], &[]));
        assert_eq!((found.code, found.message.as_str()), (Some("unknown_parameter"), "Unknown parameter: 'foo'."));
        let found = Object::body(&body, true).unwrap().expect(&["model"], &[]).unwrap_err();
        assert_eq!(found.message, "Missing required parameter: 'model'.");
    }
}
