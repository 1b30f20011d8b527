//! Arguments checked by the description before they are sent, for clients that ask for it.

use napi::{Error, Result};
use napi_derive::napi;
use serde_json::Value;
use threadline::json::{Decode, Strict, decode_strict};

use crate::client::operation;
use crate::generated::RULES;

/// What the arguments of an operation are, those of its path left out.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) required: &'static [&'static str],
    pub(crate) optional: &'static [&'static str],
    /// Whether they are of their types; if not, where.
    pub(crate) check: fn(&[u8]) -> std::result::Result<(), String>,
}

/// Of this type. What an argument lacks inside is for the server to say: the vendor's own examples leave out required members. No file is
/// read here.
pub(crate) fn fits<T: Decode>(json: &[u8]) -> std::result::Result<(), String> {
    decode_strict::<T>(json, Strict::default().absent_members().local_files())
        .map(drop)
        .map_err(|error| error.to_string())
}

/// There is nothing to check.
pub(crate) fn anything(_: &[u8]) -> std::result::Result<(), String> {
    Ok(())
}

/// What is wrong with the arguments (JSON) of this operation: one that is unknown, missing or of a wrong type.
#[napi]
pub fn check_arguments(number: u32, fields: String) -> Result<Option<String>> {
    let found = operation(number)?;
    let Some(rule) = RULES.get(number as usize) else { return Ok(None) };
    let given: std::result::Result<serde_json::Map<String, Value>, _> = serde_json::from_str(&fields);
    let mut given = given.map_err(|error| Error::from_reason(error.to_string()))?;
    if let Some(name) = found.stream.and_then(|stream| stream.param)
        && let Some(flag) = given.remove(name)
        && !(flag.is_boolean() || flag.is_null())
    {
        return Ok(Some(format!("the argument `{name}` must be true or false")));
    }
    let known = |name: &str| rule.required.contains(&name) || rule.optional.contains(&name);
    if let Some(name) = given.keys().find(|name| !known(name)) {
        return Ok(Some(format!("`{}` has no argument `{name}`", found.id)));
    }
    if let Some(name) = rule.required.iter().find(|name| !given.contains_key(**name)) {
        return Ok(Some(format!("`{}` misses the required argument `{name}`", found.id)));
    }
    // A file stands as its place in a list; any file will do here.
    given.values_mut().for_each(with_files);
    Ok((rule.check)(Value::Object(given).to_string().as_bytes()).err())
}

/// Names of the arguments of this operation, in the order of the description; those of its path left out.
#[napi]
pub fn argument_names(number: u32) -> Vec<String> {
    let rule = RULES.get(number as usize);
    rule.into_iter().flat_map(|rule| rule.required.iter().chain(rule.optional)).map(|name| (*name).to_owned()).collect()
}

fn with_files(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(with_files),
        Value::Object(members) if members.len() == 1 && members.get("$file").is_some_and(Value::is_u64) => {
            members.insert("$file".to_owned(), serde_json::json!({"text": ""}));
        }
        Value::Object(members) => members.values_mut().for_each(with_files),
        _ => {}
    }
}
