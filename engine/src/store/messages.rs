//! Messages of threads.

use serde_json::Value as Json;

use super::list::{self, Listing, Page, Scope};
use super::threads::Locked;
use crate::db::{Db, Tx, params};
use crate::error::{ApiError, Failure};

/// Messages of one thread.
const MAX_MESSAGES: i64 = 100_000;

/// Refuses a request's message to a thread that has had all it may have. What runs write always finds a place.
pub(crate) fn check_room(thread: &Locked) -> Result<(), ApiError> {
    if thread.last_place() < MAX_MESSAGES {
        return Ok(());
    }
    Err(ApiError::invalid(format!("Thread {} has reached the maximum of {MAX_MESSAGES} messages.", thread.id())))
}

/// Adds a message at the thread's end. The thread is saved by the caller.
pub(crate) async fn append(tx: &mut Tx, tenant: &str, thread: &mut Locked, message: &Json) -> Result<(), Failure> {
    let place = thread.place();
    tx.later(
        "insert into messages (id, tenant, thread_id, seq, run_id, status, body) values ($1, $2, $3, $4, $5, $6, $7)",
        params![
            message["id"].as_str(),
            tenant,
            thread.id(),
            place,
            message["run_id"].as_str(),
            message["status"].as_str(),
            message
        ],
    );
    Ok(())
}

pub(crate) async fn get(db: &Db, tenant: &str, thread: &str, id: &str) -> Result<Json, Failure> {
    let rows = db
        .query(
            "select body from messages where id = $1 and thread_id = $2 and tenant = $3",
            params![id, thread, tenant],
        )
        .await?;
    rows.first().ok_or_else(|| ApiError::absent("message", id))?.json(0)
}

pub(crate) async fn lock(tx: &mut Tx, tenant: &str, thread: &str, id: &str) -> Result<Json, Failure> {
    let row = tx
        .first(
            "select body from messages where id = $1 and thread_id = $2 and tenant = $3 @lock",
            params![id, thread, tenant],
        )
        .await?;
    row.ok_or_else(|| ApiError::absent("message", id))?.json(0)
}

pub(crate) async fn update(tx: &mut Tx, message: &Json) -> Result<(), Failure> {
    tx.later(
        "update messages set body = $1, status = $2 where id = $3",
        params![message, message["status"].as_str(), message["id"].as_str()],
    );
    Ok(())
}

/// Writes what a run has said. What callers have changed meanwhile stays.
pub(crate) async fn update_text(tx: &mut Tx, message: &Json) -> Result<(), Failure> {
    let kept = tx.first("select body from messages where id = $1 @lock", params![message["id"].as_str()]).await?;
    let Some(kept) = kept else { return Ok(()) };
    let mut message = message.clone();
    message["metadata"] = kept.json(0)?["metadata"].clone();
    update(tx, &message).await
}

pub(crate) async fn delete(tx: &mut Tx, tenant: &str, thread: &str, id: &str) -> Result<(), Failure> {
    let deleted = tx
        .execute("delete from messages where id = $1 and thread_id = $2 and tenant = $3", params![id, thread, tenant])
        .await?;
    if deleted == 0 { Err(ApiError::absent("message", id).into()) } else { Ok(()) }
}

pub(crate) async fn list(
    db: &Db,
    tenant: &str,
    thread: &str,
    run: Option<&str>,
    page: &Page,
) -> Result<Listing, Failure> {
    let scope = |condition, params| Scope { table: "messages", condition, params, id: "id", noun: "message" };
    let scope = match run {
        None => scope("thread_id = $1 and tenant = $2", params![thread, tenant]),
        Some(run) => scope("thread_id = $1 and tenant = $2 and run_id = $3", params![thread, tenant, run]),
    };
    list::list(db, scope, page).await
}

/// The message that a run is writing, if it writes one.
pub(crate) async fn open_of_run(tx: &mut Tx, thread: &str, run: &str) -> Result<Option<Json>, Failure> {
    let row = tx
        .first(
            "select body from messages where thread_id = $1 and run_id = $2 and status = 'in_progress' @lock",
            params![thread, run],
        )
        .await?;
    row.map(|row| row.json(0)).transpose()
}

/// The newest messages up to a place with their places, newest first, without those of the run that asks.
pub(crate) async fn newest(
    db: &Db,
    thread: &str,
    up_to: i64,
    but_of_run: &str,
    count: i64,
) -> Result<Vec<(i64, Json)>, Failure> {
    let rows = db
        .query(
            "select seq, body from messages where thread_id = $1 and seq <= $2 and (run_id is null or run_id <> $3)
             order by seq desc limit $4",
            params![thread, up_to, but_of_run, count],
        )
        .await?;
    rows.iter().map(|row| Ok((row.int(0)?, row.json(1)?))).collect()
}

/// The oldest message of the user.
pub(crate) async fn first_of_user(db: &Db, thread: &str) -> Result<Option<Json>, Failure> {
    let rows =
        db.query("select body from messages where thread_id = $1 order by seq limit 20", params![thread]).await?;
    for row in rows {
        let message = row.json(0)?;
        if message["role"] == "user" {
            return Ok(Some(message));
        }
    }
    Ok(None)
}
