//! Vector stores and the files in them.

use serde_json::{Value as Json, json};

use super::list::{self, Listing, Page, Scope};
use crate::db::{Db, Row, Tx, params};
use crate::error::{ApiError, Failure};
use crate::ids;
use crate::objects::resources::{NewStore, default_chunking};

/// Makes a vector store with its files and returns its id.
pub(crate) async fn create(tx: &mut Tx, tenant: &str, new: &NewStore, now: i64) -> Result<String, Failure> {
    let id = ids::new("vs_");
    let expires_at = new.expires_after_days.map(|days| now + days * 86_400);
    let store = json!({
        "id": id,
        "object": "vector_store",
        "created_at": now,
        "name": new.name,
        "expires_after": new.expires_after_days.map(|days| json!({"anchor": "last_active_at", "days": days})),
        "expires_at": expires_at,
        "last_active_at": now,
        "usage_bytes": 0,
        "metadata": new.metadata,
    });
    tx.execute(
        "insert into vector_stores (id, tenant, seq, body, expires_at, generation) values ($1, $2, $3, $4, $5, 0)",
        params![&id, tenant, ids::sequence(), &store, expires_at],
    )
    .await?;
    for file in &new.file_ids {
        add_file(tx, tenant, &id, file, new.chunking.clone(), json!({}), None, now).await?;
    }
    Ok(id)
}

/// Adds a file to a vector store; a job reads it later. A file that is there already is not read again unless that failed.
#[allow(clippy::too_many_arguments)]
pub(crate) async fn add_file(
    tx: &mut Tx,
    tenant: &str,
    store: &str,
    file: &str,
    chunking: Option<Json>,
    attributes: Json,
    batch: Option<&str>,
    now: i64,
) -> Result<Json, Failure> {
    super::files::find(tx, tenant, file).await?;
    let entry = json!({
        "id": file,
        "object": "vector_store.file",
        "usage_bytes": 0,
        "created_at": now,
        "vector_store_id": store,
        "status": "in_progress",
        "last_error": null,
        "chunking_strategy": chunking.unwrap_or_else(default_chunking),
        "attributes": attributes,
    });
    let added = tx
        .execute(
            "insert into vector_store_files (store_id, file_id, tenant, seq, status, batch_id, body)
             values ($1, $2, $3, $4, 'in_progress', $5, $6) on conflict (store_id, file_id) do nothing",
            params![store, file, tenant, ids::sequence(), batch, &entry],
        )
        .await?;
    if added == 0 {
        return add_again(tx, tenant, entry, batch).await;
    }
    read_later(tx, tenant, store, file).await?;
    tx.execute("update vector_stores set generation = generation + 1 where id = $1", params![store]).await?;
    Ok(entry)
}

async fn read_later(tx: &mut Tx, tenant: &str, store: &str, file: &str) -> Result<(), Failure> {
    tx.execute(
        "insert into jobs (id, kind, ref, tenant, seq, attempt, not_before) values ($1, 'index', $2, $3, $4, 0, 0)",
        params![ids::new("job_"), format!("{store} {file}"), tenant, ids::sequence()],
    )
    .await?;
    Ok(())
}

/// A file that is in the store already takes the attributes that it is given now, and counts for the batch that names it;
/// where it could not be read, it is tried again.
async fn add_again(tx: &mut Tx, tenant: &str, asked: Json, batch: Option<&str>) -> Result<Json, Failure> {
    let [store, file] = ["vector_store_id", "id"].map(|name| asked[name].as_str().unwrap_or_default().to_owned());
    let row = tx
        .first(
            "select body, status from vector_store_files where store_id = $1 and file_id = $2 @lock",
            params![&store, &file],
        )
        .await?
        .ok_or_else(|| ApiError::absent("file", &file))?;
    let mut entry = row.json(0)?;
    let anew = matches!(row.text(1)?, "failed" | "cancelled");
    if asked["attributes"].as_object().is_some_and(|given| !given.is_empty()) {
        entry["attributes"] = asked["attributes"].clone();
    }
    if anew {
        for name in ["status", "last_error", "chunking_strategy"] {
            entry[name] = asked[name].clone();
        }
        read_later(tx, tenant, &store, &file).await?;
    }
    tx.execute(
        "update vector_store_files set body = $1, status = $2, batch_id = coalesce($3, batch_id)
         where store_id = $4 and file_id = $5",
        params![&entry, entry["status"].as_str(), batch, &store, &file],
    )
    .await?;
    changed(tx, &store, 0).await?;
    Ok(entry)
}

/// The vector store, held until the transaction ends.
pub(crate) async fn lock(tx: &mut Tx, tenant: &str, id: &str) -> Result<Json, Failure> {
    let row =
        tx.first("select body from vector_stores where id = $1 and tenant = $2 @lock", params![id, tenant]).await?;
    row.ok_or_else(|| ApiError::absent("vector store", id))?.json(0)
}

