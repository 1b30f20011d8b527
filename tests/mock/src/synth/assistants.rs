//! What `/assistants` and `/threads` must remember so that a conversation makes sense.
//!
//! A thing that was never created here is answered without memory, as everything else is; a deleted one is not found.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value, json};

use super::{Asked, Content, pages, text};
use crate::api::TypeExpr;

/// Assistants, threads, messages, runs and steps that were created.
#[derive(Debug, Default)]
pub(crate) struct Assistants {
    /// By collection: `assistants`, `threads`, `threads/T/messages`, `threads/T/runs`, `runs/R/steps`.
    kept: BTreeMap<String, Vec<Value>>,
    deleted: HashSet<String>,
    made: u64,
}

type Answered = Option<Result<Content, String>>;

fn json_of(value: Value) -> Answered {
    Some(Ok(Content::Json(value)))
}

impl Assistants {
    /// The answer of the operations that remember; `None` for all others, and for things that were never created.
    pub(crate) fn answer(&mut self, asked: &Asked<'_>) -> Answered {
        let rest =
            asked.op.id.strip_prefix("beta.").filter(|r| r.starts_with("assistants.") || r.starts_with("threads."))?;
        let thread = asked.checked.text("thread_id").unwrap_or_default().to_owned();
        if self.deleted.contains(&thread) {
            return Some(Err(format!("No thread found with id '{thread}'.")));
        }
        let (collection, action) = match rest.rsplit_once('.')? {
            ("assistants", action) => ("assistants".to_owned(), action),
            ("threads", "create_and_run") => return self.create_and_run(asked),
            ("threads", action) => ("threads".to_owned(), action),
            ("threads.messages", action) => (format!("threads/{thread}/messages"), action),
            ("threads.runs", "create") => return self.create_run(asked, &thread),
            ("threads.runs", "submit_tool_outputs") => return self.submit(asked, &thread),
            ("threads.runs", action) => (format!("threads/{thread}/runs"), action),
            ("threads.runs.steps", action) => {
                (format!("runs/{}/steps", asked.checked.text("run_id").unwrap_or_default()), action)
            }
            _ => return None,
        };
        match action {
            "create" => self.create(asked, &collection, &thread).map(|v| Ok(Content::Json(v))),
            "list" => self.list(asked, &collection),
            _ => self.one(asked, &collection, action),
        }
    }

    fn create(&mut self, asked: &Asked<'_>, collection: &str, thread: &str) -> Option<Value> {
        match collection {
            "assistants" => {
                let value = json!({"id": self.id("asst"), "object": "assistant", "created_at": self.now(), "name": null,
                    "description": null, "model": "gpt-mock", "instructions": null, "tools": [], "metadata": {},
                    "temperature": 1.0, "top_p": 1.0, "response_format": "auto"});
                Some(self.keep(collection, laid(asked, value)))
            }
            "threads" => Some(self.create_thread(asked, asked.args)),
            _ if self.has("threads", thread) => Some(self.add_message(thread, asked.args)),
            _ => None,
        }
    }

    pub(super) fn create_thread(&mut self, asked: &Asked<'_>, args: &Map<String, Value>) -> Value {
        let mut value = json!({"id": self.id("thread"), "object": "thread", "created_at": self.now(), "metadata": {}});
        for key in ["metadata", "tool_resources"] {
            if let Some(given) = args.get(key).filter(|v| !v.is_null()) {
                let mut laid = value.clone();
                laid[key] = given.clone();
                // What a request may say of stores that are yet to be made, a thread does not say.
                let thread = TypeExpr::Named("Thread".to_owned());
                if crate::check::Checker::new(asked.api, false).check(&thread, &laid, "").is_empty() {
                    value = laid;
                }
            }
        }
        let id = value["id"].as_str().unwrap_or_default().to_owned();
        self.keep("threads", value.clone());
        for message in args.get("messages").and_then(Value::as_array).into_iter().flatten() {
            if let Some(message) = message.as_object() {
                self.add_message(&id, message);
            }
        }
        value
    }

    /// Adds a message that a request describes.
    pub(super) fn add_message(&mut self, thread: &str, args: &Map<String, Value>) -> Value {
        let content: Vec<Value> = match args.get("content") {
            Some(Value::Array(parts)) => parts
                .iter()
                .map(|part| match part["text"].as_str() {
                    Some(text) => text_part(text),
                    None => part.clone(),
                })
                .collect(),
            Some(Value::String(text)) => vec![text_part(text)],
            _ => Vec::new(),
        };
        let mut message = self.message(thread, content);
        for key in ["role", "metadata", "attachments"] {
            if let Some(value) = args.get(key).filter(|v| !v.is_null()) {
                message[key] = value.clone();
            }
        }
        self.keep(&format!("threads/{thread}/messages"), message)
    }

