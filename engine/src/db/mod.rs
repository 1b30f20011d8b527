//! Two databases behind one set of SQL statements.
//!
//! Statements use what both databases understand, with two marks that are translated: `$1` for parameters (each used
//! in order of its number) and `@now` for the database's own clock in milliseconds. Rows that are read in order to be
//! changed end in `@lock`, which locks them where transactions run side by side.

#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "postgres")]
mod postgres_url;
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
    /// `postgres://USER@HOST/NAME?sslmode=verify-full`.
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

    /// Runs a statement together with whatever this transaction does next; a failure is then that one's. Each step of its own is a journey
    /// to the database's thread or process, which costs more than most statements do.
    pub(crate) fn later(&mut self, sql: &str, params: Vec<Value>) {
        match self {
            Self::Sqlite(tx) => tx.later(sql, params),
            #[cfg(feature = "postgres")]
            Self::Postgres(tx) => tx.later(sql, params),
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

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    #[tokio::test]
    async fn a_transaction_that_is_given_up_while_it_begins_is_in_nobodys_way() {
        let db = Db::open("sqlite::memory:").await.unwrap();
        for _ in 0..20 {
            // Its statement is on the way to the database, and nobody waits for the answer.
            let mut tx = db.begin().await.unwrap();
            let mut begun = pin!(tx.execute("delete from jobs", params![]));
            assert!(begun.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        let mut tx = db.begin().await.unwrap();
        tx.execute("create table kept (number bigint)", params![]).await.unwrap();
        tx.execute("insert into kept values (7)", params![]).await.unwrap();
        tx.commit().await.unwrap();
        let rows = db.query("select number from kept", params![]).await.unwrap();
        assert_eq!(rows[0].int(0).unwrap(), 7);
    }

    #[tokio::test]
    async fn what_is_done_later_is_done_in_order_and_fails_what_it_is_done_with() {
        let db = Db::open("sqlite::memory:").await.unwrap();
        let mut tx = db.begin().await.unwrap();
        tx.later("create table kept (number bigint primary key)", params![]);
        tx.later("insert into kept values (1)", params![]);
        assert_eq!(tx.execute("update kept set number = 2 where number = 1", params![]).await.unwrap(), 1);
        tx.later("insert into kept values (3)", params![]);
        assert_eq!(tx.query("select number from kept order by number", params![]).await.unwrap().len(), 2);
        tx.later("insert into kept values (4)", params![]);
        tx.commit().await.unwrap();

        let mut tx = db.begin().await.unwrap();
        tx.later("insert into kept values (5)", params![]);
        tx.later("insert into kept values (4)", params![]);
        assert!(matches!(tx.commit().await, Err(Failure::Conflict)));
        let mut tx = db.begin().await.unwrap();
        tx.later("insert into kept values (6)", params![]);
        drop(tx);
        let rows = db.query("select number from kept order by number", params![]).await.unwrap();
        let numbers: Vec<_> = rows.iter().map(|row| row.int(0).unwrap()).collect();
        assert_eq!(numbers, [2, 3, 4]);
        db.begin().await.unwrap().commit().await.unwrap();
    }
}
