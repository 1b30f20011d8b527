//! What is observed while one call is made.

use std::sync::{Arc, Mutex, PoisonError};

use threadline::Client;
use threadline::observe::CallRecord;
use threadline::usage::UsageCounter;

use super::Answer;
use super::clients::Made;

/// Collects the records of a line's calls, where its client is to be observed.
pub(super) struct Observed {
    records: Option<Arc<Mutex<Vec<String>>>>,
    counter: Option<UsageCounter>,
}

impl Observed {
    /// A client for one line, and where its records go.
    pub(super) fn of(made: Made) -> (Client, Self) {
        let Made { client, observe, counter } = made;
        if !observe {
            return (client, Self { records: None, counter });
        }
        let records = Arc::new(Mutex::new(Vec::new()));
        let place = Arc::clone(&records);
        let client = client.with_observer(move |record: &CallRecord| {
            place.lock().unwrap_or_else(PoisonError::into_inner).push(record.to_json());
        });
        (client, Self { records: Some(records), counter })
    }

    /// The answer with what was observed.
    pub(super) fn add_to(self, answer: Answer) -> Answer {
        let observed = self.records.map(|records| {
            let records = records.lock().unwrap_or_else(PoisonError::into_inner);
            ("observed", format!("[{}]", records.join(",")))
        });
        let usage = self.counter.map(|counter| ("usage", counter.report().to_json()));
        let more: Vec<_> = observed.into_iter().chain(usage).collect();
        if more.is_empty() { answer } else { Answer::Observed { answer: Box::new(answer), more } }
    }
}
