//! The engine at work in a process: starts workers, keeps their leases, takes over what others left, sweeps.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::ending::{Ending, close};
use super::hub::Hub;
use super::worker::{Signal, Worker};
use crate::db::{Db, params};
use crate::error::{ApiError, Failure};
use crate::ids;
use crate::model::Model;
use crate::search::Indexer;
use crate::settings::Settings;
use crate::store::events::{self, Event};
use crate::store::runs::{self, Held, Lease};
use crate::store::{files, idempotency};

/// How often a server looks for runs that nobody works on, and for those that are to be cancelled.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long a cancelled run may wait for its worker before the sweeper ends it.
const CANCEL_PATIENCE_MS: i64 = 5_000;
/// Sweeps of old rows happen once in so many looks.
const SWEEP_EVERY: u64 = 60;

/// Everything an engine consists of.
pub(crate) struct Inner {
    pub(crate) db: Db,
    pub(crate) model: Arc<dyn Model>,
    pub(crate) settings: Settings,
    pub(crate) hub: Hub,
    pub(crate) indexer: Indexer,
    /// This process among those that share the store.
    me: String,
    running: Mutex<HashMap<String, Running>>,
    /// Set once: no new work, and what is here goes to others.
    closing: watch::Sender<bool>,
    /// Told whenever a worker ends.
    ended: Notify,
}

struct Running {
    fence: i64,
    signal: watch::Sender<Signal>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("store", &self.db).field("model", &self.model).finish_non_exhaustive()
    }
}

impl Inner {
    pub(crate) fn start(db: Db, model: Arc<dyn Model>, settings: Settings) -> Arc<Self> {
        let inner = Arc::new(Self {
            db,
            model,
            settings,
            hub: Hub::default(),
            indexer: Indexer::default(),
            me: ids::new("server_"),
            running: Mutex::default(),
            closing: watch::Sender::new(false),
            ended: Notify::new(),
        });
        tokio::spawn(watch_over(Arc::downgrade(&inner), inner.closing.subscribe()));
        tokio::spawn(keep_leases(Arc::downgrade(&inner), inner.closing.subscribe()));
        inner.indexer.start(&inner);
        inner
    }

    /// Length of a lease, in milliseconds.
    pub(crate) fn lease_ms(&self) -> i64 {
        i64::try_from(self.settings.lease.as_millis()).unwrap_or(i64::MAX)
    }

    /// This process as the owner of a new run; `None` if it is to leave the run to others.
    pub(crate) fn owner(&self) -> Option<&str> {
        let free = self.running().len() < self.settings.max_runs && !*self.closing.borrow();
        free.then_some(self.me.as_str())
    }

    /// Works on a run that is leased to this process. `events` of it are in the store already.
    pub(crate) fn work_on(self: &Arc<Self>, held: Held, events: Vec<Event>) {
        let id = held.id().to_owned();
        let (signal, receiver) = watch::channel(Signal::GoOn);
        let fence = held.fence;
        self.running().insert(id.clone(), Running { fence, signal });
        let live = self.hub.open(&id, events, held.next_event);
        let worker = Worker::new(Arc::clone(self), held, Arc::clone(&live), receiver);
        let engine = Arc::clone(self);
        tokio::spawn(async move {
            // A panic is a defect of the engine; the lease ends and another worker finds the run.
            if let Err(error) = tokio::spawn(worker.run()).await {
                tracing::error!(run = id, %error, "a worker broke");
            }
            engine.hub.close(&id, &live);
            let mut running = engine.running();
            if running.get(&id).is_some_and(|known| known.fence == fence) {
                running.remove(&id);
            }
            drop(running);
            engine.ended.notify_waiters();
        });
    }

    /// Tells a worker of this process to look at its run.
    pub(crate) fn nudge(&self, run: &str) {
        if let Some(running) = self.running().get(run) {
            running.signal.send_modify(|signal| {
                *signal = match *signal {
                    Signal::GoOn => Signal::Look(1),
                    Signal::Look(time) => Signal::Look(time + 1),
                    closing => closing,
                }
            });
        }
    }

