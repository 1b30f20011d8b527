//! Replies kept for requests that carry an `Idempotency-Key`.

use sha2::{Digest, Sha256};

use crate::db::{Db, Tx, params};
use crate::error::{ApiError, Failure};
use crate::ids;

/// How long a reply is kept.
const KEPT_MS: i64 = 24 * 60 * 60 * 1000;

/// What tells one request from another.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) tenant: String,
    pub(crate) key: String,
    pub(crate) path: String,
    pub(crate) hash: String,
}

impl Request {
    pub(crate) fn new(tenant: &str, key: &str, path: &str, body: &[u8]) -> Self {
        let hash = Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
        Self { tenant: tenant.to_owned(), key: key.to_owned(), path: path.to_owned(), hash }
    }

    /// The reply that this request has had already.
    ///
    /// # Errors
    /// 400 if the key came with another body.
    pub(crate) async fn find(&self, db: &Db) -> Result<Option<String>, Failure> {
        let rows = db
            .query(
                "select body_hash, response from idempotency
                 where tenant = $1 and idem_key = $2 and path = $3 and expires_at > $4",
                params![&self.tenant, &self.key, &self.path, ids::now_ms()],
            )
            .await?;
        let Some(row) = rows.first() else { return Ok(None) };
        if row.text(0)? != self.hash {
            let message = "This Idempotency-Key was used before with another request body.";
            return Err(ApiError { code: Some("idempotency_key_reused"), ..ApiError::invalid(message) }.into());
        }
        row.text(1).map(|response| Some(response.to_owned()))
    }

    /// Keeps the reply, in the transaction that makes it true.
    pub(crate) async fn keep(&self, tx: &mut Tx, response: &str) -> Result<(), Failure> {
        tx.execute(
            "delete from idempotency where tenant = $1 and idem_key = $2 and path = $3 and expires_at <= $4",
            params![&self.tenant, &self.key, &self.path, ids::now_ms()],
        )
        .await?;
        tx.execute(
            "insert into idempotency (tenant, idem_key, path, body_hash, response, expires_at)
             values ($1, $2, $3, $4, $5, $6)",
            params![&self.tenant, &self.key, &self.path, &self.hash, response, ids::now_ms() + KEPT_MS],
        )
        .await?;
        Ok(())
    }
}

/// Forgets replies whose time is over.
pub(crate) async fn sweep(tx: &mut Tx) -> Result<(), Failure> {
    tx.execute("delete from idempotency where expires_at <= $1", params![ids::now_ms()]).await?;
    Ok(())
}
