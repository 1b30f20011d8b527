//! The engine as a program holds it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;

use crate::db::Db;
use crate::model::Model;
use crate::run::service::Inner;
use crate::settings::Settings;

/// The assistants endpoints over one store and one provider. Cheap to clone; clones are the same engine.
///
/// It works on runs in the background of the tokio runtime it was opened in. Several processes may share a store.
#[derive(Debug, Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

/// A store that cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("the store of the assistants engine cannot be opened: {0}")]
pub struct OpenError(String);

impl Engine {
    /// Opens a store (`sqlite:PATH`, `sqlite::memory:`, `postgres://USER@HOST/NAME`) and begins to work on its runs.
    /// Call it inside of a tokio runtime.
    ///
    /// # Errors
    /// [`OpenError`] if the store cannot be reached, or was written by a newer version.
    pub async fn open(store: &str, model: impl Model, settings: Settings) -> Result<Self, OpenError> {
        let db = Db::open(store).await.map_err(|failure| OpenError(failure.to_string()))?;
        Ok(Self { inner: Inner::start(db, Arc::new(model), settings) })
    }

    /// The endpoints, with and without `/v1` before their paths.
    pub fn router(&self) -> Router {
        crate::api::router(Arc::clone(&self.inner))
    }

    /// Runs that this process works on now.
    pub fn running(&self) -> usize {
        self.inner.running_count()
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.inner
    }

    /// Whether the engine has been asked to close.
    pub fn is_closing(&self) -> bool {
        self.inner.is_closing()
    }

    /// Takes no new work and gives its runs to other processes, or to the next one on this store. Waits at most so
    /// long.
    pub async fn close(&self, patience: Duration) {
        self.inner.close(patience).await;
    }
}