    /// Hands all runs over and waits until that is done, at most this long. An answer that is being shown gets half of
    /// that time to come to its end: another server could not go on with it.
    pub(crate) async fn close(&self, patience: Duration) {
        self.closing.send_replace(true);
        self.tell_all(Signal::Finish);
        if tokio::time::timeout(patience / 2, self.all_ended()).await.is_ok() {
            return;
        }
        self.tell_all(Signal::HandOver);
        if tokio::time::timeout(patience / 2, self.all_ended()).await.is_err() {
            tracing::warn!("some runs could not be handed over in time; their leases will end");
        }
    }

    fn tell_all(&self, signal: Signal) {
        for running in self.running().values() {
            running.signal.send_replace(signal);
        }
    }

    async fn all_ended(&self) {
        loop {
            let ended = self.ended.notified();
            tokio::pin!(ended);
            ended.as_mut().enable();
            if self.running().is_empty() {
                return;
            }
            ended.await;
        }
    }

    pub(crate) fn is_closing(&self) -> bool {
        *self.closing.borrow()
    }

    /// Runs that this process works on.
    pub(crate) fn running_count(&self) -> usize {
        self.running().len()
    }

    fn leases(&self) -> Vec<Lease> {
        self.running().iter().map(|(id, running)| (id.clone(), running.fence)).collect()
    }

    fn running(&self) -> std::sync::MutexGuard<'_, HashMap<String, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends a run whose time is over, or that waits too long for its cancellation, whoever works on it.
    pub(crate) async fn end_overdue(&self, id: &str) -> Result<(), Failure> {
        let mut tx = self.db.begin().await?;
        let Some(mut held) = runs::lock_any(&mut tx, id).await? else { return Ok(()) };
        let ending = match held.status() {
            "cancelling" => Ending::Cancelled,
            _ if held.is_overdue() => Ending::Expired,
            _ => return Ok(()),
        };
        held.take_over();
        let named = close(&mut tx, &mut held, &ending).await?;
        let fresh = number(&mut held, named);
        events::append(&mut tx, id, &fresh).await?;
        runs::update(&mut tx, &held).await?;
        tx.commit().await?;
        self.nudge(id);
        Ok(())
    }

    /// The run that holds a thread.
    pub(crate) async fn active_run(&self, thread: &str) -> Result<Option<String>, Failure> {
        let rows = self.db.query("select active_run_id from threads where id = $1", params![thread]).await?;
        rows.first().map_or(Ok(None), |row| row.opt_text(0).map(|run| run.map(str::to_owned)))
    }

    /// Ends the run that holds a thread if its time is over, so that nobody meets it as active.
    pub(crate) async fn expire_active(&self, thread: &str) -> Result<(), Failure> {
        let rows = self
            .db
            .query(
                "select id from runs where thread_id = $1
                 and status in ('queued', 'in_progress', 'requires_action')
                 and expires_at is not null and expires_at * 1000 <= @now",
                params![thread],
            )
            .await?;
        for row in rows {
            self.end_overdue(row.text(0)?).await?;
        }
        Ok(())
    }

    /// Refuses a model that the engine has no way to.
    pub(crate) fn check_model(&self, model: &str) -> Result<(), ApiError> {
        let models = &self.settings.models;
        let known = models.is_empty() || models.iter().any(|known| known == model);
        if known && !model.trim().is_empty() {
            return Ok(());
        }
        let shown: String = model.chars().take(128).collect();
        Err(ApiError::param("model", "model_not_found", format!("The requested model '{shown}' does not exist.")))
    }

