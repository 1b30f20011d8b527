//! Events of runs: what streams replay and other servers follow.
//!
//! A row holds several events in a row of numbers, so that a fast stream costs few writes and nothing is merged.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::db::{Db, Row, Tx, params};
use crate::error::Failure;
use crate::ids;

/// One event of a run's stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    /// Place in the run's stream, from 1.
    pub(crate) seq: i64,
    pub(crate) name: Arc<str>,
    /// JSON text.
    pub(crate) data: Arc<str>,
}

impl Event {
    pub(crate) fn new(seq: i64, name: &str, data: &Json) -> Self {
        Self { seq, name: name.into(), data: data.to_string().into() }
    }
}

/// Keeps events, which must follow each other.
pub(crate) async fn append(tx: &mut Tx, run: &str, events: &[Event]) -> Result<(), Failure> {
    let (Some(first), Some(last)) = (events.first(), events.last()) else { return Ok(()) };
    let rows: Vec<(i64, &str, &str)> = events.iter().map(|e| (e.seq, &*e.name, &*e.data)).collect();
    let text = serde_json::to_string(&rows).map_err(|error| Failure::Store(format!("events: {error}")))?;
    tx.later(
        "insert into run_events (run_id, first_seq, last_seq, at, events) values ($1, $2, $3, $4, $5)",
        params![run, first.seq, last.seq, ids::now_ms(), text],
    );
    Ok(())
}

const BEHIND: &str = "select events from run_events where run_id = $1 and last_seq > $2 order by first_seq limit 500";

/// Events behind a number, in order.
pub(crate) async fn after(db: &Db, run: &str, seq: i64) -> Result<Vec<Event>, Failure> {
    read(&db.query(BEHIND, params![run, seq]).await?, seq)
}

/// The same, inside of a transaction.
pub(crate) async fn after_in(tx: &mut Tx, run: &str, seq: i64) -> Result<Vec<Event>, Failure> {
    read(&tx.query(BEHIND, params![run, seq]).await?, seq)
}

fn read(rows: &[Row], seq: i64) -> Result<Vec<Event>, Failure> {
    let mut found = Vec::new();
    for row in rows {
        let events: Vec<(i64, String, String)> = serde_json::from_str(row.text(0)?)
            .map_err(|error| Failure::Store(format!("stored events cannot be read: {error}")))?;
        found.extend(events.into_iter().filter(|(at, ..)| *at > seq).map(|(seq, name, data)| Event {
            seq,
            name: name.into(),
            data: data.into(),
        }));
    }
    Ok(found)
}

/// Forgets events older than this many milliseconds of runs that have ended.
pub(crate) async fn sweep(tx: &mut Tx, age_ms: i64) -> Result<u64, Failure> {
    tx.execute(
        "delete from run_events where at < $1 and run_id in (
             select id from runs where status not in ('queued', 'in_progress', 'requires_action', 'cancelling'))",
        params![ids::now_ms() - age_ms],
    )
    .await
}