pub(crate) async fn get(db: &Db, tenant: &str, id: &str) -> Result<Json, Failure> {
    let rows = db.query("select body from vector_stores where id = $1 and tenant = $2", params![id, tenant]).await?;
    rows.first().ok_or_else(|| ApiError::absent("vector store", id))?.json(0)
}

pub(crate) async fn update(tx: &mut Tx, store: &Json) -> Result<(), Failure> {
    tx.execute(
        "update vector_stores set body = $1, expires_at = $2 where id = $3",
        params![store, store["expires_at"].as_i64(), store["id"].as_str()],
    )
    .await?;
    Ok(())
}

pub(crate) async fn list(db: &Db, tenant: &str, page: &Page) -> Result<Listing, Failure> {
    let scope = Scope {
        table: "vector_stores",
        condition: "tenant = $1",
        params: params![tenant],
        id: "id",
        noun: "vector store",
    };
    list::list(db, scope, page).await
}

/// Deletes a store with what was read of its files; the files stay.
pub(crate) async fn delete(tx: &mut Tx, tenant: &str, id: &str) -> Result<(), Failure> {
    if tx.execute("delete from vector_stores where id = $1 and tenant = $2", params![id, tenant]).await? == 0 {
        return Err(ApiError::absent("vector store", id).into());
    }
    for table in ["vector_store_files", "vector_store_batches", "chunks"] {
        tx.execute(&format!("delete from {table} where store_id = $1"), params![id]).await?;
    }
    Ok(())
}

/// A store with the counts of its files. Both are read at once, so that none shows what a file that has been read since
/// then has changed without the other.
pub(crate) async fn shown(db: &Db, store: &Json) -> Result<Json, Failure> {
    let id = store["id"].as_str().unwrap_or_default();
    let sql = "select status, count(*), (select body from vector_stores where id = $1)
               from vector_store_files where store_id = $1 group by status";
    let rows = db.query(sql, params![id]).await?;
    let now = match rows.first() {
        Some(row) if row.opt_text(2)?.is_some() => &row.json(2)?,
        _ => store,
    };
    Ok(with_counts(now, counts(&rows)?))
}

/// A store with these counts, and the status that follows from them.
pub(crate) fn with_counts(store: &Json, counts: Json) -> Json {
    let mut shown = store.clone();
    let expired = store["expires_at"].as_i64().is_some_and(|at| at <= ids::now());
    shown["status"] = json!(if expired {
        "expired"
    } else if counts["in_progress"].as_i64().unwrap_or(0) > 0 {
        "in_progress"
    } else {
        "completed"
    });
    shown["file_counts"] = counts;
    shown
}

fn counts(rows: &[Row]) -> Result<Json, Failure> {
    let mut counts = json!({"in_progress": 0, "completed": 0, "failed": 0, "cancelled": 0, "total": 0});
    let mut total = 0;
    for row in rows {
        counts[row.text(0)?] = json!(row.int(1)?);
        total += row.int(1)?;
    }
    counts["total"] = json!(total);
    Ok(counts)
}

pub(crate) async fn list_files(
    db: &Db,
    store: &str,
    batch: Option<&str>,
    status: Option<&str>,
    page: &Page,
) -> Result<Listing, Failure> {
    let scope =
        |condition, params| Scope { table: "vector_store_files", condition, params, id: "file_id", noun: "file" };
    let scope = match (batch, status) {
        (None, None) => scope("store_id = $1", params![store]),
        (None, Some(status)) => scope("store_id = $1 and status = $2", params![store, status]),
        (Some(batch), None) => scope("store_id = $1 and batch_id = $2", params![store, batch]),
        (Some(batch), Some(status)) => {
            scope("store_id = $1 and batch_id = $2 and status = $3", params![store, batch, status])
        }
    };
    list::list(db, scope, page).await
}

pub(crate) async fn get_file(db: &Db, store: &str, file: &str) -> Result<Json, Failure> {
    let rows = db
        .query("select body from vector_store_files where store_id = $1 and file_id = $2", params![store, file])
        .await?;
    rows.first().ok_or_else(|| ApiError::absent("file", file))?.json(0)
}

/// Replaces the attributes of a file in a store.
pub(crate) async fn set_attributes(tx: &mut Tx, store: &str, file: &str, attributes: Json) -> Result<Json, Failure> {
    let row = tx
        .first("select body from vector_store_files where store_id = $1 and file_id = $2 @lock", params![store, file])
        .await?;
    let mut entry = row.ok_or_else(|| ApiError::absent("file", file))?.json(0)?;
    entry["attributes"] = attributes;
    tx.execute(
        "update vector_store_files set body = $1 where store_id = $2 and file_id = $3",
        params![&entry, store, file],
    )
    .await?;
    changed(tx, store, 0).await?;
    Ok(entry)
}

