//! SQLite: one connection that writes, a few that read, each on a thread of its own.
//!
//! What may take long travels to such a thread, as many statements of a transaction as can be at a time, so nothing blocks the
//! caller's runtime. What a transaction looks up is found in place where nothing else waits for the connection: that takes less time
//! than waking a thread twice. Two transactions never run at once.

use std::borrow::Cow;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, TryLockError, mpsc};
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql};
use tokio::sync::{Mutex, OwnedMutexGuard, Semaphore, oneshot};

use super::{Row, Value};
use crate::error::Failure;

/// Connections that read while another transaction writes.
const READERS: usize = 2;
/// How long a second process on the same file may hold the write lock before a transaction fails.
const BUSY: Duration = Duration::from_secs(10);

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// A connection and its thread. Dropping it ends the thread after its last job.
struct Worker {
    jobs: mpsc::Sender<Job>,
    shared: Arc<Shared>,
}

/// What the thread has, and whoever looks something up in its place.
struct Shared {
    connection: std::sync::Mutex<Connection>,
    /// Jobs that are not done yet.
    waiting: AtomicUsize,
}

impl Worker {
    fn start(connection: Connection) -> Result<Self, Failure> {
        let (jobs, inbox) = mpsc::channel::<Job>();
        let shared = Arc::new(Shared { connection: connection.into(), waiting: AtomicUsize::new(0) });
        let its = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("threadline-sqlite".into())
            .spawn(move || {
                for job in inbox {
                    job(&mut its.connection.lock().unwrap_or_else(PoisonError::into_inner));
                    its.waiting.fetch_sub(1, Ordering::Release);
                }
            })
            .map_err(|error| Failure::Store(format!("no thread for the database: {error}")))?;
        Ok(Self { jobs, shared })
    }

    fn send(&self, job: Job) -> Result<(), Failure> {
        self.shared.waiting.fetch_add(1, Ordering::Relaxed);
        self.jobs.send(job).map_err(|_| Failure::Store("the database's thread has ended".into()))
    }

    /// Does this in place, unless a job is under way or waits.
    fn here<T>(&self, job: impl FnOnce(&mut Connection) -> T) -> Option<T> {
        if self.shared.waiting.load(Ordering::Acquire) > 0 {
            return None;
        }
        match self.shared.connection.try_lock() {
            Ok(mut connection) => Some(job(&mut connection)),
            Err(TryLockError::Poisoned(connection)) => Some(job(&mut connection.into_inner())),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Failure> {
        let (answer, reply) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            // Whoever asked may be gone; then nobody minds the answer.
            let _ = answer.send(job(connection));
        });
        self.send(job)?;
        match reply.await {
            Ok(result) => result.map_err(failure),
            Err(_) => Err(Failure::Store("the database's thread has ended".into())),
        }
    }
}

/// The connections to one database file.
#[derive(Clone)]
pub(crate) struct Pool {
    inner: Arc<Inner>,
}

struct Inner {
    writer: Arc<Mutex<Worker>>,
    /// None for a database in memory, which has one connection only.
    readers: Option<Readers>,
}

struct Readers {
    free: std::sync::Mutex<Vec<Worker>>,
    permits: Semaphore,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sqlite")
    }
}

impl Pool {
    pub(super) async fn open(path: &str) -> Result<Self, Failure> {
        let memory = path == ":memory:";
        let path = path.strip_prefix("//").unwrap_or(path).to_owned();
        let connect = move || -> rusqlite::Result<Connection> {
            let connection = if memory { Connection::open_in_memory()? } else { Connection::open(&path)? };
            connection.busy_timeout(BUSY)?;
            connection.pragma_update(None, "journal_mode", "wal")?;
            connection.pragma_update(None, "synchronous", "normal")?;
            connection.pragma_update(None, "foreign_keys", "off")?;
            connection.set_prepared_statement_cache_capacity(256);
            Ok(connection)
        };
        let writer = Worker::start(connect().map_err(|error| Failure::Store(format!("cannot open SQLite: {error}")))?)?;
        let readers = if memory {
            None
        } else {
            let mut free = Vec::with_capacity(READERS);
            for _ in 0..READERS {
                free.push(Worker::start(connect().map_err(failure)?)?);
            }
            Some(Readers { free: free.into(), permits: Semaphore::new(READERS) })
        };
        Ok(Self { inner: Arc::new(Inner { writer: Arc::new(Mutex::new(writer)), readers }) })
    }

    pub(super) async fn begin(&self) -> Result<Transaction, Failure> {
        let worker = Arc::clone(&self.inner.writer).lock_owned().await;
        Ok(Transaction { worker, open: false, later: Vec::new() })
    }

    pub(super) async fn query(&self, sql: &str, params: Vec<Value>) -> Result<Vec<Row>, Failure> {
        let sql = translated(sql);
        let Some(readers) = &self.inner.readers else {
            let worker = self.inner.writer.lock().await;
            return worker.run(move |connection| rows(connection, &sql, &params)).await;
        };
        let Ok(_permit) = readers.permits.acquire().await else {
            return Err(Failure::Store("the database is closed".into()));
        };
        let lease = ReaderLease::take(readers)?;
        lease.worker()?.run(move |connection| rows(connection, &sql, &params)).await
    }
}

