//! Counts what calls use and what that costs.

mod money;
mod prices;
mod report;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use self::money::Money;
pub use self::prices::Prices;
pub use self::report::{Totals, UsageReport};
use crate::observe::{CallEnd, CallRecord, Entry, Ledger, Observer, TokenUsage};

/// Sums up requests, tokens and costs of a client's calls, by operation and model. Cheap to clone; clones count together.
///
/// ```
/// use threadline::Client;
/// use threadline::usage::{Prices, UsageCounter};
///
/// # async fn run() -> Result<(), threadline::Error> {
/// let counter = UsageCounter::with_prices(Prices::shipped());
/// let client = Client::builder().api_key("sk-...").observer(counter.clone()).build()?;
/// client.models().list().await?;
/// let total = counter.report().total();
/// println!("{} requests, {} tokens", total.requests, total.usage.total());
/// match total.cost() {
///     Some(cost) => println!("{cost} USD"),
///     None => println!("{} USD and {} calls of unknown cost", total.known_cost, total.unpriced),
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Default)]
pub struct UsageCounter(Arc<Mutex<Books>>);

#[derive(Default)]
struct Books {
    prices: Prices,
    ledger: Ledger,
    totals: BTreeMap<(&'static str, String), Totals>,
}

impl fmt::Debug for UsageCounter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UsageCounter").field("total", &self.report().total()).finish_non_exhaustive()
    }
}

impl UsageCounter {
    /// A counter without prices: it counts tokens, and all costs are unknown.
    pub fn new() -> Self {
        Self::default()
    }

    /// A counter that prices by this table.
    pub fn with_prices(prices: Prices) -> Self {
        let counter = Self::default();
        counter.set_prices(prices);
        counter
    }

    /// Prices what comes from now on by this table.
    pub fn set_prices(&self, prices: Prices) {
        self.books().prices = prices;
    }

    /// The sums so far.
    pub fn report(&self) -> UsageReport {
        let books = self.books();
        UsageReport::new(books.totals.clone(), books.ledger.pending(), books.prices.currency().to_owned())
    }

    /// The sums so far, and from zero again. Work that is still going on is not forgotten.
    pub fn take(&self) -> UsageReport {
        let mut books = self.books();
        let totals = std::mem::take(&mut books.totals);
        UsageReport::new(totals, books.ledger.pending(), books.prices.currency().to_owned())
    }

    /// Adds usage that did not come with a call of the client: a turn of a realtime session, a result line of a batch.
    pub fn add(&self, operation: &'static str, model: &str, tier: Option<&str>, usage: &TokenUsage) {
        let mut books = self.books();
        let cost = books.prices.cost(model, tier, usage);
        books.totals.entry((operation, model.to_owned())).or_default().add(usage, cost);
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        // Sums are whole at any moment, even where somebody has panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for UsageCounter {
    fn call(&self, record: &CallRecord) {
        let mut books = self.books();
        let response = &record.response;
        let entry = books.ledger.enter(record);
        let own = response.model.as_deref().or(record.request_model.as_deref()).unwrap_or_default();
        let (model, priced) = match &entry {
            Entry::Usage { usage, model } => {
                let model = model.clone().unwrap_or_default();
                // A batch is charged by the tier of that name, whatever its reply says.
                let batch = record.operation.starts_with("batches.").then_some("batch");
                let tier = batch.or(response.service_tier.as_deref());
                // The name that was asked for is known where the one that answered is not, as with a gateway's own names.
                let cost = books.prices.cost(&model, tier, usage).or_else(|| {
                    let asked = record.request_model.as_deref().filter(|_| response.model.is_none())?;
                    books.prices.cost(asked, tier, usage)
                });
                (model, Some((*usage, cost)))
            }
            _ => (own.to_owned(), None),
        };
        let totals = books.totals.entry((record.operation, model)).or_default();
        totals.requests += 1;
        totals.attempts += u64::from(record.attempts);
        match record.end {
            CallEnd::Failed(_) => totals.errors += 1,
            CallEnd::Cancelled => totals.cancelled += 1,
            CallEnd::Completed | CallEnd::Pending => {}
        }
        match priced {
            Some((usage, cost)) => totals.add(&usage, cost),
            None if entry == Entry::Unknown => totals.unpriced += 1,
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_price_is_told_and_never_free() {
        let table = r#"{"currency":"USD","as_of":"2026-01-15","models":{"m":{"input":1,"output":2}}}"#;
        let counter = UsageCounter::with_prices(Prices::from_json(table).unwrap());
        let usage = TokenUsage { input: 10, output: 5, ..TokenUsage::default() };
        counter.add("chat.completions.create", "m", None, &usage);
        assert_eq!(counter.report().total().cost().map(Money::nanos), Some(20_000));
        counter.add("chat.completions.create", "other", None, &usage);
        let total = counter.report().total();
        assert_eq!(total.cost(), None);
        assert_eq!((total.known_cost.nanos(), total.unpriced, total.usage.input), (20_000, 1, 20));
        assert_eq!(counter.report().by_model()["m"].cost().map(Money::nanos), Some(20_000));
        assert_eq!(counter.take().total().usage.output, 10);
        assert_eq!(counter.report().total(), Totals::default());
    }

    #[test]
    fn without_prices_everything_is_unpriced() {
        let counter = UsageCounter::new();
        counter.add("embeddings.create", "m", None, &TokenUsage::default());
        assert_eq!(counter.report().total().cost(), None);
    }
}
