//! Runs, and the leases under which servers work on them.
//!
//! A server may write to a run only while the run's fence is the number that it got with its lease: whoever takes a run
//! over raises the fence, and a server that was paused meanwhile finds its writes refused.

use serde_json::Value as Json;

use super::list::{self, Listing, Page, Scope};
use crate::db::{Db, Row, Tx, Value, params};
use crate::error::{ApiError, Failure};
use crate::ids;
use crate::objects::run::is_active;

const COLUMNS: &str = "body, plan, tenant, fence, lease_owner, lease_until, attempt, next_event, @now";

/// More than a server shows before it keeps what it has shown. Numbers are skipped, so that nobody who follows a stream
/// takes a new event for one that he has seen.
const UNKEPT_EVENTS: i64 = 100_000;

/// A run held by a transaction, or as it was when it was read.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) run: Json,
    /// What the engine keeps for itself.
    pub(crate) plan: Json,
    pub(crate) tenant: String,
    pub(crate) fence: i64,
    pub(crate) lease_owner: Option<String>,
    lease_until: Option<i64>,
    pub(crate) attempt: i64,
    /// Number of the next event.
    pub(crate) next_event: i64,
    /// The database's clock, in milliseconds.
    pub(crate) now: i64,
}

impl Held {
    fn read(row: &Row) -> Result<Self, Failure> {
        Ok(Self {
            run: row.json(0)?,
            plan: row.json(1)?,
            tenant: row.text(2)?.to_owned(),
            fence: row.int(3)?,
            lease_owner: row.opt_text(4)?.map(str::to_owned),
            lease_until: row.opt_int(5)?,
            attempt: row.int(6)?,
            next_event: row.int(7)?,
            now: row.int(8)?,
        })
    }

    pub(crate) fn id(&self) -> &str {
        self.run["id"].as_str().unwrap_or_default()
    }

    pub(crate) fn thread_id(&self) -> &str {
        self.run["thread_id"].as_str().unwrap_or_default()
    }

    pub(crate) fn status(&self) -> &str {
        self.run["status"].as_str().unwrap_or_default()
    }

    /// Whether a server works on it, as far as the database knows.
    pub(crate) fn is_leased(&self) -> bool {
        self.lease_owner.is_some() && self.lease_until.is_some_and(|until| until > self.now)
    }

    /// Whether its time is over.
    pub(crate) fn is_overdue(&self) -> bool {
        let expires = self.run["expires_at"].as_i64();
        is_active(self.status())
            && self.status() != "cancelling"
            && expires.is_some_and(|at| at.saturating_mul(1000) <= self.now)
    }

    /// Takes the run from whoever works on it, who may have shown events that are not kept.
    pub(crate) fn take_over(&mut self) {
        self.fence += 1;
        if self.lease_owner.is_some() {
            self.next_event += UNKEPT_EVENTS;
        }
        self.lease_owner = None;
        self.lease_until = None;
    }
}

/// A new run, leased to this server if it is to work on it.
pub(crate) async fn insert(
    tx: &mut Tx,
    tenant: &str,
    run: &Json,
    plan: &Json,
    owner: Option<&str>,
    next_event: i64,
    lease_ms: i64,
) -> Result<Held, Failure> {
    let (id, thread) = (run["id"].as_str().unwrap_or_default(), run["thread_id"].as_str().unwrap_or_default());
    // The lease begins when the database writes it.
    let until = if owner.is_some() { "@now + $10" } else { "$10" };
    let sql = format!(
        "insert into runs (id, tenant, thread_id, seq, status, body, plan, expires_at, lease_owner, lease_until,
             fence, attempt, not_before, next_event, changed)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, {until}, 1, 1, 0, $11, @now)"
    );
    let lease = owner.map(|_| lease_ms);
    tx.execute(
        &sql,
        params![
            id,
            tenant,
            thread,
            ids::sequence(),
            run["status"].as_str(),
            run,
            plan,
            run["expires_at"].as_i64(),
            owner,
            lease,
            next_event
        ],
    )
    .await
    .map_err(|failure| match failure {
        // The index on active runs: somebody else's run got there first.
        Failure::Conflict => ApiError::invalid(format!("Thread {thread} already has an active run.")).into(),
        other => other,
    })?;
    tx.later("update threads set active_run_id = $1 where id = $2", params![id, thread]);
    Ok(Held {
        run: run.clone(),
        plan: plan.clone(),
        tenant: tenant.to_owned(),
        fence: 1,
        lease_owner: owner.map(str::to_owned),
        lease_until: None,
        attempt: 1,
        next_event,
        now: ids::now_ms(),
    })
}

