//! Reads the files of vector stores into chunks, in the background.

use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Notify;

use super::chunk;
use super::extract::{self, Refusal};
use super::snapshot::{Cache, pack};
use crate::db::params;
use crate::error::Failure;
use crate::run::service::Inner;
use crate::store::{files, vectors};

/// How often a process looks for files that nobody reads.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long a file may take before another process tries.
const LEASE_MS: i64 = 120_000;
const MAX_ATTEMPTS: i64 = 3;
/// How long the reading of one file may take. Shorter than the lease, so that no other process begins as well.
const PATIENCE: Duration = Duration::from_secs(90);
/// Stack of a thread that reads a file, in bytes.
const STACK: usize = 16 << 20;
/// Bytes of a token that few texts exceed on average.
const LONGEST_TOKEN: usize = 16;
/// Texts that are made into vectors at once.
const BATCH: usize = 64;

/// The part of an engine that reads files.
#[derive(Debug, Default)]
pub(crate) struct Indexer {
    /// Told when there may be work.
    work: Arc<Notify>,
    /// Told whenever a file has been read.
    done: Notify,
    cache: OnceLock<Cache>,
}

impl Indexer {
    pub(crate) fn start(&self, engine: &Arc<Inner>) {
        tokio::spawn(work(Arc::downgrade(engine), Arc::clone(&self.work)));
    }

    /// Says that files have been added.
    pub(crate) fn wake(&self) {
        self.work.notify_one();
    }

    /// Waits until a file has been read, at most so long.
    pub(crate) async fn wait(&self, limit: Duration) {
        let _ = tokio::time::timeout(limit, self.done.notified()).await;
    }

    pub(super) fn cache(&self) -> &Cache {
        self.cache.get_or_init(Cache::default)
    }
}

async fn work(engine: Weak<Inner>, wake: Arc<Notify>) {
    loop {
        let _ = tokio::time::timeout(LOOK_EVERY, wake.notified()).await;
        loop {
            let Some(engine) = engine.upgrade() else { return };
            match next(&engine).await {
                Ok(true) => engine.indexer.done.notify_waiters(),
                Ok(false) => break,
                Err(error) => {
                    tracing::error!(%error, "reading files failed");
                    break;
                }
            }
        }
    }
}

struct Job {
    id: String,
    store: String,
    file: String,
    tenant: String,
    attempt: i64,
}

/// Reads one file, if one waits.
async fn next(engine: &Arc<Inner>) -> Result<bool, Failure> {
    let Some(job) = claim(engine).await? else { return Ok(false) };
    let result = if job.attempt > MAX_ATTEMPTS {
        Ok(Err(("server_error", "The file could not be read.".to_owned())))
    } else {
        read(engine, &job).await
    };
    match result {
        Ok(result) => finish(engine, &job, result).await?,
        // The job stays and is tried again when its lease is over.
        Err(error) => tracing::warn!(file = job.file, %error, "a file could not be read; it will be tried again"),
    }
    Ok(true)
}

async fn claim(engine: &Inner) -> Result<Option<Job>, Failure> {
    let idle = engine
        .db
        .query("select 1 from jobs where lease_until is null or lease_until < @now limit 1", vec![])
        .await?
        .is_empty();
    if idle {
        return Ok(None);
    }
    let mut tx = engine.db.begin().await?;
    let skip = if engine.db.is_shared() { "for update skip locked" } else { "" };
    let sql = format!(
        "select id, ref, tenant, attempt from jobs where kind = 'index'
         and (lease_until is null or lease_until < @now) and not_before <= @now order by seq limit 1 {skip}"
    );
    let Some(row) = tx.first(&sql, vec![]).await? else { return Ok(None) };
    let (store, file) = row.text(1)?.split_once(' ').unwrap_or_default();
    let job = Job {
        id: row.text(0)?.to_owned(),
        store: store.to_owned(),
        file: file.to_owned(),
        tenant: row.text(2)?.to_owned(),
        attempt: row.int(3)? + 1,
    };
    tx.execute(
        "update jobs set lease_until = @now + $1, attempt = $2 where id = $3",
        params![LEASE_MS, job.attempt, &job.id],
    )
    .await?;
    tx.commit().await?;
    Ok(Some(job))
}

