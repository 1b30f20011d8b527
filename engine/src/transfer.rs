//! Assistants, threads and messages in and out, as JSON lines that keep their ids.

use serde_json::{Value, json};

use crate::db::params;
use crate::engine::Engine;
use crate::error::Failure;
use crate::store::{assistants, messages, threads};

/// Objects written or read, by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Transferred {
    /// Assistants.
    pub assistants: u64,
    /// Threads.
    pub threads: u64,
    /// Messages.
    pub messages: u64,
    /// Objects that were there already, or of a kind that is not taken over.
    pub skipped: u64,
}

/// A line that cannot be read, or a store that fails.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TransferError(String);

impl From<Failure> for TransferError {
    fn from(failure: Failure) -> Self {
        Self(failure.to_string())
    }
}

impl Engine {
    /// Hands every assistant, thread and message of a tenant to `write`, one JSON object a call; a thread comes before
    /// its messages, and these come in their order.
    ///
    /// # Errors
    /// [`TransferError`] if the store or `write` fails.
    pub async fn export(
        &self,
        tenant: &str,
        mut write: impl FnMut(&Value) -> std::io::Result<()>,
    ) -> Result<Transferred, TransferError> {
        let mut done = Transferred::default();
        let mut put = |object: &Value| write(object).map_err(|error| TransferError(format!("writing failed: {error}")));
        let mut after = 0;
        loop {
            let page = self.page("assistants", "tenant", tenant, after).await?;
            let Some(last) = page.last().map(|(seq, _)| *seq) else { break };
            after = last;
            for (_, assistant) in page {
                put(&assistant)?;
                done.assistants += 1;
            }
        }
        after = 0;
        loop {
            let page = self.page("threads", "tenant", tenant, after).await?;
            let Some(last) = page.last().map(|(seq, _)| *seq) else { break };
            after = last;
            for (_, thread) in page {
                put(&thread)?;
                done.threads += 1;
                let id = thread["id"].as_str().unwrap_or_default();
                let mut place = 0;
                loop {
                    let page = self.page("messages", "thread_id", id, place).await?;
                    let Some(last) = page.last().map(|(seq, _)| *seq) else { break };
                    place = last;
                    for (_, message) in page {
                        put(&message)?;
                        done.messages += 1;
                    }
                }
            }
        }
        Ok(done)
    }

    async fn page(&self, table: &str, column: &str, value: &str, after: i64) -> Result<Vec<(i64, Value)>, Failure> {
        let sql = format!("select seq, body from {table} where {column} = $1 and seq > $2 order by seq limit 200");
        let rows = self.inner().db.query(&sql, params![value, after]).await?;
        rows.iter().map(|row| Ok((row.int(0)?, row.json(1)?))).collect()
    }

    /// Takes over one object under its own id. What is there already stays as it is.
    ///
    /// # Errors
    /// [`TransferError`] if it is no object of the API, belongs to a thread that is not there, or the store fails.
    pub async fn import(&self, tenant: &str, object: &Value, done: &mut Transferred) -> Result<(), TransferError> {
        let wrong = |what: &str| TransferError(format!("{what} in an object of kind {}", object["object"]));
        let id = object["id"].as_str().filter(|id| !id.is_empty()).ok_or_else(|| wrong("no id"))?;
        let db = &self.inner().db;
        match object["object"].as_str() {
            Some("assistant") => {
                if is_there(db, "assistants", id).await? {
                    done.skipped += 1;
                    return Ok(());
                }
                object["model"].as_str().ok_or_else(|| wrong("no model"))?;
                let mut assistant = json!({
                    "id": null, "object": null, "created_at": crate::ids::now(), "name": null, "description": null,
                    "model": null, "instructions": null, "tools": [], "tool_resources": {}, "metadata": {},
                    "temperature": null, "top_p": null, "reasoning_effort": null, "response_format": "auto",
                });
                lay_over(&mut assistant, object);
                let mut tx = db.begin().await?;
                assistants::insert(&mut tx, tenant, &assistant).await?;
                tx.commit().await?;
                done.assistants += 1;
            }
            Some("thread") => {
                if is_there(db, "threads", id).await? {
                    done.skipped += 1;
                    return Ok(());
                }
                let mut thread = json!({"id": null, "object": null, "created_at": crate::ids::now(), "metadata": {}, "tool_resources": {}});
                lay_over(&mut thread, object);
                let mut tx = db.begin().await?;
                threads::insert(&mut tx, tenant, &thread).await?;
                tx.commit().await?;
                done.threads += 1;
            }
            Some("thread.message") => {
                if is_there(db, "messages", id).await? {
                    done.skipped += 1;
                    return Ok(());
                }
                let thread_id = object["thread_id"].as_str().ok_or_else(|| wrong("no thread_id"))?;
                let created = object["created_at"].as_i64().unwrap_or_else(crate::ids::now);
                let mut message = json!({
                    "id": null, "object": null, "created_at": created, "thread_id": null, "status": "completed",
                    "incomplete_details": null, "completed_at": created, "incomplete_at": null, "role": "user", "content": [], "assistant_id": null, "run_id": null,
                    "attachments": [], "metadata": {},
                });
                lay_over(&mut message, object);
                if let Some(text) = message["content"].as_str() {
                    message["content"] = json!([crate::objects::message::text_part(text)]);
                }
                // A run that is not here cannot finish it.
                if message["status"] == "in_progress" {
                    message["status"] = json!("completed");
                }
                let mut tx = db.begin().await?;
                let mut thread = threads::lock(&mut tx, tenant, thread_id).await?;
                messages::append(&mut tx, tenant, &mut thread, &message).await?;
                thread.save(&mut tx).await?;
                tx.commit().await?;
                done.messages += 1;
            }
            _ => done.skipped += 1,
        }
        Ok(())
    }
}

