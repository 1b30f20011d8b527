//! Files.

use serde_json::Value as Json;

use super::list::{self, Listing, Page, Scope};
use crate::db::{Db, Tx, params};
use crate::error::{ApiError, Failure};
use crate::ids;

/// Bytes of a file kept in one row.
pub(crate) const PART: usize = 1 << 20;

pub(crate) async fn insert(tx: &mut Tx, tenant: &str, file: &Json) -> Result<(), Failure> {
    tx.execute(
        "insert into files (id, tenant, seq, purpose, body) values ($1, $2, $3, $4, $5)",
        params![file["id"].as_str(), tenant, ids::sequence(), file["purpose"].as_str(), file],
    )
    .await?;
    Ok(())
}

/// Keeps one part of a file's content.
pub(crate) async fn insert_part(tx: &mut Tx, file: &str, part: i64, data: Vec<u8>) -> Result<(), Failure> {
    tx.execute("insert into file_parts (file_id, part, data) values ($1, $2, $3)", params![file, part, data]).await?;
    Ok(())
}

pub(crate) async fn get(db: &Db, tenant: &str, id: &str) -> Result<Json, Failure> {
    let rows = db.query("select body from files where id = $1 and tenant = $2", params![id, tenant]).await?;
    rows.first().ok_or_else(|| ApiError::absent("file", id))?.json(0)
}

/// The same inside of a transaction.
pub(crate) async fn find(tx: &mut Tx, tenant: &str, id: &str) -> Result<Json, Failure> {
    let row = tx.first("select body from files where id = $1 and tenant = $2", params![id, tenant]).await?;
    row.ok_or_else(|| ApiError::absent("file", id))?.json(0)
}

/// One part of a file's content; `None` behind the last.
pub(crate) async fn part(db: &Db, id: &str, part: i64) -> Result<Option<Vec<u8>>, Failure> {
    let rows = db.query("select data from file_parts where file_id = $1 and part = $2", params![id, part]).await?;
    rows.first().map(|row| row.bytes(0).map(<[u8]>::to_vec)).transpose()
}

pub(crate) async fn list(db: &Db, tenant: &str, purpose: Option<&str>, page: &Page) -> Result<Listing, Failure> {
    let scope = |condition, params| Scope { table: "files", condition, params, id: "id", noun: "file" };
    let scope = match purpose {
        None => scope("tenant = $1", params![tenant]),
        Some(purpose) => scope("tenant = $1 and purpose = $2", params![tenant, purpose]),
    };
    list::list(db, scope, page).await
}

/// Deletes a file with its content, and takes it out of every vector store.
pub(crate) async fn delete(tx: &mut Tx, tenant: &str, id: &str) -> Result<(), Failure> {
    if tx.execute("delete from files where id = $1 and tenant = $2", params![id, tenant]).await? == 0 {
        return Err(ApiError::absent("file", id).into());
    }
    tx.execute("delete from file_parts where file_id = $1", params![id]).await?;
    tx.execute(
        "update vector_stores set generation = generation + 1
         where id in (select store_id from vector_store_files where file_id = $1)",
        params![id],
    )
    .await?;
    tx.execute("delete from vector_store_files where file_id = $1", params![id]).await?;
    tx.execute("delete from chunks where file_id = $1", params![id]).await?;
    unlist(tx, tenant, id).await
}

/// Forgets what was kept of a file that was never finished.
pub(crate) async fn forget_parts(tx: &mut Tx, id: &str) -> Result<(), Failure> {
    tx.execute("delete from file_parts where file_id = $1", params![id]).await?;
    Ok(())
}

/// Takes a file out of the code interpreter's lists of assistants and threads.
async fn unlist(tx: &mut Tx, tenant: &str, id: &str) -> Result<(), Failure> {
    for table in ["assistants", "threads"] {
        let found = tx
            .query(
                &format!("select id, body from {table} where tenant = $1 and body like $2"),
                params![tenant, format!("%\"{id}\"%")],
            )
            .await?;
        for row in found {
            let mut body = row.json(1)?;
            let Some(listed) = body["tool_resources"]["code_interpreter"]["file_ids"].as_array_mut() else { continue };
            listed.retain(|file| file != id);
            tx.execute(&format!("update {table} set body = $1 where id = $2"), params![&body, row.text(0)?]).await?;
        }
    }
    Ok(())
}