/// A reader that goes back to its pool, also when the one who reads is dropped.
struct ReaderLease<'a> {
    readers: &'a Readers,
    worker: Option<Worker>,
}

impl<'a> ReaderLease<'a> {
    fn take(readers: &'a Readers) -> Result<Self, Failure> {
        let worker = readers.free.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop();
        Ok(Self { readers, worker })
    }

    fn worker(&self) -> Result<&Worker, Failure> {
        self.worker.as_ref().ok_or_else(|| Failure::Store("no reader is free".into()))
    }
}

impl Drop for ReaderLease<'_> {
    fn drop(&mut self) {
        if let Some(worker) = self.worker.take() {
            self.readers.free.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(worker);
        }
    }
}

/// A statement and its parameters.
type Statement = (String, Vec<Value>);

/// The writer, held until the transaction ends.
pub(crate) struct Transaction {
    worker: OwnedMutexGuard<Worker>,
    /// Whether it has begun, which it does with its first statement.
    open: bool,
    /// What is done with the next step.
    later: Vec<Statement>,
}

impl Transaction {
    pub(super) async fn query(&mut self, sql: &str, params: Vec<Value>) -> Result<Vec<Row>, Failure> {
        let sql = translated(sql);
        if let Some(found) = self.look(&sql, &params) {
            return found;
        }
        self.step(move |connection| rows(connection, &sql, &params)).await
    }

    pub(super) async fn execute(&mut self, sql: &str, params: Vec<Value>) -> Result<u64, Failure> {
        let statement = (translated(sql), params);
        self.step(move |connection| execute(connection, &statement)).await
    }

    pub(super) fn later(&mut self, sql: &str, params: Vec<Value>) {
        self.later.push((translated(sql), params));
    }

    pub(super) async fn commit(mut self) -> Result<(), Failure> {
        if !self.open && self.later.is_empty() {
            return Ok(());
        }
        let result = self.step(|connection| connection.execute_batch("commit")).await;
        self.open = result.is_err();
        result
    }

    /// Looks something up in place, where there is nothing to be done before.
    fn look(&mut self, sql: &str, params: &[Value]) -> Option<Result<Vec<Row>, Failure>> {
        if !self.later.is_empty() {
            return None;
        }
        let open = self.open;
        let found = self.worker.here(|connection| {
            if !open {
                begin_at_once(connection)?;
            }
            Some(rows(connection, sql, params))
        })??;
        self.open = true;
        Some(found.map_err(failure))
    }

    /// One journey to the thread: what was left for later, then this.
    async fn step<T: Send + 'static>(
        &mut self,
        last: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Failure> {
        let later = std::mem::take(&mut self.later);
        // Noted before it has: whoever is dropped meanwhile leaves it behind to be undone, like any other.
        let begins = !std::mem::replace(&mut self.open, true);
        let done = self.worker.run(move |connection| {
            if begins {
                connection.execute_batch("begin immediate")?;
            }
            for statement in &later {
                execute(connection, statement)?;
            }
            last(connection)
        });
        done.await
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if self.open {
            // The thread takes its jobs in order, so the next transaction begins after this one is undone. One that never
            // began has nothing to undo, which is an error that nobody minds.
            let _ = self.worker.send(Box::new(|connection| {
                let _ = connection.execute_batch("rollback");
            }));
        }
    }
}

/// Begins a transaction, unless another process is writing.
fn begin_at_once(connection: &Connection) -> Option<()> {
    connection.busy_timeout(Duration::ZERO).ok()?;
    let begun = connection.execute_batch("begin immediate");
    connection.busy_timeout(BUSY).ok()?;
    begun.ok()
}

fn execute(connection: &mut Connection, (sql, params): &Statement) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.execute(rusqlite::params_from_iter(params.iter()))? as u64)
}

fn rows(connection: &mut Connection, sql: &str, params: &[Value]) -> rusqlite::Result<Vec<Row>> {
    let mut statement = connection.prepare_cached(sql)?;
    let columns = statement.column_count();
    let mut found = statement.query(rusqlite::params_from_iter(params.iter()))?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        let mut values = Vec::with_capacity(columns);
        for column in 0..columns {
            values.push(match row.get_ref(column)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(value) => Value::Int(value),
                ValueRef::Real(value) => Value::Int(value as i64),
                ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
                ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
            });
        }
        rows.push(Row(values));
    }
    Ok(rows)
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// `$1` is `?1` here, the clock is a function, and nobody else writes.
fn translated(sql: &str) -> String {
    let sql = if sql.contains('@') {
        Cow::Owned(sql.replace("@now", "cast(unixepoch('subsec') * 1000 as integer)").replace("@lock", ""))
    } else {
        Cow::Borrowed(sql)
    };
    sql.replace('$', "?")
}

fn failure(error: rusqlite::Error) -> Failure {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::ConstraintViolation) => Failure::Conflict,
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => Failure::Busy,
        _ => Failure::Store(format!("SQLite: {error}")),
    }
}