    /// One look around: overdue runs, abandoned runs, runs that were cancelled elsewhere.
    async fn look_around(self: &Arc<Self>) -> Result<(), Failure> {
        for id in runs::overdue(&self.db, CANCEL_PATIENCE_MS).await? {
            // The worker here knows its own time and needs a moment to close the run well.
            let patience = self.running().contains_key(&id) && !self.is_long_overdue(&id).await?;
            if !patience {
                self.end_overdue(&id).await?;
            }
        }
        self.take_back(files::sweep(&self.db).await?);
        let leases = self.leases();
        if !leases.is_empty() {
            for id in runs::disturbed(&self.db, &leases).await? {
                self.nudge(&id);
            }
        }
        let free = self.settings.max_runs.saturating_sub(self.running().len()).min(50);
        if free > 0 && runs::has_claimable(&self.db).await? {
            for held in runs::claim(&self.db, &self.me, free as i64, self.lease_ms()).await? {
                tracing::info!(run = held.id(), attempt = held.attempt, "took over a run");
                self.work_on(held, Vec::new());
            }
        }
        Ok(())
    }

    async fn is_long_overdue(&self, id: &str) -> Result<bool, Failure> {
        let mut tx = self.db.begin().await?;
        let held = runs::lock_any(&mut tx, id).await?;
        tx.commit().await?;
        Ok(held.is_some_and(|held| {
            let expired = held.run["expires_at"].as_i64().unwrap_or(i64::MAX / 2000) * 1000;
            held.status() != "cancelling" && expired + CANCEL_PATIENCE_MS / 2 < held.now
        }))
    }

    /// Deletes the provider's copies of files that are not here any more, in the background.
    pub(crate) fn take_back(&self, lent: impl IntoIterator<Item = String>) {
        for file in lent {
            let model = Arc::clone(&self.model);
            tokio::spawn(async move {
                if let Err(error) = model.take_back(file).await {
                    tracing::warn!(%error, "the provider keeps a copy of a deleted file");
                }
            });
        }
    }

    async fn sweep(&self) -> Result<(), Failure> {
        let mut tx = self.db.begin().await?;
        let age = i64::try_from(self.settings.keep_events.as_millis()).unwrap_or(i64::MAX);
        events::sweep(&mut tx, age).await?;
        idempotency::sweep(&mut tx).await?;
        tx.commit().await
    }
}

/// Gives events the run's next numbers.
pub(crate) fn number(held: &mut Held, named: Vec<super::recorder::Named>) -> Vec<Event> {
    named
        .into_iter()
        .map(|(name, data)| {
            held.next_event += 1;
            Event::new(held.next_event - 1, name, &data)
        })
        .collect()
}

/// Looks around until the engine is gone.
async fn watch_over(engine: Weak<Inner>, mut closing: watch::Receiver<bool>) {
    let mut looks = 0u64;
    loop {
        // Servers that start together do not look together.
        let jitter = Duration::from_millis((ids::now_ms() % 200) as u64);
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY + jitter) => {}
            _ = closing.changed() => return,
        }
        let Some(engine) = engine.upgrade() else { return };
        looks += 1;
        if let Err(error) = engine.look_around().await {
            tracing::error!(%error, "looking for runs failed");
        }
        if looks.is_multiple_of(SWEEP_EVERY)
            && let Err(error) = engine.sweep().await
        {
            tracing::error!(%error, "sweeping failed");
        }
    }
}

/// Prolongs leases until the engine is gone.
async fn keep_leases(engine: Weak<Inner>, mut closing: watch::Receiver<bool>) {
    loop {
        let Some(every) = engine.upgrade().map(|engine| engine.settings.lease / 3) else { return };
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            _ = closing.changed() => return,
        }
        let Some(engine) = engine.upgrade() else { return };
        let leases = engine.leases();
        if leases.is_empty() {
            continue;
        }
        match runs::heartbeat(&engine.db, &leases, engine.lease_ms()).await {
            Ok(lost) => lost.iter().for_each(|id| engine.nudge(id)),
            Err(error) => tracing::error!(%error, "leases could not be prolonged"),
        }
    }
}
