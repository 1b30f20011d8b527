//! Where the provider's code runs: a container for each thread, with the user's files in it. What code leaves there is there
//! for the next turn, and for the next run, as long as the provider keeps it.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use super::worker::{Stop, Worker, failed};
use crate::db::params;
use crate::error::Failure;
use crate::model::{Container, ModelError};
use crate::objects::{resources, tools};
use crate::store::{files, threads};

/// Providers keep a container for 20 minutes after its last use.
const KEPT_MS: i64 = 19 * 60 * 1000;

impl Worker {
    /// The container of a turn whose tools have code in them, with the files of assistant and thread.
    pub(super) async fn container(&mut self, offered: &[Value]) -> Result<Container, Stop> {
        let mut container = Container::default();
        if !tools::has(offered, "code_interpreter") {
            return Ok(container);
        }
        self.lent = self.lend_files().await?;
        let db = &self.engine.db;
        let sql = "select container_id, files from containers where thread_id = $1 and used_at > @now - $2";
        let rows = db.query(sql, params![self.held.thread_id(), KEPT_MS]).await?;
        let Some(row) = rows.first() else {
            container.files.clone_from(&self.lent);
            return Ok(container);
        };
        let (id, known) = (row.text(0)?.to_owned(), row.json(1)?);
        let known = |file: &String| known.as_array().is_some_and(|known| known.iter().any(|one| one == file));
        let missing: Vec<String> = self.lent.iter().filter(|file| !known(file)).cloned().collect();
        for file in missing {
            let put = self.engine.model.put_into(id.clone(), file);
            if let Err(error) = put.await {
                // It may have ended before its time: a new one gets all files.
                tracing::info!(run = self.held.id(), %error, "a container is left for a new one");
                self.forget_container().await?;
                container.files.clone_from(&self.lent);
                return Ok(container);
            }
        }
        self.remember_container(&id).await?;
        container.id = Some(id);
        Ok(container)
    }

    /// Keeps a container for the thread's next turns.
    pub(super) async fn remember_container(&self, id: &str) -> Result<(), Failure> {
        let mut tx = self.engine.db.begin().await?;
        tx.execute(
            "insert into containers (thread_id, container_id, files, used_at) values ($1, $2, $3, @now)
             on conflict (thread_id) do update set container_id = excluded.container_id, files = excluded.files,
             used_at = excluded.used_at",
            params![self.held.thread_id(), id, &json!(self.lent)],
        )
        .await?;
        tx.commit().await
    }

    pub(super) async fn forget_container(&self) -> Result<(), Failure> {
        let mut tx = self.engine.db.begin().await?;
        tx.execute("delete from containers where thread_id = $1", params![self.held.thread_id()]).await?;
        tx.commit().await
    }

    /// The provider's ids of the files that code may read.
    async fn lend_files(&mut self) -> Result<Vec<String>, Stop> {
        let thread = threads::get(&self.engine.db, &self.held.tenant, self.held.thread_id()).await?;
        let mut wanted = resources::code_files(&self.held.run["tool_resources"]);
        for file in resources::code_files(&thread["tool_resources"]) {
            if !wanted.contains(&file) {
                wanted.push(file);
            }
        }
        let mut lent = Vec::with_capacity(wanted.len());
        for file in wanted {
            lent.extend(self.lend(&file).await?);
        }
        Ok(lent)
    }

    /// Gives the provider a file, unless it has it already. `None` for one that is gone.
    async fn lend(&mut self, id: &str) -> Result<Option<String>, Stop> {
        let db = &self.engine.db;
        let rows = db.query("select upstream_id from lent_files where file_id = $1", params![id]).await?;
        if let Some(row) = rows.first() {
            return Ok(Some(row.text(0)?.to_owned()));
        }
        let file = match files::get(db, &self.held.tenant, id).await {
            Ok(file) => file,
            Err(Failure::Api(_)) => return Ok(None),
            Err(other) => return Err(other.into()),
        };
        let name = file["filename"].as_str().unwrap_or("upload").to_owned();
        let (mut content, mut part) = (Vec::new(), 0);
        while let Some(more) = files::part(db, id, part).await? {
            content.extend(more);
            part += 1;
        }
        let model = Arc::clone(&self.engine.model);
        let lent = tokio::select! {
            stop = self.interrupted() => return Err(stop),
            lent = model.lend(name.clone(), Bytes::from(content)) => lent,
        };
        let upstream = match lent {
            None => return Ok(None),
            Some(Ok(upstream)) => upstream,
            Some(Err(ModelError { code, message, .. })) => {
                let message = format!("The file '{name}' could not be given to the provider's code: {message}");
                return Err(Stop::End(failed(code.as_str(), message)));
            }
        };
        let mut tx = self.engine.db.begin().await?;
        tx.execute(
            "insert into lent_files (file_id, upstream_id) values ($1, $2) on conflict (file_id) do nothing",
            params![id, &upstream],
        )
        .await?;
        tx.commit().await?;
        Ok(Some(upstream))
    }
}
