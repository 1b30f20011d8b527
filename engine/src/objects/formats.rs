//! How a run samples, what it may call, what form its answer takes, how much of the thread it sees.

use serde_json::{Value, json};

use super::tools;
use crate::check::{Object, missing, not_one_of, wrong_type};
use crate::error::ApiError;

const EFFORTS: &[&str] = &["none", "minimal", "low", "medium", "high", "xhigh", "max"];

/// `temperature`, 0 to 2.
pub(crate) fn temperature(body: &Object<'_>) -> Result<Option<f64>, ApiError> {
    body.decimal("temperature", 0.0, 2.0)
}

/// `top_p`, 0 to 1.
pub(crate) fn top_p(body: &Object<'_>) -> Result<Option<f64>, ApiError> {
    body.decimal("top_p", 0.0, 1.0)
}

/// `reasoning_effort`.
pub(crate) fn reasoning_effort<'a>(body: &Object<'a>) -> Result<Option<&'a str>, ApiError> {
    body.choice("reasoning_effort", EFFORTS)
}

/// `response_format`: `auto`, or an object that names its type.
pub(crate) fn response_format(body: &Object<'_>) -> Result<Option<Value>, ApiError> {
    let Some(value) = body.value("response_format") else { return Ok(None) };
    let param = body.param("response_format");
    match value {
        Value::String(text) if text == "auto" => Ok(Some(json!("auto"))),
        Value::String(text) => Err(not_one_of(&param, text, &["auto"])),
        Value::Object(_) => {
            let Some(format) = body.object("response_format")? else { return Ok(None) };
            format.required_text("type", usize::MAX)?;
            if format.choice("type", &["text", "json_object", "json_schema"])? != Some("json_schema") {
                format.expect(&["type"], &[])?;
                return Ok(Some(value.clone()));
            }
            format.expect(&["type", "json_schema"], &[])?;
            let Some(schema) = format.object("json_schema")? else {
                return Err(missing(&format.param("json_schema")));
            };
            schema.expect(&["name"], &["description", "schema", "strict"])?;
            tools::check_name(&schema.param("name"), schema.required_text("name", 64)?)?;
            schema.text("description", usize::MAX)?;
            schema.object("schema")?;
            schema.boolean("strict")?;
            Ok(Some(value.clone()))
        }
        other => Err(wrong_type(&param, "object", other)),
    }
}

/// `tool_choice`, checked against the run's tools by [`check_choice`].
pub(crate) fn tool_choice(body: &Object<'_>) -> Result<Option<Value>, ApiError> {
    let Some(value) = body.value("tool_choice") else { return Ok(None) };
    let param = body.param("tool_choice");
    match value {
        Value::String(text) if ["none", "auto", "required"].contains(&text.as_str()) => Ok(Some(value.clone())),
        Value::String(text) => Err(not_one_of(&param, text, &["none", "auto", "required"])),
        Value::Object(_) => {
            let Some(choice) = body.object("tool_choice")? else { return Ok(None) };
            choice.required_text("type", usize::MAX)?;
            if choice.choice("type", &["function", "code_interpreter", "file_search"])? != Some("function") {
                choice.expect(&["type"], &[])?;
                return Ok(Some(value.clone()));
            }
            choice.expect(&["type", "function"], &[])?;
            let Some(function) = choice.object("function")? else { return Err(missing(&choice.param("function"))) };
            function.expect(&["name"], &[])?;
            let name = function.required_text("name", 64)?;
            Ok(Some(json!({"type": "function", "function": {"name": name}})))
        }
        other => Err(wrong_type(&param, "object", other)),
    }
}

/// Refuses a choice that the tools cannot satisfy.
pub(crate) fn check_choice(choice: &Value, found: &[Value]) -> Result<(), ApiError> {
    let refused = |message: String| Err(ApiError::param("tool_choice", "invalid_value", message));
    match choice {
        Value::String(text) if text == "required" && found.is_empty() => {
            refused("Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.".into())
        }
        Value::Object(choice) => match choice.get("type").and_then(Value::as_str) {
            Some("function") => {
                let name = choice["function"]["name"].as_str().unwrap_or_default();
                if tools::has_function(found, name) {
                    return Ok(());
                }
                refused(format!(
                    "Invalid value for 'tool_choice': the function '{name}' is not among the tools of the run."
                ))
            }
            Some(kind) if !tools::has(found, kind) => refused(format!(
                "Invalid value for 'tool_choice': the tool '{kind}' is not among the tools of the run."
            )),
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

/// `truncation_strategy`.
pub(crate) fn truncation_strategy(body: &Object<'_>) -> Result<Option<Value>, ApiError> {
    let Some(strategy) = body.object("truncation_strategy")? else { return Ok(None) };
    strategy.expect(&["type"], &["last_messages"])?;
    strategy.required_text("type", usize::MAX)?;
    let kind = strategy.choice("type", &["auto", "last_messages"])?;
    let last = strategy.int("last_messages", 1, i64::MAX)?;
    match (kind, last) {
        (Some("last_messages"), None) => Err(missing(&strategy.param("last_messages"))),
        (Some("last_messages"), Some(last)) => Ok(Some(json!({"type": "last_messages", "last_messages": last}))),
        _ => Ok(Some(json!({"type": "auto", "last_messages": null}))),
    }
}
