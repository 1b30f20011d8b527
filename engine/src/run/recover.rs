//! Taking a run over from a server that stopped.

use serde_json::json;

use super::spoken;
use super::worker::{Stop, Worker, failed};
use crate::ids;
use crate::objects::step;
use crate::store::{messages, runs, steps};

/// Servers that may die over one run.
const MAX_ATTEMPTS: i64 = 3;

impl Worker {
    /// What another server left behind: a turn that had shown something cannot be repeated unseen.
    pub(super) async fn recover(&mut self) -> Result<(), Stop> {
        if self.held.attempt > MAX_ATTEMPTS {
            return Err(Stop::End(failed("server_error", "The servers that worked on the run stopped.")));
        }
        let mut tx = self.engine.db.begin().await?;
        let message = messages::open_of_run(&mut tx, self.held.thread_id(), self.held.id()).await?;
        let open = steps::open_of_run(&mut tx, self.held.id()).await?;
        tx.commit().await?;
        if message.is_none() && open.is_empty() {
            return Ok(());
        }
        if self.engine.settings.restart_partial {
            return self.abandon_open().await;
        }
        Err(Stop::End(failed("server_error", "The server that worked on the run stopped in the middle of an answer.")))
    }

    /// Closes what is open, so that the turn can be repeated beside it.
    async fn abandon_open(&mut self) -> Result<(), Stop> {
        let mut tx = self.engine.db.begin().await?;
        let mut held = self.fenced(&mut tx).await?;
        let mut named = Vec::new();
        let now = ids::now();
        if let Some(mut open) = messages::open_of_run(&mut tx, held.thread_id(), held.id()).await? {
            spoken::restore(&mut tx, held.id(), &mut open).await?;
            crate::objects::message::close(&mut open, Some("run_failed"), now);
            messages::update(&mut tx, &open).await?;
            named.push(("thread.message.incomplete", open));
        }
        for mut open in steps::open_of_run(&mut tx, held.id()).await? {
            let error = json!({"code": "server_error", "message": "The server that worked on the run stopped."});
            step::close(&mut open, "failed", step::no_usage(), Some(error), now);
            steps::update(&mut tx, &open).await?;
            named.push(("thread.run.step.failed", open));
        }
        let fresh = self.keep_events(&mut tx, &mut held, named).await?;
        runs::update(&mut tx, &held).await?;
        tx.commit().await?;
        self.kept(held, fresh);
        Ok(())
    }
}
