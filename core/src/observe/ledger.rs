//! Counts each piece of work once, however often its usage is reported.

use std::collections::{HashMap, VecDeque};

use super::{CallEnd, CallRecord, TokenUsage, names};
use crate::error::ErrorKind;
use crate::operations;

/// Most pieces of unfinished work remembered; beyond that the oldest are forgotten, and then not counted.
const MAX_PENDING: usize = 10_000;

/// Tells which reports of usage are new.
///
/// A run, a response in the background and a batch report their usage in a later reply than the one that began them,
/// and from then on in every reply. A ledger takes the first such report of work that it saw begin, and no other.
/// Replies that hold the result of their own call are taken as they are.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Work that has begun: its id, and the model it was given to.
    pending: HashMap<String, Option<String>>,
    order: VecDeque<String>,
}

/// What a call adds to the sums.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Entry {
    /// Nothing: it has no model work, or failed before any did.
    Nothing,
    /// This usage, by the operation that the record names and this model.
    Usage {
        /// What was used.
        usage: TokenUsage,
        /// The model that did the work.
        model: Option<String>,
    },
    /// The work goes on; a later reply will tell.
    Pending,
    /// The work was done, but nobody says what it took: a stream that was dropped or broke, or a reply without usage.
    Unknown,
}

impl Ledger {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many pieces of work have begun and not yet reported.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// What this call adds.
    pub fn enter(&mut self, record: &CallRecord) -> Entry {
        let response = &record.response;
        let own_model = response.model.clone().or_else(|| record.request_model.clone());
        let running = response.status.as_deref().is_some_and(is_running);
        let others = operations::find(record.operation).is_none_or(names::reports_on_others);
        if others {
            let (Some(usage), Some(id), false) = (response.usage, &response.id, running) else { return Entry::Nothing };
            return match self.pending.remove(id) {
                Some(model) => Entry::Usage { usage, model: own_model.or(model) },
                None => Entry::Nothing,
            };
        }
        if let Some(usage) = response.usage {
            if let Some(id) = &response.id {
                self.pending.remove(id);
            }
            return Entry::Usage { usage, model: own_model };
        }
        match &response.id {
            Some(id) if running && (record.generates() || record.operation == "batches.create") => {
                self.remember(id, own_model);
                Entry::Pending
            }
            _ if !record.generates() => Entry::Nothing,
            // A refusal costs nothing. A call that was given up, or waited for too long, may have been carried out.
            _ => match record.end {
                CallEnd::Failed(ErrorKind::Timeout) if record.attempts > 0 => Entry::Unknown,
                CallEnd::Failed(_) if record.status.is_none_or(|status| status >= 300) => Entry::Nothing,
                _ => Entry::Unknown,
            },
        }
    }

    fn remember(&mut self, id: &str, model: Option<String>) {
        if self.pending.insert(id.to_owned(), model).is_none() {
            self.order.push_back(id.to_owned());
        }
        while self.order.len() > MAX_PENDING {
            if let Some(oldest) = self.order.pop_front() {
                self.pending.remove(&oldest);
            }
        }
    }
}

/// Whether work in this status is still going on.
fn is_running(status: &str) -> bool {
    matches!(
        status,
        "queued" | "in_progress" | "requires_action" | "cancelling" | "validating" | "finalizing" | "running"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::record::tests::record;

    fn usage(input: u64) -> Option<TokenUsage> {
        Some(TokenUsage { input, ..TokenUsage::default() })
    }

    fn state(operation: &'static str, id: &str, status: &str, usage: Option<TokenUsage>) -> CallRecord {
        let mut record = record(operation);
        record.response.id = Some(id.into());
        record.response.status = Some(status.into());
        record.response.usage = usage;
        record
    }

    #[test]
    fn a_polled_run_counts_once() {
        let mut ledger = Ledger::new();
        let mut begun = state("beta.threads.runs.create", "run_1", "queued", None);
        begun.response.model = Some("m".into());
        assert_eq!(ledger.enter(&begun), Entry::Pending);
        let poll = |status, usage| state("beta.threads.runs.retrieve", "run_1", status, usage);
        assert_eq!(ledger.enter(&poll("in_progress", None)), Entry::Nothing);
        let expected = Entry::Usage { usage: usage(7).unwrap(), model: Some("m".into()) };
        assert_eq!(ledger.enter(&poll("completed", usage(7))), expected);
        assert_eq!(ledger.enter(&poll("completed", usage(7))), Entry::Nothing);
        assert_eq!(ledger.pending(), 0);
    }

    #[test]
    fn work_that_others_began_is_theirs_to_count() {
        let mut ledger = Ledger::new();
        let old = state("responses.retrieve", "resp_old", "completed", usage(7));
        assert_eq!(ledger.enter(&old), Entry::Nothing);
    }

    #[test]
    fn a_run_that_ends_in_the_stream_of_its_outputs_counts_there() {
        let mut ledger = Ledger::new();
        ledger.enter(&state("beta.threads.runs.create", "run_1", "requires_action", None));
        let submitted = state("beta.threads.runs.submit_tool_outputs", "run_1", "completed", usage(9));
        assert!(matches!(ledger.enter(&submitted), Entry::Usage { .. }));
        let poll = state("beta.threads.runs.retrieve", "run_1", "completed", usage(9));
        assert_eq!(ledger.enter(&poll), Entry::Nothing);
    }

    #[test]
    fn what_was_done_without_a_report_is_unknown_and_what_was_refused_is_nothing() {
        let mut ledger = Ledger::new();
        let mut chat = record("chat.completions.create");
        chat.status = Some(200);
        assert_eq!(ledger.enter(&chat), Entry::Unknown);
        chat.end = CallEnd::Failed(ErrorKind::StreamEnded);
        assert_eq!(ledger.enter(&chat), Entry::Unknown);
        (chat.end, chat.status) = (CallEnd::Failed(ErrorKind::RateLimit), Some(429));
        assert_eq!(ledger.enter(&chat), Entry::Nothing);
        (chat.end, chat.status) = (CallEnd::Cancelled, None);
        assert_eq!(ledger.enter(&chat), Entry::Unknown);
        assert_eq!(ledger.enter(&record("files.list")), Entry::Nothing);
    }

    #[test]
    fn memory_has_an_end() {
        let mut ledger = Ledger::new();
        for number in 0..MAX_PENDING + 5 {
            ledger.enter(&state("beta.threads.runs.create", &format!("run_{number}"), "queued", None));
        }
        assert_eq!((ledger.pending(), ledger.order.len()), (MAX_PENDING, MAX_PENDING));
    }
}
