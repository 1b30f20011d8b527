//! What can be polled: how it is asked for, when it is done, how often it is worth asking.

use std::time::Duration;

use crate::operation::Operation;
use crate::operations as ops;

/// A kind of thing that works at the provider until it reaches a final status.
#[derive(Debug)]
#[non_exhaustive]
pub struct Target {
    /// Official name of its resource, such as `beta.threads.runs`.
    pub resource: &'static str,
    /// The operation that fetches it; its path parameters, in order, say which one.
    pub retrieve: &'static Operation,
    /// Statuses that end polling. Any other one, also one that nobody knows yet, goes on.
    pub terminal: &'static [&'static str],
    /// The thing counts its files, and is done when none of them is in progress, whatever its status says.
    pub counts_files: bool,
    /// The reply of its creation may show it done already; it is then not asked for again.
    pub done_at_once: bool,
    /// A thing that says no status is done. Otherwise it is an error.
    pub silent_is_done: bool,
    /// Waits between two looks, where neither caller nor server says.
    pub pace: Pace,
    /// Longest time of polling, where the caller does not say; `None`: no limit.
    pub max_wait: Option<Duration>,
}

/// Waits that begin with `first` and grow by `percent` each time, up to `cap`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// The first wait, in milliseconds.
    pub first_ms: u32,
    /// Each wait in percent of the one before: 100 stays the same.
    pub percent: u32,
    /// The longest wait, in milliseconds.
    pub cap_ms: u32,
}

impl Pace {
    /// The same wait every time.
    const fn steady(ms: u32) -> Self {
        Self { first_ms: ms, percent: 100, cap_ms: ms }
    }

    /// The wait after look number `look` (the first look is 0).
    pub fn wait(self, look: u32) -> Duration {
        let growth = f64::from(self.percent) / 100.0;
        // Beyond a few hundred steps the cap was reached long ago, and the power would be infinite.
        let ms = f64::from(self.first_ms) * growth.powi(look.min(500).cast_signed());
        Duration::from_secs_f64(ms.min(f64::from(self.cap_ms)) / 1000.0)
    }
}

const SECOND: Pace = Pace::steady(1000);
/// Minutes to a day: once a minute is enough in the end.
const HOURS: Pace = Pace { first_ms: 1000, percent: 150, cap_ms: 60_000 };
/// Seconds to half an hour.
const MINUTES: Pace = Pace { first_ms: 1000, percent: 125, cap_ms: 10_000 };

const BASE: Target = Target {
    resource: "",
    retrieve: &ops::FILES_RETRIEVE,
    terminal: &[],
    counts_files: false,
    done_at_once: false,
    silent_is_done: false,
    pace: SECOND,
    max_wait: None,
};

/// Runs of assistants. `requires_action` ends polling: it is for the caller to act.
pub static RUNS: Target = Target {
    resource: "beta.threads.runs",
    retrieve: &ops::BETA_THREADS_RUNS_RETRIEVE,
    terminal: &["requires_action", "cancelled", "completed", "failed", "expired", "incomplete"],
    ..BASE
};

/// Files of a vector store.
pub static VECTOR_STORE_FILES: Target = Target {
    resource: "vector_stores.files",
    retrieve: &ops::VECTOR_STORES_FILES_RETRIEVE,
    terminal: &["completed", "cancelled", "failed"],
    ..BASE
};

/// Batches of files of a vector store.
pub static FILE_BATCHES: Target = Target {
    resource: "vector_stores.file_batches",
    retrieve: &ops::VECTOR_STORES_FILE_BATCHES_RETRIEVE,
    terminal: &["cancelled", "failed"],
    counts_files: true,
    ..BASE
};

/// Videos.
pub static VIDEOS: Target =
    Target { resource: "videos", retrieve: &ops::VIDEOS_RETRIEVE, terminal: &["completed", "failed"], ..BASE };

/// Uploaded files that are checked before they can be used.
pub static FILES: Target = Target {
    resource: "files",
    retrieve: &ops::FILES_RETRIEVE,
    terminal: &["processed", "error", "deleted"],
    pace: Pace::steady(5000),
    max_wait: Some(Duration::from_secs(30 * 60)),
    ..BASE
};

/// Batches of requests.
pub static BATCHES: Target = Target {
    resource: "batches",
    retrieve: &ops::BATCHES_RETRIEVE,
    terminal: &["completed", "failed", "expired", "cancelled"],
    done_at_once: true,
    pace: HOURS,
    ..BASE
};

/// Fine-tuning jobs.
pub static FINE_TUNING_JOBS: Target = Target {
    resource: "fine_tuning.jobs",
    retrieve: &ops::FINE_TUNING_JOBS_RETRIEVE,
    terminal: &["succeeded", "failed", "cancelled"],
    done_at_once: true,
    pace: HOURS,
    ..BASE
};

/// Runs of evals.
pub static EVAL_RUNS: Target = Target {
    resource: "evals.runs",
    retrieve: &ops::EVALS_RUNS_RETRIEVE,
    terminal: &["completed", "failed", "canceled", "cancelled"],
    done_at_once: true,
    pace: HOURS,
    ..BASE
};

/// Background responses.
pub static RESPONSES: Target = Target {
    resource: "responses",
    retrieve: &ops::RESPONSES_RETRIEVE,
    terminal: &["completed", "failed", "cancelled", "incomplete"],
    done_at_once: true,
    // Servers that know no background work leave the status out of what they answer at once.
    silent_is_done: true,
    pace: MINUTES,
    ..BASE
};

/// Background responses of the beta resource.
pub static BETA_RESPONSES: Target = Target {
    resource: "beta.responses",
    retrieve: &ops::BETA_RESPONSES_RETRIEVE,
    terminal: RESPONSES.terminal,
    done_at_once: true,
    silent_is_done: true,
    pace: MINUTES,
    ..BASE
};

static ALL: [&Target; 10] = [
    &RUNS,
    &VECTOR_STORE_FILES,
    &FILE_BATCHES,
    &VIDEOS,
    &FILES,
    &BATCHES,
    &FINE_TUNING_JOBS,
    &EVAL_RUNS,
    &RESPONSES,
    &BETA_RESPONSES,
];

impl Target {
    /// The target of this resource, by its official name.
    pub fn find(resource: &str) -> Option<&'static Self> {
        ALL.into_iter().find(|target| target.resource == resource)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Verb;

    #[test]
    fn every_target_is_fetched_by_its_own_resource() {
        for target in ALL {
            assert_eq!(target.retrieve.id, format!("{}.retrieve", target.resource));
            assert_eq!(target.retrieve.verb, Verb::Get);
            assert!(std::ptr::eq(Target::find(target.resource).expect("listed"), target));
        }
        assert!(Target::find("models").is_none());
    }

    #[test]
    fn waits_grow_up_to_their_cap() {
        let waits = [0, 1, 2, 10, 11, 4_000_000_000].map(|look| HOURS.wait(look).as_millis());
        assert_eq!(waits, [1000, 1500, 2250, 57665, 60000, 60000]);
        assert_eq!([0, 7, u32::MAX].map(|look| SECOND.wait(look).as_millis()), [1000; 3]);
    }
}
