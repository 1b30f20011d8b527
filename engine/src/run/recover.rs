//! Taking a run over from a server that stopped.

use serde_json::{Value, json};

use super::recorder::{Outcome, Write};
use super::worker::{Stop, Worker, failed};
use crate::ids;
use crate::objects::step;
use crate::store::{events, messages, runs, steps};

/// Servers that may die over one run.
const MAX_ATTEMPTS: i64 = 3;

impl Worker {
    /// What another server left behind: a turn that had shown something cannot be repeated unseen.
    pub(super) async fn recover(&mut self) -> Result<(), Stop> {
        if self.held.attempt > MAX_ATTEMPTS {
            return Err(Stop::End(failed("server_error", "The servers that worked on the run stopped.")));
        }
        let mut tx = self.engine.db.begin().await?;
        let message = messages::open_of_run(&mut tx, self.held.thread_id(), self.held.id()).await?;
        let open = steps::open_of_run(&mut tx, self.held.id()).await?;
        tx.commit().await?;
        if message.is_none() && open.is_empty() {
            return Ok(());
        }
        let mut writes = Vec::new();
        if let Some(mut message) = message {
            message["content"] = self.shown_content(&message["id"]).await?;
            writes.push(Write::UpdateMessage(message));
        }
        let out = Outcome { writes, ..Outcome::default() };
        self.commit(out, None, |_| {}).await?;
        if self.engine.settings.restart_partial {
            return self.abandon_open().await;
        }
        Err(Stop::End(failed("server_error", "The server that worked on the run stopped in the middle of an answer.")))
    }

    /// Closes what is open, so that the turn can be repeated beside it.
    async fn abandon_open(&mut self) -> Result<(), Stop> {
        let mut tx = self.engine.db.begin().await?;
        let mut held = self.fenced(&mut tx).await?;
        let mut named = Vec::new();
        let now = ids::now();
        if let Some(mut open) = messages::open_of_run(&mut tx, held.thread_id(), held.id()).await? {
            crate::objects::message::close(&mut open, Some("run_failed"), now);
            messages::update(&mut tx, &open).await?;
            named.push(("thread.message.incomplete", open));
        }
        for mut open in steps::open_of_run(&mut tx, held.id()).await? {
            let error = json!({"code": "server_error", "message": "The server that worked on the run stopped."});
            step::close(&mut open, "failed", step::no_usage(), Some(error), now);
            steps::update(&mut tx, &open).await?;
            named.push(("thread.run.step.failed", open));
        }
        let fresh = self.keep_events(&mut tx, &mut held, named).await?;
        runs::update(&mut tx, &held).await?;
        tx.commit().await?;
        self.kept(held, fresh);
        Ok(())
    }

    /// The text of a message as far as it was shown and kept.
    async fn shown_content(&self, message: &Value) -> Result<Value, Stop> {
        let mut parts: Vec<Value> = Vec::new();
        let mut after = 0;
        loop {
            let page = events::after(&self.engine.db, self.held.id(), after).await?;
            let Some(last) = page.last() else { break };
            after = last.seq;
            for event in page.iter().filter(|event| &*event.name == "thread.message.delta") {
                let delta: Value = serde_json::from_str(&event.data).unwrap_or_default();
                if delta["id"] == *message {
                    delta["delta"]["content"].as_array().into_iter().flatten().for_each(|part| join(&mut parts, part));
                }
            }
        }
        Ok(Value::Array(parts))
    }
}

/// Joins a delta's part to those so far.
fn join(parts: &mut Vec<Value>, delta: &Value) {
    let index = delta["index"].as_u64().and_then(|index| usize::try_from(index).ok()).unwrap_or(0);
    if index > parts.len() {
        return;
    }
    if index == parts.len() {
        parts.push(match delta["type"].as_str() {
            Some("refusal") => json!({"type": "refusal", "refusal": ""}),
            _ => json!({"type": "text", "text": {"value": "", "annotations": []}}),
        });
    }
    let part = &mut parts[index];
    if let Some(more) = delta["refusal"].as_str() {
        part["refusal"] = json!(format!("{}{more}", part["refusal"].as_str().unwrap_or_default()));
    }
    if let Some(more) = delta["text"]["value"].as_str() {
        part["text"]["value"] = json!(format!("{}{more}", part["text"]["value"].as_str().unwrap_or_default()));
    }
    for annotation in delta["text"]["annotations"].as_array().into_iter().flatten() {
        let mut annotation = annotation.clone();
        if let Some(members) = annotation.as_object_mut() {
            members.shift_remove("index");
        }
        if let Some(kept) = part["text"]["annotations"].as_array_mut() {
            kept.push(annotation);
        }
    }
}
