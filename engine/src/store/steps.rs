//! Steps of runs.

use serde_json::Value as Json;

use super::list::{self, Listing, Page, Scope};
use crate::db::{Db, Tx, params};
use crate::error::{ApiError, Failure};
use crate::ids;

pub(crate) async fn insert(tx: &mut Tx, tenant: &str, step: &Json) -> Result<(), Failure> {
    tx.later(
        "insert into run_steps (id, tenant, run_id, seq, status, body) values ($1, $2, $3, $4, $5, $6)",
        params![step["id"].as_str(), tenant, step["run_id"].as_str(), ids::sequence(), step["status"].as_str(), step],
    );
    Ok(())
}

pub(crate) async fn update(tx: &mut Tx, step: &Json) -> Result<(), Failure> {
    tx.later(
        "update run_steps set body = $1, status = $2 where id = $3",
        params![step, step["status"].as_str(), step["id"].as_str()],
    );
    Ok(())
}

pub(crate) async fn get(db: &Db, tenant: &str, run: &str, id: &str) -> Result<Json, Failure> {
    let rows = db
        .query("select body from run_steps where id = $1 and run_id = $2 and tenant = $3", params![id, run, tenant])
        .await?;
    rows.first().ok_or_else(|| ApiError::absent("run step", id))?.json(0)
}

pub(crate) async fn list(db: &Db, tenant: &str, run: &str, page: &Page) -> Result<Listing, Failure> {
    let scope = Scope {
        table: "run_steps",
        condition: "run_id = $1 and tenant = $2",
        params: params![run, tenant],
        id: "id",
        noun: "run step",
    };
    list::list(db, scope, page).await
}

/// Steps of a run that have not ended, oldest first.
pub(crate) async fn open_of_run(tx: &mut Tx, run: &str) -> Result<Vec<Json>, Failure> {
    let rows = tx
        .query("select body from run_steps where run_id = $1 and status = 'in_progress' order by seq", params![run])
        .await?;
    rows.iter().map(|row| row.json(0)).collect()
}

/// All steps of a run, oldest first.
pub(crate) async fn all_of_run(db: &Db, run: &str) -> Result<Vec<Json>, Failure> {
    let rows = db.query("select body from run_steps where run_id = $1 order by seq", params![run]).await?;
    rows.iter().map(|row| row.json(0)).collect()
}
