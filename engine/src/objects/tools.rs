//! Tools of assistants and runs.

use serde_json::{Value, json};

use crate::check::Object;
use crate::error::ApiError;

const MAX_TOOLS: usize = 128;
const NAME_LENGTH: usize = 64;

/// Reads `tools`: absent gives `None`, null an empty list.
pub(crate) fn read(body: &Object<'_>) -> Result<Option<Vec<Value>>, ApiError> {
    if !body.has("tools") {
        return Ok(None);
    }
    body.objects("tools", 0, MAX_TOOLS)?.iter().map(tool).collect::<Result<_, _>>().map(Some)
}

fn tool(tool: &Object<'_>) -> Result<Value, ApiError> {
    tool.required_text("type", usize::MAX)?;
    match tool.choice("type", &["code_interpreter", "file_search", "function"])? {
        Some("code_interpreter") => {
            tool.expect(&["type"], &[])?;
            Ok(json!({"type": "code_interpreter"}))
        }
        Some("file_search") => {
            tool.expect(&["type"], &["file_search"])?;
            match tool.object("file_search")? {
                None => Ok(json!({"type": "file_search"})),
                Some(settings) => Ok(json!({"type": "file_search", "file_search": file_search(&settings)?})),
            }
        }
        _ => {
            tool.expect(&["type", "function"], &[])?;
            match tool.object("function")? {
                Some(function) => Ok(json!({"type": "function", "function": self::function(&function)?})),
                None => Err(crate::check::missing(&tool.param("function"))),
            }
        }
    }
}

fn file_search(settings: &Object<'_>) -> Result<Value, ApiError> {
    settings.expect(&[], &["max_num_results", "ranking_options"])?;
    let mut found = json!({});
    if let Some(results) = settings.int("max_num_results", 1, 50)? {
        found["max_num_results"] = json!(results);
    }
    if let Some(ranking) = settings.object("ranking_options")? {
        found["ranking_options"] = ranking_options(&ranking)?;
    }
    Ok(found)
}

/// Ranker and threshold; `auto` stands for the one ranker there is.
pub(crate) fn ranking_options(ranking: &Object<'_>) -> Result<Value, ApiError> {
    ranking.expect(&[], &["ranker", "score_threshold", "hybrid_search"])?;
    ranking.choice("ranker", &["none", "auto", "default_2024_08_21", "default-2024-11-15"])?;
    let threshold = ranking.decimal("score_threshold", 0.0, 1.0)?.unwrap_or(0.0);
    Ok(json!({"ranker": "default_2024_08_21", "score_threshold": threshold}))
}

fn function(function: &Object<'_>) -> Result<Value, ApiError> {
    function.expect(&["name"], &["description", "parameters", "strict"])?;
    let name = function.required_text("name", NAME_LENGTH)?;
    check_name(&function.param("name"), name)?;
    let mut found = json!({"name": name});
    if let Some(description) = function.text("description", usize::MAX)? {
        found["description"] = json!(description);
    }
    if function.object("parameters")?.is_some() {
        found["parameters"] = function.value("parameters").cloned().unwrap_or_default();
    }
    found["strict"] = json!(function.boolean("strict")?.unwrap_or(false));
    Ok(found)
}

/// Letters, digits, `_` and `-`, at least one.
pub(crate) fn check_name(param: &str, name: &str) -> Result<(), ApiError> {
    if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-') {
        return Ok(());
    }
    let message = format!(
        "Invalid '{param}': string does not match pattern. Expected a string that matches the pattern \
         '^[a-zA-Z0-9_-]+$'."
    );
    Err(ApiError::param(param, "invalid_value", message))
}

/// Whether the tools have one of this type.
pub(crate) fn has(tools: &[Value], kind: &str) -> bool {
    tools.iter().any(|tool| tool["type"] == kind)
}

/// Whether the tools have a function of this name.
pub(crate) fn has_function(tools: &[Value], name: &str) -> bool {
    tools.iter().any(|tool| tool["type"] == "function" && tool["function"]["name"] == name)
}
