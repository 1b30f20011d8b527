//! What a counter has counted.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Money;
use crate::observe::TokenUsage;

/// Sums of some calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Totals {
    /// Calls that were made.
    pub requests: u64,
    /// HTTP requests that were sent for them, repetitions included.
    pub attempts: u64,
    /// Calls that failed.
    pub errors: u64,
    /// Calls, streams and downloads that were given up by the program.
    pub cancelled: u64,
    /// Tokens by kind.
    pub usage: TokenUsage,
    /// Cost of the calls whose cost is known.
    pub known_cost: Money,
    /// Calls whose cost is unknown: the table has no price for them, or nobody says what they used (a stream without
    /// usage, a call that was given up).
    pub unpriced: u64,
}

impl Totals {
    /// What it cost; `None` if that is not known of every call.
    pub fn cost(&self) -> Option<Money> {
        (self.unpriced == 0).then_some(self.known_cost)
    }

    pub(super) fn add(&mut self, usage: &TokenUsage, cost: Option<Money>) {
        self.usage.add(usage);
        match cost {
            Some(cost) => self.known_cost += cost,
            None => self.unpriced += 1,
        }
    }

    fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        self.attempts += other.attempts;
        self.errors += other.errors;
        self.cancelled += other.cancelled;
        self.usage.add(&other.usage);
        self.known_cost += other.known_cost;
        self.unpriced += other.unpriced;
    }

    fn to_json(self) -> Map<String, Value> {
        let mut map = self.usage.to_json();
        for (name, count) in [
            ("requests", self.requests),
            ("attempts", self.attempts),
            ("errors", self.errors),
            ("cancelled", self.cancelled),
            ("unpriced", self.unpriced),
        ] {
            map.insert(name.to_owned(), count.into());
        }
        map.insert("cost".to_owned(), self.cost().map(|cost| cost.to_string()).into());
        map.insert("known_cost".to_owned(), self.known_cost.to_string().into());
        map
    }
}

/// Sums by operation and model, at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UsageReport {
    entries: BTreeMap<(&'static str, String), Totals>,
    pending: usize,
    currency: String,
}

impl UsageReport {
    pub(super) fn new(entries: BTreeMap<(&'static str, String), Totals>, pending: usize, currency: String) -> Self {
        Self { entries, pending, currency }
    }

    /// All sums: operation, model (empty where there is none), totals.
    pub fn entries(&self) -> impl Iterator<Item = (&'static str, &str, &Totals)> {
        self.entries.iter().map(|((operation, model), totals)| (*operation, model.as_str(), totals))
    }

    /// Everything together.
    pub fn total(&self) -> Totals {
        let mut sum = Totals::default();
        self.entries.values().for_each(|totals| sum.merge(totals));
        sum
    }

    /// Sums by model; calls without one are left out.
    pub fn by_model(&self) -> BTreeMap<&str, Totals> {
        self.grouped(|_, model| Some(model).filter(|model| !model.is_empty()))
    }

    /// Sums by operation.
    pub fn by_operation(&self) -> BTreeMap<&str, Totals> {
        self.grouped(|operation, _| Some(operation))
    }

    fn grouped(&self, by: impl for<'a> Fn(&'static str, &'a str) -> Option<&'a str>) -> BTreeMap<&str, Totals> {
        let mut groups: BTreeMap<&str, Totals> = BTreeMap::new();
        for ((operation, model), totals) in &self.entries {
            if let Some(name) = by(operation, model) {
                groups.entry(name).or_default().merge(totals);
            }
        }
        groups
    }

    /// Runs, responses and batches that have begun and whose usage is still to be reported.
    pub fn pending(&self) -> usize {
        self.pending
    }

    /// Currency of the costs; empty without prices.
    pub fn currency(&self) -> &str {
        &self.currency
    }

    /// The report as a JSON object. Costs are decimal texts, or `null` where they are unknown.
    pub fn to_json(&self) -> String {
        let entries: Vec<Value> = self
            .entries()
            .map(|(operation, model, totals)| {
                let mut entry = totals.to_json();
                entry.insert("operation".to_owned(), operation.into());
                entry.insert("model".to_owned(), model.into());
                Value::Object(entry)
            })
            .collect();
        let total = Value::Object(self.total().to_json());
        json!({"currency": self.currency, "pending": self.pending, "total": total, "entries": entries}).to_string()
    }
}
