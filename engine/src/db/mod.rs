//! Two databases behind one set of SQL statements.
//!
//! Statements use what both databases understand, with two marks that are translated: `$1` for parameters (each used
//! in order of its number) and `@now` for the database's own clock in milliseconds. Rows that are read in order to be
//! changed end in `@lock`, which locks them where transactions run side by side.

#[cfg(feature = "postgres")]
mod postgres;
mod schema;
mod sqlite;
mod value;

pub(crate) use self::value::{Row, Value, params};
use crate::error::Failure;

/// A database.
#[derive(Debug, Clone)]
pub(crate) enum Db {
    Sqlite(sqlite::Pool),
    #[cfg(feature = "postgres")]
    Postgres(postgres::Pool),
}

/// One transaction. Dropped without [`commit`](Self::commit), it is rolled back.
pub(crate) enum Tx {
    Sqlite(sqlite::Transaction),
    #[cfg(feature = "postgres")]
    Postgres(Box<postgres::Transaction>),
}

impl Db {
    /// Opens the database of a URL and brings its tables to this version: `sqlite:PATH`, `sqlite::memory:`,
    /// `postgres://USER@HOST/NAME`.
    pub(crate) async fn open(url: &str) -> Result<Self, Failure> {
        let db = if let Some(path) = url.strip_prefix("sqlite:") {
            Self::Sqlite(sqlite::Pool::open(path).await?)
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            #[cfg(feature = "postgres")]
            {
                Self::Postgres(postgres::Pool::open(url).await?)
            }
            #[cfg(not(feature = "postgres"))]
            return Err(Failure::Store("this build has no PostgreSQL: build it with the feature `postgres`".into()));
        } else {
            return Err(Failure::Store("a store is `sqlite:PATH`, `sqlite::memory:` or `postgres://...`".into()));
        };
        schema::migrate(&db).await?;
        Ok(db)
    }

    /// Begins a transaction that may write.
    pub(crate) async fn begin(&self) -> Result<Tx, Failure> {
        match self {
            Self::Sqlite(pool) => pool.begin().await.map(Tx::Sqlite),
            #[cfg(feature = "postgres")]
            Self::Postgres(pool) => pool.begin().await.map(|tx| Tx::Postgres(Box::new(tx))),
        }
    }

    /// Reads, outside of any transaction.
    pub(crate) async fn query(&self, sql: &str, params: Vec<Value>) -> Result<Vec<Row>, Failure> {
        match self {
            Self::Sqlite(pool) => pool.query(sql, params).await,
            #[cfg(feature = "postgres")]
            Self::Postgres(pool) => pool.query(sql, params).await,
        }
    }

    /// Whether several transactions write side by side.
    pub(crate) fn is_shared(&self) -> bool {
        !matches!(self, Self::Sqlite(_))
    }
}

impl Tx {
    /// Runs a statement that returns rows.
    pub(crate) async fn query(&mut self, sql: &str, params: Vec<Value>) -> Result<Vec<Row>, Failure> {
        match self {
            Self::Sqlite(tx) => tx.query(sql, params).await,
            #[cfg(feature = "postgres")]
            Self::Postgres(tx) => tx.query(sql, params).await,
        }
    }

    /// The first row of a statement, if it returns any.
    pub(crate) async fn first(&mut self, sql: &str, params: Vec<Value>) -> Result<Option<Row>, Failure> {
        Ok(self.query(sql, params).await?.into_iter().next())
    }

    /// Runs a statement and returns how many rows it changed.
    pub(crate) async fn execute(&mut self, sql: &str, params: Vec<Value>) -> Result<u64, Failure> {
        match self {
            Self::Sqlite(tx) => tx.execute(sql, params).await,
            #[cfg(feature = "postgres")]
            Self::Postgres(tx) => tx.execute(sql, params).await,
        }
    }

    /// Makes the changes of this transaction last.
    pub(crate) async fn commit(self) -> Result<(), Failure> {
        match self {
            Self::Sqlite(tx) => tx.commit().await,
            #[cfg(feature = "postgres")]
            Self::Postgres(tx) => tx.commit().await,
        }
    }
}