pub(crate) async fn get(db: &Db, tenant: &str, thread: &str, id: &str) -> Result<Held, Failure> {
    let sql = format!("select {COLUMNS} from runs where id = $1 and thread_id = $2 and tenant = $3");
    let rows = db.query(&sql, params![id, thread, tenant]).await?;
    Held::read(rows.first().ok_or_else(|| ApiError::absent("run", id))?)
}

/// The run, held until the transaction ends.
pub(crate) async fn lock(tx: &mut Tx, tenant: &str, thread: &str, id: &str) -> Result<Held, Failure> {
    let sql = format!("select {COLUMNS} from runs where id = $1 and thread_id = $2 and tenant = $3 @lock");
    let row = tx.first(&sql, params![id, thread, tenant]).await?;
    Held::read(&row.ok_or_else(|| ApiError::absent("run", id))?)
}

/// The run whoever it belongs to, held until the transaction ends.
pub(crate) async fn lock_any(tx: &mut Tx, id: &str) -> Result<Option<Held>, Failure> {
    let sql = format!("select {COLUMNS} from runs where id = $1 @lock");
    tx.first(&sql, params![id]).await?.as_ref().map(Held::read).transpose()
}

/// Writes a run back. Its fence, lease and event number are those of `held`.
pub(crate) async fn update(tx: &mut Tx, held: &Held) -> Result<(), Failure> {
    tx.later(
        "update runs set status = $1, body = $2, plan = $3, expires_at = $4, fence = $5, lease_owner = $6,
             lease_until = $7, attempt = $8, next_event = $9, changed = @now where id = $10",
        params![
            held.status(),
            &held.run,
            &held.plan,
            held.run["expires_at"].as_i64(),
            held.fence,
            held.lease_owner.as_ref(),
            held.lease_until,
            held.attempt,
            held.next_event,
            held.id()
        ],
    );
    Ok(())
}

/// Leases a held run to a server, from now on.
pub(crate) fn lease(held: &mut Held, owner: &str, lease_ms: i64) {
    held.lease_owner = Some(owner.to_owned());
    held.lease_until = Some(held.now + lease_ms);
}

pub(crate) async fn list(db: &Db, tenant: &str, thread: &str, page: &Page) -> Result<Listing, Failure> {
    let scope = Scope {
        table: "runs",
        condition: "thread_id = $1 and tenant = $2",
        params: params![thread, tenant],
        id: "id",
        noun: "run",
    };
    list::list(db, scope, page).await
}

/// Leases runs that nobody works on, oldest first, and raises their fence.
pub(crate) async fn claim(db: &Db, me: &str, count: i64, lease_ms: i64) -> Result<Vec<Held>, Failure> {
    let mut tx = db.begin().await?;
    let skip = if db.is_shared() { "for update skip locked" } else { "" };
    let sql = format!(
        "select id from runs where status in ('queued', 'in_progress', 'cancelling')
         and (lease_until is null or lease_until < @now) and not_before <= @now order by seq limit $1 {skip}"
    );
    let mut claimed = Vec::new();
    for row in tx.query(&sql, params![count]).await? {
        if let Some(mut held) = lock_any(&mut tx, row.text(0)?).await? {
            held.take_over();
            held.attempt += 1;
            lease(&mut held, me, lease_ms);
            update(&mut tx, &held).await?;
            claimed.push(held);
        }
    }
    tx.commit().await?;
    Ok(claimed)
}

