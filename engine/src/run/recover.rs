//! Taking a run over from a server that stopped.

use serde_json::{Value, json};

use super::ending::{add_usage, usage_of};
use super::recorder::{Outcome, Recorder};
use super::worker::{Stop, Worker, failed};
use super::{input, spoken, turn};
use crate::ids;
use crate::objects::step;
use crate::store::{messages, runs, steps};

/// Servers that may die over one run.
const MAX_ATTEMPTS: i64 = 3;

impl Worker {
    /// What another server left behind: a turn that had shown something cannot be repeated unseen.
    ///
    /// Searches of the engine's own that were not finished are made again: the turn that asked for them, and whether its
    /// tokens were estimated, are returned.
    pub(super) async fn recover(&mut self, asked: Option<Value>) -> Result<Option<(Recorder, bool)>, Stop> {
        if self.held.attempt > MAX_ATTEMPTS {
            return Err(Stop::End(failed("server_error", "The servers that worked on the run stopped.")));
        }
        let mut tx = self.engine.db.begin().await?;
        let message = messages::open_of_run(&mut tx, self.held.thread_id(), self.held.id()).await?;
        let open = steps::open_of_run(&mut tx, self.held.id()).await?;
        tx.commit().await?;
        if message.is_none() && open.is_empty() {
            return Ok(None);
        }
        if let (Some(asked), [step], None) = (asked, open.as_slice(), &message)
            && asked["asked"]["step"] == step["id"]
        {
            return Ok(Some(self.resumed(&asked, step)));
        }
        if self.engine.settings.restart_partial {
            self.abandon_open().await?;
            return Ok(None);
        }
        Err(Stop::End(failed("server_error", "The server that worked on the run stopped in the middle of an answer.")))
    }

    /// The turn whose searches were not finished.
    fn resumed(&self, kept: &Value, step: &Value) -> (Recorder, bool) {
        let tools = self.held.run["tools"].as_array().map(Vec::as_slice).unwrap_or_default();
        let name = turn::search_name(tools, self.engine.model.hosts("file_search"));
        let mut recorder = Recorder::new(self.held.run.clone(), name, input::used_ids(&self.turns));
        recorder.resume(turn::from_json(kept), step.clone(), &kept["asked"]["calls"]);
        recorder.usage = usage_of(&kept["asked"]);
        (recorder, kept["asked"]["estimated"] == true)
    }

    /// Keeps a turn before its searches are made: another server could make them.
    pub(super) async fn keep_asked(&mut self, recorder: &Recorder, estimated: bool, out: Outcome) -> Result<(), Stop> {
        let Some(step) = recorder.waiting_step() else { return Ok(()) };
        let mut asked = json!({"step": step["id"], "calls": recorder.open_calls(), "estimated": estimated});
        add_usage(&mut asked, recorder.usage);
        let mut kept = turn::to_json(&recorder.turn());
        kept["asked"] = asked;
        self.commit_turn(out, None, Some((self.turns.len() as i64, kept)), |_| {}).await?;
        self.speaking = false;
        Ok(())
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

/// Whether a kept turn has searches that may not be finished.
pub(super) fn is_asked(kept: &Value) -> bool {
    kept["asked"].is_object()
}
