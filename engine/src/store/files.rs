//! Files.

use serde_json::Value as Json;

use super::list::{self, Listing, Page, Scope};
use super::vectors;
use crate::db::{Db, Tx, params};
use crate::error::{ApiError, Failure};
use crate::ids;

/// Bytes of a file kept in one row.
pub(crate) const PART: usize = 1 << 20;
/// A file whose time is over is not there, swept or not.
const ALIVE: &str = "(expires_at is null or expires_at > @now / 1000)";
/// Files deleted in one sweep.
const SWEPT: i64 = 100;

pub(crate) async fn insert(tx: &mut Tx, tenant: &str, file: &Json) -> Result<(), Failure> {
    tx.execute(
        "insert into files (id, tenant, seq, purpose, body, expires_at) values ($1, $2, $3, $4, $5, $6)",
        params![
            file["id"].as_str(),
            tenant,
            ids::sequence(),
            file["purpose"].as_str(),
            file,
            file["expires_at"].as_i64()
        ],
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
    let sql = format!("select body from files where id = $1 and tenant = $2 and {ALIVE}");
    let rows = db.query(&sql, params![id, tenant]).await?;
    rows.first().ok_or_else(|| ApiError::absent("file", id))?.json(0)
}

/// The same inside of a transaction.
pub(crate) async fn find(tx: &mut Tx, tenant: &str, id: &str) -> Result<Json, Failure> {
    let sql = format!("select body from files where id = $1 and tenant = $2 and {ALIVE}");
    let row = tx.first(&sql, params![id, tenant]).await?;
    row.ok_or_else(|| ApiError::absent("file", id))?.json(0)
}

/// One part of a file's content; `None` behind the last.
pub(crate) async fn part(db: &Db, id: &str, part: i64) -> Result<Option<Vec<u8>>, Failure> {
    let rows = db.query("select data from file_parts where file_id = $1 and part = $2", params![id, part]).await?;
    rows.first().map(|row| row.bytes(0).map(<[u8]>::to_vec)).transpose()
}

pub(crate) async fn list(db: &Db, tenant: &str, purpose: Option<&str>, page: &Page) -> Result<Listing, Failure> {
    let (condition, params) = match purpose {
        None => (format!("tenant = $1 and {ALIVE}"), params![tenant]),
        Some(purpose) => (format!("tenant = $1 and purpose = $2 and {ALIVE}"), params![tenant, purpose]),
    };
    list::list(db, Scope { table: "files", condition: &condition, params, id: "id", noun: "file" }, page).await
}

/// Deletes a file with its content, and takes it out of every vector store. The provider's id of its copy there, if it
/// has one.
pub(crate) async fn delete(tx: &mut Tx, tenant: &str, id: &str) -> Result<Option<String>, Failure> {
    if tx.execute("delete from files where id = $1 and tenant = $2", params![id, tenant]).await? == 0 {
        return Err(ApiError::absent("file", id).into());
    }
    tx.execute("delete from file_parts where file_id = $1", params![id]).await?;
    for row in tx.query("select store_id from vector_store_files where file_id = $1", params![id]).await? {
        vectors::remove_file(tx, row.text(0)?, id).await?;
    }
    unlist(tx, tenant, id).await?;
    let lent = tx.first("select upstream_id from lent_files where file_id = $1", params![id]).await?;
    tx.execute("delete from lent_files where file_id = $1", params![id]).await?;
    lent.map(|row| row.text(0).map(str::to_owned)).transpose()
}

/// Deletes files whose time is over. The provider's ids of their copies there.
pub(crate) async fn sweep(db: &Db) -> Result<Vec<String>, Failure> {
    let over = "select id, tenant from files where expires_at is not null and expires_at <= @now / 1000 limit $1";
    let mut lent = Vec::new();
    for row in db.query(over, params![SWEPT]).await? {
        let mut tx = db.begin().await?;
        match delete(&mut tx, row.text(1)?, row.text(0)?).await {
            Ok(copy) => {
                tx.commit().await?;
                lent.extend(copy);
            }
            // Another server, or its owner, was faster.
            Err(Failure::Api(_)) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(lent)
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