/// Chunks with their vectors, or why there are none: code and message of `last_error`.
type Read = Result<Vec<(chunk::Chunk, Option<Vec<u8>>)>, (&'static str, String)>;

async fn read(engine: &Inner, job: &Job) -> Result<Read, Failure> {
    let file = match files::get(&engine.db, &job.tenant, &job.file).await {
        Ok(file) => file,
        Err(Failure::Api(_)) => return Ok(Err(("invalid_file", "The file has been deleted.".to_owned()))),
        Err(other) => return Err(other),
    };
    let Some(entry) = entry(engine, job).await? else { return Ok(Ok(Vec::new())) };
    let mut bytes = Vec::new();
    let mut part = 0;
    while let Some(more) = files::part(&engine.db, &job.file, part).await? {
        bytes.extend(more);
        part += 1;
    }
    let name = file["filename"].as_str().unwrap_or_default().to_owned();
    let size = |name: &str, default| {
        let size = entry["chunking_strategy"]["static"][name].as_u64();
        size.and_then(|size| usize::try_from(size).ok()).unwrap_or(default)
    };
    let (max, overlap) = (size("max_chunk_size_tokens", 800), size("chunk_overlap_tokens", 400));
    let most = engine.settings.max_file_tokens;
    // Long texts take long, and readers of foreign formats may break on what they are given: they get a thread and a
    // stack of their own, and so much time.
    let cut = apart(move || {
        let refused = |refusal| match refusal {
            Refusal::Unsupported => ("unsupported_file", extract::advice(&name, &bytes).to_owned()),
            Refusal::Invalid(message) => ("invalid_file", message),
        };
        let text = extract::text(&name, &bytes).map_err(refused)?;
        let too_long = || ("invalid_file", format!("The file has more than {most} tokens."));
        // What is so long needs no counting, which takes long itself.
        if text.len() / LONGEST_TOKEN > most {
            return Err(too_long());
        }
        chunk::cut(&text, max, overlap, most).ok_or_else(too_long)
    });
    let chunks = match tokio::time::timeout(PATIENCE, cut).await {
        Ok(Some(Ok(chunks))) => chunks,
        Ok(Some(Err(refusal))) => return Ok(Err(refusal)),
        Ok(None) => return Ok(Err(("invalid_file", "The file cannot be read.".to_owned()))),
        Err(_) => return Ok(Err(("invalid_file", "The file takes too long to read.".to_owned()))),
    };
    Ok(Ok(with_vectors(engine, chunks).await))
}

/// Runs this on a thread of its own; `None` if it panics.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (answer, reply) = tokio::sync::oneshot::channel();
    let started = std::thread::Builder::new().name("threadline-reader".into()).stack_size(STACK).spawn(move || {
        // Whoever asked may have lost patience.
        let _ = answer.send(work());
    });
    started.ok()?;
    reply.await.ok()
}

async fn with_vectors(engine: &Inner, chunks: Vec<chunk::Chunk>) -> Vec<(chunk::Chunk, Option<Vec<u8>>)> {
    let name = engine.model.embedding_name();
    let mut vectors: Vec<Option<Vec<u8>>> = Vec::with_capacity(chunks.len());
    for batch in chunks.chunks(BATCH) {
        let texts = batch.iter().map(|chunk| chunk.text.clone()).collect();
        match engine.model.embed(texts).await {
            Some(Ok(found)) if found.len() == batch.len() => {
                vectors.extend(found.iter().map(|vector| Some(pack(&name, vector))));
            }
            Some(Err(error)) => {
                tracing::warn!(%error, "no vectors for a file; it is found by its words alone");
                break;
            }
            _ => break,
        }
    }
    vectors.resize(chunks.len(), None);
    chunks.into_iter().zip(vectors).collect()
}

async fn entry(engine: &Inner, job: &Job) -> Result<Option<Value>, Failure> {
    let rows = engine
        .db
        .query(
            "select body from vector_store_files where store_id = $1 and file_id = $2",
            params![&job.store, &job.file],
        )
        .await?;
    rows.first().map(|row| row.json(0)).transpose()
}

async fn finish(engine: &Inner, job: &Job, result: Read) -> Result<(), Failure> {
    let mut tx = engine.db.begin().await?;
    tx.execute("delete from jobs where id = $1", params![&job.id]).await?;
    let row = tx
        .first(
            "select body, status from vector_store_files where store_id = $1 and file_id = $2 @lock",
            params![&job.store, &job.file],
        )
        .await?;
    // The file may have left the store, or its batch may have been cancelled.
    let Some(row) = row.filter(|row| row.text(1).is_ok_and(|status| status == "in_progress")) else {
        return tx.commit().await;
    };
    let mut entry = row.json(0)?;
    let mut used = 0;
    match result {
        Ok(chunks) => {
            entry["status"] = json!("completed");
            used = chunks.iter().map(|(chunk, _)| chunk.text.len()).sum();
            entry["usage_bytes"] = json!(used);
            tx.execute("delete from chunks where store_id = $1 and file_id = $2", params![&job.store, &job.file])
                .await?;
            for (ordinal, (chunk, vector)) in chunks.into_iter().enumerate() {
                tx.execute(
                    "insert into chunks (store_id, file_id, ordinal, tokens, content, embedding)
                     values ($1, $2, $3, $4, $5, $6)",
                    params![&job.store, &job.file, ordinal as i64, chunk.tokens, chunk.text, vector],
                )
                .await?;
            }
        }
        Err((code, message)) => {
            entry["status"] = json!("failed");
            entry["last_error"] = json!({"code": code, "message": message});
        }
    }
    tx.execute(
        "update vector_store_files set status = $1, body = $2 where store_id = $3 and file_id = $4",
        params![entry["status"].as_str(), &entry, &job.store, &job.file],
    )
    .await?;
    vectors::changed(&mut tx, &job.store, used as i64).await?;
    tx.commit().await
}
