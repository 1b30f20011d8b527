//! What a worker writes: each step of its run whole or not at all, and only while the run is its own.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::ending::{Ending, close};
use super::recorder::{Named, Outcome, Write};
use super::worker::{Stop, Worker};
use crate::db::Tx;
use crate::error::Failure;
use crate::objects::run;
use crate::store::events::{self, Event};
use crate::store::runs::{self, Held};
use crate::store::{messages, steps, threads};

/// Deltas that are shown are kept at the latest after this long.
const FLUSH_AFTER: Duration = Duration::from_millis(250);

impl Worker {
    /// Shows events that are not kept yet.
    pub(super) fn show(&mut self, deltas: Vec<Named>) {
        if deltas.is_empty() {
            return;
        }
        let mut shown = Vec::with_capacity(deltas.len());
        for (name, data) in deltas {
            let event = Event::new(self.held.next_event, name, &data);
            self.held.next_event += 1;
            self.pending_bytes += event.data.len();
            shown.push(event);
        }
        self.flush_at.get_or_insert_with(|| Instant::now() + FLUSH_AFTER);
        self.pending.extend(shown.iter().cloned());
        self.live.publish(shown);
    }

    pub(super) async fn flush(&mut self) -> Result<(), Stop> {
        if self.pending.is_empty() {
            self.flush_at = None;
            return Ok(());
        }
        self.commit(Outcome::default(), None, |_| {}).await
    }

    pub(super) async fn commit(
        &mut self,
        out: Outcome,
        run_event: Option<&'static str>,
        change: impl FnOnce(&mut Held),
    ) -> Result<(), Stop> {
        self.commit_turn(out, run_event, None, change).await
    }

    /// One step of the run, whole or not at all: what is written, what is kept of events, the run itself.
    pub(super) async fn commit_turn(
        &mut self,
        out: Outcome,
        run_event: Option<&'static str>,
        turn: Option<(i64, Value)>,
        change: impl FnOnce(&mut Held),
    ) -> Result<(), Stop> {
        let mut tx = self.engine.db.begin().await?;
        let mut held = self.fenced(&mut tx).await?;
        if held.status() == "cancelling" {
            return Err(Stop::End(Ending::Cancelled));
        }
        self.apply(&mut tx, &out.writes).await?;
        if let Some((number, body)) = turn {
            runs::save_turn(&mut tx, held.id(), number, &body).await?;
        }
        change(&mut held);
        let mut named = out.events;
        if let Some(name) = run_event {
            named.push((name, run::shown(&held.run)));
        }
        let fresh = self.keep_events(&mut tx, &mut held, named).await?;
        runs::update(&mut tx, &held).await?;
        tx.commit().await?;
        self.kept(held, fresh);
        Ok(())
    }

    /// Ends the run. A cancellation that came first wins.
    pub(super) async fn finish(&mut self, ending: Ending, out: Outcome) -> Result<(), Stop> {
        let mut tx = self.engine.db.begin().await?;
        let mut held = self.fenced(&mut tx).await?;
        self.apply(&mut tx, &out.writes).await?;
        held.plan = self.held.plan.clone();
        let ending = if held.status() == "cancelling" { Ending::Cancelled } else { ending };
        let mut named = out.events;
        named.extend(close(&mut tx, &mut held, &ending).await?);
        let fresh = self.keep_events(&mut tx, &mut held, named).await?;
        runs::update(&mut tx, &held).await?;
        tx.commit().await?;
        self.kept(held, fresh);
        Ok(())
    }

    /// The run as the store has it, if it is still this worker's.
    pub(super) async fn fenced(&self, tx: &mut Tx) -> Result<Held, Stop> {
        match runs::lock_any(tx, self.held.id()).await? {
            Some(held) if held.fence == self.held.fence && run::is_active(held.status()) => Ok(held),
            _ => Err(Stop::Lost),
        }
    }

    async fn apply(&self, tx: &mut Tx, writes: &[Write]) -> Result<(), Failure> {
        for write in writes {
            match write {
                Write::InsertStep(step) => steps::insert(tx, &self.held.tenant, step).await?,
                Write::UpdateStep(step) => steps::update(tx, step).await?,
                Write::UpdateMessage(message) => messages::update_text(tx, message).await?,
                Write::InsertMessage(message) => {
                    let mut thread = threads::lock(tx, &self.held.tenant, self.held.thread_id()).await?;
                    messages::append(tx, &self.held.tenant, &mut thread, message).await?;
                    thread.save(tx).await?;
                }
            }
        }
        Ok(())
    }

    pub(super) async fn keep_events(
        &self,
        tx: &mut Tx,
        held: &mut Held,
        named: Vec<Named>,
    ) -> Result<Vec<Event>, Failure> {
        let mut next = self.held.next_event;
        let mut fresh = Vec::with_capacity(named.len());
        for (name, data) in named {
            fresh.push(Event::new(next, name, &data));
            next += 1;
        }
        held.next_event = next;
        let all: Vec<Event> = self.pending.iter().chain(&fresh).cloned().collect();
        events::append(tx, held.id(), &all).await?;
        Ok(fresh)
    }

    pub(super) fn kept(&mut self, held: Held, fresh: Vec<Event>) {
        self.held = held;
        self.pending.clear();
        self.pending_bytes = 0;
        self.flush_at = None;
        self.live.publish(fresh);
    }
}
