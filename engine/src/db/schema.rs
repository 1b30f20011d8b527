//! Tables, version by version. A version that has been released is never edited; a change is a new one.

use super::{Db, Tx, params};
use crate::error::Failure;

/// Statements of each version, in order. What serves a whole object is its JSON in `body`; columns beside it are for
/// finding and ordering. `seq` is the hidden order; `tenant` is whose it is.
const VERSIONS: &[&[&str]] = &[
    &[
        "create table assistants (
        id text primary key, tenant text not null, seq bigint not null, body text not null)",
        "create unique index assistants_order on assistants (tenant, seq)",
        "create table threads (
        id text primary key, tenant text not null, seq bigint not null, body text not null,
        active_run_id text, next_message bigint not null)",
        "create table messages (
        id text primary key, tenant text not null, thread_id text not null, seq bigint not null, run_id text,
        status text not null, body text not null)",
        "create unique index messages_order on messages (thread_id, seq)",
        "create index messages_of_run on messages (thread_id, run_id, seq)",
        "create table runs (
        id text primary key, tenant text not null, thread_id text not null, seq bigint not null,
        status text not null, body text not null, plan text not null, expires_at bigint,
        lease_owner text, lease_until bigint, fence bigint not null, attempt bigint not null,
        not_before bigint not null, next_event bigint not null, changed bigint not null)",
        "create unique index runs_order on runs (thread_id, seq)",
        "create unique index runs_active on runs (thread_id)
        where status in ('queued', 'in_progress', 'requires_action', 'cancelling')",
        "create index runs_claim on runs (seq) where status in ('queued', 'in_progress', 'cancelling')",
        "create index runs_expiry on runs (expires_at)
        where status in ('queued', 'in_progress', 'requires_action')",
        "create table run_steps (
        id text primary key, tenant text not null, run_id text not null, seq bigint not null,
        status text not null, body text not null)",
        "create unique index run_steps_order on run_steps (run_id, seq)",
        "create table run_turns (
        run_id text not null, turn bigint not null, body text not null, primary key (run_id, turn))",
        "create table run_events (
        run_id text not null, first_seq bigint not null, last_seq bigint not null, at bigint not null,
        events text not null, primary key (run_id, first_seq))",
        "create index run_events_age on run_events (at)",
        "create table files (
        id text primary key, tenant text not null, seq bigint not null, purpose text not null, body text not null)",
        "create unique index files_order on files (tenant, seq)",
        "create table file_parts (
        file_id text not null, part bigint not null, data bytea not null, primary key (file_id, part))",
        "create table vector_stores (
        id text primary key, tenant text not null, seq bigint not null, body text not null,
        expires_at bigint, generation bigint not null)",
        "create unique index vector_stores_order on vector_stores (tenant, seq)",
        "create index vector_stores_expiry on vector_stores (expires_at) where expires_at is not null",
        "create table vector_store_files (
        store_id text not null, file_id text not null, tenant text not null, seq bigint not null,
        status text not null, batch_id text, body text not null, primary key (store_id, file_id))",
        "create unique index vector_store_files_order on vector_store_files (store_id, seq)",
        "create index vector_store_files_batch on vector_store_files (batch_id) where batch_id is not null",
        "create index vector_store_files_file on vector_store_files (file_id)",
        "create table vector_store_batches (
        id text primary key, tenant text not null, store_id text not null, seq bigint not null, body text not null)",
        "create table chunks (
        store_id text not null, file_id text not null, ordinal bigint not null, tokens bigint not null,
        content text not null, embedding bytea, primary key (store_id, file_id, ordinal))",
        "create table jobs (
        id text primary key, kind text not null, ref text not null, tenant text not null, seq bigint not null,
        lease_owner text, lease_until bigint, attempt bigint not null, not_before bigint not null)",
        "create index jobs_order on jobs (seq)",
        "create table idempotency (
        tenant text not null, idem_key text not null, path text not null, body_hash text not null,
        response text not null, expires_at bigint not null, primary key (tenant, idem_key, path))",
        "create index idempotency_expiry on idempotency (expires_at)",
        "create table api_keys (
        hash text primary key, tenant text not null, name text not null, created_at bigint not null)",
    ],
    &[
        "alter table files add column expires_at bigint",
        "create index files_expiry on files (expires_at) where expires_at is not null",
        // Where the provider's code of a thread runs, and which of the provider's files are there.
        "create table containers (
        thread_id text primary key, container_id text not null, files text not null, used_at bigint not null)",
        // Copies of files that the provider has for its code.
        "create table lent_files (file_id text primary key, upstream_id text not null)",
    ],
];

/// Fills the column that version 2 gave to files.
async fn date_files(tx: &mut Tx) -> Result<(), Failure> {
    for row in tx.query("select id, body from files where body like '%\"expires_at\"%'", vec![]).await? {
        let until = row.json(1)?["expires_at"].as_i64();
        tx.execute("update files set expires_at = $1 where id = $2", params![until, row.text(0)?]).await?;
    }
    Ok(())
}

/// Times that another server may stand in the way of a start.
const TRIES: u32 = 5;

/// Brings the tables to this version. Several servers may start at once.
pub(super) async fn migrate(db: &Db) -> Result<(), Failure> {
    let mut tries = 0;
    loop {
        tries += 1;
        match migrate_once(db).await {
            // PostgreSQL's `if not exists` fails where another server makes the same table at the same time.
            Err(Failure::Conflict | Failure::Busy) if tries < TRIES => {}
            other => return other,
        }
    }
}

async fn migrate_once(db: &Db) -> Result<(), Failure> {
    let mut tx = db.begin().await?;
    tx.execute("create table if not exists engine_version (one bigint primary key, version bigint not null)", vec![])
        .await?;
    if db.is_shared() {
        tx.execute("lock table engine_version in exclusive mode", vec![]).await?;
    }
    let found = tx.first("select version from engine_version where one = 1", vec![]).await?;
    let version = match &found {
        Some(row) => row.int(0)?,
        None => 0,
    };
    let newest = VERSIONS.len() as i64;
    if version > newest {
        return Err(Failure::Store(format!(
            "the store has tables of version {version}; this program knows versions up to {newest}: use a newer one"
        )));
    }
    for statements in VERSIONS.iter().skip(usize::try_from(version).unwrap_or(0)) {
        for statement in *statements {
            tx.execute(statement, vec![]).await?;
        }
    }
    if version == 1 {
        date_files(&mut tx).await?;
    }
    if version < newest {
        tx.execute(
            "insert into engine_version (one, version) values (1, $1) on conflict (one) do update set version = $1",
            params![newest],
        )
        .await?;
    }
    tx.commit().await
}
