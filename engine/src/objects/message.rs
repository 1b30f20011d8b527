//! Messages.

use serde_json::{Map, Value, json};

use crate::check::{Object, check_count, check_length, missing, wrong_type};
use crate::error::ApiError;

/// Longest text of a part, in characters.
const TEXT: usize = 256_000;
const MAX_PARTS: usize = 500;
const MAX_IMAGES: usize = 10;
const MAX_ATTACHMENTS: usize = 500;

/// What a request to make a message says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NewMessage {
    pub(crate) role: String,
    pub(crate) content: Vec<Value>,
    pub(crate) attachments: Vec<Value>,
    pub(crate) metadata: Map<String, Value>,
}

/// Reads a message of a request.
pub(crate) fn read(body: &Object<'_>) -> Result<NewMessage, ApiError> {
    body.expect(&["role", "content"], &["attachments", "metadata"])?;
    body.required_text("role", usize::MAX)?;
    Ok(NewMessage {
        role: body.choice("role", &["user", "assistant"])?.unwrap_or_default().to_owned(),
        content: content(body)?,
        attachments: attachments(body)?,
        metadata: body.metadata()?.unwrap_or_default(),
    })
}

fn content(body: &Object<'_>) -> Result<Vec<Value>, ApiError> {
    let param = body.param("content");
    match body.value("content") {
        None => Err(missing(&param)),
        Some(Value::String(text)) => {
            check_text(&param, text)?;
            Ok(vec![text_part(text)])
        }
        Some(Value::Array(_)) => {
            let parts = body.objects("content", 1, MAX_PARTS)?;
            let parts: Vec<Value> = parts.iter().map(part).collect::<Result<_, _>>()?;
            check_count(&param, parts.iter().filter(|part| part["type"] != "text").count(), 0, MAX_IMAGES)?;
            Ok(parts)
        }
        Some(other) => Err(wrong_type(&param, "string", other)),
    }
}

fn check_text(param: &str, text: &str) -> Result<(), ApiError> {
    if text.is_empty() {
        return Err(ApiError::param(param, "invalid_value", "Message content must be non-empty."));
    }
    check_length(param, text, TEXT)
}

/// A text part without annotations, as it is served.
pub(crate) fn text_part(text: &str) -> Value {
    json!({"type": "text", "text": {"value": text, "annotations": []}})
}

fn part(part: &Object<'_>) -> Result<Value, ApiError> {
    part.required_text("type", usize::MAX)?;
    match part.choice("type", &["text", "image_file", "image_url"])? {
        Some("image_file") => image(part, "image_file", "file_id"),
        Some("image_url") => image(part, "image_url", "url"),
        _ => {
            part.expect(&["type", "text"], &[])?;
            let text = part.required_text("text", TEXT)?;
            check_text(&part.param("text"), text)?;
            Ok(text_part(text))
        }
    }
}

fn image(part: &Object<'_>, kind: &str, source: &str) -> Result<Value, ApiError> {
    part.expect(&["type", kind], &[])?;
    let Some(image) = part.object(kind)? else { return Err(missing(&part.param(kind))) };
    image.expect(&[source], &["detail"])?;
    let from = if kind == "image_file" { image.file_id(source)? } else { address(&image, source)? };
    let detail = image.choice("detail", &["auto", "low", "high"])?.unwrap_or("auto");
    Ok(json!({"type": kind, kind: {source: from, "detail": detail}}))
}

/// Where a picture is to be fetched, or the picture itself as a `data:` URL.
fn address(image: &Object<'_>, name: &str) -> Result<String, ApiError> {
    let text = image.required_text(name, usize::MAX)?;
    // Data is long, and what is wrong with it is the provider's to say.
    let sound = text.starts_with("data:")
        || url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if sound {
        return Ok(text.to_owned());
    }
    let param = image.param(name);
    let message = format!("Invalid '{param}'. Expected a valid URL, but got a value with an invalid format.");
    Err(ApiError::param(param, "invalid_value", message))
}

fn attachments(body: &Object<'_>) -> Result<Vec<Value>, ApiError> {
    let found = body.objects("attachments", 0, MAX_ATTACHMENTS)?;
    found
        .iter()
        .map(|attachment| {
            attachment.expect(&["file_id", "tools"], &[])?;
            let file = attachment.file_id("file_id")?;
            let tools = attachment.objects("tools", 1, 2)?;
            if tools.is_empty() {
                return Err(missing(&attachment.param("tools")));
            }
            let kinds = tools.iter().map(|tool| {
                tool.expect(&["type"], &[])?;
                tool.required_text("type", usize::MAX)?;
                let kind = tool.choice("type", &["code_interpreter", "file_search"])?.unwrap_or_default();
                Ok(json!({ "type": kind }))
            });
            Ok(json!({"file_id": file, "tools": kinds.collect::<Result<Vec<_>, ApiError>>()?}))
        })
        .collect()
}

impl NewMessage {
    /// The message as it is kept and served.
    pub(crate) fn message(&self, id: &str, thread_id: &str, now: i64) -> Value {
        json!({
            "id": id,
            "object": "thread.message",
            "created_at": now,
            "thread_id": thread_id,
            "status": "completed",
            "incomplete_details": null,
            "completed_at": now,
            "incomplete_at": null,
            "role": self.role,
            "content": self.content,
            "assistant_id": null,
            "run_id": null,
            "attachments": self.attachments,
            "metadata": self.metadata,
        })
    }

    /// Files that the message names: attached ones and images.
    pub(crate) fn file_ids(&self) -> Vec<&str> {
        let attached = self.attachments.iter().filter_map(|attachment| attachment["file_id"].as_str());
        let images = self.content.iter().filter_map(|part| part["image_file"]["file_id"].as_str());
        attached.chain(images).collect()
    }
}

/// A message that a run begins to write.
pub(crate) fn opened(id: &str, thread_id: &str, assistant_id: &str, run_id: &str, now: i64) -> Value {
    json!({
        "id": id,
        "object": "thread.message",
        "created_at": now,
        "thread_id": thread_id,
        "status": "in_progress",
        "incomplete_details": null,
        "completed_at": null,
        "incomplete_at": null,
        "role": "assistant",
        "content": [],
        "assistant_id": assistant_id,
        "run_id": run_id,
        "attachments": [],
        "metadata": {},
    })
}

/// Closes a message: as complete, or as incomplete for a reason.
pub(crate) fn close(message: &mut Value, incomplete: Option<&str>, now: i64) {
    match incomplete {
        None => {
            message["status"] = json!("completed");
            message["completed_at"] = json!(now);
        }
        Some(reason) => {
            message["status"] = json!("incomplete");
            message["incomplete_at"] = json!(now);
            message["incomplete_details"] = json!({ "reason": reason });
        }
    }
}
