//! A store that several engines share, and that a test may reach into.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

/// A store outside of any engine: a file, or a schema of the PostgreSQL database that the environment names.
pub struct Shared {
    pub url: String,
    folder: Option<PathBuf>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            // Engines that still end may hold the file; what is left is in the system's folder for such things.
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

fn of_file(path: &str, statement: &str) -> Vec<Vec<String>> {
    let database = rusqlite::Connection::open(path).unwrap();
    database.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    let mut statement = database.prepare(statement).unwrap();
    let columns = statement.column_count();
    let mut rows = statement.query([]).unwrap();
    let mut found = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let text = |column| match row.get::<_, rusqlite::types::Value>(column).unwrap() {
            rusqlite::types::Value::Integer(number) => number.to_string(),
            rusqlite::types::Value::Text(text) => text,
            _ => String::new(),
        };
        found.push((0..columns).map(text).collect());
    }
    found
}

impl Shared {
    pub async fn new() -> Self {
        let url = super::store().await;
        if url != "sqlite::memory:" {
            return Self { url, folder: None };
        }
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let folder = std::env::temp_dir().join(format!("threadline-rules-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self { url: format!("sqlite:{}", folder.join("engine.db").display()), folder: Some(folder) }
    }

    /// The same store once more, which is not removed at the end.
    pub fn at(url: &str) -> Self {
        Self { url: url.to_owned(), folder: None }
    }

    /// Rows of a statement, every column as text.
    pub async fn sql(&self, statement: &str) -> Vec<Vec<String>> {
        match self.url.strip_prefix("sqlite:") {
            Some(path) => {
                let (path, statement) = (path.to_owned(), statement.to_owned());
                // Beside the runtime: the engine may be in the middle of a transaction, which is to go on.
                tokio::task::spawn_blocking(move || of_file(&path, &statement)).await.unwrap()
            }
            None => {
                let (client, connection) = tokio_postgres::connect(&self.url, tokio_postgres::NoTls).await.unwrap();
                let connection = tokio::spawn(connection);
                let messages = client.simple_query(statement).await.unwrap();
                drop(client);
                connection.await.unwrap().unwrap();
                let rows = messages.into_iter().filter_map(|message| match message {
                    tokio_postgres::SimpleQueryMessage::Row(row) => Some(row),
                    _ => None,
                });
                rows.map(|row| (0..row.len()).map(|at| row.get(at).unwrap_or_default().to_owned()).collect()).collect()
            }
        }
    }

    /// Changes the object that a row keeps.
    pub async fn edit(&self, table: &str, id: &str, change: impl FnOnce(&mut Value)) {
        let rows = self.sql(&format!("select body from {table} where id = '{id}'")).await;
        let mut body: Value = serde_json::from_str(&rows[0][0]).unwrap();
        change(&mut body);
        let text = body.to_string().replace('\'', "''");
        self.sql(&format!("update {table} set body = '{text}' where id = '{id}'")).await;
    }

    /// Lets a run's time be over.
    pub async fn overdue(&self, run: &str) {
        self.edit("runs", run, |run| run["expires_at"] = serde_json::json!(1)).await;
        self.sql(&format!("update runs set expires_at = 1 where id = '{run}'")).await;
    }

    /// Takes a run from the server that works on it, as if that one had died long ago.
    pub async fn orphan(&self, run: &str) {
        self.sql(&format!(
            "update runs set fence = fence + 1, lease_owner = 'server_dead', lease_until = 1 where id = '{run}'"
        ))
        .await;
    }

    /// Gives a run to a server that does not answer.
    pub async fn strand(&self, run: &str) {
        let far = 4_000_000_000_000_i64;
        self.sql(&format!(
            "update runs set fence = fence + 1, lease_owner = 'server_dead', lease_until = {far} where id = '{run}'"
        ))
        .await;
    }
}
