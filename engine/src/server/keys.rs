//! Keys of a server's own. The store has only their hashes.

use sha2::{Digest, Sha256};

use crate::db::params;
use crate::engine::Engine;
use crate::error::Failure;
use crate::ids;

use super::ServeError;

/// A key as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// What its maker called it.
    pub name: String,
    /// Whose objects it opens.
    pub tenant: String,
    /// Seconds since 1970.
    pub created_at: i64,
}

fn hash(key: &str) -> String {
    Sha256::digest(key.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Engine {
    /// Makes a key and returns it; it cannot be shown again. Keys of one tenant see the same objects.
    ///
    /// # Errors
    /// [`ServeError`] if there is a key of this name, or the store fails.
    pub async fn add_key(&self, name: &str, tenant: &str) -> Result<String, ServeError> {
        if self.keys().await?.iter().any(|key| key.name == name) {
            return Err(ServeError(format!("there is a key `{name}` already")));
        }
        let key = ids::new("tl-");
        let added = async {
            let mut tx = self.inner().db.begin().await?;
            tx.execute(
                "insert into api_keys (hash, tenant, name, created_at) values ($1, $2, $3, $4)",
                params![hash(&key), tenant, name, ids::now()],
            )
            .await?;
            tx.commit().await
        };
        added.await.map_err(|failure: Failure| ServeError(failure.to_string()))?;
        Ok(key)
    }

    /// All keys.
    ///
    /// # Errors
    /// [`ServeError`] if the store fails.
    pub async fn keys(&self) -> Result<Vec<Key>, ServeError> {
        let found = async {
            let rows = self
                .inner()
                .db
                .query("select name, tenant, created_at from api_keys order by created_at, name", params![])
                .await?;
            rows.iter()
                .map(|row| {
                    let (name, tenant) = (row.text(0)?.to_owned(), row.text(1)?.to_owned());
                    Ok(Key { name, tenant, created_at: row.int(2)? })
                })
                .collect::<Result<Vec<_>, Failure>>()
        };
        found.await.map_err(|failure: Failure| ServeError(failure.to_string()))
    }

    /// Makes a key useless at once. False if there is none of this name.
    ///
    /// # Errors
    /// [`ServeError`] if the store fails.
    pub async fn remove_key(&self, name: &str) -> Result<bool, ServeError> {
        let removed = async {
            let mut tx = self.inner().db.begin().await?;
            let removed = tx.execute("delete from api_keys where name = $1", params![name]).await?;
            tx.commit().await?;
            Ok(removed > 0)
        };
        removed.await.map_err(|failure: Failure| ServeError(failure.to_string()))
    }

    pub(super) async fn has_keys(&self) -> Result<bool, Failure> {
        Ok(!self.inner().db.query("select 1 from api_keys limit 1", params![]).await?.is_empty())
    }

    /// Whose objects a key opens.
    pub(super) async fn tenant_of(&self, key: &str) -> Result<Option<String>, Failure> {
        if key.is_empty() {
            return Ok(None);
        }
        // Hashes are compared by the store: what its time tells is not the key.
        let rows = self.inner().db.query("select tenant from api_keys where hash = $1", params![hash(key)]).await?;
        rows.first().map(|row| row.text(0).map(str::to_owned)).transpose()
    }
}