/// Whether two lines that follow each other are of one list of the API.
pub(crate) fn are_siblings(a: &Value, b: &Value) -> bool {
    let kind = a["object"].as_str().filter(|kind| b["object"] == **kind);
    match kind {
        Some("thread.message") => a["thread_id"] == b["thread_id"],
        Some(kind) => kind == "assistant",
        None => false,
    }
}

/// Turns a list round that has its newest object first, as the API lists unless it is asked otherwise.
pub(crate) fn oldest_first(siblings: &mut [(u64, Value)]) {
    let made = |end: Option<&(u64, Value)>| end.and_then(|(_, object)| object["created_at"].as_i64());
    if made(siblings.first()) > made(siblings.last()) && made(siblings.last()).is_some() {
        siblings.reverse();
    }
}

async fn is_there(db: &crate::db::Db, table: &str, id: &str) -> Result<bool, Failure> {
    Ok(!db.query(&format!("select 1 from {table} where id = $1"), params![id]).await?.is_empty())
}

/// What the object says, where it says anything.
fn lay_over(base: &mut Value, object: &Value) {
    for (name, value) in object.as_object().into_iter().flatten() {
        if !value.is_null() {
            base[name.as_str()] = value.clone();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(id: u64, thread: &str, created_at: i64) -> (u64, Value) {
        (id, json!({"object": "thread.message", "thread_id": thread, "created_at": created_at}))
    }

    #[test]
    fn lists_come_either_way_round() {
        let numbers = |list: &[(u64, Value)]| list.iter().map(|(number, _)| *number).collect::<Vec<_>>();
        for (times, want) in [([1, 2, 2], [0, 1, 2]), ([2, 2, 1], [2, 1, 0]), ([2, 2, 2], [0, 1, 2])] {
            let mut list: Vec<_> =
                times.into_iter().zip(0..).map(|(time, number)| message(number, "t", time)).collect();
            oldest_first(&mut list);
            assert_eq!(numbers(&list), want, "{times:?}");
        }
        oldest_first(&mut []);
        let mut without_time = [message(0, "t", 1), (1, json!({"object": "thread.message"}))];
        oldest_first(&mut without_time);
        assert_eq!(numbers(&without_time), [0, 1]);
    }

    #[test]
    fn a_list_ends_where_another_thread_or_kind_begins() {
        let assistant = json!({"object": "assistant"});
        assert!(are_siblings(&message(0, "t", 1).1, &message(1, "t", 2).1));
        assert!(!are_siblings(&message(0, "t", 1).1, &message(1, "u", 2).1));
        assert!(are_siblings(&assistant, &assistant) && !are_siblings(&assistant, &message(0, "t", 1).1));
        assert!(!are_siblings(&json!({"object": "thread"}), &json!({"object": "thread"})));
    }
}