/// Whether any run waits for a server.
pub(crate) async fn has_claimable(db: &Db) -> Result<bool, Failure> {
    let rows = db
        .query(
            "select 1 from runs where status in ('queued', 'in_progress', 'cancelling')
             and (lease_until is null or lease_until < @now) and not_before <= @now limit 1",
            vec![],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// A run that a server works on: its id, and the fence it works under.
pub(crate) type Lease = (String, i64);

/// Prolongs the leases of a server. Returns those it has lost.
pub(crate) async fn heartbeat(db: &Db, leases: &[Lease], lease_ms: i64) -> Result<Vec<String>, Failure> {
    let mut lost = Vec::new();
    let mut tx = db.begin().await?;
    for (id, fence) in leases {
        let kept = tx
            .execute(
                "update runs set lease_until = @now + $1 where id = $2 and fence = $3 and lease_owner is not null",
                params![lease_ms, id, *fence],
            )
            .await?;
        if kept == 0 {
            lost.push(id.clone());
        }
    }
    tx.commit().await?;
    Ok(lost)
}

/// Of the runs a server works on, those that are to be cancelled or are not its own any more.
pub(crate) async fn disturbed(db: &Db, leases: &[Lease]) -> Result<Vec<String>, Failure> {
    let mut found = Vec::new();
    for some in leases.chunks(100) {
        let places: Vec<String> = (1..=some.len()).map(|place| format!("${place}")).collect();
        let sql = format!("select id, fence, status from runs where id in ({})", places.join(", "));
        let rows = db.query(&sql, some.iter().map(|(id, _)| Value::from(id)).collect()).await?;
        for (id, fence) in some {
            let row = rows.iter().find(|row| row.text(0).is_ok_and(|found| found == id));
            let calm = match row {
                Some(row) => row.int(1)? == *fence && row.text(2)? != "cancelling",
                None => false,
            };
            if !calm {
                found.push(id.clone());
            }
        }
    }
    Ok(found)
}

/// Gives leases back, so that another server goes on at once.
pub(crate) async fn hand_over(db: &Db, leases: &[Lease]) -> Result<(), Failure> {
    let mut tx = db.begin().await?;
    for (id, fence) in leases {
        tx.execute(
            "update runs set lease_owner = null, lease_until = null where id = $1 and fence = $2",
            params![id, *fence],
        )
        .await?;
    }
    tx.commit().await
}

/// Ids of active runs whose time is over, and of those that wait too long for their cancellation.
pub(crate) async fn overdue(db: &Db, patience_ms: i64) -> Result<Vec<String>, Failure> {
    let rows = db
        .query(
            "select id from runs where status in ('queued', 'in_progress', 'requires_action')
                 and expires_at is not null and expires_at * 1000 <= @now
             union all
             select id from runs where status = 'cancelling'
                 and (lease_until is null or lease_until < @now or changed < @now - $1)
             limit 200",
            params![patience_ms],
        )
        .await?;
    rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}

/// Keeps a turn of a run for replay: its calls with their outputs, and the upstream's own items.
pub(crate) async fn save_turn(tx: &mut Tx, run: &str, turn: i64, body: &Json) -> Result<(), Failure> {
    tx.later(
        "insert into run_turns (run_id, turn, body) values ($1, $2, $3)
         on conflict (run_id, turn) do update set body = excluded.body",
        params![run, turn, body],
    );
    Ok(())
}

/// The turns of a run, in order.
pub(crate) async fn turns(db: &Db, run: &str) -> Result<Vec<Json>, Failure> {
    let rows = db.query("select body from run_turns where run_id = $1 order by turn", params![run]).await?;
    rows.iter().map(|row| row.json(0)).collect()
}

/// The last turn of a run, inside of a transaction.
pub(crate) async fn last_turn(tx: &mut Tx, run: &str) -> Result<Option<(i64, Json)>, Failure> {
    let row =
        tx.first("select turn, body from run_turns where run_id = $1 order by turn desc limit 1", params![run]).await?;
    row.map(|row| Ok((row.int(0)?, row.json(1)?))).transpose()
}
