//! Threads.

use serde_json::{Value, json};

use super::message::NewMessage;
use super::resources::{self, Resources};
use crate::check::Object;
use crate::error::ApiError;

/// What a request to make a thread says.
#[derive(Debug, Clone)]
pub(crate) struct NewThread {
    /// The thread, without resources.
    pub(crate) thread: Value,
    pub(crate) resources: Option<Resources>,
    pub(crate) messages: Vec<NewMessage>,
}

impl NewThread {
    /// Whether files are to be read for it.
    pub(crate) fn brings_files(&self) -> bool {
        self.resources.is_some() || self.messages.iter().any(|message| !message.attachments.is_empty())
    }
}

/// A new thread. `max_messages` bounds those that come with it.
pub(crate) fn create(body: &Object<'_>, id: &str, now: i64, max_messages: usize) -> Result<NewThread, ApiError> {
    body.expect(&[], &["messages", "tool_resources", "metadata"])?;
    let messages = body.objects("messages", 0, max_messages)?;
    Ok(NewThread {
        messages: messages.iter().map(super::message::read).collect::<Result<_, _>>()?,
        thread: json!({
            "id": id,
            "object": "thread",
            "created_at": now,
            "metadata": body.metadata()?.unwrap_or_default(),
            "tool_resources": {},
        }),
        resources: resources::read(body)?,
    })
}

/// Changes metadata and resources.
pub(crate) fn modify(body: &Object<'_>, thread: &mut Value) -> Result<Option<Resources>, ApiError> {
    body.expect(&[], &["tool_resources", "metadata"])?;
    if let Some(metadata) = body.metadata()? {
        thread["metadata"] = Value::Object(metadata);
    }
    resources::read(body)
}
