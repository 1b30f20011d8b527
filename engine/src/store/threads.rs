//! Threads, and the lock that an active run holds on one.

use serde_json::Value as Json;

use crate::db::{Db, Row, Tx, params};
use crate::error::{ApiError, Failure};
use crate::ids;

/// A thread held by a transaction.
pub(crate) struct Locked {
    pub(crate) thread: Json,
    pub(crate) active_run: Option<String>,
    /// Place of the next message.
    next_message: i64,
}

pub(crate) async fn insert(tx: &mut Tx, tenant: &str, thread: &Json) -> Result<Locked, Failure> {
    let id = thread["id"].as_str().unwrap_or_default();
    tx.execute(
        "insert into threads (id, tenant, seq, body, active_run_id, next_message) values ($1, $2, $3, $4, null, 1)",
        params![id, tenant, ids::sequence(), thread],
    )
    .await?;
    Ok(Locked { thread: thread.clone(), active_run: None, next_message: 1 })
}

pub(crate) async fn get(db: &Db, tenant: &str, id: &str) -> Result<Json, Failure> {
    let rows = db.query("select body from threads where id = $1 and tenant = $2", params![id, tenant]).await?;
    rows.first().ok_or_else(|| ApiError::absent("thread", id))?.json(0)
}

/// Refuses a thread that is not there.
pub(crate) async fn check(db: &Db, tenant: &str, id: &str) -> Result<(), Failure> {
    let rows = db.query("select 1 from threads where id = $1 and tenant = $2", params![id, tenant]).await?;
    match rows.first() {
        Some(_) => Ok(()),
        None => Err(ApiError::absent("thread", id).into()),
    }
}

/// The thread, held until the transaction ends: whoever adds to it goes through here.
pub(crate) async fn lock(tx: &mut Tx, tenant: &str, id: &str) -> Result<Locked, Failure> {
    let row = tx
        .first(
            "select body, active_run_id, next_message from threads where id = $1 and tenant = $2 @lock",
            params![id, tenant],
        )
        .await?;
    locked(&row.ok_or_else(|| ApiError::absent("thread", id))?)
}

fn locked(row: &Row) -> Result<Locked, Failure> {
    Ok(Locked { thread: row.json(0)?, active_run: row.opt_text(1)?.map(str::to_owned), next_message: row.int(2)? })
}

impl Locked {
    pub(crate) fn id(&self) -> &str {
        self.thread["id"].as_str().unwrap_or_default()
    }

    /// The next place among the thread's messages.
    pub(crate) fn place(&mut self) -> i64 {
        self.next_message += 1;
        self.next_message - 1
    }

    /// The place of the last message; 0 if there is none.
    pub(crate) fn last_place(&self) -> i64 {
        self.next_message - 1
    }

    /// Refuses a message while a run is active.
    pub(crate) fn check_open(&self) -> Result<(), ApiError> {
        match &self.active_run {
            None => Ok(()),
            Some(run) => {
                let thread = self.id();
                Err(ApiError::invalid(format!("Can't add messages to {thread} while a run {run} is active.")))
            }
        }
    }

    /// Refuses a run while another is active.
    pub(crate) fn check_free(&self) -> Result<(), ApiError> {
        match &self.active_run {
            None => Ok(()),
            Some(run) => Err(ApiError::invalid(format!("Thread {} already has an active run {run}.", self.id()))),
        }
    }

    /// Writes back what has changed.
    pub(crate) async fn save(&self, tx: &mut Tx) -> Result<(), Failure> {
        tx.later(
            "update threads set body = $1, active_run_id = $2, next_message = $3 where id = $4",
            params![&self.thread, self.active_run.as_ref(), self.next_message, self.id()],
        );
        Ok(())
    }
}

/// Lets go of the thread that this run holds.
pub(crate) async fn release(tx: &mut Tx, thread_id: &str, run_id: &str) -> Result<(), Failure> {
    tx.later(
        "update threads set active_run_id = null where id = $1 and active_run_id = $2",
        params![thread_id, run_id],
    );
    Ok(())
}

/// Deletes the thread with everything in it.
pub(crate) async fn delete(tx: &mut Tx, tenant: &str, id: &str) -> Result<(), Failure> {
    if tx.execute("delete from threads where id = $1 and tenant = $2", params![id, tenant]).await? == 0 {
        return Err(ApiError::absent("thread", id).into());
    }
    for table in ["run_steps", "run_turns", "run_events"] {
        let sql = format!("delete from {table} where run_id in (select id from runs where thread_id = $1)");
        tx.execute(&sql, params![id]).await?;
    }
    for table in ["messages", "runs", "containers"] {
        tx.execute(&format!("delete from {table} where thread_id = $1"), params![id]).await?;
    }
    Ok(())
}