/// Takes a file out of a store; the file stays.
pub(crate) async fn remove_file(tx: &mut Tx, store: &str, file: &str) -> Result<(), Failure> {
    let row = tx
        .first("select body from vector_store_files where store_id = $1 and file_id = $2", params![store, file])
        .await?;
    let entry = row.ok_or_else(|| ApiError::absent("file", file))?.json(0)?;
    for table in ["vector_store_files", "chunks"] {
        let sql = format!("delete from {table} where store_id = $1 and file_id = $2");
        tx.execute(&sql, params![store, file]).await?;
    }
    changed(tx, store, -entry["usage_bytes"].as_i64().unwrap_or(0)).await
}

/// Tells of a change to a store's files, which was a use of it.
pub(crate) async fn changed(tx: &mut Tx, store: &str, bytes: i64) -> Result<(), Failure> {
    let Some(row) = tx.first("select body from vector_stores where id = $1 @lock", params![store]).await? else {
        return Ok(());
    };
    let mut body = row.json(0)?;
    let now = ids::now();
    body["last_active_at"] = json!(now);
    body["usage_bytes"] = json!((body["usage_bytes"].as_i64().unwrap_or(0) + bytes).max(0));
    let expires = body["expires_after"]["days"].as_i64().map(|days| now + days * 86_400);
    body["expires_at"] = json!(expires);
    tx.execute(
        "update vector_stores set body = $1, expires_at = $2, generation = generation + 1 where id = $3",
        params![&body, expires, store],
    )
    .await?;
    Ok(())
}

/// The text of a file as it was read, chunk by chunk.
pub(crate) async fn content(db: &Db, store: &str, file: &str) -> Result<Vec<String>, Failure> {
    let rows = db
        .query("select content from chunks where store_id = $1 and file_id = $2 order by ordinal", params![store, file])
        .await?;
    rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}

pub(crate) async fn insert_batch(tx: &mut Tx, tenant: &str, store: &str, batch: &Json) -> Result<(), Failure> {
    tx.execute(
        "insert into vector_store_batches (id, tenant, store_id, seq, body) values ($1, $2, $3, $4, $5)",
        params![batch["id"].as_str(), tenant, store, ids::sequence(), batch],
    )
    .await?;
    Ok(())
}

pub(crate) async fn get_batch(db: &Db, store: &str, batch: &str) -> Result<Json, Failure> {
    let rows = db
        .query("select body from vector_store_batches where id = $1 and store_id = $2", params![batch, store])
        .await?;
    rows.first().ok_or_else(|| ApiError::absent("vector store file batch", batch))?.json(0)
}

/// The same inside of a transaction.
pub(crate) async fn find_batch(tx: &mut Tx, store: &str, batch: &str) -> Result<Json, Failure> {
    let row = tx
        .first("select body from vector_store_batches where id = $1 and store_id = $2 @lock", params![batch, store])
        .await?;
    row.ok_or_else(|| ApiError::absent("vector store file batch", batch))?.json(0)
}

pub(crate) async fn update_batch(tx: &mut Tx, batch: &Json) -> Result<(), Failure> {
    tx.execute("update vector_store_batches set body = $1 where id = $2", params![batch, batch["id"].as_str()]).await?;
    Ok(())
}

const BATCH_COUNTS: &str =
    "select status, count(*) from vector_store_files where store_id = $1 and batch_id = $2 group by status";

pub(crate) async fn batch_counts(db: &Db, store: &str, batch: &str) -> Result<Json, Failure> {
    counts(&db.query(BATCH_COUNTS, params![store, batch]).await?)
}

/// The same inside of a transaction.
pub(crate) async fn batch_counts_in(tx: &mut Tx, store: &str, batch: &str) -> Result<Json, Failure> {
    counts(&tx.query(BATCH_COUNTS, params![store, batch]).await?)
}

/// Leaves the files of a batch that have not been read unread.
pub(crate) async fn cancel_batch(tx: &mut Tx, store: &str, batch: &str) -> Result<(), Failure> {
    let rows = tx
        .query(
            "select file_id, body from vector_store_files
             where store_id = $1 and batch_id = $2 and status = 'in_progress' @lock",
            params![store, batch],
        )
        .await?;
    for row in rows {
        let mut entry = row.json(1)?;
        entry["status"] = json!("cancelled");
        tx.execute(
            "update vector_store_files set status = 'cancelled', body = $1 where store_id = $2 and file_id = $3",
            params![&entry, store, row.text(0)?],
        )
        .await?;
    }
    Ok(())
}
