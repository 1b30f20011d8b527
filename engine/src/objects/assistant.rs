//! Assistants.

use serde_json::{Value, json};

use super::resources::{self, Resources};
use super::{formats, tools};
use crate::check::Object;
use crate::error::ApiError;

/// Longest instructions, in characters.
pub(crate) const INSTRUCTIONS: usize = 256_000;

const MEMBERS: &[&str] = &[
    "name",
    "description",
    "instructions",
    "reasoning_effort",
    "tools",
    "tool_resources",
    "metadata",
    "temperature",
    "top_p",
    "response_format",
];

/// A new assistant and what its tools are to use. Unset sampling stays null inside, since it decides what is sent on.
pub(crate) fn create(body: &Object<'_>, id: &str, now: i64) -> Result<(Value, Option<Resources>), ApiError> {
    body.expect(&["model"], MEMBERS)?;
    let assistant = json!({
        "id": id,
        "object": "assistant",
        "created_at": now,
        "name": body.text("name", 256)?,
        "description": body.text("description", 512)?,
        "model": body.required_text("model", 256)?,
        "instructions": body.text("instructions", INSTRUCTIONS)?,
        "tools": tools::read(body)?.unwrap_or_default(),
        "tool_resources": {},
        "metadata": body.metadata()?.unwrap_or_default(),
        "temperature": formats::temperature(body)?,
        "top_p": formats::top_p(body)?,
        "reasoning_effort": formats::reasoning_effort(body)?,
        "response_format": formats::response_format(body)?.unwrap_or_else(|| json!("auto")),
    });
    Ok((assistant, resources::read(body)?))
}

/// Changes what the request names: null clears, absence keeps.
pub(crate) fn modify(body: &Object<'_>, assistant: &mut Value) -> Result<Option<Resources>, ApiError> {
    let mut members = MEMBERS.to_vec();
    members.push("model");
    body.expect(&[], &members)?;
    let mut set = |name: &str, value: Value| {
        if body.has(name) {
            assistant[name] = value;
        }
    };
    set("name", json!(body.text("name", 256)?));
    set("description", json!(body.text("description", 512)?));
    set("instructions", json!(body.text("instructions", INSTRUCTIONS)?));
    set("reasoning_effort", json!(formats::reasoning_effort(body)?));
    set("temperature", json!(formats::temperature(body)?));
    set("top_p", json!(formats::top_p(body)?));
    set("response_format", formats::response_format(body)?.unwrap_or_else(|| json!("auto")));
    set("tools", json!(tools::read(body)?.unwrap_or_default()));
    set("metadata", json!(body.metadata()?.unwrap_or_default()));
    if body.has("model") {
        assistant["model"] = json!(body.required_text("model", 256)?);
    }
    resources::read(body)
}

/// As it is served.
pub(crate) fn shown(assistant: &Value) -> Value {
    let mut shown = assistant.clone();
    let found = assistant["tools"].as_array().cloned().unwrap_or_default();
    shown["tool_resources"] = resources::shown(&assistant["tool_resources"], &found);
    super::run::show_sampling(&mut shown);
    shown
}
