//! Assistants.

use serde_json::Value as Json;

use super::list::{self, Listing, Page, Scope};
use crate::db::{Db, Tx, params};
use crate::error::{ApiError, Failure};
use crate::ids;

pub(crate) async fn insert(tx: &mut Tx, tenant: &str, assistant: &Json) -> Result<(), Failure> {
    let id = assistant["id"].as_str().unwrap_or_default();
    tx.execute(
        "insert into assistants (id, tenant, seq, body) values ($1, $2, $3, $4)",
        params![id, tenant, ids::sequence(), assistant],
    )
    .await?;
    Ok(())
}

pub(crate) async fn get(db: &Db, tenant: &str, id: &str) -> Result<Json, Failure> {
    let rows = db.query("select body from assistants where id = $1 and tenant = $2", params![id, tenant]).await?;
    rows.first().ok_or_else(|| ApiError::absent("assistant", id))?.json(0)
}

/// The assistant, held until the transaction ends.
pub(crate) async fn lock(tx: &mut Tx, tenant: &str, id: &str) -> Result<Json, Failure> {
    let row = tx.first("select body from assistants where id = $1 and tenant = $2 @lock", params![id, tenant]).await?;
    row.ok_or_else(|| ApiError::absent("assistant", id))?.json(0)
}

pub(crate) async fn update(tx: &mut Tx, assistant: &Json) -> Result<(), Failure> {
    let id = assistant["id"].as_str().unwrap_or_default();
    tx.execute("update assistants set body = $1 where id = $2", params![assistant, id]).await?;
    Ok(())
}

pub(crate) async fn delete(tx: &mut Tx, tenant: &str, id: &str) -> Result<(), Failure> {
    match tx.execute("delete from assistants where id = $1 and tenant = $2", params![id, tenant]).await? {
        0 => Err(ApiError::absent("assistant", id).into()),
        _ => Ok(()),
    }
}

pub(crate) async fn list(db: &Db, tenant: &str, page: &Page) -> Result<Listing, Failure> {
    let scope =
        Scope { table: "assistants", condition: "tenant = $1", params: params![tenant], id: "id", noun: "assistant" };
    list::list(db, scope, page).await
}
