//! PostgreSQL: a pool of connections; transactions run side by side and lock the rows they change.

use std::error::Error as StdError;
use std::fmt;

use bytes::BytesMut;
use deadpool_postgres::{Manager, ManagerConfig, Object, RecyclingMethod, Runtime};
use futures_util::future::{try_join, try_join_all};
use tokio_postgres::Row as PgRow;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};

use super::{Row, Value, postgres_url};
use crate::error::Failure;

/// Connections of one server.
const CONNECTIONS: usize = 16;
/// Most statements that are sent before the answer to the first of them is read.
const AHEAD: usize = 16;

/// The connections to one database.
#[derive(Clone)]
pub(crate) struct Pool {
    pool: deadpool_postgres::Pool,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL may hold a password.
        f.write_str("Postgres")
    }
}

impl Pool {
    pub(super) async fn open(url: &str) -> Result<Self, Failure> {
        let (config, tls) = postgres_url::read(url)?;
        let manager = Manager::from_config(config, tls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
        let pool = deadpool_postgres::Pool::builder(manager)
            .max_size(CONNECTIONS)
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| Failure::Store(format!("PostgreSQL: {error}")))?;
        let pool = Self { pool };
        drop(pool.connection().await?);
        Ok(pool)
    }

    async fn connection(&self) -> Result<Object, Failure> {
        self.pool.get().await.map_err(|error| {
            let mut said = format!("PostgreSQL: {error}");
            let mut cause = error.source();
            while let Some(error) = cause {
                let text = error.to_string();
                // Some of them say what their cause says.
                if !said.contains(&text) {
                    said.push_str(": ");
                    said.push_str(&text);
                }
                cause = error.source();
            }
            if said.contains("certificate") {
                said.push_str("; sslrootcert=FILE in the store's URL names the authority to be trusted");
            }
            Failure::Store(said)
        })
    }

    pub(super) async fn begin(&self) -> Result<Transaction, Failure> {
        Ok(Transaction { connection: Some(self.connection().await?), open: false, later: Vec::new() })
    }

    pub(super) async fn query(&self, sql: &str, params: Vec<Value>) -> Result<Vec<Row>, Failure> {
        let connection = self.connection().await?;
        rows(&connection, sql, &params).await
    }
}

/// A connection with a transaction.
pub(crate) struct Transaction {
    connection: Option<Object>,
    /// Whether it has begun, which it does with its first statement.
    open: bool,
    /// What is done with the next step.
    later: Vec<(String, Vec<Value>)>,
}

impl Transaction {
    pub(super) async fn query(&mut self, sql: &str, params: Vec<Value>) -> Result<Vec<Row>, Failure> {
        self.step(async |connection| rows(connection, sql, &params).await).await
    }

    pub(super) async fn execute(&mut self, sql: &str, params: Vec<Value>) -> Result<u64, Failure> {
        self.step(async |connection| execute(connection, sql, &params).await).await
    }

    pub(super) fn later(&mut self, sql: &str, params: Vec<Value>) {
        self.later.push((sql.to_owned(), params));
    }

    pub(super) async fn commit(mut self) -> Result<(), Failure> {
        if self.open || !self.later.is_empty() {
            self.step(async |connection| connection.batch_execute("commit").await.map_err(failure)).await?;
            self.open = false;
        }
        Ok(())
    }

    /// What was left for later, then this: sent at once, in this order, before any answer is read. Where one fails, those behind it do, too.
    async fn step<T>(&mut self, last: impl AsyncFnOnce(&Object) -> Result<T, Failure>) -> Result<T, Failure> {
        let ended = || Failure::Store("the transaction has ended".into());
        let connection = self.connection.as_ref().ok_or_else(ended)?;
        let later = std::mem::take(&mut self.later);
        // A statement that is new is prepared first, which waits for an answer.
        for (sql, _) in &later {
            connection.prepare_cached(&translated(sql)).await.map_err(failure)?;
        }
        // Noted before it has: whoever is dropped meanwhile must not give the connection back with it.
        let begins = !std::mem::replace(&mut self.open, true);
        let begin = async { if begins { connection.batch_execute("begin").await.map_err(failure) } else { Ok(()) } };
        let (first, rest) = later.split_at(later.len().min(AHEAD));
        if rest.is_empty() {
            let before =
                try_join(begin, try_join_all(first.iter().map(|(sql, params)| execute(connection, sql, params))));
            return try_join(before, last(connection)).await.map(|(_, done)| done);
        }
        begin.await?;
        for some in later.chunks(AHEAD) {
            try_join_all(some.iter().map(|(sql, params)| execute(connection, sql, params))).await?;
        }
        last(connection).await
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        // A connection with an unfinished transaction does not go back to the pool; closing it undoes the changes.
        if self.open
            && let Some(connection) = self.connection.take()
        {
            drop(Object::take(connection));
        }
    }
}

async fn execute(connection: &Object, sql: &str, params: &[Value]) -> Result<u64, Failure> {
    let statement = connection.prepare_cached(&translated(sql)).await.map_err(failure)?;
    connection.execute_raw(&statement, params).await.map_err(failure)
}

async fn rows(connection: &Object, sql: &str, params: &[Value]) -> Result<Vec<Row>, Failure> {
    let statement = connection.prepare_cached(&translated(sql)).await.map_err(failure)?;
    let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
    let found = connection.query(&statement, &params).await.map_err(failure)?;
    found.iter().map(row).collect()
}

fn row(row: &PgRow) -> Result<Row, Failure> {
    let mut values = Vec::with_capacity(row.len());
    for (index, column) in row.columns().iter().enumerate() {
        let value = match *column.type_() {
            Type::INT8 => row.try_get::<_, Option<i64>>(index).map(Value::from),
            Type::INT4 => row.try_get::<_, Option<i32>>(index).map(|value| Value::from(value.map(i64::from))),
            Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(index).map(Value::from),
            _ => row.try_get::<_, Option<String>>(index).map(Value::from),
        };
        values.push(value.map_err(failure)?);
    }
    Ok(Row(values))
}

impl ToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) if *ty == Type::INT4 => i32::try_from(*value)?.to_sql(ty, out),
            Self::Int(value) => value.to_sql(ty, out),
            // No text here can hold a zero byte. What is stored never does; what is looked for is then not found.
            Self::Text(text) if text.contains('\0') => text.replace('\0', "\u{fffd}").to_sql(ty, out),
            Self::Text(text) => text.to_sql(ty, out),
            Self::Bytes(bytes) => bytes.to_sql(ty, out),
        }
    }

    fn accepts(ty: &Type) -> bool {
        matches!(*ty, Type::INT8 | Type::INT4 | Type::TEXT | Type::VARCHAR | Type::BYTEA)
    }

    fn encode_format(&self, _ty: &Type) -> Format {
        Format::Binary
    }

    to_sql_checked!();
}

fn translated(sql: &str) -> String {
    sql.replace("@now", "(extract(epoch from clock_timestamp()) * 1000)::bigint").replace("@lock", "for update")
}

fn failure(error: tokio_postgres::Error) -> Failure {
    match error.code() {
        Some(code) if *code == SqlState::UNIQUE_VIOLATION || *code == SqlState::DUPLICATE_TABLE => Failure::Conflict,
        Some(code) if *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED => {
            Failure::Busy
        }
        _ => {
            let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
            Failure::Store(format!("PostgreSQL: {error}{cause}"))
        }
    }
}
