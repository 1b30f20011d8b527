//! Events of the runs that this process works on, for those who follow a run's stream here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use crate::store::events::Event;

/// Runs that are worked on here, by id.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    live: Mutex<HashMap<String, Arc<Live>>>,
}

/// The stream of one run, from where this process began to work on it.
#[derive(Debug)]
pub(crate) struct Live {
    /// Events with a smaller number are in the store only.
    from: i64,
    log: Mutex<Vec<Event>>,
    /// How many events there are, and whether more may come.
    state: watch::Sender<State>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    events: usize,
    open: bool,
}

impl Hub {
    /// Begins the stream of a run with events that are in the store already, the next number being `next`.
    pub(crate) fn open(&self, run: &str, events: Vec<Event>, next: i64) -> Arc<Live> {
        let from = events.first().map_or(next, |event| event.seq);
        let state = State { events: events.len(), open: true };
        let live = Arc::new(Live { from, log: Mutex::new(events), state: watch::Sender::new(state) });
        self.lock().insert(run.to_owned(), Arc::clone(&live));
        live
    }

    /// The stream of a run that this process works on.
    pub(crate) fn get(&self, run: &str) -> Option<Arc<Live>> {
        self.lock().get(run).cloned()
    }

    /// Ends a stream. Those who follow it go on with the store.
    pub(crate) fn close(&self, run: &str, live: &Arc<Live>) {
        let mut all = self.lock();
        if all.get(run).is_some_and(|known| Arc::ptr_eq(known, live)) {
            all.remove(run);
        }
        drop(all);
        live.state.send_modify(|state| state.open = false);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Live>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Live {
    /// Shows events to those who follow.
    pub(crate) fn publish(&self, events: impl IntoIterator<Item = Event>) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.extend(events);
        let events = log.len();
        drop(log);
        self.state.send_modify(|state| state.events = events);
    }

    /// Whether events behind this number are all here.
    pub(crate) fn covers(&self, after: i64) -> bool {
        after + 1 >= self.from
    }

    /// Events behind a number.
    pub(crate) fn after(&self, seq: i64) -> Vec<Event> {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let first = log.partition_point(|event| event.seq <= seq);
        log[first..].to_vec()
    }

    /// To be told of more.
    pub(crate) fn watch(&self) -> Watch {
        Watch(self.state.subscribe())
    }
}

/// Waits for more events of a stream.
pub(crate) struct Watch(watch::Receiver<State>);

impl Watch {
    /// Whether the stream is open; false when nothing more will come.
    pub(crate) fn is_open(&mut self) -> bool {
        self.0.borrow_and_update().open
    }

    /// Waits until there is something new. Call after having read what there is.
    pub(crate) async fn changed(&mut self) {
        // An error means that the sender is gone, which `is_open` tells as well.
        let _ = self.0.changed().await;
    }
}