    /// A message that is complete.
    pub(super) fn message(&mut self, thread: &str, content: Vec<Value>) -> Value {
        let now = self.now();
        json!({"id": self.id("msg"), "object": "thread.message", "created_at": now, "thread_id": thread,
            "status": "completed", "incomplete_details": null, "completed_at": now, "incomplete_at": null,
            "role": "user", "content": content, "assistant_id": null, "run_id": null, "attachments": [], "metadata": {}})
    }

    fn list(&self, asked: &Asked<'_>, collection: &str) -> Answered {
        let parent_known = match collection.split_once('/') {
            Some((_, rest)) if collection.starts_with("threads/") => {
                self.has("threads", rest.split('/').next().unwrap_or_default())
            }
            _ => self.kept.contains_key(collection),
        };
        if !parent_known {
            return None;
        }
        let mut items = self.all(collection).to_vec();
        if asked.checked.text("order") != Some("asc") {
            items.reverse();
        }
        if let Some(run) = asked.checked.text("run_id").filter(|_| collection.ends_with("/messages")) {
            items.retain(|m| m["run_id"] == run);
        }
        for (key, keep_after) in [("after", true), ("before", false)] {
            let Some(at) = asked.checked.text(key).and_then(|id| items.iter().position(|i| i["id"] == id)) else {
                continue;
            };
            items = if keep_after { items.split_off(at + 1) } else { items[..at].to_vec() };
        }
        let limit = asked.args.get("limit").and_then(Value::as_u64).unwrap_or(20) as usize;
        let more = items.len() > limit;
        items.truncate(limit);
        json_of(pages::envelope("cursor", items, more))
    }

    fn one(&mut self, asked: &Asked<'_>, collection: &str, action: &str) -> Answered {
        let id = asked.path.values().next_back().and_then(Value::as_str)?.to_owned();
        if self.deleted.contains(&id) {
            return Some(Err(format!("No such object: {id}")));
        }
        let place = self.all(collection).iter().position(|v| v["id"] == id.as_str())?;
        if action == "delete" {
            let gone = self.kept.get_mut(collection)?.remove(place);
            self.deleted.insert(id.clone());
            let object = format!("{}.deleted", gone["object"].as_str().unwrap_or_default());
            return json_of(json!({"id": id, "object": object, "deleted": true}));
        }
        if action == "retrieve" && collection.ends_with("/runs") {
            let thread = asked.checked.text("thread_id").unwrap_or_default().to_owned();
            self.advance(&thread, &id);
        }
        let value = self.kept.get_mut(collection)?.get_mut(place)?;
        match action {
            "update" => *value = laid(asked, value.clone()),
            "cancel" => (value["status"], value["cancelled_at"]) = ("cancelled".into(), value["created_at"].clone()),
            _ => {}
        }
        json_of(value.clone())
    }

    pub(super) fn id(&mut self, prefix: &str) -> String {
        self.made += 1;
        text::id(prefix, self.made)
    }

    /// A clock that goes on by a second with each thing made, so that the same requests get the same answers.
    pub(super) fn now(&self) -> u64 {
        1_767_225_600 + self.made
    }

    pub(super) fn keep(&mut self, collection: &str, value: Value) -> Value {
        self.kept.entry(collection.to_owned()).or_default().push(value.clone());
        value
    }

    pub(super) fn all(&self, collection: &str) -> &[Value] {
        self.kept.get(collection).map_or(&[], Vec::as_slice)
    }

    pub(super) fn has(&self, collection: &str, id: &str) -> bool {
        self.all(collection).iter().any(|v| v["id"] == id)
    }

    pub(super) fn find(&self, collection: &str, id: &str) -> Option<&Value> {
        self.all(collection).iter().find(|v| v["id"] == id)
    }

    pub(super) fn change(&mut self, collection: &str, id: &str, act: impl FnOnce(&mut Value)) {
        if let Some(value) = self.kept.get_mut(collection).and_then(|c| c.iter_mut().find(|v| v["id"] == id)) {
            act(value);
        }
    }
}

fn laid(asked: &Asked<'_>, mut value: Value) -> Value {
    if let Some(ty) = asked.reply_type().and_then(|t| TypeExpr::parse(&t).ok()) {
        let id = value["id"].clone();
        asked.echo(&ty, &mut value);
        value["id"] = id;
    }
    value
}

pub(super) fn text_part(text: &str) -> Value {
    json!({"type": "text", "text": {"value": text, "annotations": []}})
}
